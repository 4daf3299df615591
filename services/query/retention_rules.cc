#include "services/query/retention_rules.h"

#include <algorithm>

#include "trigpoint/base/time.h"
#include "trigpoint/events/catalogue.h"

namespace trigpoint {
namespace {

constexpr int kMonthsOfAYear = 12;

std::string ClassName(v1::Sensitivity sensitivity) {
  return "C" + std::to_string(static_cast<int>(sensitivity) -
                              static_cast<int>(v1::SENSITIVITY_C0_PUBLIC));
}

}  // namespace

bool IsRetentionSubject(std::string_view of) {
  if (of == kRetentionOfRefused) return true;
  if (of.size() == 2 && of[0] == 'C') return of[1] >= '0' && of[1] <= '5';
  const KindInfo* kind = KindOfName(of);
  return kind != nullptr && kind->role == v1::EVENT_ROLE_FACT;
}

const RetentionRule* RetentionRules::Find(std::string_view of) const {
  const auto found = std::find_if(rules_.begin(), rules_.end(),
                                  [of](const RetentionRule& rule) { return rule.of == of; });
  return found == rules_.end() ? nullptr : &*found;
}

const RetentionRule* RetentionRules::For(const v1::Event& event) const {
  const KindInfo* kind = KindOf(event);
  if (kind == nullptr) return nullptr;
  const RetentionRule* of_kind = Find(kind->name);
  return of_kind != nullptr ? of_kind : Find(ClassName(SensitivityOf(event)));
}

bool IsPast(const RetentionRule* rule, int64_t received_us, int64_t now_us) {
  if (rule == nullptr) return false;
  const CivilDate first_kept =
      AddMonths(LondonDate(now_us), -kMonthsOfAYear * static_cast<int>(rule->years));
  return received_us < LondonMidnight(first_kept);
}

}  // namespace trigpoint
