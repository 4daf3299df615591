#include "trigpoint/events/validate.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "field_path.h"
#include "google/protobuf/unknown_field_set.h"
#include "message_rules.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/code_lists.h"
#include "trigpoint/events/pii_guard.h"
#include "trigpoint/events/times.h"
#include "trigpoint/events/violation.h"

namespace trigpoint {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kIdentifierBytesMax = 200;
constexpr size_t kTextBytesMax = 4'000;
constexpr int64_t kFirstYearSeconds = -2'208'988'800;  // 1900-01-01T00:00:00Z
constexpr int64_t kLastSeconds = 253'402'300'799;      // 9999-12-31T23:59:59Z
constexpr int32_t kNanosMax = 999'999'999;
constexpr int kFirstYear = 1900;
constexpr int kLastYear = 2200;

class Validator {
 public:
  Validator(const v1::Event& event, const ValidateOptions& options)
      : event_(event), options_(options), kind_(KindOf(event)) {}

  std::vector<v1::FieldViolation> Run() {
    if (event_.ByteSizeLong() > options_.bytes_max) {
      Add("event", "MESSAGE_TOO_LARGE",
          "the event is larger than " + std::to_string(options_.bytes_max) + " bytes");
      return std::move(violations_);
    }
    CheckKind();
    CheckMessage(event_, nullptr);
    CheckSubject();
    CheckForum();
    CheckVisit();
    CheckAffiliations();
    CheckSensitivity();
    CheckTimes();
    return std::move(violations_);
  }

 private:
  void Add(std::string_view field, std::string_view rule, std::string_view description) {
    violations_.push_back(Violation(field, rule, description));
  }

  bool Trusted() const { return options_.submitter == Submitter::kService; }

  void CheckKind() {
    if (kind_ == nullptr) {
      if (HasUnknownPayload(event_)) {
        Add("payload", "UNKNOWN_KIND", "this version does not know the kind of the event");
      } else {
        Add("payload", "KIND_MISSING", "the event says nothing: set one of the payload fields");
      }
      return;
    }
    const bool backfill = options_.submitter == Submitter::kBackfill;
    const bool accepted = Trusted() || kind_->role == v1::EVENT_ROLE_FACT ||
                          (kind_->role == v1::EVENT_ROLE_OPERATION && backfill);
    if (!accepted) {
      Add(std::string(kind_->name), "ROLE_NOT_ACCEPTED",
          kind_->role == v1::EVENT_ROLE_DECISION
              ? "decisions are made through DecisionService and AlertService"
              : (kind_->role == v1::EVENT_ROLE_OPERATION
                     ? "brackets of a backfill come with a backfill"
                     : "only the service itself writes events of this kind"));
    }
  }

  void CheckSubject() {
    const bool about_one = kind_ != nullptr && (kind_->role == v1::EVENT_ROLE_FACT ||
                                                kind_->role == v1::EVENT_ROLE_OPERATION);
    if (!about_one || event_.has_subject() || event_.has_event_retracted() || CitesAnEvent()) {
      return;
    }
    Add("subject", "REQUIRED", "say who the event is about");
  }

  bool CitesAnEvent() const {
    const Reflection* reflection = v1::Event::GetReflection();
    const FieldDescriptor* payload = v1::Event::descriptor()->FindFieldByNumber(kind_->number);
    const Message& message = reflection->GetMessage(event_, payload);
    const std::vector<FieldRules>& fields = RulesOf(message.GetDescriptor()).fields;
    return std::any_of(fields.begin(), fields.end(), [&message](const FieldRules& field) {
      return field.message != nullptr && field.message->shape == MessageShape::kEventRef &&
             !field.field->is_repeated() && message.GetReflection()->HasField(message, field.field);
    });
  }

  // The group shares what "does not directly pertain to safeguarding concerns or formal reportable
  // incidents": those have a way of their own, with its clocks (S4 3.77).
  void CheckForum() {
    if (kind_ == nullptr || event_.shared_at() != v1::FORUM_INFORMATION_SHARING_GROUP) return;
    const bool safeguarding = kind_->family == v1::SOURCE_FAMILY_SAFEGUARDING;
    const bool incident = kind_->family == v1::SOURCE_FAMILY_INCIDENT ||
                          event_.has_cqc_statutory_notification_received();
    if (!safeguarding && !incident) return;
    Add("shared_at", "NOT_FOR_INFORMATION_SHARING_GROUP",
        safeguarding ? "send it to the safeguarding unit, without shared_at (S4 3.77)"
                     : "report it as an incident, without shared_at (S4 3.77)");
  }

  // Rule: AU-17; S0 App C During.
  void CheckVisit() {
    const v1::CommissionerVisitConducted& visit = event_.commissioner_visit_conducted();
    if (!visit.authority_ref().empty() || !FindPersonalData(visit.narrative().clear())) return;
    Add("commissioner_visit_conducted.narrative", "IDENTIFIERS_WITHOUT_AUTHORITY",
        "holds identifiers of people: leave them out, or name in authority_ref the prior written "
        "authority of the provider's SIRO, Caldicott Guardian or information governance manager "
        "(S0 App C)");
  }

  // Rule: 2.6.
  void CheckAffiliations() {
    const auto& affiliations = event_.service_registered().affiliations();
    for (int i = 0; i < affiliations.size(); ++i) {
      const v1::Affiliation& one = affiliations[i];
      if (!one.has_starts_on() || !one.has_ends_on()) continue;
      if (ToCivil(one.starts_on()) <= ToCivil(one.ends_on())) continue;
      Add("service_registered.affiliations[" + std::to_string(i) + "].ends_on",
          "ENDS_BEFORE_IT_STARTS", "is before starts_on; it is the last day on which it holds");
    }
  }

  void CheckSensitivity() {
    if (kind_ != nullptr && event_.sensitivity() != v1::SENSITIVITY_UNSPECIFIED &&
        event_.sensitivity() < kind_->sensitivity) {
      Add("sensitivity", "SENSITIVITY_BELOW_FLOOR",
          "this kind is at least " + v1::Sensitivity_Name(kind_->sensitivity) +
              "; it may be raised, never lowered");
    }
  }

  void CheckTimes() {
    if (options_.received_us == 0) {
      return;
    }
    const int64_t latest = options_.received_us + kMicrosPerDay;
    if (event_.has_occurred_at() && ToMicros(event_.occurred_at()) > latest) {
      Add("occurred_at", "OCCURRED_IN_FUTURE", "more than one day after it was received");
    }
    if (!Trusted() && event_.has_received_at() &&
        ToMicros(event_.received_at()) > options_.received_us) {
      Add("received_at", "RECEIVED_IN_FUTURE", "a backfill holds what was received before now");
    }
    if (event_.has_reported_at() && ToMicros(event_.reported_at()) > latest) {
      Add("reported_at", "OCCURRED_IN_FUTURE", "more than one day after it was received");
    }
  }

  void CheckMessage(const Message& message, const FieldPath* path) {
    const Reflection* reflection = message.GetReflection();
    // A field that nobody here knows may hold personal data that nothing would seal.
    const google::protobuf::UnknownFieldSet& unknown = reflection->GetUnknownFields(message);
    for (int i = 0; !Trusted() && i < unknown.field_count(); ++i) {
      Add(path == nullptr ? "event" : PathText(path), "UNKNOWN_FIELD",
          "field number " + std::to_string(unknown.field(i).number()) +
              " is not known to this version");
    }
    const MessageRules& rules = RulesOf(message.GetDescriptor());
    CheckShape(message, rules.shape, path);
    VisitFields(rules, message, [&](const FieldRules& field) { CheckField(message, field, path); });
  }

  void CheckField(const Message& message, const FieldRules& rules, const FieldPath* above) {
    const Reflection* reflection = message.GetReflection();
    const FieldDescriptor* field = rules.field;
    const FieldPath path{.above = above, .field = field, .index = -1};
    if (field->is_repeated()) {
      const int n = reflection->FieldSize(message, field);
      if (n == 0 && rules.required) Add(PathText(&path), "REQUIRED", "must name at least one");
      for (int i = 0; i < n; ++i) {
        const FieldPath element{.above = above, .field = field, .index = i};
        CheckElement(message, rules, i, &element);
      }
      return;
    }
    if (!IsSet(message, rules)) {
      if (rules.required) {
        Add(PathText(&path), "REQUIRED", "must be given");
      }
      return;
    }
    if (rules.stamped && !MayStamp(field)) {
      Add(PathText(&path), "STAMPED", "set by the service; leave it out");
      return;
    }
    if (rules.vault_only) {
      Add(PathText(&path), "VAULT_NOT_AVAILABLE",
          "identities of protected sources are not accepted until their vault exists");
      return;
    }
    CheckElement(message, rules, -1, &path);
  }

  static bool IsSet(const Message& message, const FieldRules& rules) {
    return message.GetReflection()->HasField(message, rules.field);
  }

  bool MayStamp(const FieldDescriptor* field) const {
    return Trusted() || (options_.submitter == Submitter::kBackfill &&
                         field->number() == v1::Event::kReceivedAtFieldNumber);
  }

  // index -1: the singular field.
  void CheckElement(const Message& message, const FieldRules& rules, int index,
                    const FieldPath* path) {
    const Reflection* reflection = message.GetReflection();
    const FieldDescriptor* field = rules.field;
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        CheckMessage(index < 0 ? reflection->GetMessage(message, field)
                               : reflection->GetRepeatedMessage(message, field, index),
                     path);
        return;
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string scratch;
        const std::string& text =
            index < 0 ? reflection->GetStringReference(message, field, &scratch)
                      : reflection->GetRepeatedStringReference(message, field, index, &scratch);
        if (field->type() == FieldDescriptor::TYPE_STRING) {
          CheckText(text, rules, path);
        }
        return;
      }
      case FieldDescriptor::CPPTYPE_ENUM:
        CheckEnum(index < 0 ? reflection->GetEnumValue(message, field)
                            : reflection->GetRepeatedEnumValue(message, field, index),
                  rules, path);
        return;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        CheckNumber(index < 0 ? reflection->GetDouble(message, field)
                              : reflection->GetRepeatedDouble(message, field, index),
                    rules, path);
        return;
      case FieldDescriptor::CPPTYPE_UINT32:
        CheckNumber(index < 0 ? reflection->GetUInt32(message, field)
                              : reflection->GetRepeatedUInt32(message, field, index),
                    rules, path);
        return;
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_INT64:
      case FieldDescriptor::CPPTYPE_UINT64:
      case FieldDescriptor::CPPTYPE_FLOAT:
      case FieldDescriptor::CPPTYPE_BOOL:
        return;
    }
  }

  void CheckEnum(int value, const FieldRules& rules, const FieldPath* path) {
    if (rules.field->enum_type()->FindValueByNumber(value) == nullptr) {
      Add(PathText(path), "UNKNOWN_ENUM_VALUE",
          "value " + std::to_string(value) + " is not in the schema");
    } else if (value == 0 && rules.field->is_repeated()) {
      Add(PathText(path), "UNKNOWN_ENUM_VALUE", "an element must have a value");
    }
  }

  void CheckNumber(double value, const FieldRules& rules, const FieldPath* path) {
    if (!std::isfinite(value)) {
      Add(PathText(path), "NUMBER_OUT_OF_RANGE", "not a number");
    } else if (rules.has_unit && (value < 0 || value > rules.number_max)) {
      Add(PathText(path), "NUMBER_OUT_OF_RANGE",
          "must be from 0 to " + std::to_string(static_cast<int64_t>(rules.number_max)));
    }
  }

  void CheckText(std::string_view text, const FieldRules& rules, const FieldPath* path) {
    const bool fact = kind_ == nullptr || kind_->role == v1::EVENT_ROLE_FACT;
    // The clear text of a SealableText is bounded by the size of the event alone.
    const bool sealable = rules.field->containing_type() == v1::SealableText::descriptor();
    if (rules.identifier) {
      CheckIdentifier(text, path);
    } else if (!Trusted() && fact && !sealable && text.size() > kTextBytesMax) {
      Add(PathText(path), "TOO_LONG", "longer than " + std::to_string(kTextBytesMax) + " bytes");
    }
    if (rules.no_personal_data) {
      if (const std::optional<PiiFinding> finding = FindPersonalData(text)) {
        Add(PathText(path), PiiRuleName(finding->rule),
            finding->rule == PiiRule::kNhsNumberInText
                ? "holds an NHS number at byte " + std::to_string(finding->offset)
                : "holds a date of birth at byte " + std::to_string(finding->offset));
        return;
      }
    }
    CheckCode(text, rules, path);
  }

  // The value is not named: what is no code may be anything, also somebody's name.
  void CheckCode(std::string_view text, const FieldRules& rules, const FieldPath* path) {
    if (!Trusted() && !rules.code_list.empty() && !text.empty() && !IsCode(rules.code_list, text)) {
      Add(PathText(path), "CODE_NOT_IN_LIST", "must be one of the codes of " + rules.code_list);
    }
  }

  void CheckIdentifier(std::string_view text, const FieldPath* path) {
    if (text.size() > kIdentifierBytesMax) {
      Add(PathText(path), "TOO_LONG",
          "longer than " + std::to_string(kIdentifierBytesMax) + " bytes");
    }
    const bool control = std::any_of(text.begin(), text.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
    if (control) {
      Add(PathText(path), "CONTROL_CHARACTER", "holds a control character");
    } else if (!text.empty() && (text.front() == ' ' || text.back() == ' ')) {
      Add(PathText(path), "SURROUNDING_SPACE", "begins or ends with a space");
    }
  }

  void CheckShape(const Message& message, MessageShape shape, const FieldPath* path) {
    switch (shape) {
      case MessageShape::kPlain:
        return;
      case MessageShape::kSealableText:
        if (!Trusted() && static_cast<const v1::SealableText&>(message).has_sealed()) {
          Add(PathText(path), "SEALED_NOT_ACCEPTED", "send the text clear; the service seals it");
        }
        return;
      case MessageShape::kTimestamp:
        CheckTimestamp(static_cast<const google::protobuf::Timestamp&>(message), path);
        return;
      case MessageShape::kDate:
        CheckDate(static_cast<const v1::Date&>(message), path);
        return;
      case MessageShape::kMonth:
        CheckMonth(static_cast<const v1::Month&>(message), path);
        return;
      case MessageShape::kEventRef:
        if (static_cast<const v1::EventRef&>(message).id().empty()) {
          Add(PathText(path), "REFERENCE_EMPTY", "names no event: give its id");
        }
        return;
      case MessageShape::kSubjectRef:
        CheckSubjectRef(static_cast<const v1::SubjectRef&>(message), path);
        return;
    }
  }

  void CheckTimestamp(const google::protobuf::Timestamp& timestamp, const FieldPath* path) {
    if (timestamp.seconds() < kFirstYearSeconds || timestamp.seconds() > kLastSeconds ||
        timestamp.nanos() < 0 || timestamp.nanos() > kNanosMax) {
      Add(PathText(path), "TIMESTAMP_INVALID", "must lie in the years 1900 to 9999");
    }
  }

  void CheckDate(const v1::Date& date, const FieldPath* path) {
    const CivilDate civil{.year = date.year(), .month = date.month(), .day = date.day()};
    if (date.year() < kFirstYear || date.year() > kLastYear || !IsValidDate(civil)) {
      Add(PathText(path), "DATE_INVALID",
          "must be a day of the calendar in the years 1900 to 2200");
    }
  }

  void CheckMonth(const v1::Month& month, const FieldPath* path) {
    if (month.year() < kFirstYear || month.year() > kLastYear || month.month() < 1 ||
        month.month() > 12) {
      Add(PathText(path), "MONTH_INVALID", "must be a month of the years 1900 to 2200");
    }
  }

  // A monitored service is no patient; an NHS number would also stand in every key.
  void CheckSubjectRef(const v1::SubjectRef& subject, const FieldPath* path) {
    std::string scheme;
    for (const char c : subject.scheme()) {
      if (c >= 'A' && c <= 'Z') {
        scheme.push_back(static_cast<char>(c - 'A' + 'a'));
      } else if (c >= 'a' && c <= 'z') {
        scheme.push_back(c);
      }
    }
    if (scheme == "nhsnumber" || scheme == "nhsno" || scheme == "nino") {
      Add(PathText(path), "PERSON_AS_SUBJECT", "events are about services, not about persons");
    }
  }

  const v1::Event& event_;
  const ValidateOptions& options_;
  const KindInfo* kind_;
  std::vector<v1::FieldViolation> violations_;
};

}  // namespace

std::vector<v1::FieldViolation> Validate(const v1::Event& event, const ValidateOptions& options) {
  return Validator(event, options).Run();
}

void ApplyDefaults(v1::Event* event) {
  if (event->source_version() == 0) {
    event->set_source_version(1);
  }
  if (event->sensitivity() == v1::SENSITIVITY_UNSPECIFIED) {
    if (const KindInfo* kind = KindOf(*event)) {
      event->set_sensitivity(kind->sensitivity);
    }
  }
  if (event->lawful_basis() == v1::LAWFUL_BASIS_UNSPECIFIED &&
      event->sensitivity() >= v1::SENSITIVITY_C3_PSEUDONYMISED) {
    event->set_lawful_basis(v1::LAWFUL_BASIS_PUBLIC_TASK);
  }
}

}  // namespace trigpoint
