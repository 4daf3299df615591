#include "windows_1252.h"

#include <iconv.h>

#include "trigpoint/base/utf8.h"

namespace trigpoint {

std::string Utf8OfWindows1252(std::string text) {
  constexpr size_t kBytesOfOneMax = 3;
  if (IsUtf8(text)) return text;
  const iconv_t converter = iconv_open("UTF-8", "WINDOWS-1252");
  // NOLINTNEXTLINE(performance-no-int-to-ptr,cppcoreguidelines-pro-type-cstyle-cast): POSIX's error
  if (converter == (iconv_t)-1) return text;
  std::string utf8(text.size() * kBytesOfOneMax, '\0');
  char* from = text.data();
  size_t from_left = text.size();
  char* to = utf8.data();
  size_t to_left = utf8.size();
  const bool whole = iconv(converter, &from, &from_left, &to, &to_left) != static_cast<size_t>(-1);
  iconv_close(converter);
  if (!whole) return text;
  utf8.resize(utf8.size() - to_left);
  return utf8;
}

}  // namespace trigpoint
