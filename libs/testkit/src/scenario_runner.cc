#include <algorithm>

#include "event_words.h"
#include "expectations.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/offline.h"
#include "trigpoint/testkit/scenario.h"

namespace trigpoint {
namespace {

constexpr size_t kGivenShown = 60;

std::string Report(const Scenario& scenario, const std::string& policy, const ScenarioThen& then,
                   const std::vector<Check>& checks) {
  std::string text = scenario.id + ": " + scenario.title + " (" + scenario.clause + ")\nGIVEN\n";
  for (size_t i = 0; i < scenario.given.size() && i < kGivenShown; ++i) {
    text += "  " + scenario.given[i].words + "\n";
  }
  if (scenario.given.size() > kGivenShown) {
    text += "  ... and " + std::to_string(scenario.given.size() - kGivenShown) + " more\n";
  }
  text += "WHEN\n  " + policy + " is assessed as known on " + then.at + "\nEXPECTED\n";
  for (const Check& check : checks) text += "  " + check.what + ": " + check.expected + "\n";
  text += "ACTUAL\n";
  for (const Check& check : checks) {
    text += (check.holds ? "  " : "x ") + check.what + ": " + check.actual + "\n";
  }
  return text;
}

/// The pack with the numbers, and the sources of what it expects, that a new version changes.
absl::Status Change(const v1::PolicyActivated& version, v1::PolicyPack* pack) {
  pack->set_version(pack->version() + 1);
  for (const auto& changed : version.pack().parameters()) {
    const auto known =
        std::find_if(pack->mutable_parameters()->begin(), pack->mutable_parameters()->end(),
                     [&](const auto& parameter) { return parameter.name() == changed.name(); });
    if (known == pack->mutable_parameters()->end()) {
      return absl::InvalidArgumentError("policy " + pack->id() + " has no parameter " +
                                        changed.name());
    }
    known->set_value(changed.value());
  }
  for (const auto& changed : version.pack().expected()) {
    const auto known =
        std::find_if(pack->mutable_expected()->begin(), pack->mutable_expected()->end(),
                     [&](const auto& feed) { return feed.id() == changed.id(); });
    if (known == pack->mutable_expected()->end()) {
      return absl::InvalidArgumentError("policy " + pack->id() + " expects no " + changed.id());
    }
    *known->mutable_sources() = changed.sources();
  }
  return absl::OkStatus();
}

/// The events of the story; new versions of the policy are told as they come into force.
absl::StatusOr<std::vector<std::pair<int64_t, v1::Event>>> EventsOf(const Scenario& scenario,
                                                                    v1::PolicyPack pack) {
  std::vector<std::pair<int64_t, v1::Event>> events;
  int64_t line = 0;
  for (const auto& given : scenario.given) {
    v1::Event& event = events.emplace_back(++line, given.event).second;
    if (!event.has_policy_activated()) continue;
    TP_RETURN_IF_ERROR(Change(event.policy_activated(), &pack));
    event.set_id("policy/" + pack.id() + "/" + std::to_string(pack.version()));
    *event.mutable_policy_activated()->mutable_pack() = pack;
  }
  return events;
}

}  // namespace

absl::StatusOr<ScenarioOutcome> RunScenario(const Scenario& scenario, const v1::PolicyPack& pack,
                                            const std::vector<v1::PolicyPack>& beside) {
  for (const ScenarioThen& then : scenario.then) {
    OfflineRequest request;
    request.pack = pack;
    request.beside = beside;
    request.as_of_us = then.at_us;
    TP_ASSIGN_OR_RETURN(request.events, EventsOf(scenario, pack));
    TP_ASSIGN_OR_RETURN(const std::vector<OfflineAssessment> all, AssessOffline(request));
    const auto about = std::find_if(all.begin(), all.end(), [](const auto& assessed) {
      return assessed.provider == kScenarioSubject;
    });
    if (about == all.end()) {
      return absl::InvalidArgumentError(scenario.id + ": nothing is known of the service at " +
                                        then.at);
    }
    TP_ASSIGN_OR_RETURN(const std::vector<Check> checks, CheckAll(then, scenario, *about));
    for (const Check& check : checks) {
      if (!check.holds)
        return ScenarioOutcome{.passed = false,
                               .report = Report(scenario, pack.id(), then, checks)};
    }
  }
  return ScenarioOutcome{.passed = true, .report = ""};
}

}  // namespace trigpoint
