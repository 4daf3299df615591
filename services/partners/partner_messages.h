#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "services/ingest/intake.h"
#include "services/partners/partner_config.h"
#include "trigpoint/base/time.h"
#include "trigpoint/log/kafka_topics.h"

namespace trigpoint {

/// Violations that one message lists; how many more there were is said.
inline constexpr size_t kViolationsListedMax = 100;

/// A record of a partner's topic, and what became of it.
struct AnsweredRecord {
  const TopicRecord* record = nullptr;
  std::string source;    ///< As the partner said it; empty: it could not be read.
  std::string id;        ///< Likewise.
  uint32_t version = 0;  ///< Likewise; 0: it could not be read.
  IntakeAnswer answer;
};

/// "accepted" of SUBMISSION_OUTCOME_ACCEPTED.
std::string OutcomeName(v1::SubmissionOutcome outcome);

/// Whether nothing came of it, so that operators are told: it was refused, or contradicts another.
bool IsDeadLetter(const IntakeAnswer& answer);

/// What the partner is told, keyed by the event's id: source, id, version, outcome, violations,
/// quarantine id, stream, position in the log, and where the record lies. A source or id that may
/// be personal is left out.
TopicMessage OutcomeMessage(const PartnerTopic& topic, const AnsweredRecord& answered);

/// What operators are told of a record of which nothing came: why, and where it lies; nothing of
/// its content.
TopicMessage DeadLetterMessage(const PartnerTopic& topic, const AnsweredRecord& answered,
                               Micros now_us);

}  // namespace trigpoint
