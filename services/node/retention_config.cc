#include "services/node/retention_config.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "trigpoint/base/status.h"
#include "yaml-cpp/yaml.h"

namespace trigpoint {
namespace {

constexpr int64_t kYearsMax = 100;

absl::Status Wrong(const std::string& file, const YAML::Node& at, const std::string& what) {
  return absl::InvalidArgumentError(file + ":" + std::to_string(at.Mark().line + 1) +
                                    ": retention: " + what);
}

bool ReadYears(const std::string& text, int64_t* years) {
  if (text.empty() || text.size() > 3 || text.find_first_not_of("0123456789") != std::string::npos)
    return false;
  *years = std::stoll(text);
  return *years >= 1 && *years <= kYearsMax;
}

absl::Status ReadRule(const YAML::Node& entry, const std::string& file, RetentionRule* rule) {
  if (!entry.IsMap()) return Wrong(file, entry, "a rule is `of` and `years`");
  std::set<std::string> seen;
  for (const auto& pair : entry) {
    const std::string key = pair.first.IsScalar() ? pair.first.Scalar() : std::string("?");
    const std::string value = pair.second.IsScalar() ? pair.second.Scalar() : std::string();
    if (key != "of" && key != "years")
      return Wrong(file, pair.first, "unknown key `" + key + "`; see --print-default-config");
    if (!seen.insert(key).second) return Wrong(file, pair.first, "`" + key + "` stands twice");
    if (key == "years" && !ReadYears(value, &rule->years))
      return Wrong(file, pair.first, "`years`: 1 to 100");
    if (key == "of" && !IsRetentionSubject(value)) {
      return Wrong(file, pair.first,
                   "`of`: a kind that partners report, a class C0 to C5, or refused");
    }
    if (key == "of") rule->of = value;
  }
  if (seen.size() < 2) return Wrong(file, entry, "a rule needs `of` and `years`");
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadRetention(const YAML::Node& list, const std::string& file,
                           std::vector<RetentionRule>* rules) {
  rules->clear();
  if (list.IsNull()) return absl::OkStatus();
  if (!list.IsSequence()) return Wrong(file, list, "a list of rules");
  for (const auto& entry : list) {
    RetentionRule rule;
    TP_RETURN_IF_ERROR(ReadRule(entry, file, &rule));
    if (std::any_of(rules->begin(), rules->end(),
                    [&rule](const RetentionRule& other) { return other.of == rule.of; }))
      return Wrong(file, entry, "two rules are of `" + rule.of + "`");
    rules->push_back(std::move(rule));
  }
  return absl::OkStatus();
}

std::string DefaultRetentionYaml() {
  return "# when personal texts and identities are erased by age (docs/data-protection.md); in "
         "this "
         "file only;\n"
         "# no rule: nothing is\n"
         "# retention:\n"
         "#   - of: C3                   # a class\n"
         "#     years: 8                 # after they were received\n"
         "#   - of: complaint_received   # a kind; it goes before its class\n"
         "#     years: 10\n"
         "#   - of: refused              # submissions that never came through\n"
         "#     years: 2\n";
}

}  // namespace trigpoint
