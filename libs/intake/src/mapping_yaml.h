#pragma once

#include <yaml-cpp/yaml.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace trigpoint {

/// Collects what is wrong with a mapping, each with its file and line.
class MappingProblems {
 public:
  explicit MappingProblems(std::string file) : file_(std::move(file)) {}

  void Add(int line, const std::string& what);
  void Add(const YAML::Node& at, const std::string& what) { Add(at.Mark().line + 1, what); }

  /// The same with the nearest of what there is.
  void AddUnknown(const YAML::Node& at, const std::string& what, const std::string& name,
                  const std::vector<std::string>& known);

  bool empty() const { return lines_.empty(); }

  /// InvalidArgument with every problem, one a line, 20 at most.
  absl::Status status() const;

 private:
  std::string file_;
  std::vector<std::string> lines_;
};

/// A `key: value` list whose keys are known: another key, and one that stands twice, is a problem.
class MappingKeys {
 public:
  MappingKeys(const YAML::Node& node, std::initializer_list<const char*> known,
              MappingProblems* problems);

  /// Gives the value of a key; not defined where it is missing.
  YAML::Node Get(const char* key) const;
  bool Has(const char* key) const { return Get(key).IsDefined(); }

  /// Give the value of a key; another kind of value is a problem and gives what a missing key does.
  std::optional<std::string> Text(const char* key) const;
  std::string NeededText(const char* key) const;
  std::vector<std::string> Texts(const char* key) const;  ///< A list, or one text.
  bool Truth(const char* key) const;                      ///< A missing key is false.
  std::optional<uint32_t> Number(const char* key) const;  ///< From 1.

  const YAML::Node& node() const { return node_; }

 private:
  YAML::Node node_;
  MappingProblems* problems_;
};

}  // namespace trigpoint
