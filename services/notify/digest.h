#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/protected_trace.h"
#include "services/notify/uncorroborated.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/store/outbox.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// Items of each list of one digest; what is beyond waits for the next.
inline constexpr size_t kDigestItemsMax = 500;

/// An endpoint as a digest tells of it: the others, too, for one that is dead cannot say so itself.
struct DigestEndpoint {
  std::string name;
  OutboxCounts counts;
  std::vector<OutboxDeadLetter> dead;  ///< At most kDigestItemsMax.
};

/// A service of which something does not come that should.
struct DigestSilence {
  std::string provider;
  std::string display_name;
  std::vector<v1::SubjectRef> ids;
  std::vector<v1::FeedSilent> feeds;
};

/// Something owed that nobody did in time.
struct DigestOverdue {
  std::string provider;
  std::string display_name;
  std::vector<v1::SubjectRef> ids;
  v1::Obligation owed;
};

/// What one digest says.
struct DigestContent {
  int64_t due_us = 0;     ///< The instant that it is for.
  std::string told_from;  ///< Log and endpoint: what makes its id its own.
  std::vector<v1::OpenRecommendation> recommendations;  ///< Issued or revised since the last one.
  uint64_t more_recommendations = 0;                    ///< Those that wait for the next digest.
  std::vector<v1::Alert> attached;  ///< Clusters that were attached to an open alert, undispatched.
  uint64_t feeds_silent = 0;        ///< Of all services.
  std::vector<DigestSilence> silent_services;  ///< At most kDigestItemsMax.
  std::vector<DigestOverdue> fell_overdue;     ///< Since the last one; at most kDigestItemsMax.
  uint64_t more_fell_overdue = 0;              ///< Beyond that: `trigpoint due --overdue` has them.
  uint64_t overdue = 0;                        ///< Of all services, those told before included.
  std::vector<UncorroboratedReports> uncorroborated;  ///< Since the last one.
  uint64_t awaiting_decision = 0;                     ///< Of all, those told before included.
  uint64_t open_alerts = 0;
  std::vector<DigestEndpoint> endpoints;
};

/// Whether there is nothing that the reader has not been told.
bool IsNothingToReport(const DigestContent& content);

/// The digest as a message. With nothing to report it says so: silence would be no answer.
OutboxMessage DigestMessage(const DigestContent& content, int64_t now_us);

/// Recommendations that await a decision, gathered once: urgent first, then what has waited
/// longest.
struct Awaiting {
  std::vector<v1::OpenRecommendation> fresh;  ///< Not in `told`; at most kDigestItemsMax.
  std::vector<std::string> fresh_ids;         ///< Of these, as they stand in the record.
  uint64_t more_fresh = 0;                    ///< Beyond that.
  std::set<std::string> ids;                  ///< Of all that await a decision.
  uint64_t open_alerts = 0;
};

/// What is silent now, by service; silent since the longest first.
struct Silent {
  std::vector<DigestSilence> services;  ///< At most kDigestItemsMax.
  uint64_t feeds = 0;                   ///< Of all services.
};
/// Of a service that is no business of `organisation` (empty: all are) no feed of reports about
/// people. Errors: those of Projector::Read.
absl::StatusOr<Silent> GatherSilent(const Projector& projector, const std::string& organisation);

/// What fell overdue in (from, to], first due first: by its due time, or, where what started it
/// became known only after that, when it did. So each is told once.
struct Overdue {
  std::vector<DigestOverdue> fell;  ///< At most kDigestItemsMax.
  uint64_t more = 0;                ///< Beyond that.
  uint64_t all = 0;                 ///< Overdue at `to_us`, whenever it fell so.
};
/// What became so in (from, to], of one look at each service.
struct Since {
  Overdue overdue;
  /// Most families first; none of a service that is no business of the reader, for a number of one
  /// tells of a person.
  std::vector<UncorroboratedReports> uncorroborated;
};
/// For an endpoint of an organisation; empty: of the operator. Errors: those of Projector::Read.
absl::StatusOr<Since> GatherSince(const Projector& projector, int64_t from_us, int64_t to_us,
                                  const std::string& organisation, const Veil& veil,
                                  ProtectedTraces* traces);

/// Errors: those of Projector::Read.
absl::StatusOr<Awaiting> GatherAwaiting(const Projector& projector,
                                        const std::set<std::string>& told, const Veil& veil,
                                        ProtectedTraces* traces);

}  // namespace trigpoint
