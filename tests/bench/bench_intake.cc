// Files of partners: the events made from them, and their import into a node of its own, beside the
// cells of the same file read by the CSV parser alone.
#include <csv.h>
#include <grpcpp/grpcpp.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench_support.h"
#include "trigpoint/intake/feed_formats.h"

namespace trigpoint::bench {
namespace {

constexpr char kNode[] = "127.0.0.1:17449";

struct File {
  std::string name;
  std::string format;
  std::string path;
  std::string note;
};

std::string BytesOf(const std::string& path) {
  std::ifstream input(path, std::ios::binary);
  if (!input) Die("cannot read " + path);
  return FirstBytes(input, size_t{1} << 30);
}

// Rows of cells, and nothing is made of them.
double RowsParsedPerSecond(const std::string& bytes, uint64_t* rows) {
  *rows = 0;
  csv_parser parser{};
  csv_init(&parser, CSV_STRICT);
  const double start = Now();
  csv_parse(
      &parser, bytes.data(), bytes.size(), [](void*, size_t, void*) {},
      [](int, void* count) { ++*static_cast<uint64_t*>(count); }, rows);
  const double taken = Now() - start;
  csv_free(&parser);
  return static_cast<double>(*rows) / taken;
}

class CountingSink : public RowSink {
 public:
  absl::Status OnEvent(v1::Event event, uint64_t /*line*/) override {
    events += event.has_subject() ? 1U : 0U;
    return absl::OkStatus();
  }
  absl::Status OnRefused(RefusedRow /*row*/) override { return absl::OkStatus(); }

  uint64_t events = 0;
};

double SecondsToEvents(const File& file, const std::string& bytes, uint64_t* events) {
  std::istringstream input(bytes);
  CountingSink sink;
  const double start = Now();
  const absl::Status read = MakeFeedAdapter(file.format, {})->Read(input, sink);
  if (!read.ok()) Die(file.path + ": " + std::string(read.message()));
  *events = sink.events;
  return Now() - start;
}

double SecondsToImport(const std::string& bin, const File& file,
                       const std::vector<std::string>& options) {
  const ScratchDirectory directory;
  const Child node({bin + "/trigpoint-node", "--data", directory.path() + "/data", "--listen",
                    kNode, "--metrics-listen", ""});
  const auto channel = grpc::CreateChannel(kNode, grpc::InsecureChannelCredentials());
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(30))) {
    Die(std::string("nothing answers on ") + kNode);
  }
  std::string command = bin + "/trigpoint --json --server " + kNode + " import";
  for (const auto& option : options) command += " " + option;
  command += " " + file.path + " > " + directory.path() + "/out 2>&1";
  const double start = Now();
  if (std::system(command.c_str()) != 0) Die("the import of " + file.path + " failed");
  return Now() - start;
}

// The whole file where it is, else the committed excerpt many times over, with ids of its own.
File Prepared(File file, const std::string& excerpt, int times, const std::string& scratch) {
  if (std::filesystem::exists(file.path)) {
    return file;
  }
  file.path = scratch + "/" + file.format + ".csv";
  file.note = "of the excerpt, repeated";
  const std::string bytes = BytesOf(excerpt);
  const size_t names_end = bytes.find('\n') + 1;
  std::ofstream output(file.path, std::ios::binary);
  output << bytes.substr(0, names_end);
  for (int i = 0; i < times; ++i) {
    std::istringstream lines(bytes.substr(names_end));
    for (std::string line; std::getline(lines, line);) {
      // A location's id is the first cell, or follows a comma.
      const size_t comma = line.starts_with("1-") ? 0 : line.find(",1-");
      if (comma == std::string::npos) continue;
      const size_t digits = line.find("1-", comma) + 2;
      output << line.substr(0, digits) << i + 10'000 << line.substr(digits) << '\n';
    }
  }
  return file;
}

// Without an import: where the whole file is, for nothing stands in for it.
void MeasureEvents(const File& file, std::vector<Row>* rows) {
  if (!std::filesystem::exists(file.path)) return;
  const std::string bytes = BytesOf(file.path);
  uint64_t lines = 0;
  uint64_t events = 0;
  const double parsed = RowsParsedPerSecond(bytes, &lines);
  const double value = static_cast<double>(lines) / SecondsToEvents(file, bytes, &events);
  rows->push_back({.name = file.name + ", to events",
                   .value = value,
                   .unit = "rows/s",
                   .limit_name = "cells of the file read",
                   .limit = parsed,
                   .ratio = parsed / value,
                   .note = std::to_string(lines) + " rows, " + std::to_string(events) + " events"});
}

std::vector<File> FilesToEvents(const std::string& whole) {
  return {{.name = "written complaints of practices",
           .format = "nhs-written-complaints",
           .path = whole +
                   "nhs_written_complaints_2024-25/ko41b_gp_dental_practice_level_2024-25.csv.gz",
           .note = ""},
          {.name = "never events",
           .format = "nhs-never-events",
           .path = whole + "nhs_never_events_2022-26/never_events_by_trust.csv",
           .note = ""},
          {.name = "coroners' reports",
           .format = "coroners-reports",
           .path = whole + "pfd_reports_sanitised_2013-2024/pfd_report_events.csv.gz",
           .note = ""},
          {.name = "practices of ODS",
           .format = "ods-organisations",
           .path = whole + "ods_organisations/epraccur_2023-11.csv.gz",
           .note = ""}};
}

// Resources of the excerpt, one on each line, many times over.
void MeasureLfpse(const std::string& excerpt, int times, std::vector<Row>* rows) {
  const nlohmann::json bundle = nlohmann::json::parse(BytesOf(excerpt));
  std::string bytes;
  for (int i = 0; i < times; ++i) {
    for (const auto& entry : bundle["entry"]) bytes += entry["resource"].dump() + "\n";
  }
  uint64_t resources = 0;
  std::istringstream lines(bytes);
  const double start = Now();
  for (std::string line; std::getline(lines, line);) {
    resources += nlohmann::json::parse(line).is_object() ? 1U : 0U;
  }
  const double parsed = static_cast<double>(resources) / (Now() - start);
  const File file{.name = "LFPSE", .format = "lfpse-fhir", .path = excerpt, .note = ""};
  uint64_t events = 0;
  const double value = static_cast<double>(resources) / SecondsToEvents(file, bytes, &events);
  rows->push_back({.name = "patient safety events, to events",
                   .value = value,
                   .unit = "resources/s",
                   .limit_name = "JSON of the file parsed",
                   .limit = parsed,
                   .ratio = parsed / value,
                   .note = std::to_string(resources) + " resources, " + std::to_string(events) +
                           " events, of the excerpt, repeated"});
}

void Measure(const std::string& bin, const File& file, const std::vector<std::string>& options,
             std::vector<Row>* rows) {
  const std::string bytes = BytesOf(file.path);
  uint64_t lines = 0;
  uint64_t events = 0;
  const double parsed = RowsParsedPerSecond(bytes, &lines);
  const double made = SecondsToEvents(file, bytes, &events);
  const double imported = SecondsToImport(bin, file, options);
  const auto add = [&](const std::string& what, double seconds) {
    const double value = static_cast<double>(lines) / seconds;
    rows->push_back({.name = file.name + ", " + what,
                     .value = value,
                     .unit = "rows/s",
                     .limit_name = "cells of the file read",
                     .limit = parsed,
                     .ratio = parsed / value,
                     .note = std::to_string(lines) + " rows, " + std::to_string(events) +
                             " events" + (file.note.empty() ? "" : ", " + file.note)});
  };
  add("to events", made);
  add("imported", imported);
}

}  // namespace

std::vector<Row> IntakeRows(const std::string& bin, const std::string& source, bool quick) {
  const ScratchDirectory scratch;
  const std::string whole = source + "/../shared/data/";
  const int times = quick ? 100 : 1'000;
  std::vector<Row> rows;
  Measure(
      bin,
      Prepared({.name = "directory of care homes",
                .format = "cqc-directory",
                .path = whole + "cqc_care_homes_england_2021-03/care_homes_england_2021-03.csv.gz",
                .note = ""},
               source + "/tests/data/cqc_care_homes_excerpt.csv", times, scratch.path()),
      {}, &rows);
  Measure(bin,
          Prepared({.name = "rating history, backfill",
                    .format = "cqc-rating-history",
                    .path = whole + "cqc_rating_events_noncarehome_2014_2025/rating_events.csv.gz",
                    .note = ""},
                   source + "/tests/data/cqc_rating_history_excerpt.csv", times, scratch.path()),
          {"--backfill"}, &rows);
  for (const File& file : FilesToEvents(whole)) {
    MeasureEvents(file, &rows);
  }
  MeasureLfpse(source + "/tests/data/lfpse_bundle.json", times, &rows);
  return rows;
}

}  // namespace trigpoint::bench
