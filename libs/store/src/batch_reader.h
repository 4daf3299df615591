#pragma once

#include <optional>
#include <string_view>

#include "keys.h"
#include "trigpoint/store/store_batch.h"

namespace trigpoint::store_internal {

/// One put or deletion of a batch; the views are into the batch.
struct BatchOp {
  Family family = Family::kCheckpoints;
  bool deletion = false;
  std::string_view key;
  std::string_view value;
};

/// Walks the operations of a batch in the order they were made. The batch must outlive it.
class BatchReader {
 public:
  explicit BatchReader(const StoreBatch& batch) : rest_(batch.data_) {}

  /// Gives the next operation; nullopt at the end.
  std::optional<BatchOp> Next();

 private:
  std::string_view rest_;
};

}  // namespace trigpoint::store_internal
