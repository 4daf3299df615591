#include "log_backend.h"

#include <stdlib.h>

#include <filesystem>

namespace trigpoint {

TempDirectory::TempDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "trigpoint_log_XXXXXX").string();
  if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace trigpoint
