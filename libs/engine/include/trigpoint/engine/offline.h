#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/v1/api.pb.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/obligations.pb.h"
#include "trigpoint/v1/policy.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// A file of events and a policy, assessed without a server.
struct OfflineRequest {
  std::string policy;  ///< Pack name ("herefordshire") or path of a YAML file.
  std::string pack_directory;
  std::vector<std::pair<int64_t, v1::Event>> events;  ///< Line number and event.
  std::optional<int64_t> as_of_us;  ///< Default: the latest known_at in the file, never now.
  std::optional<v1::PolicyPack> pack = std::nullopt;  ///< The policy itself, instead of its name.
  std::vector<v1::PolicyPack> beside = {};  ///< In force as well: people decide under them, too.
};

/// The answer for one service of the file, with what the engine said on the way.
struct OfflineAssessment {
  std::string provider;  ///< "scheme/value" of the subject.
  v1::Assessment assessment;
  std::vector<v1::Recommendation> recommendations;  ///< In order: issued, revised, withdrawn.
  std::vector<v1::RapidQualityReviewAlert> alerts;
  std::vector<v1::DecisionRecord>
      decisions;  ///< Of decision events in the file: recorded or refused.
  bool basis_weakened = false;
  std::vector<v1::Silence> silences;  ///< Of feeds, open and over; in order of falling silent.
  std::vector<v1::Obligation> obligations;  ///< Under the policy, open and closed; first due first.
};

/// Folds the events of the file and assesses each service under the policy.
///
/// A missing received_at is reported_at, else occurred_at; lines are sorted stably by it; an
/// unknown subject is bound at first sight; the policy is taken to apply unless facts in the file
/// exclude the provider; `as_of` fires timers up to it (design 2), and what was received after it
/// is not known yet. Decision events and PeerBaselinePublished are accepted from the file.
/// INVALID_ARGUMENT names the line of an event that has neither time nor subject.
absl::StatusOr<std::vector<OfflineAssessment>> AssessOffline(const OfflineRequest& request);

}  // namespace trigpoint
