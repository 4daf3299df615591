#include "message_rules.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "trigpoint/base/check.h"
#include "trigpoint/events/code_lists.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/options.pb.h"

namespace trigpoint {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

using RulesMap = std::unordered_map<const Descriptor*, MessageRules>;

MessageShape ShapeOf(const Descriptor* descriptor) {
  const std::string& name = descriptor->full_name();
  if (name == "trigpoint.v1.SealableText") return MessageShape::kSealableText;
  if (name == "google.protobuf.Timestamp") return MessageShape::kTimestamp;
  if (name == "trigpoint.v1.Date") return MessageShape::kDate;
  if (name == "trigpoint.v1.Month") return MessageShape::kMonth;
  if (name == "trigpoint.v1.SubjectRef") return MessageShape::kSubjectRef;
  if (name == "trigpoint.v1.EventRef") return MessageShape::kEventRef;
  return MessageShape::kPlain;
}

double GreatestOfUnit(std::string_view unit) {
  if (unit == "beds") return 5'000;
  if (unit == "people") return 100'000;
  if (unit == "days") return 36'600;
  if (unit == "actions") return 10'000;
  if (unit == "percent") return 100;
  if (unit == "of five" || unit == "segment") return 5;
  if (unit == "standard") return 16;
  return 1e9;
}

FieldRules ReadField(const FieldDescriptor* field) {
  const google::protobuf::FieldOptions& options = field->options();
  FieldRules rules;
  rules.field = field;
  rules.required = options.GetExtension(v1::required);
  rules.stamped = options.GetExtension(v1::stamped);
  rules.no_personal_data = options.GetExtension(v1::no_personal_data);
  rules.vault_only = options.GetExtension(v1::vault_only);
  const Descriptor* owner = field->containing_type();
  const MessageShape shape = ShapeOf(owner);
  rules.identifier = field->type() == FieldDescriptor::TYPE_STRING &&
                     (owner == v1::Event::descriptor() || shape == MessageShape::kSubjectRef ||
                      shape == MessageShape::kEventRef);
  // A cited id is the id of an event, and that may hold no personal data.
  rules.no_personal_data = rules.no_personal_data || rules.identifier;
  if (field->type() == FieldDescriptor::TYPE_STRING &&
      HasCodes(options.GetExtension(v1::code_list))) {
    rules.code_list = options.GetExtension(v1::code_list);
  }
  rules.has_unit = options.HasExtension(v1::unit);
  rules.number_max = GreatestOfUnit(options.GetExtension(v1::unit));
  return rules;
}

// A oneof is asked which member it has where its members are all the last fields.
void FindChoice(MessageRules* rules) {
  if (rules->fields.empty()) return;
  const auto* last = rules->fields.back().field->real_containing_oneof();
  if (last == nullptr) return;
  const auto first = std::find_if(
      rules->fields.begin(), rules->fields.end(),
      [last](const FieldRules& field) { return field.field->real_containing_oneof() == last; });
  if (rules->fields.end() - first != last->field_count()) return;
  rules->choice = last;
  rules->before_choice = static_cast<size_t>(first - rules->fields.begin());
}

// The row stands in the map before its fields are read: a type may contain itself (v1::Expression).
MessageRules* Read(const Descriptor* descriptor, RulesMap* map) {
  if (const auto it = map->find(descriptor); it != map->end()) {
    return &it->second;
  }
  MessageRules* rules = &(*map)[descriptor];  // Stays where it is while the map grows.
  rules->shape = ShapeOf(descriptor);
  rules->may_seal = rules->shape == MessageShape::kSealableText;
  for (int i = 0; i < descriptor->field_count(); ++i) {
    FieldRules field = ReadField(descriptor->field(i));
    if (field.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      field.message = Read(field.field->message_type(), map);
    }
    rules->fields.push_back(field);
  }
  std::sort(rules->fields.begin(), rules->fields.end(),
            [](const FieldRules& a, const FieldRules& b) {
              return a.field->number() < b.field->number();
            });
  FindChoice(rules);
  return rules;
}

// Repeats until nothing changes, because a type may be met before what it contains is complete.
void MarkWhatMaySeal(RulesMap* map) {
  for (bool changed = true; changed;) {
    changed = false;
    for (auto& [descriptor, rules] : *map) {
      const bool below = std::any_of(
          rules.fields.begin(), rules.fields.end(),
          [](const FieldRules& f) { return f.message != nullptr && f.message->may_seal; });
      changed = changed || (below && !rules.may_seal);
      rules.may_seal = rules.may_seal || below;
    }
  }
}

const RulesMap& AllRules() {
  static const RulesMap* const kRules = [] {
    auto* map = new RulesMap;  // Never destroyed: used until the last thread ends.
    Read(v1::Event::descriptor(), map);
    MarkWhatMaySeal(map);
    return map;
  }();
  return *kRules;
}

std::string Place(const std::string& above, const FieldDescriptor* field, int index) {
  std::string place = above.empty() ? above : above + ".";
  place += std::to_string(field->number());
  if (index >= 0) {
    place += "[" + std::to_string(index) + "]";
  }
  return place;
}

void Collect(Message* message, const std::string& above, std::vector<SealablePlace>* places) {
  const MessageRules& rules = RulesOf(message->GetDescriptor());
  if (rules.shape == MessageShape::kSealableText) {
    places->push_back({message, above});
    return;
  }
  const Reflection* reflection = message->GetReflection();
  VisitFields(rules, *message, [&](const FieldRules& field) {
    if (field.message == nullptr || !field.message->may_seal) return;
    if (field.field->is_repeated()) {
      for (int i = 0; i < reflection->FieldSize(*message, field.field); ++i) {
        Collect(reflection->MutableRepeatedMessage(message, field.field, i),
                Place(above, field.field, i), places);
      }
    } else if (reflection->HasField(*message, field.field)) {
      Collect(reflection->MutableMessage(message, field.field), Place(above, field.field, -1),
              places);
    }
  });
}

}  // namespace

const MessageRules& RulesOf(const Descriptor* descriptor) {
  const RulesMap& rules = AllRules();
  const auto it = rules.find(descriptor);
  TP_CHECK(it != rules.end(), "message type is not part of the event schema");
  return it->second;
}

std::vector<SealablePlace> SealablePlaces(Message* message) {
  std::vector<SealablePlace> places;
  Collect(message, "", &places);
  return places;
}

bool HasForm(const Message& message, v1::SealableText::FormCase form) {
  const MessageRules& rules = RulesOf(message.GetDescriptor());
  if (rules.shape == MessageShape::kSealableText)
    return static_cast<const v1::SealableText&>(message).form_case() == form;
  const Reflection* reflection = message.GetReflection();
  bool any = false;
  VisitFields(rules, message, [&](const FieldRules& field) {
    if (any || field.message == nullptr || !field.message->may_seal) return;
    if (!field.field->is_repeated()) {
      any = reflection->HasField(message, field.field) &&
            HasForm(reflection->GetMessage(message, field.field), form);
      return;
    }
    const int n = reflection->FieldSize(message, field.field);
    for (int i = 0; !any && i < n; ++i)
      any = HasForm(reflection->GetRepeatedMessage(message, field.field, i), form);
  });
  return any;
}

void ClearSealable(Message* message) {
  const Reflection* reflection = message->GetReflection();
  VisitFields(RulesOf(message->GetDescriptor()), *message, [&](const FieldRules& field) {
    if (field.message == nullptr || !field.message->may_seal) return;
    if (field.message->shape == MessageShape::kSealableText) {
      reflection->ClearField(message, field.field);
    } else if (field.field->is_repeated()) {
      for (int i = 0; i < reflection->FieldSize(*message, field.field); ++i) {
        ClearSealable(reflection->MutableRepeatedMessage(message, field.field, i));
      }
    } else if (reflection->HasField(*message, field.field)) {
      ClearSealable(reflection->MutableMessage(message, field.field));
    }
  });
}

}  // namespace trigpoint
