#include <nlohmann/json.hpp>

#include "arguments.h"
#include "explain.h"
#include "trigpoint/base/time.h"

namespace trigpoint {

nlohmann::ordered_json AssessmentJson(std::string_view provider, const v1::Assessment& assessment) {
  nlohmann::ordered_json json;
  json["provider"] = provider;
  json["policy"] = assessment.policy_id();
  json["policy_version"] = assessment.policy_version();
  json["as_of"] = FormatInstant(FromTimestamp(assessment.as_of()));
  json["recommendation"] = {{"target_state", assessment.target_state()},
                            {"level", assessment.level()},
                            {"urgent", assessment.urgent()},
                            {"floor", assessment.floor()},
                            {"ceiling", assessment.ceiling()}};
  json["applies"] = TruthWord(assessment.applies());
  json["criteria"] = nlohmann::ordered_json::array();
  for (const auto& criterion : assessment.criteria()) {
    nlohmann::ordered_json one = {{"id", criterion.id()},
                                  {"value", TruthWord(criterion.value())},
                                  {"clause", criterion.clause()}};
    one["evidence"] = nlohmann::ordered_json::array();
    for (const auto& event : criterion.evidence()) {
      one["evidence"].push_back(EventName(event));
    }
    one["figures"] = nlohmann::ordered_json::object();
    for (const auto& figure : criterion.figures()) {
      one["figures"][figure.name()] = figure.value();
    }
    one["note"] = criterion.note();
    json["criteria"].push_back(std::move(one));
  }
  const auto list = [](const auto& lines) {
    auto array = nlohmann::ordered_json::array();
    for (const std::string& line : lines) {
      array.push_back(line);
    }
    return array;
  };
  json["confidence"] = nlohmann::ordered_json::array();
  for (const auto& theme : assessment.confidence()) {
    json["confidence"].push_back(
        {{"theme", v1::Theme_Name(theme.theme())},
         {"grade", WithoutPrefix(v1::ThemeConfidence::Grade_Name(theme.grade()), "GRADE_")},
         {"families", theme.families()},
         {"regulator", theme.regulator()}});
  }
  json["near_misses"] = list(assessment.near_misses());
  json["linked_incidents"] = list(LinkedInWords(assessment));
  json["gaps"] = list(assessment.gaps());
  json["measures"] = list(assessment.measures());
  json["caveats"] = list(assessment.caveats());
  return json;
}

}  // namespace trigpoint
