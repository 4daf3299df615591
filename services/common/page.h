#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trigpoint {

/// A random secret for the page tokens of this process. Tokens do not outlive it.
std::string NewPageSecret();

/// Makes an opaque token that continues after `last_key`. `scope` names the method and every
/// argument that shapes the list: a token is only good for the same list.
std::string MakePageToken(std::string_view secret, std::string_view scope,
                          std::string_view last_key);

/// Reads the key back; empty for an empty token. Errors: InvalidArgument for a token of another
/// list or process.
absl::StatusOr<std::string> ReadPageToken(std::string_view secret, std::string_view scope,
                                          std::string_view token);

/// The page size to use: 0 gives `fallback`, more than `max` gives `max`. Errors: InvalidArgument
/// when negative.
absl::StatusOr<int> PageSize(int requested, int fallback, int max);

}  // namespace trigpoint
