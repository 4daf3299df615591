#pragma once

#include <string_view>

namespace trigpoint::check_internal {

/// Prints "file:line: check failed: expression: message" on the error stream and aborts.
[[noreturn]] void Fail(const char* expression, std::string_view message, const char* file,
                       int line) noexcept;

}  // namespace trigpoint::check_internal

/// Aborts the process when `cond` is false: an error of the programmer, never of the input.
/// It stays on in release builds. `message` is anything that converts to std::string_view and is
/// evaluated only when the check fails.
#define TP_CHECK(cond, message)                                                \
  do {                                                                         \
    if (!(cond)) [[unlikely]] {                                                \
      ::trigpoint::check_internal::Fail(#cond, (message), __FILE__, __LINE__); \
    }                                                                          \
  } while (false)
