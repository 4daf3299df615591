#include "mapping_yaml.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "csv_table.h"

namespace trigpoint {

void MappingProblems::Add(int line, const std::string& what) {
  // An empty document has no place.
  lines_.push_back(file_ + ":" + std::to_string(std::max(1, line)) + ": " + what);
}

void MappingProblems::AddUnknown(const YAML::Node& at, const std::string& what,
                                 const std::string& name, const std::vector<std::string>& known) {
  const std::string nearest = NearestName(name, known);
  std::string text = what + " `" + name + "`";
  if (!nearest.empty()) {
    text += "; did you mean `" + nearest + "`?";
  } else if (known.size() <= 20) {
    text += "; there are:";
    for (size_t i = 0; i < known.size(); ++i) text += (i == 0 ? " " : ", ") + known[i];
  }
  Add(at, text);
}

absl::Status MappingProblems::status() const {
  constexpr size_t kShown = 20;
  if (lines_.empty()) return absl::OkStatus();
  std::string text;
  for (size_t i = 0; i < std::min(lines_.size(), kShown); ++i) {
    text += (i == 0 ? "" : "\n") + lines_[i];
  }
  if (lines_.size() > kShown) {
    text += "\n" + std::to_string(lines_.size() - kShown) + " more";
  }
  return absl::InvalidArgumentError(text);
}

MappingKeys::MappingKeys(const YAML::Node& node, std::initializer_list<const char*> known,
                         MappingProblems* problems)
    : node_(node), problems_(problems) {
  if (!node.IsMap()) {
    problems->Add(node, "here stands a list of `key: value`");
    node_ = YAML::Node(YAML::NodeType::Map);
    return;
  }
  const std::vector<std::string> names(known.begin(), known.end());
  std::set<std::string> seen;
  for (const auto& pair : node) {
    const std::string name = pair.first.IsScalar() ? pair.first.Scalar() : std::string("?");
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      problems->AddUnknown(pair.first, "unknown key", name, names);
    } else if (!seen.insert(name).second) {
      problems->Add(pair.first, "`" + name + "` stands twice");
    }
  }
}

YAML::Node MappingKeys::Get(const char* key) const {
  for (const auto& pair : node_) {
    if (pair.first.IsScalar() && pair.first.Scalar() == key) return pair.second;
  }
  return YAML::Node(YAML::NodeType::Undefined);
}

std::optional<std::string> MappingKeys::Text(const char* key) const {
  const YAML::Node value = Get(key);
  if (!value.IsDefined()) return std::nullopt;
  if (!value.IsScalar() || value.Scalar().empty()) {
    problems_->Add(value, "`" + std::string(key) + "` takes a text");
    return std::nullopt;
  }
  return value.Scalar();
}

std::string MappingKeys::NeededText(const char* key) const {
  if (!Has(key)) problems_->Add(node_, "`" + std::string(key) + "` is missing");
  return Text(key).value_or("");
}

std::vector<std::string> MappingKeys::Texts(const char* key) const {
  std::vector<std::string> texts;
  const YAML::Node value = Get(key);
  if (!value.IsDefined()) return texts;
  if (value.IsScalar() && !value.Scalar().empty()) return {value.Scalar()};
  bool good = value.IsSequence() && value.size() > 0;
  if (good) {
    for (const auto& item : value) {
      good = good && item.IsScalar() && !item.Scalar().empty();
      if (good) texts.push_back(item.Scalar());
    }
  }
  if (!good) problems_->Add(value, "`" + std::string(key) + "` takes a text or a list of texts");
  return good ? texts : std::vector<std::string>();
}

bool MappingKeys::Truth(const char* key) const {
  const std::optional<std::string> text = Text(key);
  if (text && *text != "true" && *text != "false") {
    problems_->Add(Get(key), "`" + std::string(key) + "` takes true or false");
  }
  return text == "true";
}

std::optional<uint32_t> MappingKeys::Number(const char* key) const {
  const std::optional<std::string> text = Text(key);
  if (!text) return std::nullopt;
  uint32_t number = 0;
  const char* last = text->data() + text->size();
  const auto [end, error] = std::from_chars(text->data(), last, number);
  if (error != std::errc() || end != last || number == 0) {
    problems_->Add(Get(key), "`" + std::string(key) + "` takes a whole number from 1");
    return std::nullopt;
  }
  return number;
}

}  // namespace trigpoint
