#include "trigpoint/policy/lint.h"

#include <algorithm>

#include "lint_checks.h"
#include "trigpoint/policy/pack.h"

namespace trigpoint {
namespace {

/// Names by which an error of the compiler may begin, after the policy's own.
std::vector<std::string> RuleNames(const v1::PolicyPack& pack) {
  std::vector<std::string> names;
  for (const auto& criterion : pack.criteria()) names.push_back(criterion.id());
  for (const auto& urgent : pack.urgent()) names.push_back(urgent.id());
  for (const auto& rule : pack.states()) names.push_back(rule.state());
  for (const auto& parameter : pack.parameters()) names.push_back("parameter " + parameter.name());
  for (const auto& feed : pack.expected()) names.push_back("expected " + feed.id());
  for (const auto& rule : pack.obligations()) {
    names.push_back("obligation " + rule.id());
    names.push_back(rule.id());
  }
  for (const char* field : {"id", "version", "source_document", "authority.states", "applies_to"})
    names.emplace_back(field);
  return names;
}

/// Takes "policy p: H-L2-1 has no clause" apart.
void AddRefusal(const v1::PolicyPack& pack, std::string text, Findings* out) {
  const std::string lead = "policy " + pack.id() + ": ";
  if (text.starts_with(lead)) text.erase(0, lead.size());
  std::string rule;
  for (const std::string& name : RuleNames(pack)) {
    const bool named = !name.empty() && text.starts_with(name) && text.size() > name.size() &&
                       (text[name.size()] == ' ' || text[name.size()] == ':');
    if (named && name.size() > rule.size()) rule = name;
  }
  if (rule.empty()) {
    rule = "policy";
  } else {
    text.erase(0, text.find_first_not_of(": ", rule.size()));
  }
  out->Error(rule, text, "a node refuses the pack until this is mended; then look again");
}

void LintReview(const v1::PolicyPack& pack, std::optional<CivilDate> as_of, Findings* out) {
  if (pack.review_due().empty()) return;
  const auto due = ParseDate(pack.review_due());
  if (due.ok() && as_of.has_value() && *due < *as_of) {
    out->Warning("review_due", "the review date " + pack.review_due() + " has passed",
                 "ask the owner whether the document still stands (S0 9.1)");
  }
}

}  // namespace

std::string_view SeverityName(PackFinding::Severity severity) {
  switch (severity) {
    case PackFinding::Severity::kError:
      return "error";
    case PackFinding::Severity::kWarning:
      return "warning";
    case PackFinding::Severity::kNote:
      return "note";
  }
  return "";
}

std::vector<PackFinding> LintPack(const v1::PolicyPack& pack, std::optional<CivilDate> as_of) {
  Findings found;
  const auto compiled = CompiledPack::Compile(pack);
  if (!compiled.ok()) AddRefusal(pack, std::string(compiled.status().message()), &found);
  LintReview(pack, as_of, &found);
  LintWords(pack, &found);
  LintParameters(pack, &found);
  LintStates(pack, &found);
  if (compiled.ok()) LintConditions(pack, &found);
  std::stable_sort(
      found.all().begin(), found.all().end(),
      [](const PackFinding& a, const PackFinding& b) { return a.severity < b.severity; });
  return std::move(found.all());
}

bool HasErrors(const std::vector<PackFinding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const PackFinding& finding) {
    return finding.severity == PackFinding::Severity::kError;
  });
}

}  // namespace trigpoint
