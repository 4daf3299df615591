// A process that keeps keys, for the tests that kill it: keys_process DIRECTORY. Its listener is
// DIRECTORY/keys.socket, its secret DIRECTORY/secret; SIGKILL ends it.
#include <unistd.h>

#include <cstdio>
#include <string>

#include "services/keys/key_server.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string directory = argv[1];
  trigpoint::KeyServerOptions options;
  options.listen = "unix:" + directory + "/keys.socket";
  options.keys = {.directory = directory + "/keys", .kek_file = directory + "/keys.kek"};
  options.secret_file = directory + "/secret";
  options.lease = absl::Milliseconds(300);
  const auto server = trigpoint::StartKeyServer(options);
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", std::string(server.status().message()).c_str());
    return 1;
  }
  while (true) ::pause();
}
