#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/testkit/scenario.h"

namespace trigpoint {

/// The service that a story is about; others are named by `about`.
inline constexpr char kScenarioSubject[] = "cqc-location/1-0000000001";

/// "2026-03-01" (at `hour` in London) or "2026-03-01T14:30" (London) or an RFC 3339 instant, in
/// microseconds.
absl::StatusOr<int64_t> LondonInstant(const std::string& text, int64_t time_of_day_us);

/// Turns the items under `given:` into events. One item may stand for several (`repeat`).
class EventWords {
 public:
  explicit EventWords(std::string policy) : policy_(std::move(policy)) {}

  /// Errors name what is wrong with the item.
  absl::StatusOr<std::vector<ScenarioEvent>> Read(const YAML::Node& item);

 private:
  absl::StatusOr<std::vector<ScenarioEvent>> ReadRepeated(const YAML::Node& item);
  absl::StatusOr<ScenarioEvent> ReadOne(const YAML::Node& item, const std::string& id_suffix,
                                        int64_t shift_us);
  absl::StatusOr<ScenarioEvent> ReadBaseline(const YAML::Node& item);
  absl::StatusOr<ScenarioEvent> ReadNewVersion(const YAML::Node& item);
  absl::StatusOr<nlohmann::json> Payload(const YAML::Node& fields,
                                         const google::protobuf::Descriptor& type) const;
  absl::StatusOr<nlohmann::json> Value(const YAML::Node& node,
                                       const google::protobuf::FieldDescriptor& field) const;
  absl::StatusOr<nlohmann::json> Single(const YAML::Node& node,
                                        const google::protobuf::FieldDescriptor& field) const;

  std::string policy_;
  std::map<std::string, std::string> sources_;  ///< Id of an event of the story -> its source.
};

}  // namespace trigpoint
