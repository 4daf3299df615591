#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "absl/status/status.h"

namespace trigpoint {

/// One JSON value of a file, not parsed yet. Lifetime: of the text, the file it points into.
struct JsonDocument {
  std::string_view text;
  uint64_t line = 0;              ///< The line it begins in, from 1.
  std::optional<size_t> element;  ///< Place in the list, from 0, where the file is one list.
  size_t depth = 0;               ///< Of brackets within brackets.
};

/// Cuts a file into its documents: one list of them, one on each line, or one after the other over
/// several lines. Whether a document is JSON is not looked at, except for brackets and quotes; a
/// line that is not whole where each document has its own line is given as it is.
/// Errors: InvalidArgument when the file ends inside a document (with the line it began in), holds
/// something else than documents, or a list is broken; what `take` returned.
absl::Status ForEachJsonDocument(std::string_view bytes,
                                 const std::function<absl::Status(const JsonDocument&)>& take);

}  // namespace trigpoint
