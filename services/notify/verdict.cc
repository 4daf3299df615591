#include "services/notify/verdict.h"

namespace trigpoint {

Verdict Judge(long http_status) {
  if (http_status >= 200 && http_status < 300) return Verdict::kTaken;
  switch (http_status) {
    case 400:
    case 410:
    case 413:
    case 422:
      return Verdict::kRefused;
    default:
      return Verdict::kAgain;
  }
}

}  // namespace trigpoint
