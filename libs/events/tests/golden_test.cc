// One stored event of every kind and version is decoded for ever. TRIGPOINT_WRITE_GOLDEN=1 writes
// the files of new kinds; it never touches a file that is there.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "memory_keys.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/json.h"
#include "trigpoint/events/sealing.h"

namespace trigpoint {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const std::filesystem::path kDirectory =
    std::filesystem::path(TRIGPOINT_SOURCE_DIR) / "libs/events/tests/golden";

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Sets every field to a value that differs from field to field.
void FillMessage(Message* message, int depth);

void FillValue(Message* message, const FieldDescriptor* field, int depth) {
  const auto* r = message->GetReflection();
  const bool many = field->is_repeated();
  const int n = field->number() + 10 * depth;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (depth < 4 && !field->is_map()) {
        FillMessage(many ? r->AddMessage(message, field) : r->MutableMessage(message, field),
                    depth + 1);
      }
      return;
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = field->name() + "-" + std::to_string(n);
      many ? r->AddString(message, field, text) : r->SetString(message, field, text);
      return;
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* value =
          field->enum_type()->value(1 + n % (field->enum_type()->value_count() - 1));
      many ? r->AddEnum(message, field, value) : r->SetEnum(message, field, value);
      return;
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      r->SetBool(message, field, true);
      return;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      r->SetDouble(message, field, n + 0.5);
      return;
    case FieldDescriptor::CPPTYPE_INT32:
      r->SetInt32(message, field, n);
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      r->SetInt64(message, field, n);
      return;
    case FieldDescriptor::CPPTYPE_UINT32:
      r->SetUInt32(message, field, static_cast<uint32_t>(n));
      return;
    case FieldDescriptor::CPPTYPE_UINT64:
      r->SetUInt64(message, field, static_cast<uint64_t>(n));
      return;
    case FieldDescriptor::CPPTYPE_FLOAT:
      FAIL() << field->full_name();
  }
}

void FillMessage(Message* message, int depth) {
  const std::string& name = message->GetDescriptor()->full_name();
  if (name == "google.protobuf.Timestamp") {
    static_cast<google::protobuf::Timestamp*>(message)->set_seconds(1'772'355'600 + depth);
    return;
  }
  if (name == "trigpoint.v1.SealableText") {
    static_cast<v1::SealableText*>(message)->set_clear("a synthetic narrative");
    return;
  }
  if (name == "trigpoint.v1.Date") {
    auto* date = static_cast<v1::Date*>(message);
    date->set_year(2026);
    date->set_month(3);
    date->set_day(1);
    return;
  }
  if (name == "trigpoint.v1.Month") {
    auto* month = static_cast<v1::Month*>(message);
    month->set_year(2026);
    month->set_month(3);
    return;
  }
  for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message->GetDescriptor()->field(i);
    if (depth > 0 || field->real_containing_oneof() == nullptr) {
      FillValue(message, field, depth);
    }
  }
}

v1::Event SyntheticEvent(const KindInfo& kind) {
  v1::Event event;
  FillMessage(&event, 0);
  event.set_submission_digest("0123456789abcdef");
  FillMessage(event.GetReflection()->MutableMessage(
                  &event, v1::Event::descriptor()->FindFieldByNumber(kind.number)),
              1);
  MemoryKeys keys;
  EXPECT_TRUE(SealEvent(&event, keys).ok());
  return event;
}

void WriteMissing(const KindInfo& kind) {
  const auto path = kDirectory / (std::string(kind.name) + ".v1.bin");
  if (std::filesystem::exists(path)) {
    return;
  }
  std::filesystem::create_directories(kDirectory);
  const v1::Event event = SyntheticEvent(kind);
  std::ofstream(path, std::ios::binary) << CanonicalBytes(event);
  std::ofstream(kDirectory / (std::string(kind.name) + ".v1.json")) << EventToJson(event) << "\n";
}

TEST(GoldenEvents, EveryKindHasOne) {
  const bool write = std::getenv("TRIGPOINT_WRITE_GOLDEN") != nullptr;
  for (const KindInfo& kind : AllKinds()) {
    if (write) {
      WriteMissing(kind);
    }
    EXPECT_TRUE(std::filesystem::exists(kDirectory / (std::string(kind.name) + ".v1.bin")))
        << kind.name << ": run this test with TRIGPOINT_WRITE_GOLDEN=1 and commit the files";
  }
}

TEST(GoldenEvents, AreDecodedToTheSameFieldsForEver) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kDirectory)) {
    if (entry.path().extension() != ".bin") {
      continue;
    }
    SCOPED_TRACE(entry.path().filename().string());
    ++files;
    const std::string bytes = ReadFile(entry.path());
    v1::Event event;
    ASSERT_TRUE(event.ParseFromString(bytes));
    ASSERT_NE(KindOf(event), nullptr);
    const std::string stem = entry.path().stem().string();
    EXPECT_EQ(KindOf(event)->name, stem.substr(0, stem.find('.')));
    EXPECT_EQ(CanonicalBytes(event), bytes);
    const std::string text = ReadFile(kDirectory / (stem + ".json"));
    EXPECT_EQ(EventToJson(event) + "\n", text);
    v1::Event read;
    EXPECT_EQ(ViolationsText(ReadEventJson(text, &read)), "");
    EXPECT_EQ(CanonicalBytes(read), bytes);
  }
  EXPECT_GE(files, 52);
}

// The keys of tests come from their ids, so the texts sealed then open now.
TEST(GoldenEvents, OpenUnderTheirKeys) {
  const std::string bytes = ReadFile(kDirectory / "incident_reported.v1.bin");
  v1::Event event;
  ASSERT_TRUE(event.ParseFromString(bytes));
  MemoryKeys keys;
  keys.made.insert(event.incident_reported().narrative().sealed().key_id());
  ASSERT_TRUE(UnsealEvent(&event, keys).ok());
  EXPECT_EQ(event.incident_reported().narrative().clear(), "a synthetic narrative");
}

}  // namespace
}  // namespace trigpoint
