#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "trigpoint/policy/assess.h"

namespace trigpoint {

/// Values of assessments that were computed before, by what they follow from. Thread-safe.
struct ValuesMemo {
  /// More combinations than these are forgotten and computed anew.
  static constexpr size_t kEntriesMax = 4096;

  absl::Mutex mu;
  absl::flat_hash_map<std::string, std::shared_ptr<const AssessmentValues>> known
      ABSL_GUARDED_BY(mu);
};

}  // namespace trigpoint
