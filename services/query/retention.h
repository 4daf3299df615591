#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "services/query/eraser.h"
#include "services/query/retention_rules.h"
#include "trigpoint/events/sealing.h"
#include "trigpoint/store/identity_vault.h"
#include "trigpoint/telemetry/metrics.h"

namespace trigpoint {

/// What retention works with. All must outlive it; `vault` and `metrics` may be null.
struct RetentionDeps {
  Projector* projector = nullptr;
  const Eraser* eraser = nullptr;
  KeySource* keys = nullptr;  ///< Tells which keys were destroyed already.
  IdentityVault* vault = nullptr;
  std::function<int64_t()> now_us{};
  Metrics* metrics = nullptr;
};

/// What one run erased, or would.
struct RetentionReport {
  uint32_t keys = 0;
  std::vector<v1::EventRef> records;  ///< But those of protected sources.
  std::vector<v1::EventRef> held;     ///< Past their rule, and spared for a legal hold.
  std::vector<std::string> erasure_ids;
};

/// Erases by the rules of the configuration, once a day, through the same path as a person does:
/// keys, then the proof, with the authority "retention:" and the rule. What one key seals goes when
/// all of it is past its rule, whichever services it is about; what a hold keeps stays. Submissions
/// that wait go by the rule of their kind or class, refused ones by their own.
/// Threading: thread-safe; one run at a time.
class Retention {
 public:
  Retention(const RetentionDeps& deps, RetentionRules rules);
  ~Retention();

  const RetentionRules& rules() const { return rules_; }
  /// Runs now and then once a day, where this process owns the control partition; after an error
  /// again in an hour.
  void Start();
  /// Idempotent; waits for a run under way.
  void Stop();

  /// Erases what is past its rule now; `check_only`: says what it would erase. Blocks, and reads
  /// every stream. Errors: those of reading, of the disk and of the log; the next run goes on.
  absl::StatusOr<RetentionReport> Run(bool check_only);

 private:
  class Sweep;
  void Loop();

  const RetentionDeps deps_;
  const RetentionRules rules_;
  absl::Mutex running_;
  absl::Mutex mu_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace trigpoint
