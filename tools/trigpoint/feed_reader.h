#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

struct FeedMapping;

/// One file to import.
struct FeedFile {
  std::string path;
  std::string format =
      "auto";               ///< "auto", or the name of a format (trigpoint/intake/feed_formats.h).
  std::string source = {};  ///< For rows that do not name their source; empty: the format's own.
  /// "", "day-first" or "month-first": for a file whose dates do not tell by themselves.
  std::string date_order = {};
  /// "" or "2026-03-01": the day of which the file speaks, where it does not say.
  std::string edition = {};
  /// The file is history: a service counts as known from its registration on, whenever the state of
  /// its record was fetched.
  bool history = false;
  /// Reads the table in the file, whatever `format` says; must outlive the reading.
  const FeedMapping* mapping = nullptr;
};

/// Takes what a file gives.
struct FeedHandlers {
  /// Takes one item to submit; false stops the reading.
  std::function<bool(v1::SubmitEventsRequest)> take;
  /// Sees each event of a format that holds states of records, before it is taken; may raise its
  /// version. May be empty.
  std::function<void(v1::Event*)> settle = {};
};

/// Reads a file row by row and hands each row on as an item to submit, with file and line: an
/// event, or a row that cannot be read. Stops without an error when `take` gives false. Errors:
/// NotFound when the file cannot be opened; InvalidArgument when the format cannot be told, the
/// header is not of it, or the file ends in the middle of a row; DataLoss when compressed data is
/// damaged. Each names the file. `found`, where given, takes what the adapter says of the file as
/// such.
absl::Status ReadFeed(const FeedFile& file, const FeedHandlers& handlers,
                      std::vector<std::pair<std::string, uint64_t>>* found = nullptr);

/// The same for a file that is in memory; `file.path` is only its name. Errors do not name it.
absl::Status ReadFeed(const FeedFile& file, const FeedHandlers& handlers, std::istream& input,
                      std::vector<std::pair<std::string, uint64_t>>* found = nullptr);

}  // namespace trigpoint
