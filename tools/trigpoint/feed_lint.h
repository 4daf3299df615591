#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "trigpoint/intake/mapped_adapter.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// What a row of a file would give: an event, or why there is none.
struct LintedItem {
  uint64_t line = 0;
  std::string kind;
  std::string id;
  std::string subject;  ///< "cqc-location/1-545611283"; empty where the event has none.
  v1::Event times;      ///< Only occurred_at and reported_at.
  /// The fields of payload and envelope with their values; "(personal)" for personal text.
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<v1::FieldViolation> problems;
};

/// What a file would give.
struct LintReport {
  std::vector<LintedItem> items;  ///< The first of them, as many as were asked for.
  uint64_t rows = 0;              ///< With something in them.
  uint64_t usable_events = 0;
  uint64_t refused_rows = 0;  ///< With at least one problem.
  std::vector<std::pair<std::string, uint64_t>> found;
};

/// How a file is judged.
struct LintOptions {
  int64_t received_us = 0;  ///< As if it arrived then; 0: nothing is in the future.
  size_t items_max = SIZE_MAX;
};

/// Reads a file as its mapping says and judges every event as ingest does. Errors: of
/// MappedAdapter::Read; the report then holds what came before.
absl::Status LintFeed(const FeedMapping& mapping, std::istream& input, const LintOptions& options,
                      LintReport* report);

/// Gives one line for an item, and a line for each of its problems.
std::string LintText(const LintedItem& item);

/// Gives the report as one JSON document.
std::string LintJson(const LintReport& report);

}  // namespace trigpoint
