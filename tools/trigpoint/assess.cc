// assess: what a policy says of a file of events, without a server.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "arguments.h"
#include "client.h"
#include "explain.h"
#include "print.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/offline.h"
#include "trigpoint/events/json.h"

namespace trigpoint {
namespace {

constexpr uint64_t kProblemsShown = 10;

struct AssessOptions {
  std::string policy;
  std::string events;
  std::string as_of;
};

// Where the packs are: the environment, a source tree around this program, the installed place.
std::string PackDirectory() {
  const char* named = std::getenv("TRIGPOINT_POLICIES");  // NOLINT(concurrency-mt-unsafe)
  if (named != nullptr && *named != '\0') return named;
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path tree = self.parent_path() / "../../../deploy/policies";
  if (std::filesystem::is_directory(tree, error)) {
    return tree.lexically_normal().string();
  }
  return "/usr/share/trigpoint/policies";
}

// Reads the events; a line that is none is told with its fields, and so is every further one.
bool ReadEvents(std::istream& in, const std::string& file, OfflineRequest* request) {
  std::string line;
  int64_t number = 0;
  uint64_t problems = 0;
  while (std::getline(in, line)) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    v1::Event event;
    const auto violations = ReadEventJson(line, &event);
    if (violations.empty()) {
      request->events.emplace_back(number, std::move(event));
      continue;
    }
    if (++problems <= kProblemsShown) {
      std::cerr << "error: " << file << ':' << number << ": this line is not an event\n";
      for (const auto& violation : violations) {
        std::cerr << FieldLine(violation);
      }
    }
  }
  if (problems > kProblemsShown) {
    std::cerr << "error: " << problems - kProblemsShown << " more lines of " << file
              << " are not events\n";
  }
  return problems == 0;
}

std::string CriteriaMet(const v1::Assessment& assessment) {
  std::string met;
  for (const auto& criterion : assessment.criteria()) {
    if (criterion.value() == v1::TRUTH_VALUE_TRUE) {
      met += (met.empty() ? "" : " ") + criterion.id();
    }
  }
  return met.empty() ? "-" : met;
}

void PutAssessments(const Session& session, const std::vector<OfflineAssessment>& assessments) {
  if (session.json) {
    auto json = nlohmann::ordered_json::array();
    for (const auto& one : assessments) {
      json.push_back(AssessmentJson(one.provider, one.assessment));
    }
    Put(json.dump(2) + '\n');
    return;
  }
  Table table({"PROVIDER", "RECOMMENDED", "NOT BELOW", "NOT ABOVE", "CRITERIA MET"});
  for (const auto& one : assessments) {
    const auto& assessment = one.assessment;
    table.AddRow({one.provider, assessment.target_state() + (assessment.urgent() ? " URGENT" : ""),
                  assessment.floor(), assessment.ceiling(), CriteriaMet(assessment)});
  }
  if (table.empty()) {
    Put("The file is about no provider.\n");
    return;
  }
  const auto& first = assessments.front().assessment;
  Put(table.Text() + "\nPolicy " + Clean(first.policy_id()) + " version " +
      std::to_string(first.policy_version()) + "; as known on " + When(first.as_of()) +
      ". The proof: --json, or --full for words.\n");
}

ExitCode Assess(const Session& session, const AssessOptions& options, Detail detail) {
  OfflineRequest request;
  request.policy = options.policy;
  request.pack_directory = PackDirectory();
  if (!options.as_of.empty()) {
    const auto as_of = ParseAsOf(options.as_of);
    if (!as_of.ok()) {
      return Fail(session, as_of.status());
    }
    request.as_of_us = *as_of;
  }
  std::ifstream file;
  if (options.events != "-") {
    file.open(options.events, std::ios::binary);
    if (!file) {
      return Fail(session, ExitCode::kData, "cannot read " + options.events);
    }
  }
  if (!ReadEvents(options.events == "-" ? std::cin : file, options.events, &request)) {
    return ExitCode::kData;
  }
  const auto assessments = AssessOffline(request);
  if (!assessments.ok()) {
    return Fail(session,
                ExitCodeOf(assessments.status()) == ExitCode::kNotFound ? ExitCode::kNotFound
                                                                        : ExitCode::kData,
                FromAbsl(assessments.status().message()));
  }
  if (detail == Detail::kWhatCounts || session.json) {
    PutAssessments(session, *assessments);
    return ExitCode::kOk;
  }
  for (const auto& one : *assessments) {
    Put(Explain({one.provider, "", ""}, one.assessment, Detail::kEveryCriterion,
                Ink::ForStandardOutput()) +
        '\n');
  }
  return ExitCode::kOk;
}

}  // namespace

void AddAssessCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<AssessOptions>();
  auto full = std::make_shared<bool>(false);
  CLI::App* assess = app.add_subcommand(
      "assess", "What a policy says of a file of events; needs no server and stores nothing");
  assess->add_option("--policy", options->policy, "Name of a pack, or path of one")->required();
  assess->add_option("--events", options->events, "File with one event a line; - standard input")
      ->required();
  assess->add_option("--as-of", options->as_of,
                     "As known at 2026-03-01; otherwise at the file's latest event, never now");
  assess->add_flag("--full", *full, "The proof of each provider in words");
  assess->footer(
      "Packs are looked for in TRIGPOINT_POLICIES, then in deploy/policies of the source tree, "
      "then "
      "in\n/usr/share/trigpoint/policies.\n"
      "Example: trigpoint assess --policy herefordshire --events events.jsonl --json");
  assess->callback([&session, options, full] {
    session.command = [&session, options, full] {
      return Assess(session, *options, *full ? Detail::kEveryCriterion : Detail::kWhatCounts);
    };
  });
}

}  // namespace trigpoint
