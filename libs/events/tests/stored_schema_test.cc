// proto/trigpoint/v1/events.v1.desc.txt lists every field and enum value that may be stored. A line
// that is no longer true means that stored bytes would be read otherwise than they were written.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

const char* const kPath = TRIGPOINT_SOURCE_DIR "/proto/trigpoint/v1/events.v1.desc.txt";

void ListEnum(const EnumDescriptor* descriptor, std::set<std::string>* lines) {
  for (int i = 0; i < descriptor->value_count(); ++i) {
    lines->insert("enum " + descriptor->full_name() + " " +
                  std::to_string(descriptor->value(i)->number()) + " " +
                  descriptor->value(i)->name());
  }
}

void ListMessage(const Descriptor* descriptor, std::set<const Descriptor*>* seen,
                 std::set<std::string>* lines) {
  if (!seen->insert(descriptor).second) {
    return;
  }
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    std::string type = field->type_name();
    if (field->message_type() != nullptr) {
      type = field->message_type()->full_name();
      ListMessage(field->message_type(), seen, lines);
    } else if (field->enum_type() != nullptr) {
      type = field->enum_type()->full_name();
      ListEnum(field->enum_type(), lines);
    }
    const auto* oneof = field->real_containing_oneof();
    lines->insert("field " + descriptor->full_name() + " " + std::to_string(field->number()) + " " +
                  field->name() + " " + (field->is_repeated() ? "repeated" : "singular") + " " +
                  type + " " + (oneof != nullptr ? oneof->name() : "-"));
  }
}

std::set<std::string> CurrentSchema() {
  std::set<std::string> lines;
  std::set<const Descriptor*> seen;
  ListMessage(v1::Event::descriptor(), &seen, &lines);
  return lines;
}

std::set<std::string> CommittedSchema() {
  std::ifstream file(kPath);
  std::set<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') lines.insert(line);
  }
  return lines;
}

// "field trigpoint.v1.Event 1": what must not change its meaning.
std::string KeyOf(const std::string& line) {
  std::istringstream words(line);
  std::string what;
  std::string owner;
  std::string number;
  words >> what >> owner >> number;
  return what + " " + owner + " " + number;
}

// Gives one line for everything stored that the current schema reads otherwise.
std::vector<std::string> Broken(const std::set<std::string>& stored,
                                const std::set<std::string>& current) {
  std::map<std::string, std::string> by_key;
  for (const std::string& line : current) {
    by_key[KeyOf(line)] = line;
  }
  std::vector<std::string> broken;
  for (const std::string& line : stored) {
    if (current.contains(line)) {
      continue;
    }
    const auto found = by_key.find(KeyOf(line));
    broken.push_back(found == by_key.end() ? "removed: " + line
                                           : "changed: " + line + " -> " + found->second);
  }
  return broken;
}

TEST(StoredSchema, KeepsEverythingThatWasEverStored) {
  if (std::getenv("TRIGPOINT_WRITE_GOLDEN") != nullptr) {
    std::set<std::string> lines = CommittedSchema();
    ASSERT_TRUE(Broken(lines, CurrentSchema()).empty());
    lines.merge(CurrentSchema());
    std::ofstream file(kPath);
    file << "# Every field and enum value of stored events. Lines are added, never changed: see\n"
            "# libs/events/tests/stored_schema_test.cc (TRIGPOINT_WRITE_GOLDEN=1 adds new ones).\n";
    for (const std::string& line : lines) file << line << "\n";
  }
  const std::set<std::string> stored = CommittedSchema();
  EXPECT_GT(stored.size(), 500U);
  for (const std::string& broken : Broken(stored, CurrentSchema())) {
    ADD_FAILURE() << broken;
  }
}

TEST(StoredSchema, AllowsAdditions) {
  EXPECT_TRUE(Broken({"field a.B 1 name singular string -"},
                     {"field a.B 1 name singular string -", "field a.B 2 more singular bool -"})
                  .empty());
}

TEST(StoredSchema, RefusesWhatWouldReadOldBytesOtherwise) {
  const std::set<std::string> stored = {"field a.B 1 name singular string -", "enum a.E 1 E_ONE"};
  const std::string kEnum = "enum a.E 1 E_ONE";
  EXPECT_EQ(Broken(stored, {kEnum}).size(), 1U) << "removed";
  EXPECT_EQ(Broken(stored, {kEnum, "field a.B 2 name singular string -"}).size(), 1U)
      << "renumbered";
  EXPECT_EQ(Broken(stored, {kEnum, "field a.B 1 name singular bytes -"}).size(), 1U) << "retyped";
  EXPECT_EQ(Broken(stored, {kEnum, "field a.B 1 name repeated string -"}).size(), 1U) << "label";
  EXPECT_EQ(Broken(stored, {kEnum, "field a.B 1 other singular string -"}).size(), 1U) << "reused";
  EXPECT_EQ(Broken(stored, {"field a.B 1 name singular string -", "enum a.E 1 E_TWO"}).size(), 1U);
}

}  // namespace
}  // namespace trigpoint
