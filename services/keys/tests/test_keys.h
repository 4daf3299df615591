#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "services/keys/key_client.h"
#include "services/keys/key_server.h"
#include "trigpoint/store/local_identity_vault.h"
#include "trigpoint/store/local_key_store.h"

namespace trigpoint {

/// Keys and vault below a directory: local, or, with TRIGPOINT_TEST_KEYS=remote in the environment,
/// over gRPC from a server of this process, so that a suite runs with both.
struct TestKeys {
  std::unique_ptr<KeyServer> server;  // Goes last.
  std::unique_ptr<KeyStore> keys;
  std::unique_ptr<IdentityVault> vault;

  static TestKeys Open(const std::string& directory) {
    TestKeys made;
    const LocalKeyStoreOptions keys{.directory = directory + "/keys",
                                    .kek_file = directory + "/keys.kek"};
    const LocalIdentityVaultOptions vault{.directory = directory + "/vault",
                                          .kek_file = directory + "/vault.kek"};
    const char* kind = std::getenv("TRIGPOINT_TEST_KEYS");  // NOLINT(concurrency-mt-unsafe)
    if (kind == nullptr || std::string(kind) != "remote") {
      auto opened_keys = OpenLocalKeyStore(keys);
      auto opened_vault = OpenLocalIdentityVault(vault);
      EXPECT_TRUE(opened_keys.ok()) << opened_keys.status();
      EXPECT_TRUE(opened_vault.ok()) << opened_vault.status();
      made.keys = *std::move(opened_keys);
      made.vault = *std::move(opened_vault);
      return made;
    }
    KeyServerOptions options{.listen = "unix:" + directory + "/keys.socket", .keys = keys};
    options.vault = vault;
    options.secret_file = directory + "/keys.secret";
    options.lease = absl::Milliseconds(100);
    auto started = StartKeyServer(options);
    EXPECT_TRUE(started.ok()) << started.status();
    made.server = *std::move(started);
    auto connected =
        ConnectKeys({.address = made.server->address(), .secret_file = options.secret_file});
    EXPECT_TRUE(connected.ok()) << connected.status();
    made.keys = std::move(connected->keys);
    made.vault = std::move(connected->vault);
    return made;
  }
};

}  // namespace trigpoint
