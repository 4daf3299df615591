#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/status.h"
#include "arguments.h"
#include "trigpoint/base/status.h"

namespace trigpoint {

/// The two axes of time of a read, as given on the command line; empty: now.
struct InstantOptions {
  std::string as_of;     ///< What was known then.
  std::string valid_at;  ///< How things were then, with what is known now or was known at `as_of`.
};

/// Offers --as-of and --valid-at. `options` must outlive the command.
inline void AddInstantOptions(CLI::App* command, InstantOptions* options) {
  command->add_option("--as-of", options->as_of,
                      "With what was known at 2026-03-01 or 2026-03-01T10:00:00Z");
  command->add_option("--valid-at", options->valid_at,
                      "How things were then, with what is known now, or was known at --as-of");
}

/// Sets as_of and valid_at of a request. Errors: InvalidArgument for what is no instant.
template <typename Request>
absl::Status SetInstants(const InstantOptions& options, Request* request) {
  if (!options.as_of.empty()) {
    TP_ASSIGN_OR_RETURN(const auto as_of, ParseAsOf(options.as_of));
    *request->mutable_as_of() = ToTimestamp(as_of);
  }
  if (!options.valid_at.empty()) {
    TP_ASSIGN_OR_RETURN(const auto valid_at, ParseAsOf(options.valid_at));
    *request->mutable_valid_at() = ToTimestamp(valid_at);
  }
  return absl::OkStatus();
}

}  // namespace trigpoint
