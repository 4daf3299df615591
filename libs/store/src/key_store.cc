#include "trigpoint/store/key_store.h"

#include <utility>

#include "trigpoint/base/status.h"

namespace trigpoint {

absl::StatusOr<std::string> KeyStore::GetOrCreateKey(const std::string& key_id) {
  TP_ASSIGN_OR_RETURN(std::vector<std::string> keys, GetOrCreateKeys({key_id}));
  return std::move(keys.front());
}

absl::StatusOr<std::string> KeyStore::GetKey(const std::string& key_id) {
  return std::move(GetKeys({key_id}).front());
}

}  // namespace trigpoint
