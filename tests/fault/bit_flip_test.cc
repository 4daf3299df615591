// One bit of a stopped node's files turns over: the answers stay the same, or the damage is named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "absl/time/clock.h"
#include "support.h"
#include "trigpoint/base/status.h"
#include "trigpoint/log/partition.h"

namespace trigpoint {
namespace {

namespace fs = std::filesystem;

constexpr int kFlipsEach = 10;  // Per kind of file.

/// How a node may die: in good order (tables), or killed (write-ahead logs).
enum class Ending { kClosed, kKilled };

/// Makes a data directory with events, recommendations and alerts in it, and gives what a fold of
/// it holds.
absl::StatusOr<Folded> MakeData(const std::string& directory, Ending ending, uint64_t seed) {
  const std::string made = directory + ".made";
  Parts parts;
  TP_RETURN_IF_ERROR(parts.Open({.directory = made}));
  EventLoad load("council/safeguarding", 6, seed);
  int64_t now_us = kFirstOccurredUs + int64_t{86} * 86'400 * 1'000'000;
  for (const v1::Event& activation : PolicyActivations()) {
    for (uint32_t p = 0; p < kPartitions; ++p) {
      TP_RETURN_IF_ERROR(AppendAndWait(parts.log(), p, {activation.SerializeAsString()}).status());
    }
  }
  std::vector<v1::Event> events = load.Registrations();
  for (int i = 0; i < 60; ++i) events.push_back(load.Next());
  for (const v1::Event& submitted : events) {
    const v1::Event event = Stamped(submitted, now_us += 1'000'000);
    const uint32_t p = PartitionOf(event.stream_id(), kPartitions - 1);
    TP_RETURN_IF_ERROR(AppendAndWait(parts.log(), p, {event.SerializeAsString()}).status());
  }
  // Twice: the first appends what follows from the events, the second folds that.
  TP_RETURN_IF_ERROR(parts.projector().CatchUp());
  TP_RETURN_IF_ERROR(parts.projector().CatchUp());
  TP_ASSIGN_OR_RETURN(Folded folded, ReadFolded(parts.store(), kPartitions));
  if (ending == Ending::kClosed) parts.Close();
  fs::copy(made, directory, fs::copy_options::recursive);
  parts.Close();
  fs::remove_all(made);
  return folded;
}

std::vector<fs::path> FilesWith(const std::string& directory, const std::string& part) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const std::string path = entry.path().string();
    if (entry.is_regular_file() && entry.file_size() > 0 && path.find(part) != std::string::npos) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string FlipOneBit(const fs::path& file, std::mt19937_64* random) {
  std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
  const uint64_t at = Below(fs::file_size(file), random);
  const auto bit = static_cast<int>(Below(8, random));
  stream.seekg(static_cast<std::streamoff>(at));
  const int byte = stream.get();
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(static_cast<char>(byte ^ (1 << bit)));
  return file.string() + " byte " + std::to_string(at) + " bit " + std::to_string(bit);
}

/// Everything a node can answer from a directory, or why it refuses.
absl::StatusOr<Folded> Answers(const std::string& directory) {
  Parts parts;
  TP_RETURN_IF_ERROR(parts.Open({.directory = directory}));
  TP_RETURN_IF_ERROR(parts.projector().CatchUp());
  TP_RETURN_IF_ERROR(
      parts.store().CheckIntegrity([](std::string_view, const absl::Status&) { return true; }));
  TP_ASSIGN_OR_RETURN(const auto differences, VerifyAll(parts.projector()));
  if (!differences.empty()) return absl::DataLossError("verify: " + differences.front());
  // Every record of the log is read as well, not only those that are new to the store.
  for (uint32_t p = 0; p < kPartitions; ++p) {
    TP_ASSIGN_OR_RETURN(const int64_t head, parts.log().HeadOffset(p));
    for (int64_t offset = 0; offset < head; ++offset)
      TP_RETURN_IF_ERROR(parts.log().DigestAt({p, offset}).status());
  }
  return ReadFolded(parts.store(), kPartitions);
}

struct Place {
  const char* name;
  const char* part;  ///< In the path.
  Ending ending;
};

void PrintTo(const Place& place, std::ostream* out) { *out << place.name; }

class BitFlipTest : public testing::TestWithParam<Place> {};

TEST_P(BitFlipTest, IsHarmlessOrNamed) {
  const Place& place = GetParam();
  const uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  ScratchDirectory scratch;
  const std::string whole = scratch / "whole";
  const auto expected = MakeData(whole, place.ending, seed);
  ASSERT_TRUE(expected.ok()) << expected.status();
  int refused = 0;
  int flips = 0;
  for (; flips < kFlipsEach; ++flips) {
    const std::string damaged = scratch / ("damaged" + std::to_string(flips));
    fs::copy(whole, damaged, fs::copy_options::recursive);
    const std::vector<fs::path> files = FilesWith(damaged, place.part);
    ASSERT_FALSE(files.empty()) << place.part;
    const std::string where = FlipOneBit(files[Below(files.size(), &random)], &random);
    SCOPED_TRACE(where);
    const auto answers = Answers(damaged);
    if (answers.ok()) {
      EXPECT_EQ(Differences(*expected, *answers), "");
    } else {
      ++refused;
      // The place: a file, a partition, a stream or the directory that cannot be used.
      EXPECT_THAT(std::string(answers.status().message()),
                  testing::AnyOf(testing::HasSubstr(damaged), testing::HasSubstr("partition"),
                                 testing::HasSubstr("stream"), testing::HasSubstr("offset")));
    }
    fs::remove_all(damaged);
  }
  std::cout << place.name << ": " << flips << " flips, " << refused
            << " refused, the others harmless\n";
}

INSTANTIATE_TEST_SUITE_P(Files, BitFlipTest,
                         testing::Values(Place{"LogWal", "/log/log/0", Ending::kKilled},
                                         Place{"LogTables", "/log/log/0", Ending::kClosed},
                                         Place{"LogManifest", "/log/log/MANIFEST", Ending::kClosed},
                                         Place{"LogMarks", "/log/marks", Ending::kClosed},
                                         Place{"StoreWal", "/store/0", Ending::kKilled},
                                         Place{"StoreTables", "/store/0", Ending::kClosed},
                                         Place{"StoreManifest", "/store/MANIFEST",
                                               Ending::kClosed}),
                         [](const auto& place) { return std::string(place.param.name); });

}  // namespace
}  // namespace trigpoint
