#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "recording_sink.h"
#include "trigpoint/events/validate.h"

namespace trigpoint {

/// Reads a committed excerpt.
inline absl::Status ReadExcerpt(const std::string& name, FeedAdapter* adapter,
                                RecordingSink* sink) {
  std::ifstream input(TRIGPOINT_SOURCE_DIR "/tests/data/" + name, std::ios::binary);
  return adapter->Read(input, *sink);
}

/// Where a whole file of the data sets is; empty where they are not here.
inline std::filesystem::path WholeFile(const std::string& name) {
  const std::filesystem::path path =
      std::filesystem::path(TRIGPOINT_SOURCE_DIR) / "../shared/data" / name;
  return std::filesystem::exists(path) ? path : std::filesystem::path();
}

/// Reads one.
inline absl::Status ReadWhole(const std::filesystem::path& path, FeedAdapter* adapter,
                              RecordingSink* sink) {
  std::ifstream input(path, std::ios::binary);
  return adapter->Read(input, *sink);
}

/// Every event can be taken, and no two are of one record.
inline void ExpectValid(const RecordingSink& sink) {
  std::set<std::string> ids;
  for (const v1::Event& event : sink.events) {
    const auto problems = Validate(event, {.received_us = 1'800'000'000'000'000});
    EXPECT_TRUE(problems.empty()) << event.id() << " " << problems[0].rule();
    EXPECT_TRUE(ids.insert(event.id()).second) << event.id();
  }
}

/// "3 year YEAR_NOT_READ" of each refused row.
inline std::vector<std::string> Refusals(const RecordingSink& sink) {
  std::vector<std::string> refusals;
  for (const RefusedRow& row : sink.refused) {
    refusals.push_back(std::to_string(row.line) + " " + row.violations[0].field() + " " +
                       row.violations[0].rule());
  }
  return refusals;
}

/// The event with an id; an empty one where there is none.
inline v1::Event EventWithId(const RecordingSink& sink, const std::string& id) {
  for (const v1::Event& event : sink.events) {
    if (event.id() == id) return event;
  }
  return {};
}

}  // namespace trigpoint
