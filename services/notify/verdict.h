#pragma once

#include <cstdint>

namespace trigpoint {

/// What an HTTP status says of a message.
enum class Verdict : uint8_t {
  kTaken,    ///< 2xx.
  kRefused,  ///< 400, 410, 413, 422: the same bytes will never be taken.
  kAgain,    ///< Everything else, redirects among it: they are not followed.
};
Verdict Judge(long http_status);

}  // namespace trigpoint
