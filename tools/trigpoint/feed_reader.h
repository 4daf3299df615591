#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// One file to import.
struct FeedFile {
  std::string path;
  std::string format;  ///< "auto", or the name of an adapter.
  std::string source;  ///< For rows that do not name their source; empty: the format's own.
  /// "", "day-first" or "month-first": for a file whose dates do not tell by themselves.
  std::string date_order;
};

/// Tells the format of a file by its first bytes, or by its name where it is compressed.
/// Errors: InvalidArgument when neither tells.
absl::StatusOr<std::string> DetectFormat(std::string_view path, std::string_view first_bytes);

/// Reads a file row by row and hands each row to `sink` as an item to submit, with file and line:
/// an event, or a row that cannot be read. Stops without an error when `sink` gives false.
/// Errors: NotFound when the file cannot be opened; InvalidArgument when the format cannot be told,
/// the header is not of it, or the file ends in the middle of a row; DataLoss when compressed data
/// is damaged. Each names the file.
/// `found`, where given, takes what the adapter says of the file as such.
absl::Status ReadFeed(const FeedFile& file,
                      const std::function<bool(v1::SubmitEventsRequest)>& sink,
                      std::vector<std::pair<std::string, uint64_t>>* found = nullptr);

}  // namespace trigpoint
