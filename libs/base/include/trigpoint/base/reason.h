#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace trigpoint {

/// Names and values that a text mentions, for programs; never content of intelligence.
using ReasonMetadata = std::map<std::string, std::string>;

/// Gives an error a reason that programs can tell apart (UPPER_SNAKE) with its names and values.
/// Code, text and other payloads stay; an OK status is returned as it is.
absl::Status WithReason(absl::Status status, std::string_view reason,
                        const ReasonMetadata& metadata = {});

/// Gives the reason of an error; empty where it has none.
std::string ReasonOf(const absl::Status& status);

/// Gives the names and values beside the reason.
ReasonMetadata ReasonMetadataOf(const absl::Status& status);

}  // namespace trigpoint
