#include "services/node/held_keys.h"

#include <filesystem>
#include <utility>

#include "services/keys/key_client.h"
#include "services/node/text_list.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/protected_identity.h"
#include "trigpoint/store/local_identity_vault.h"
#include "trigpoint/store/local_key_store.h"

namespace trigpoint {
namespace {

LocalKeyStoreOptions KeysIn(const NodeConfig& config) {
  return {.directory = config.data + "/keys", .kek_file = config.data + "/keys.kek"};
}

std::optional<LocalIdentityVaultOptions> VaultIn(const NodeConfig& config) {
  if (config.vault_directory.empty()) return std::nullopt;
  const std::string directory = std::filesystem::path(config.data) / config.vault_directory;
  return LocalIdentityVaultOptions{.directory = directory, .kek_file = directory + ".kek"};
}

KeyServerOptions ServerOf(const NodeConfig& config) {
  return {.listen = config.keys_listen,
          .keys = KeysIn(config),
          .vault = VaultIn(config),
          .tls_cert = config.keys_tls_cert,
          .tls_key = config.keys_tls_key,
          .tls_client_ca = config.keys_tls_ca,
          .clients = TextList(config.keys_clients),
          .secret_file = config.keys_secret_file};
}

KeyClientOptions ClientOf(const NodeConfig& config) {
  return {.address = config.keys_server,
          .tls_ca = config.keys_tls_ca,
          .tls_cert = config.keys_tls_cert,
          .tls_key = config.keys_tls_key,
          .secret_file = config.keys_secret_file,
          .connect_timeout = absl::Seconds(60)};
}

}  // namespace

absl::StatusOr<HeldKeys> HeldKeys::Open(const NodeConfig& config) {
  HeldKeys held;
  if (!config.keys_server.empty()) {
    auto shared = ConnectKeys(ClientOf(config));
    if (!shared.ok())
      return Annotate(shared.status(), "the keys at --keys-server " + config.keys_server);
    held.keys_ = std::move(shared->keys);
    held.vault_ = std::move(shared->vault);
    return held;
  }
  if (!config.keys_listen.empty()) {
    auto server = StartKeyServer(ServerOf(config));
    if (!server.ok()) return Annotate(server.status(), "serve the keys on " + config.keys_listen);
    held.server_ = *std::move(server);
    return held;
  }
  auto keys = OpenLocalKeyStore(KeysIn(config));
  if (!keys.ok()) {
    return Annotate(keys.status(),
                    "open the key store in " + config.data +
                        " (is another node using it? stop that one, or use another --data)");
  }
  held.keys_ = *std::move(keys);
  if (const auto options = VaultIn(config); options.has_value()) {
    auto vault = OpenLocalIdentityVault(*options);
    if (!vault.ok()) return Annotate(vault.status(), "open the vault of protected identities");
    held.vault_ = *std::move(vault);
  }
  return held;
}

absl::Status HeldKeys::Destroy(const std::vector<std::string>& key_ids) const {
  std::vector<std::string> of_texts;
  std::vector<std::string> of_identities;
  for (const std::string& key : key_ids)
    (key.starts_with(kVaultPrefix) ? of_identities : of_texts).push_back(key);
  if (!of_identities.empty() && vault() == nullptr) {
    return absl::FailedPreconditionError(
        "identities of protected sources lie in a vault, and none is configured here");
  }
  if (!of_identities.empty()) TP_RETURN_IF_ERROR(vault()->Erase(of_identities));
  return keys().DestroyKeys(of_texts);
}

}  // namespace trigpoint
