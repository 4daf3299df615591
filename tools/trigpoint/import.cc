// import: files of partners, row by row, over one acknowledged stream.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "assume.h"
#include "backfill.h"
#include "client.h"
#include "feed_reader.h"
#include "known_events.h"
#include "print.h"
#include "progress.h"
#include "record_versions.h"
#include "submit_stream.h"
#include "trigpoint/base/status.h"
#include "trigpoint/intake/feed_formats.h"
#include "trigpoint/intake/feed_mapping.h"

namespace trigpoint {
namespace {

struct ImportOptions {
  std::vector<std::string> files;
  std::string format = "auto";
  std::string source;
  std::string date_order;
  std::string edition;
  std::string assume_policy;
  std::string mapping_file;
  std::optional<FeedMapping> mapping;  // Of mapping_file.
  size_t window = 512;
  bool backfill = false;
};

// What an import ended with.
struct ImportResult {
  SubmissionCounts counts;
  std::optional<BackfillResult> backfill;
  uint64_t unreadable = 0;
  std::vector<v1::Policy> policies;
  AssumedLevels assumed;
  std::vector<std::pair<std::string, std::pair<std::string, uint64_t>>>
      found;                        // File, what, how many.
  bool versions_unsettled = false;  // What was said before could not be asked.
};

uint64_t OutcomeCount(const SubmissionCounts& counts, v1::SubmissionOutcome outcome) {
  const auto found = counts.outcomes.find(outcome);
  return found == counts.outcomes.end() ? 0 : found->second;
}

uint64_t NotUsed(const SubmissionCounts& counts) {
  return OutcomeCount(counts, v1::SUBMISSION_OUTCOME_REFUSED) +
         OutcomeCount(counts, v1::SUBMISSION_OUTCOME_CONFLICT);
}

// Reads every file row by row; the first error of a file ends it, `take` giving false, too.
absl::Status ReadFiles(const Client& client, const ImportOptions& options,
                       const std::function<bool(v1::SubmitEventsRequest)>& take,
                       ImportResult* result) {
  RecordVersions versions(
      [&client](const v1::SubjectRef& subject) { return KnownEvents(client, subject); });
  const FeedHandlers handlers{.take =
                                  [&](v1::SubmitEventsRequest item) {
                                    result->unreadable += item.has_unreadable() ? 1U : 0U;
                                    return take(std::move(item));
                                  },
                              .settle = [&](v1::Event* event) { versions.Settle(event); }};
  for (const std::string& path : options.files) {
    std::vector<std::pair<std::string, uint64_t>> found;
    const absl::Status read = ReadFeed({.path = path,
                                        .format = options.format,
                                        .source = options.source,
                                        .date_order = options.date_order,
                                        .edition = options.edition,
                                        .history = options.backfill,
                                        .mapping = options.mapping ? &*options.mapping : nullptr},
                                       handlers, &found);
    for (auto& figure : found) {
      result->found.emplace_back(path, std::move(figure));
    }
    result->versions_unsettled = !versions.status().ok();
    TP_RETURN_IF_ERROR(read);
  }
  return absl::OkStatus();
}

// History is read whole before anything of it is sent: its order is that of all files together.
ExitCode SendBackfill(const Session& session, const Client& client, const ImportOptions& options,
                      ImportResult* result) {
  Backfill backfill(client, options.window);
  const absl::Status read = ReadFiles(
      client, options,
      [&backfill](v1::SubmitEventsRequest item) {
        backfill.Add(std::move(item));
        return true;
      },
      result);
  if (!read.ok()) {
    return Fail(session, ExitCode::kData, std::string(read.message()));
  }
  Progress progress("rows sent");
  result->backfill.emplace();
  const grpc::Status status =
      backfill.Run([&progress](uint64_t sent) { progress.Show(sent); }, &*result->backfill);
  progress.End();
  result->counts = result->backfill->counts;
  if (status.ok()) {
    return ExitCode::kOk;
  }
  const ExitCode code = Fail(session, status);
  if (result->backfill->brackets_open > 0 && !session.json) {
    std::cerr << "  The backfill is not over for " << result->backfill->services
              << " services: news about them waits. Run the same import again.\n";
  }
  return code;
}

// Sends every file; the first error of a file or of the stream ends it. What was sent before is
// acknowledged first.
ExitCode SendFiles(const Session& session, const Client& client, const ImportOptions& options,
                   ImportResult* result) {
  SubmitStream stream(client, options.window);
  Progress progress("rows sent");
  uint64_t sent = 0;
  const absl::Status read = ReadFiles(
      client, options,
      [&](v1::SubmitEventsRequest item) {
        progress.Show(++sent);
        return stream.Send(std::move(item));
      },
      result);
  const grpc::Status status = stream.Finish();
  progress.End();
  result->counts = stream.counts();
  if (!status.ok()) {
    const ExitCode code = Fail(session, status);
    if (result->counts.acknowledged > 0 && !session.json) {
      std::cerr
          << "  " << result->counts.acknowledged
          << " rows were acknowledged; run the same import again: they count as duplicates.\n";
    }
    return code;
  }
  return read.ok() ? ExitCode::kOk : Fail(session, ExitCode::kData, std::string(read.message()));
}

grpc::Status ReadPolicies(const Client& client, std::vector<v1::Policy>* policies) {
  v1::ListPoliciesRequest request;
  v1::ListPoliciesResponse response;
  do {
    const auto context = client.NewContext();
    if (auto status = client.policies().ListPolicies(context.get(), request, &response);
        !status.ok()) {
      // A process that only takes submissions does not know them.
      const bool only_takes = status.error_code() == grpc::StatusCode::UNIMPLEMENTED;
      return only_takes ? grpc::Status::OK : status;
    }
    policies->insert(policies->end(), response.policies().begin(), response.policies().end());
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  return grpc::Status::OK;
}

constexpr std::pair<const char*, v1::SubmissionOutcome> kOutcomes[] = {
    {"accepted", v1::SUBMISSION_OUTCOME_ACCEPTED},
    {"duplicate", v1::SUBMISSION_OUTCOME_DUPLICATE},
    {"superseded", v1::SUBMISSION_OUTCOME_SUPERSEDED},
    {"waiting", v1::SUBMISSION_OUTCOME_WAITING},
    {"conflict", v1::SUBMISSION_OUTCOME_CONFLICT},
    {"refused", v1::SUBMISSION_OUTCOME_REFUSED},
};

void PutResultJson(const ImportOptions& options, const ImportResult& result) {
  nlohmann::ordered_json json = {{"read", result.counts.sent}};
  for (const auto& [name, outcome] : kOutcomes) {
    json[name] = OutcomeCount(result.counts, outcome);
  }
  json["unreadable"] = result.unreadable;
  if (result.versions_unsettled) {
    json["versions_unsettled"] = true;
  }
  if (result.backfill.has_value()) {
    json["backfill"] = {{"services", result.backfill->services},
                        {"unknown_services", result.backfill->unknown}};
  }
  for (const auto& [file, figure] : result.found) {
    json["files"][file][figure.first] = figure.second;
  }
  json["providers"] = result.counts.streams.size();
  json["policies"] = nlohmann::ordered_json::array();
  for (const auto& policy : result.policies) {
    json["policies"].push_back({{"policy_id", policy.policy_id()},
                                {"version", policy.version()},
                                {"providers_covered", policy.providers_covered()}});
  }
  if (!options.assume_policy.empty()) {
    auto levels = nlohmann::ordered_json::array();
    for (const auto& [pair, providers] : result.assumed.pairs) {
      levels.push_back({{"floor", pair.first}, {"ceiling", pair.second}, {"providers", providers}});
    }
    json["assumed"] = {{"policy", options.assume_policy},
                       {"assessed", result.assumed.assessed},
                       {"levels", std::move(levels)}};
  }
  Put(json.dump(2) + '\n');
}

// What is in each file; of many files, what is in all of them.
void PutFound(const ImportOptions& options, const ImportResult& result) {
  constexpr size_t kFilesShown = 5;
  const bool each = options.files.size() <= kFilesShown;
  std::string file;
  std::vector<std::pair<std::string, uint64_t>> sums;
  for (const auto& [path, figure] : result.found) {
    const auto known = std::find_if(sums.begin(), sums.end(), [&figure = figure](const auto& sum) {
      return sum.first == figure.first;
    });
    if (each) {
      if (path != file) Put("In " + Clean(path) + '\n');
      Put("  " + std::to_string(figure.second) + ' ' + figure.first + '\n');
      file = path;
    } else if (known == sums.end()) {
      sums.push_back(figure);
    } else {
      known->second += figure.second;
    }
  }
  if (!each && !sums.empty()) {
    Put("In " + std::to_string(options.files.size()) + " files\n");
  }
  for (const auto& [what, count] : sums) {
    Put("  " + std::to_string(count) + ' ' + what + '\n');
  }
}

void PutResult(const ImportOptions& options, const ImportResult& result) {
  PutFound(options, result);
  Table counts({"", ">ITEMS"});
  counts.AddRow({"read", std::to_string(result.counts.sent)});
  for (const auto& [name, outcome] : kOutcomes) {
    const uint64_t count = OutcomeCount(result.counts, outcome);
    if (count > 0 || outcome != v1::SUBMISSION_OUTCOME_SUPERSEDED) {
      counts.AddRow({name, std::to_string(count)});
    }
  }
  Put(counts.Text());
  if (result.backfill.has_value()) {
    Put("History of " + Count(result.backfill->services, "service") + " loaded.\n");
    if (result.backfill->unknown > 0) {
      Put("Nobody registered " + Count(result.backfill->unknown, "service") +
          " that it is about: that part waits.\n");
    }
  }
  if (NotUsed(result.counts) > 0) {
    Put("See refused rows: trigpoint refused\n");
  }
  if (result.versions_unsettled) {
    Put(
        Wrap("What was said of these records before could not be read, so one that changed without "
             "a later date in it is a conflict. Say of which day the files are: --edition",
             ""));
  }
  if (result.counts.streams.empty()) {
    Put("\nNothing was imported.\n");  // What policies cover would only hide why.
    return;
  }
  Put('\n' + Count(result.counts.streams.size(), "provider") + " in this import.\n");
  bool any_covered = false;
  for (const auto& policy : result.policies) {
    any_covered = any_covered || policy.providers_covered() > 0;
    Put("Policy " + Clean(policy.policy_id()) + " covers " +
        Count(static_cast<uint64_t>(policy.providers_covered()), "provider") + ".\n");
  }
  if (!any_covered && !result.policies.empty() && options.assume_policy.empty()) {
    Put(
        Wrap("A policy covers the services that its organisation commissions, which this file does "
             "not say. See what a policy would give all the same: --assume-policy " +
                 Clean(result.policies.front().policy_id()),
             ""));
  }
  if (!options.assume_policy.empty()) {
    PutAssumed(options.assume_policy, result.assumed);
  }
}

ExitCode Import(const Session& session, const Client& client, const ImportOptions& options) {
  ImportResult result;
  const ExitCode sent = options.backfill ? SendBackfill(session, client, options, &result)
                                         : SendFiles(session, client, options, &result);
  if (sent != ExitCode::kOk && sent != ExitCode::kData) {
    return sent;
  }
  // After a file that could not be read to its end, the counts say what was taken from it.
  grpc::Status status = ReadPolicies(client, &result.policies);
  if (status.ok() && sent == ExitCode::kOk && !options.assume_policy.empty()) {
    status = AssumePolicy(client, options.assume_policy, result.counts.streams, &result.assumed);
  }
  if (session.json) {
    PutResultJson(options, result);
  } else {
    PutResult(options, result);
  }
  // Who may only submit is not told what policies cover; the import is done all the same.
  if (!status.ok() && status.error_code() != grpc::StatusCode::PERMISSION_DENIED) {
    return Fail(session, status);
  }
  if (sent != ExitCode::kOk) {
    return sent;
  }
  return NotUsed(result.counts) > 0 ? ExitCode::kNo : ExitCode::kOk;
}

// The mapping is read before the server is called: what is wrong with it is nobody else's business.
ExitCode ReadMappingAndImport(const Session& session, ImportOptions options) {
  if (!options.mapping_file.empty()) {
    absl::StatusOr<FeedMapping> mapping = ReadFeedMappingFile(options.mapping_file);
    if (!mapping.ok()) {
      return Fail(session, ExitCode::kUsage, std::string(mapping.status().message()));
    }
    options.mapping = *std::move(mapping);
  }
  return WithClient(session,
                    [&](const Client& client) { return Import(session, client, options); });
}

}  // namespace

void AddImportCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* import = app.add_subcommand("import", "Imports files as partners really have them");
  import->add_option("FILE", options->files, "Files, in the order of their age")->required();
  std::string formats = "auto: by the content";
  std::vector<std::string> names = {"auto"};
  for (const FeedFormat& format : FeedFormats()) {
    names.emplace_back(format.name);
    formats += ", " + names.back() + ": " + std::string(format.summary);
  }
  CLI::Option* format = import->add_option("--format", options->format, formats)
                            ->check(CLI::IsMember(names))
                            ->capture_default_str();
  import
      ->add_option("--mapping", options->mapping_file,
                   "A mapping (docs/mappings.md) that says what the columns of the files are")
      ->excludes(format);
  import->add_option("--source", options->source, "Source of rows that do not name theirs");
  import
      ->add_option("--date-order", options->date_order,
                   "day-first or month-first, for a file whose dates do not tell")
      ->check(CLI::IsMember({"day-first", "month-first"}));
  import->add_option("--edition", options->edition,
                     "2026-03-01: the day of which the files speak, where they do not say");
  import->add_option("--assume-policy", options->assume_policy,
                     "Afterwards, the levels this policy would give each imported provider");
  import->add_flag("--backfill", options->backfill,
                   "The files are history: all of them together, in the order in which it was "
                   "received; alerts of the past stay in");
  import->add_option("--window", options->window, "Rows that may be on their way at a time")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  import->footer(
      "Importing a file again changes nothing: its rows count as duplicates. Exit code 1 when rows "
      "were refused,\n7 when a file is not what it says or ends in the middle.\n"
      "Example: trigpoint import latest_ratings.csv --assume-policy herefordshire");
  import->callback([&session, options] {
    session.command = [&session, options] { return ReadMappingAndImport(session, *options);
};
}  // namespace trigpoint
);
}

}  // namespace trigpoint
