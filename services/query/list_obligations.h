#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/query/protected.h"
#include "services/query/query_core.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// What is owed about one service, with whom it is about.
using OwedItems = std::vector<v1::ListObligationsResponse::Item>;

/// What is owed about every service now, and not done. Every state is looked at, so the answer is
/// kept while nothing is folded, for a minute at most. Threading: thread-safe.
class ObligationBook {
 public:
  /// Errors: those of the projector's reads.
  absl::StatusOr<std::shared_ptr<const OwedItems>> Get(QueryCore& core);

 private:
  absl::Mutex mu_;
  std::shared_ptr<const OwedItems> kept_ ABSL_GUARDED_BY(mu_);
  std::vector<int64_t> folded_ ABSL_GUARDED_BY(mu_);
  int64_t minute_ ABSL_GUARDED_BY(mu_) = 0;
};

/// What is owed about a service as it was read, open and closed, as everybody may see it; takes out
/// of `stream` what protected sources reported.
std::vector<v1::Obligation> OwedAsShown(const Controls& controls, const Protection& protection,
                                        int64_t as_of_us, StreamAsOf* stream);

/// The services that the filter of a request does not hold for, empty: none; their stream ids.
/// Errors: InvalidArgument, what the filter cannot be read by.
absl::StatusOr<std::set<std::string>> NotAskedFor(QueryCore& core, const Principal& principal,
                                                  const std::string& text);

/// Whether a reader of an organisation, outside the service or not, is told that it is owed: what
/// is to be told to one organisation is outside nobody else's business.
bool IsToldTo(const std::string& organisation, bool outside, const v1::Obligation& owed);

/// What is owed about one service as it was read and not done, as a reader may see it who is or is
/// not outside it; `policy_id` empty: by every policy. Errors: those of the log.
absl::StatusOr<std::vector<v1::Obligation>> OpenObligations(QueryCore& core, StreamAsOf stream,
                                                            int64_t as_of_us, bool outside,
                                                            const Principal& principal,
                                                            const std::string& policy_id);

/// What is owed about one service or all, what is due first first. For a reader outside no event
/// is named.
grpc::Status ListObligations(QueryCore& core, ObligationBook& book, const Principal& principal,
                             const v1::ListObligationsRequest& request,
                             v1::ListObligationsResponse* response);

}  // namespace trigpoint
