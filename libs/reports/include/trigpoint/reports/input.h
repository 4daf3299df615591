#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "trigpoint/domain/themes.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/obligations.pb.h"
#include "trigpoint/v1/policy.pb.h"
#include "trigpoint/v1/reports.pb.h"
#include "trigpoint/v1/values.pb.h"

/// What a report is made from: what its reader may see of each service, cut before it comes here. A
/// report adds nothing to it, so it can tell nothing that the reads do not. Instants are
/// microseconds UTC, 0: not known.
namespace trigpoint {

/// What stands about a service under one policy.
struct ReportedPolicy {
  std::string policy_id{};
  std::string decided_state{};
  bool above_lowest = false;        ///< The decided state is not the policy's lowest.
  std::string recommended_state{};  ///< Awaits a decision; empty: nothing does.
  int64_t recommended_us = 0;
  int64_t decided_us = 0;  ///< When people entered the decided state.
  bool urgent = false;     ///< A rule of the urgent path holds.
  std::string urgent_target{};
  std::string not_agreed_state{};  ///< A joint commissioner refused; empty: agreed (domain.md 3.6).
  v1::CrossWalk nqb{};             ///< Of the decided state; for display.
  /// Rules that a level or the urgent path rests on, and not how things are at the lowest level.
  std::set<std::string> bearing{};
  std::vector<v1::CriterionResult> criteria{};  ///< With the urgent rules.
  std::map<std::string, std::string> texts{};   ///< Criterion to the document's own words.
  std::vector<std::string> near_misses{};
  std::vector<std::string> gaps{};
  std::vector<std::string> measures{};  ///< What the policy says happens at the target.
};

/// One line of the timeline.
struct ReportedFact {
  std::string kind{};
  std::string summary{};  ///< One line without free text.
  int64_t occurred_us = 0;
  int64_t known_us = 0;
  bool superseded = false;
  bool hidden = false;
  v1::Event event{};  ///< As far as the reader may see it: source and id may be missing.
};

/// Who sends a kind of report, or should.
struct ReportedFeed {
  std::string kind{};    ///< Empty: not told.
  std::string source{};  ///< Empty: nobody does, or it is not told.
  int64_t last_us = 0;
  bool silent = false;
  int64_t silent_since_us = 0;
  bool nil = false;  ///< The last word was that there is nothing.
  std::string policy_id{};
  std::string clause{};
};

/// Who found that no review is warranted, and why.
struct ReportedDecline {
  int64_t declined_us = 0;
  std::string declined_by{};
  std::string reason{};
};

/// A rapid quality review alert that still concerns people.
struct ReportedAlert {
  v1::RapidQualityReviewAlert detail{};
  int64_t raised_us = 0;
  int64_t acknowledged_us = 0;
  bool overdue = false;
  bool declined = false;                    ///< This alert itself: the next tier has it.
  std::vector<ReportedDecline> declines{};  ///< Of it, or of it at another tier.
};

/// One service.
struct ReportedService {
  /// The reader is of no organisation that commissions or hosts it: of reports about people numbers
  /// below five are not told (domain.md 2.2, C3).
  bool outside = false;
  std::string name{};
  std::vector<v1::SubjectRef> ids{};
  v1::ServiceType type = v1::SERVICE_TYPE_UNSPECIFIED;
  uint32_t beds = 0;
  std::string organisation{};
  std::string host{};
  std::vector<std::string> commissioners{};
  v1::Rating rating = v1::RATING_UNSPECIFIED;
  int64_t rated_us = 0;
  std::vector<ReportedPolicy> policies{};  ///< Those that apply, sorted by id.
  std::vector<ReportedFact> facts{};       ///< All that is known, oldest first.
  std::vector<ReportedFeed> feeds{};
  std::vector<std::string> blind_spots{};
  std::vector<ReportedAlert> alerts{};  ///< Oldest first.
  /// Of the period; absent: not told to this reader.
  std::optional<std::vector<ThemeConfidence>> themes{};
  /// Open ones; absent: not asked for.
  std::optional<std::vector<v1::Obligation>> obligations{};
};

/// What is told under a redaction profile beside the facts.
enum class Told : uint8_t {
  kEverything,    ///< Whatever the reader's own clearance shows.
  kWithoutProof,  ///< Levels, without evidence, figures, near misses and gaps.
  kPublic,        ///< Nothing that is in confidence: no level, recommendation, alert or feed.
};

/// A report to be made.
struct ReportInput {
  v1::Report::Kind kind = v1::Report::KIND_UNSPECIFIED;
  int64_t as_of_us = 0;
  int64_t from_us = 0;  ///< The period is (from, as_of].
  std::string redaction{};
  Told told = Told::kEverything;
  std::vector<ReportedService> services{};  ///< Sorted by name, then id.
  std::vector<std::string> caveats{};
};

}  // namespace trigpoint
