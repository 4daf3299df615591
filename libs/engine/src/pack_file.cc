#include "trigpoint/engine/pack_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "google/protobuf/util/json_util.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/yaml_text.h"

namespace trigpoint {
namespace {

/// YAML scalars have no types of their own: quoted text stays text, the rest is read as JSON would.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the document.
nlohmann::json ToJson(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Map: {
      nlohmann::json object = nlohmann::json::object();
      for (const auto& entry : node) object[entry.first.as<std::string>()] = ToJson(entry.second);
      return object;
    }
    case YAML::NodeType::Sequence: {
      nlohmann::json array = nlohmann::json::array();
      for (const auto& item : node) array.push_back(ToJson(item));
      return array;
    }
    case YAML::NodeType::Scalar: {
      const auto text = node.as<std::string>();
      if (node.Tag() == "!") return text;
      if (text == "true") return true;
      if (text == "false") return false;
      // Protobuf reads numbers from strings, and strings from strings: the field's type decides.
      return text;
    }
    default:
      return nullptr;
  }
}

}  // namespace

absl::StatusOr<v1::PolicyPack> PackFromYaml(std::string_view yaml) {
  if (const auto problem = FindYamlProblem(yaml); problem.has_value()) {
    return absl::InvalidArgumentError("not YAML: line " + std::to_string(problem->line) + ": " +
                                      std::string(problem->what));
  }
  std::string json;
  try {
    json = ToJson(YAML::Load(std::string(yaml))).dump();
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(std::string("not YAML: ") + error.what());
  } catch (const nlohmann::json::exception&) {
    return absl::InvalidArgumentError("not YAML: an escape in it stands for no character");
  }
  v1::PolicyPack pack;
  google::protobuf::util::JsonParseOptions strict;
  strict.ignore_unknown_fields = false;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &pack, strict);
  if (!status.ok()) {
    return absl::InvalidArgumentError("not a policy pack: " + std::string(status.message()));
  }
  return pack;
}

absl::StatusOr<v1::PolicyPack> ReadPackFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError("cannot read the policy pack " + path);
  std::stringstream text;
  text << file.rdbuf();
  auto pack = PackFromYaml(text.str());
  if (!pack.ok()) return Annotate(pack.status(), path);
  return pack;
}

absl::StatusOr<v1::PolicyPack> FindPack(const std::string& name_or_path,
                                        const std::string& directory) {
  if (name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".yaml")) {
    return ReadPackFile(name_or_path);
  }
  TP_ASSIGN_OR_RETURN(auto packs, ReadPackDirectory(directory));
  std::string known;
  for (auto& pack : packs) {
    if (pack.id() == name_or_path) return pack;
    known += (known.empty() ? "" : ", ") + pack.id();
  }
  return absl::NotFoundError("no policy pack \"" + name_or_path + "\" in " + directory +
                             "; there are: " + known);
}

absl::StatusOr<std::vector<v1::PolicyPack>> ReadPackDirectory(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path().string());
  }
  if (error) return absl::NotFoundError("cannot read the policy directory " + directory);
  if (paths.empty()) return absl::NotFoundError("no policy pack (*.yaml) in " + directory);
  std::sort(paths.begin(), paths.end());
  std::vector<v1::PolicyPack> packs;
  for (const auto& path : paths) {
    TP_ASSIGN_OR_RETURN(auto pack, ReadPackFile(path));
    packs.push_back(std::move(pack));
  }
  return packs;
}

}  // namespace trigpoint
