#include "services/partners/partner_messages.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace trigpoint {
namespace {

using Json = nlohmann::ordered_json;

Json PlaceOf(const TopicRecord& record) {
  Json place;
  place["topic"] = record.message.topic;
  place["partition"] = record.partition;
  place["offset"] = record.offset;
  if (record.timestamp_ms >= 0)
    place["timestamp"] = FormatInstant(record.timestamp_ms * kMicrosPerMilli);
  return place;
}

void AddViolations(const IntakeAnswer& answer, Json* body) {
  Json violations = Json::array();
  for (size_t i = 0; i < std::min(answer.violations.size(), kViolationsListedMax); ++i) {
    const v1::FieldViolation& violation = answer.violations[i];
    violations.push_back({{"field", violation.field()},
                          {"rule", violation.rule()},
                          {"description", violation.description()}});
  }
  (*body)["violations"] = std::move(violations);
  if (answer.violations.size() > kViolationsListedMax)
    (*body)["more_violations"] = answer.violations.size() - kViolationsListedMax;
  if (!answer.quarantine_id.empty()) (*body)["quarantine_id"] = answer.quarantine_id;
}

TopicMessage JsonMessage(const std::string& topic, const Json& body) {
  TopicMessage message;
  message.topic = topic;
  // A field's name may be what a sender wrote, and no UTF-8.
  message.value = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  message.headers = {{"content-type", "application/json"}};
  return message;
}

}  // namespace

std::string OutcomeName(v1::SubmissionOutcome outcome) {
  std::string name = v1::SubmissionOutcome_Name(outcome).substr(sizeof("SUBMISSION_OUTCOME_") - 1);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

bool IsDeadLetter(const IntakeAnswer& answer) {
  return answer.outcome == v1::SUBMISSION_OUTCOME_REFUSED ||
         answer.outcome == v1::SUBMISSION_OUTCOME_CONFLICT;
}

TopicMessage OutcomeMessage(const PartnerTopic& topic, const AnsweredRecord& answered) {
  const IntakeAnswer& answer = answered.answer;
  const std::string id = Showable(answered.id);
  const std::string source = Showable(answered.source);
  Json body;
  if (!source.empty()) body["source"] = source;
  if (!id.empty()) body["id"] = id;
  if (answered.version > 0) body["source_version"] = answered.version;
  body["outcome"] = v1::SubmissionOutcome_Name(answer.outcome);
  AddViolations(answer, &body);
  if (!answer.stream_id.empty()) body["stream_id"] = answer.stream_id;
  if (answer.position.has_value()) {
    body["position"]["partition"] = answer.position->partition;
    body["position"]["offset"] = answer.position->offset;
  }
  body["record"] = PlaceOf(*answered.record);
  TopicMessage message = JsonMessage(topic.outcomes, body);
  if (!id.empty()) message.key = id;
  return message;
}

TopicMessage DeadLetterMessage(const PartnerTopic& topic, const AnsweredRecord& answered,
                               Micros now_us) {
  Json body;
  body["partner"] = topic.partner;
  body["outcome"] = v1::SubmissionOutcome_Name(answered.answer.outcome);
  AddViolations(answered.answer, &body);
  body["record"] = PlaceOf(*answered.record);
  body["refused_at"] = FormatInstant(now_us);
  TopicMessage message = JsonMessage(topic.dead_letters, body);
  message.key = topic.topic;
  return message;
}

}  // namespace trigpoint
