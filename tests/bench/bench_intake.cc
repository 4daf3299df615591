// Files of partners: the events made from them, and their import into a node of its own, beside the
// cells of the same file read by the CSV parser alone.
#include <grpcpp/grpcpp.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "bench_files.h"
#include "bench_support.h"

namespace trigpoint::bench {
namespace {

constexpr char kNode[] = "127.0.0.1:17449";

struct File {
  std::string name;
  std::string format;
  std::string path;
  std::string note;
};

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
  const int failed = std::system(command.c_str());  // NOLINT(concurrency-mt-unsafe): one thread.
  if (failed != 0) Die("the import of " + file.path + " failed");
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
  const double value =
      static_cast<double>(lines) / SecondsToEvents(AdapterOf(file.format), bytes, &events);
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

void Measure(const std::string& bin, const File& file, const std::vector<std::string>& options,
             std::vector<Row>* rows) {
  const std::string bytes = BytesOf(file.path);
  uint64_t lines = 0;
  uint64_t events = 0;
  const double parsed = RowsParsedPerSecond(bytes, &lines);
  const double made = SecondsToEvents(AdapterOf(file.format), bytes, &events);
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
  Measure(
      bin,
      Prepared(
          {.name = "latest ratings",
           .format = "cqc-latest-ratings",
           .path = whole + "cqc_ratings_national_2021-02/cqc_latest_ratings_overall_2021-02.csv.gz",
           .note = ""},
          source + "/tests/data/cqc_ratings_excerpt.csv", times, scratch.path()),
      {}, &rows);
  for (const File& file : FilesToEvents(whole)) {
    MeasureEvents(file, &rows);
  }
  for (Row& row : DocumentRows(source, times)) rows.push_back(std::move(row));
  for (Row& row : TableRows(source, times)) rows.push_back(std::move(row));
  return rows;
}

}  // namespace trigpoint::bench
