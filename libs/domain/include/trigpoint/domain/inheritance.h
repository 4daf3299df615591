#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trigpoint/domain/record.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

/// What a service has of its predecessors: the registrations before a move, a sale or a merger.
/// Everything of it comes from MemoryCarried in the service's own stream. Rule: 3.9 Succession.
namespace trigpoint {

/// What a successor has of a predecessor, by the reason of the link, before a person decides.
v1::InheritanceStanding StandingOf(v1::ServiceLinked::Reason reason);

/// Whether levels and history of the predecessor count for the successor.
bool Counts(v1::InheritanceStanding standing);

/// Whether a person is to decide about it.
bool IsOpen(v1::InheritanceStanding standing);

/// Whether a person is to decide about what comes of this predecessor, here or further back.
bool AwaitsPerson(const v1::Inheritance& inheritance);

/// Whether the level that stands under a policy is inherited and a person is to confirm it, here or
/// further back.
bool IsToBeConfirmed(const v1::ProviderRecord& record, const v1::PolicyRecord& policy);

/// What a person is still to decide about: at this service, and at those before it whose memory
/// counts here. Sorted by stream, each once.
std::vector<v1::MemoryCarried::OpenInheritance> OpenInheritances(const v1::ProviderRecord& record,
                                                                 const std::string& stream_id);

/// What the record has of one predecessor, or null.
const v1::Inheritance* FindInheritance(const v1::ProviderRecord& record,
                                       std::string_view from_stream);

/// Folds what is known of a predecessor into the record: levels and the link of the highest
/// `from_revision`; what a person decided stands as long as the link does.
void FoldMemory(const v1::MemoryCarried& memory, int64_t known_us, const ContextOf& context,
                v1::ProviderRecord* record);

/// Who may decide under a policy in force.
struct PolicyAuthority {
  std::string policy_id;
  const v1::AuthorityMatrix* authority = nullptr;
};

/// What became of a decision about an inheritance.
enum class InheritanceVerdict : uint8_t {
  kRecorded,
  kNoPredecessor,    ///< The service has nothing of such a stream, or the link was taken back.
  kNothingToDecide,  ///< A move: it is the same service.
  kNoAuthority,      ///< None of the actor's roles may decide a move into or out of such a level.
  kRationaleMissing,
};

/// What would become of a decision now. Authority: who may move into or out of an inherited level
/// under its policy; where no level is inherited, who may decide any move under any of `policies`.
InheritanceVerdict JudgeInheritance(const v1::InheritanceDecided& decided,
                                    std::span<const PolicyAuthority> policies,
                                    const v1::ProviderRecord& record);

/// Folds it. A refused one changes nothing.
InheritanceVerdict FoldInheritance(const v1::InheritanceDecided& decided, int64_t known_us,
                                   std::span<const PolicyAuthority> policies,
                                   const ContextOf& context, v1::ProviderRecord* record);

/// Brings the inherited level of every policy up to what the record holds. Nobody decided here: the
/// predecessor's; of several the highest. Of a merger the highest of all, the service's own
/// included, until somebody decides here; never INTENSIVE.
void SettleInherited(const ContextOf& context, v1::ProviderRecord* record);

/// Starts of episodes above the lowest state under a policy, sorted: the service's own and those of
/// predecessors that count. Of a merger only those of the side with the latest (3.9).
std::vector<int64_t> EpisodeStarts(const v1::ProviderRecord& record, const std::string& policy_id);

/// Whether a fact of a predecessor is carried at all: its registration and links are its own.
bool IsCarried(const v1::Event& fact);

/// A fact as it is kept and carried: without narratives and without what ingest stamps; known_at as
/// received_at.
v1::Event SlimFact(const v1::Event& event, int64_t known_us);

/// Whether a report is so old that only its day is carried: it raises a concern and does nothing
/// else, and occurred before every window of the day of the link.
bool CarriedByDay(const v1::Event& fact, const v1::Date& effective_on);

/// The day of an instant as sums by day count it: days since 1970-01-01, UTC.
int32_t DayOfMicros(int64_t us);

/// One fact that counts for a stream.
struct EffectiveFact {
  const v1::Event* event = nullptr;
  int64_t known_us = 0;
  std::string_view from;  ///< Stream of the predecessor; empty: the service's own.
};

/// The facts of a stream that count, by source and id: own ones, of every (source, id) the highest
/// version, retractions too; then those of predecessors that count by `record` and that the service
/// has not reported itself. Point into `events`.
std::vector<EffectiveFact> EffectiveFacts(std::span<const v1::StoredEvent> events,
                                          const v1::ProviderRecord& record);

/// As RefoldFacts, with what the service has of its predecessors.
void RefoldWithCarried(std::span<const v1::StoredEvent> events, const v1::ProviderRecord& record,
                       v1::ProviderState* state);

}  // namespace trigpoint
