#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "trigpoint/reports/input.h"
#include "trigpoint/v1/reports.pb.h"

/// How the builders write: one place that sees to it that nothing stands without what it rests on.
namespace trigpoint {

using Citations = std::vector<v1::Citation>;

/// Said where a section has nothing: never blank (S1 L137).
inline constexpr char kNone[] = "none";
/// Said where the reader may not know whether there is something.
inline constexpr char kNotTold[] = "not told under this profile";

/// What to say where nothing of the kind is there: under the public profile most is left out, and
/// "none" would say that there is nothing.
inline const char* Nothing(const ReportInput& input) {
  return input.told == Told::kPublic ? kNotTold : kNone;
}

/// A document and place.
v1::Citation Clause(std::string_view clause);
/// A rule of a policy.
v1::Citation Rule(std::string_view policy_id, std::string_view rule, std::string_view clause);
/// A fact, by source and id; nothing where the reader may see neither.
Citations Cite(const ReportedFact& fact);
Citations Cite(const std::vector<const ReportedFact*>& facts);
/// A criterion: its rule with its clause, then its reports, the latest few.
Citations Cite(const ReportedPolicy& policy, const v1::CriterionResult& criterion);

/// One section under way. What is said without a citation of its own rests on `basis`, the clause
/// that asks for the section.
class SectionWriter {
 public:
  SectionWriter(v1::Report* report, std::string_view heading, std::string_view basis);

  void Say(std::string_view text, const Citations& citations = {});
  /// Begins a table; rows follow.
  void Columns(const std::vector<std::string>& columns);
  void Row(const std::vector<std::string>& cells, const Citations& citations = {});
  /// Says `words` where nothing was said.
  void OrElse(std::string_view words);
  /// The clause that asks for the section.
  const v1::Citation& basis() const { return basis_; }
  bool empty() const { return section_->sentences().empty() && section_->tables().empty(); }

 private:
  v1::Report::Section* section_;
  v1::Citation basis_;
};

}  // namespace trigpoint
