#include "trigpoint/events/catalogue.h"

#include <algorithm>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"
#include "trigpoint/base/check.h"

namespace trigpoint {
namespace {

// Numbers of Event from here on are payloads, so that an unknown one can be told from an envelope
// field that a newer version added.
constexpr int kFirstPayloadNumber = 100;

const std::vector<KindInfo>& Kinds() {
  static const std::vector<KindInfo>* const kKinds = [] {
    auto* kinds = new std::vector<KindInfo>;  // Never destroyed: used until the last thread ends.
    const google::protobuf::OneofDescriptor* payload =
        v1::Event::descriptor()->FindOneofByName("payload");
    for (int i = 0; i < payload->field_count(); ++i) {
      const google::protobuf::FieldDescriptor* field = payload->field(i);
      TP_CHECK(field->number() >= kFirstPayloadNumber, field->name());
      TP_CHECK(field->options().HasExtension(v1::kind), field->name());
      const v1::KindOptions& options = field->options().GetExtension(v1::kind);
      kinds->push_back({.number = field->number(),
                        .name = field->name(),
                        .role = options.role(),
                        .family = options.family(),
                        .sensitivity = options.sensitivity(),
                        .source = options.source(),
                        .summary = options.summary(),
                        .effect = options.effect(),
                        .category = options.category(),
                        .origin = options.origin(),
                        .periodic = options.periodic(),
                        .windowed = options.windowed(),
                        .bookkeeping = options.bookkeeping()});
    }
    std::sort(kinds->begin(), kinds->end(),
              [](const KindInfo& a, const KindInfo& b) { return a.number < b.number; });
    return kinds;
  }();
  return *kKinds;
}

/// By number: the fold asks for each fact of a state.
const std::vector<const KindInfo*>& ByNumber() {
  static const auto* const kByNumber = [] {
    auto* by_number = new std::vector<const KindInfo*>(
        static_cast<size_t>(Kinds().back().number) + 1);  // Never destroyed, as the kinds are not.
    for (const KindInfo& kind : Kinds()) (*by_number)[static_cast<size_t>(kind.number)] = &kind;
    return by_number;
  }();
  return *kByNumber;
}

}  // namespace

const KindInfo* KindOfNumber(int number) {
  const auto& kinds = ByNumber();
  const auto index = static_cast<size_t>(number);
  return number >= 0 && index < kinds.size() ? kinds[index] : nullptr;
}

const KindInfo* KindOf(const v1::Event& event) {
  return KindOfNumber(static_cast<int>(event.payload_case()));
}

const KindInfo* KindOfName(std::string_view name) {
  const std::vector<KindInfo>& kinds = Kinds();
  const auto it = std::find_if(kinds.begin(), kinds.end(),
                               [name](const KindInfo& kind) { return kind.name == name; });
  return it != kinds.end() ? &*it : nullptr;
}

std::span<const KindInfo> AllKinds() { return Kinds(); }

bool HasUnknownPayload(const v1::Event& event) {
  if (event.payload_case() != v1::Event::PAYLOAD_NOT_SET) {
    return false;
  }
  const google::protobuf::UnknownFieldSet& unknown =
      v1::Event::GetReflection()->GetUnknownFields(event);
  for (int i = 0; i < unknown.field_count(); ++i) {
    if (unknown.field(i).number() >= kFirstPayloadNumber) {
      return true;
    }
  }
  return false;
}

v1::Sensitivity SensitivityOf(const v1::Event& event) {
  const KindInfo* kind = KindOf(event);
  return kind == nullptr ? v1::SENSITIVITY_C5_PROTECTED_SOURCE
                         : std::max(kind->sensitivity, event.sensitivity());
}

}  // namespace trigpoint
