#pragma once

#include <set>
#include <string>

#include "trigpoint/base/digest.h"
#include "trigpoint/events/sealing.h"

namespace trigpoint {

/// Keys for tests: made from their id, so that golden files hold the same bytes for ever.
class MemoryKeys : public KeySource {
 public:
  absl::StatusOr<std::string> GetOrCreateKey(const std::string& key_id) override {
    if (erased.contains(key_id)) return absl::AbortedError("ERASED");
    ++asked;
    made.insert(key_id);
    const Sha256Digest digest = Sha256("test key " + key_id);
    return std::string(digest.begin(), digest.end());
  }

  absl::StatusOr<std::string> GetKey(const std::string& key_id) override {
    if (erased.contains(key_id)) return absl::AbortedError("ERASED");
    if (!made.contains(key_id)) return absl::NotFoundError("no such key");
    return GetOrCreateKey(key_id);
  }

  std::set<std::string> erased;
  std::set<std::string> made;
  int asked = 0;
};

}  // namespace trigpoint
