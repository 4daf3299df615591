#include "services/keys/pem_file.h"

#include <fstream>
#include <sstream>

#include "trigpoint/base/status.h"

namespace trigpoint {

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    return MakeStatus(absl::StatusCode::kNotFound, "cannot read " + path);
  return text.str();
}

}  // namespace trigpoint
