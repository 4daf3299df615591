#include "whole_file.h"

#include <array>

#include "inflating_buffer.h"
#include "trigpoint/base/status.h"

namespace trigpoint {

absl::StatusOr<std::string> ReadWholeFile(std::istream& input) {
  constexpr size_t kBytesMax = size_t{2} << 30;
  InflatingBuffer buffer(input);
  std::string bytes;
  std::array<char, 1 << 16> part{};
  for (;;) {
    const std::streamsize size =
        buffer.sgetn(part.data(), static_cast<std::streamsize>(part.size()));
    if (size == 0) {
      break;
    }
    bytes.append(part.data(), static_cast<size_t>(size));
    if (bytes.size() > kBytesMax) {
      return absl::ResourceExhaustedError("the file is larger than 2 GiB");
    }
  }
  TP_RETURN_IF_ERROR(buffer.status());
  if (bytes.starts_with("\xEF\xBB\xBF")) {
    bytes.erase(0, 3);
  }
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    return absl::InvalidArgumentError("the file is UTF-16; save it as UTF-8");
  }
  return bytes;
}

}  // namespace trigpoint
