#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trigpoint {

/// A random secret for page tokens. A token is good as long as the secret is kept.
std::string NewPageSecret();

/// Makes a token that continues after `last_key` and shows nothing of it: it is sealed. `scope`
/// names the method and every argument that shapes the list: a token is only good for the same
/// list. The same list and key give the same token.
std::string MakePageToken(std::string_view secret, std::string_view scope,
                          std::string_view last_key);

/// Opens the field page_token of a request: gives the key, empty for an empty token. Errors: a
/// FieldError for a token of another list or secret.
absl::StatusOr<std::string> ReadPageToken(std::string_view secret, std::string_view scope,
                                          std::string_view token);

/// The page size to use: 0 gives `fallback`, more than `max` gives `max`. Errors: a FieldError when
/// negative.
absl::StatusOr<int> PageSize(int requested, int fallback, int max);

}  // namespace trigpoint
