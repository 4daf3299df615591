// feed: what concerns the feeds of partners as such. Each subcommand is added here.
#include "feed.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <memory>

#include "client.h"
#include "feed_lint.h"
#include "feed_poll.h"
#include "print.h"

namespace trigpoint {
namespace {

struct LintArguments {
  std::string mapping;
  std::string file;
  size_t limit = 200;
};

int64_t NowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void PutReport(const LintReport& report, const LintArguments& arguments) {
  for (const LintedItem& item : report.items) Put(LintText(item));
  if (report.items.size() == arguments.limit) {
    Put("Only the first " + std::to_string(arguments.limit) + " are shown; more: --limit\n");
  }
  Put("\n");
  for (const auto& [what, count] : report.found) {
    if (what != "rows refused") Put("  " + std::to_string(count) + ' ' + what + '\n');
  }
  Put("  " + std::to_string(report.usable_events) + " events that ingest would take\n  " +
      std::to_string(report.refused_rows) + " rows refused\n");
}

ExitCode Lint(const Session& session, const LintArguments& arguments) {
  const absl::StatusOr<FeedMapping> mapping = ReadFeedMappingFile(arguments.mapping);
  if (!mapping.ok()) {
    return Fail(session, ExitCode::kUsage, std::string(mapping.status().message()));
  }
  std::ifstream input(arguments.file, std::ios::binary);
  if (!input || (input.peek(), input.bad())) {
    return Fail(session, ExitCode::kData, "cannot read " + arguments.file);
  }
  input.clear();
  LintReport report;
  const absl::Status status = LintFeed(
      *mapping, input, {.received_us = NowMicros(), .items_max = arguments.limit}, &report);
  if (!status.ok()) {
    return Fail(session, ExitCode::kData, arguments.file + ": " + std::string(status.message()));
  }
  if (session.json) {
    Put(LintJson(report));
  } else {
    PutReport(report, arguments);
  }
  return report.refused_rows > 0 ? ExitCode::kData : ExitCode::kOk;
}

}  // namespace

void AddFeedLint(CLI::App& feed, Session& session) {
  auto arguments = std::make_shared<LintArguments>();
  CLI::App* lint = feed.add_subcommand(
      "lint", "What a mapping makes of a file, row by row; needs no server and stores nothing");
  lint->add_option("MAPPING", arguments->mapping, "The mapping (docs/mappings.md)")->required();
  lint->add_option("FILE", arguments->file, "The file it is for")->required();
  lint->add_option("--limit", arguments->limit, "Show at most so many events and refused rows")
      ->capture_default_str();
  lint->footer(
      "Personal text is shown as (personal). Exit code 7 when a row is refused, 2 when the mapping "
      "is wrong.\n"
      "Example: trigpoint feed lint deploy/feeds/council-safeguarding.yaml week-12.csv");
  lint->callback([&session, arguments] {
    session.command = [&session, arguments] { return Lint(session, *arguments); };
  });
}

void AddFeedCommands(CLI::App& app, Session& session) {
  CLI::App* feed = app.add_subcommand(
      "feed", "Feeds of partners: try a mapping on a file, ask the regulator what changed");
  feed->require_subcommand(1);
  AddFeedLint(*feed, session);
  AddFeedPollCommand(*feed, session);
}

}  // namespace trigpoint
