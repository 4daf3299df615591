#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "event_words.h"
#include "expectations.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/testkit/scenario.h"

namespace trigpoint {
namespace {

using nlohmann::json;

absl::Status Wrong(const YAML::Node& node, const std::string& what) {
  return absl::InvalidArgumentError("line " + std::to_string(node.Mark().line + 1) + ": " + what);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the file is written.
json ToJson(const YAML::Node& node) {
  if (node.IsScalar()) return node.as<std::string>();
  json all = node.IsMap() ? json::object() : json::array();
  for (const auto& entry : node) {
    if (node.IsMap()) {
      all[entry.first.as<std::string>()] = ToJson(entry.second);
    } else {
      all.push_back(ToJson(entry));
    }
  }
  return all;
}

/// A key that stands twice would silently hide the first.
absl::Status OnlyOnce(const YAML::Node& map) {
  std::set<std::string> seen;
  for (const auto& entry : map) {
    const auto key = entry.first.as<std::string>();
    if (!seen.insert(key).second) return Wrong(entry.first, key + " is there twice");
  }
  return absl::OkStatus();
}

absl::StatusOr<ScenarioThen> ReadThen(const YAML::Node& node, const YAML::Node& at) {
  if (!node.IsMap()) return Wrong(node, "then: is a list of keys");
  TP_RETURN_IF_ERROR(OnlyOnce(node));
  if (!at || !at.IsScalar()) return Wrong(node, "at: is missing");
  ScenarioThen then;
  then.at = at.as<std::string>();
  auto instant = LondonInstant(then.at, kMicrosPerDay - kMicrosPerSecond);
  if (!instant.ok()) return Wrong(at, std::string(instant.status().message()));
  then.at_us = *instant;
  for (const auto& entry : node) {
    const auto key = entry.first.as<std::string>();
    if (key == "at") continue;
    if (!IsThenKey(key)) return Wrong(entry.first, "then: has no " + key);
    then.expect[key] = ToJson(entry.second);
  }
  if (then.expect.empty()) return Wrong(node, "then: expects nothing");
  return then;
}

absl::StatusOr<Scenario> Read(const YAML::Node& root) {
  static const std::set<std::string> kKeys = {"id",    "title", "clause", "note",  "policy",
                                              "given", "at",    "then",   "beside"};
  if (!root.IsMap()) return Wrong(root, "a scenario is a list of keys");
  TP_RETURN_IF_ERROR(OnlyOnce(root));
  for (const auto& entry : root) {
    const auto key = entry.first.as<std::string>();
    if (kKeys.count(key) == 0) return Wrong(entry.first, "a scenario has no " + key);
  }
  for (const char* key : {"id", "title", "clause", "policy", "given", "then"}) {
    if (!root[key]) return Wrong(root, std::string(key) + " is missing");
  }
  Scenario scenario;
  scenario.id = root["id"].as<std::string>();
  scenario.title = root["title"].as<std::string>();
  scenario.clause = root["clause"].as<std::string>();
  scenario.note = root["note"].as<std::string>("");
  const YAML::Node& policy = root["policy"];
  if (policy.IsScalar()) scenario.policies.push_back(policy.as<std::string>());
  for (const auto& one : policy) scenario.policies.push_back(one.as<std::string>());
  if (scenario.policies.empty()) return Wrong(policy, "policy: names none");
  const YAML::Node& beside = root["beside"];
  if (beside && beside.IsScalar()) scenario.beside.push_back(beside.as<std::string>());
  for (const auto& one : beside) scenario.beside.push_back(one.as<std::string>());
  EventWords words(scenario.policies.front());
  for (const auto& item : root["given"]) {
    if (item.IsMap()) TP_RETURN_IF_ERROR(OnlyOnce(item));
    auto events = words.Read(item);
    if (!events.ok()) return Wrong(item, std::string(events.status().message()));
    for (auto& event : *events) scenario.given.push_back(std::move(event));
  }
  const YAML::Node& then = root["then"];
  if (then.IsMap()) {
    TP_ASSIGN_OR_RETURN(ScenarioThen only, ReadThen(then, root["at"]));
    scenario.then.push_back(std::move(only));
    return scenario;
  }
  if (root["at"]) return Wrong(root["at"], "where then: is a list, each has its own at:");
  for (const auto& one : then) {
    TP_ASSIGN_OR_RETURN(ScenarioThen next, ReadThen(one, one["at"]));
    scenario.then.push_back(std::move(next));
  }
  return scenario;
}

}  // namespace

absl::StatusOr<Scenario> ReadScenario(std::string_view yaml) {
  try {
    return Read(YAML::Load(std::string(yaml)));
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(std::string("not YAML: ") + error.what());
  }
}

absl::StatusOr<Scenario> ReadScenarioFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError("cannot read " + path);
  std::stringstream text;
  text << file.rdbuf();
  auto scenario = ReadScenario(text.str());
  if (!scenario.ok()) return Annotate(scenario.status(), path);
  if (scenario->id != std::filesystem::path(path).stem().string()) {
    return absl::InvalidArgumentError(path + ": the id " + scenario->id +
                                      " is not the name of the file");
  }
  return scenario;
}

std::vector<std::string> ScenarioFiles(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace trigpoint
