#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace trigpoint {

/// Views the same bytes as abseil's own string_view type (in abseil 20220623 it is not std's).
/// Lifetime: as the argument.
inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

/// Views the same bytes as std::string_view. Lifetime: as the argument.
inline std::string_view FromAbsl(absl::string_view text) { return {text.data(), text.size()}; }

/// Makes a status from a code and a text. A code of kOk gives an OK status and drops the text.
absl::Status MakeStatus(absl::StatusCode code, std::string_view message);

/// Puts what was being done in front of the message: "append case-42: disk full".
/// Keeps the code and every payload; an OK status is returned as it is.
absl::Status Annotate(const absl::Status& status, std::string_view doing);

/// Gives "OK" or "INVALID_ARGUMENT: text"; payloads are left out, so that they never reach a log.
std::string StatusText(const absl::Status& status);

}  // namespace trigpoint

// NOLINTBEGIN(bugprone-macro-parentheses)
#define TP_STATUS_CONCAT_INNER(a, b) a##b
#define TP_STATUS_CONCAT(a, b) TP_STATUS_CONCAT_INNER(a, b)

/// Returns from the enclosing function when `expr` (an absl::Status) is not OK.
/// The function may return absl::Status or any absl::StatusOr.
#define TP_RETURN_IF_ERROR(expr)             \
  do {                                       \
    ::absl::Status tp_status_value = (expr); \
    if (!tp_status_value.ok()) {             \
      return tp_status_value;                \
    }                                        \
  } while (false)

#define TP_ASSIGN_OR_RETURN_IMPL(result, lhs, ...) \
  auto result = (__VA_ARGS__);                     \
  if (!result.ok()) {                              \
    return std::move(result).status();             \
  }                                                \
  lhs = *std::move(result)

/// Assigns the value of an absl::StatusOr to `lhs` (which may declare: `auto x`), or returns its
/// status. At most one per line; not usable as the body of an unbraced `if`.
#define TP_ASSIGN_OR_RETURN(lhs, ...) \
  TP_ASSIGN_OR_RETURN_IMPL(TP_STATUS_CONCAT(tp_status_or_, __LINE__), lhs, __VA_ARGS__)
// NOLINTEND(bugprone-macro-parentheses)
