#include "pack_length.h"

#include <map>

namespace trigpoint {
namespace {

/// Parts of a condition, all told. The longest of a source document has some hundreds.
constexpr double kPartsMax = 20'000;

class Lengths {
 public:
  explicit Lengths(const v1::PolicyPack& pack) {
    for (const auto& criterion : pack.criteria()) criteria_[criterion.id()] = &criterion;
  }

  // NOLINTNEXTLINE(misc-no-recursion): as deep as the condition is written.
  double Of(const v1::Expression& expression) {
    double parts = 1;
    for (const auto& part : expression.any()) parts += Of(part);
    for (const auto& part : expression.all()) parts += Of(part);
    if (expression.has_not_()) parts += Of(expression.not_());
    for (const auto& id : expression.at_least().of()) parts += OfCriterion(id);
    for (const auto& id : expression.combination().of()) parts += OfCriterion(id);
    if (!expression.criterion().empty()) parts += OfCriterion(expression.criterion());
    if (!expression.decisive().empty()) parts += OfCriterion(expression.decisive());
    return parts;
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): criteria do not go in circles.
  double OfCriterion(const std::string& id) {
    const auto known = lengths_.find(id);
    if (known != lengths_.end()) return known->second;
    const auto criterion = criteria_.find(id);
    if (criterion == criteria_.end()) return 0;
    const double length = Of(criterion->second->when()) + Of(criterion->second->decisive_when());
    lengths_[id] = length;
    return length;
  }

  std::map<std::string, const v1::Criterion*> criteria_;
  std::map<std::string, double> lengths_;
};

}  // namespace

std::optional<std::string> FindTooLong(const v1::PolicyPack& pack) {
  Lengths lengths(pack);
  const auto too_long = [&](const v1::Expression& e) { return lengths.Of(e) > kPartsMax; };
  for (const auto& criterion : pack.criteria()) {
    if (too_long(criterion.when()) || too_long(criterion.decisive_when())) return criterion.id();
  }
  for (const auto& rule : pack.urgent()) {
    if (too_long(rule.when())) return rule.id();
  }
  for (const auto& rule : pack.states()) {
    if (too_long(rule.when())) return rule.state();
  }
  return std::nullopt;
}

}  // namespace trigpoint
