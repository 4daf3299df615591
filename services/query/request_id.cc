#include "services/query/request_id.h"

#include <openssl/rand.h>

#include "trigpoint/base/digest.h"

namespace trigpoint {

absl::StatusOr<std::string> EventIdOf(const Principal& principal, std::string_view method,
                                      const std::string& request_id) {
  constexpr size_t kHexDigits = 32;
  if (request_id.size() > 128) return absl::InvalidArgumentError("request_id: a UUID is meant");
  if (!request_id.empty()) {
    return Sha256Hex(principal.id + '\n' + std::string(method) + '\n' + request_id)
        .substr(0, kHexDigits);
  }
  std::string random(kHexDigits / 2, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()),
                 static_cast<int>(random.size())) != 1) {
    return absl::InternalError("no random numbers");
  }
  return HexEncode(random);
}

v1::Actor ActorOf(const Principal& principal) {
  v1::Actor actor;
  actor.set_principal(principal.id);
  actor.set_organisation(principal.organisation);
  for (const auto& role : principal.roles) actor.add_roles(role);
  return actor;
}

}  // namespace trigpoint
