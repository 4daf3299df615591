// What a caller of any API may expect of this one, by its own description (AIP-132, 154, 155, 158,
// 163): docs/api.md says of each exception why.
#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::MethodDescriptor;
using Names = std::set<std::string>;

std::vector<const MethodDescriptor*> Methods() {
  const auto* file = v1::SubmitEventRequest::descriptor()->file();
  std::vector<const MethodDescriptor*> methods;
  for (int s = 0; s < file->service_count(); ++s)
    for (int m = 0; m < file->service(s)->method_count(); ++m)
      methods.push_back(file->service(s)->method(m));
  return methods;
}

bool Begins(const std::string& name, const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&name](const std::string& word) { return name.starts_with(word); });
}

/// Reads, also those that are put on record; and a pack that is only tried.
bool Reads(const MethodDescriptor& method) {
  return Begins(method.name(), {"Get", "List", "Watch", "Assess", "Trace", "Verify", "DryRun",
                                "Produce", "Read", "Export"});
}

/// The methods that are asked for a field and have none.
template <typename Asked>
Names Without(const std::string& field, Asked asked) {
  Names without;
  for (const auto* method : Methods())
    if (asked(*method) && method->input_type()->FindFieldByName(field) == nullptr)
      without.insert(method->name());
  return without;
}

TEST(Conventions, EveryWriteTakesAnIdOfTheRequest) {
  // An event has one: source, id and version.
  EXPECT_EQ(Without("request_id", [](const auto& method) { return !Reads(method); }),
            (Names{"SubmitEvent", "SubmitEvents"}));
}

TEST(Conventions, EveryWriteCanBeCheckedOnly) {
  // SubmitEvent checks what SubmitEvents takes; the others change nothing that is reported, decided
  // or recommended, and what they would find a read tells, or `compare_only`.
  EXPECT_EQ(Without("validate_only", [](const auto& method) { return !Reads(method); }),
            (Names{"SubmitEvents", "RetryDeliveries", "PublishBaselines", "RebuildStore",
                   "SwitchStoreBack", "ReleaseStore", "CreateSeed", "CreateBackup"}));
}

TEST(Conventions, EveryListHasPages) {
  for (const auto* method : Methods()) {
    if (!Begins(method->name(), {"List"})) continue;
    for (const char* field : {"page_size", "page_token"})
      EXPECT_NE(method->input_type()->FindFieldByName(field), nullptr) << method->name() << field;
    EXPECT_NE(method->output_type()->FindFieldByName("next_page_token"), nullptr) << method->name();
    EXPECT_FALSE(method->server_streaming()) << method->name();
  }
}

TEST(Conventions, EveryListOverServicesTakesAFilter) {
  // Of one service, or of what is about none.
  EXPECT_EQ(Without("filter", [](const auto& method) { return Begins(method.name(), {"List"}); }),
            (Names{"ListTimeline", "ListSiblings", "ListDuplicates", "ListLegalHolds",
                   "ListQuarantined", "ListPolicies", "ListDeliveries"}));
}

TEST(Conventions, WhatHasAnEtagIsDecidedOnWithIt) {
  Names takes;
  for (const auto* method : Methods())
    if (method->input_type()->FindFieldByName("etag") != nullptr) takes.insert(method->name());
  EXPECT_EQ(takes, (Names{"ProposeDecision", "DecideInheritance", "RetirePolicy"}));
}

}  // namespace
}  // namespace trigpoint
