#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "trigpoint/base/tri.h"
#include "trigpoint/v1/policy.pb.h"

namespace trigpoint {

/// What truth values the conditions of a pack can take, over all values of their measures.
///
/// A combination is taken for one more measure: whether its reports are independent is not a matter
/// of truth values.
class ConditionSpace {
 public:
  /// A condition that was added.
  using Condition = int;
  /// What a condition is wanted to be: TRUE or FALSE.
  struct Wish {
    Condition condition = 0;
    bool holds = true;
  };
  enum class Answer : uint8_t { kNo, kYes, kUndecided };

  /// The pack must compile (no circles, no unknown names) and outlive it.
  explicit ConditionSpace(const v1::PolicyPack& pack);

  Condition Add(const v1::Expression& expression);
  /// Whether there are values of the measures with which all wishes come true at once.
  Answer CanBe(const std::vector<Wish>& wishes);
  /// The same text for conditions that are written alike, whatever the order of their parts.
  std::string Written(Condition condition) const;

 private:
  struct Part {
    enum class Kind : uint8_t { kAny, kAll, kNot, kAtLeast, kVariable } kind = Kind::kAny;
    std::vector<int> children;
    int variable = 0;
    uint32_t count = 0;
  };
  struct Variable {
    std::string written;
    std::string one_value_of;  ///< The measure, where it asks which one value something has.
    std::vector<std::string> values;
    Truth value = Truth::kUnknown;
  };

  int CriterionPart(const std::string& id, bool decisive);
  int AddPart(Part part);
  int AddVariable(const v1::Expression& expression);
  Truth Value(int part) const;
  Truth AtLeast(const Part& part) const;
  int Undecided(int part) const;
  bool Consistent(const Variable& assigned) const;
  Answer Search(const std::vector<Wish>& wishes);

  const v1::PolicyPack& pack_;
  std::map<std::string, std::string> parameters_;  ///< Name -> value as text.
  std::vector<Part> parts_;
  std::vector<Variable> variables_;
  std::map<std::string, int> known_variables_;
  std::map<std::pair<std::string, bool>, int> criteria_;
  size_t steps_left_ = 0;
};

}  // namespace trigpoint
