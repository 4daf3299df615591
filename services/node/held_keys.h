#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/keys/key_server.h"
#include "services/node/node_config.h"
#include "trigpoint/store/identity_vault.h"
#include "trigpoint/store/key_store.h"

namespace trigpoint {

/// The keys and protected identities as a process has them: in its own data directory, perhaps
/// served to others, or with the process that holds them.
class HeldKeys {
 public:
  /// Opens the directories, or connects, as the roles say. Errors: those of OpenLocalKeyStore,
  /// StartKeyServer and ConnectKeys.
  static absl::StatusOr<HeldKeys> Open(const NodeConfig& config);

  KeyStore& keys() const { return server_ != nullptr ? server_->keys() : *keys_; }
  /// Null: identities of protected sources are refused.
  IdentityVault* vault() const { return server_ != nullptr ? server_->vault() : vault_.get(); }

  /// Destroys keys of texts and identities, whichever each is. Blocks.
  absl::Status Destroy(const std::vector<std::string>& key_ids) const;

 private:
  std::unique_ptr<KeyServer> server_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<IdentityVault> vault_;
};

}  // namespace trigpoint
