#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/policy.pb.h"

/// Given / When / Then over the events of one service, in files that people who know the service
/// can read. The form of a file is described in tests/scenarios/README.md.
namespace trigpoint {

/// One event of the story.
struct ScenarioEvent {
  std::string words;  ///< "2026-03-01 cqc_rating_published rating-1: overall requires improvement".
  v1::Event event;
};

/// What is expected at one instant.
struct ScenarioThen {
  std::string at;     ///< As written.
  int64_t at_us = 0;  ///< End of that London day where no time is given.
  nlohmann::json
      expect;  ///< The keys of ThenKeys() that the file names; the rest is not looked at.
};

/// A story and what the policy must say of it.
struct Scenario {
  std::string id;
  std::string title;
  std::string clause;
  std::string note;
  std::vector<std::string> policies;  ///< The same must hold under each.
  std::vector<std::string> beside;    ///< Policies in force as well, which are not asked.
  std::vector<ScenarioEvent> given;
  std::vector<ScenarioThen> then;
};

/// What running a scenario gave.
struct ScenarioOutcome {
  bool passed = false;
  std::string
      report;  ///< GIVEN / WHEN / EXPECTED / ACTUAL in words, for the first instant that fails.
};

/// Reads a scenario. INVALID_ARGUMENT names the line of the story and what is wrong: an unknown
/// key, an unknown kind, a field that the kind does not have, an event that the service would
/// refuse.
absl::StatusOr<Scenario> ReadScenario(std::string_view yaml);

/// Reads a scenario file; the path stands in errors, and the id must be the name of the file.
absl::StatusOr<Scenario> ReadScenarioFile(const std::string& path);

/// Every *.yaml of a directory, sorted.
std::vector<std::string> ScenarioFiles(const std::string& directory);

/// Assesses the events up to each instant under `pack`, with the packs of `scenario.beside` in
/// force as well, and compares. Errors: those of AssessOffline, and expectations that name a
/// criterion which the pack does not have.
absl::StatusOr<ScenarioOutcome> RunScenario(const Scenario& scenario, const v1::PolicyPack& pack,
                                            const std::vector<v1::PolicyPack>& beside = {});

}  // namespace trigpoint
