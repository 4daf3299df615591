#include "facts.h"

#include <algorithm>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/feeds.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"
#include "words.h"

namespace trigpoint {
namespace {

template <typename Kinds>
Facts Find(const ReportedService& service, const Kinds& kinds) {
  Facts found;
  for (const auto& fact : service.facts) {
    if (fact.superseded) continue;
    if (std::find(kinds.begin(), kinds.end(), fact.kind) != kinds.end()) found.push_back(&fact);
  }
  return found;
}

}  // namespace

Facts FactsOf(const ReportedService& service, std::initializer_list<std::string_view> kinds) {
  return Find(service, kinds);
}

Facts FactsOf(const ReportedService& service, const std::vector<std::string_view>& kinds) {
  return Find(service, kinds);
}

Facts OfPeriod(const ReportInput& input, const Facts& facts) {
  Facts found;
  std::copy_if(facts.begin(), facts.end(), std::back_inserter(found),
               [&input](const auto* fact) { return InPeriod(input, *fact); });
  return found;
}

const ReportedFact* Latest(const ReportedService& service,
                           std::initializer_list<std::string_view> kinds) {
  const Facts found = Find(service, kinds);
  return found.empty() ? nullptr : found.back();
}

bool IsAbout(const ReportedFact& fact, const v1::EventRef& ref, const ReportedFact& other) {
  const std::string& source = ref.source().empty() ? fact.event.source() : ref.source();
  return ref.id() == other.event.id() && source == other.event.source();
}

Facts ReportsIn(const ReportedService& service, int64_t from_us, int64_t to_us) {
  Facts found;
  for (const auto& fact : service.facts) {
    const KindInfo* kind = KindOfName(fact.kind);
    if (kind == nullptr || !RaisesConcern(*kind) || fact.superseded) continue;
    if (fact.known_us > from_us && fact.known_us <= to_us) found.push_back(&fact);
  }
  return found;
}

const ReportedFact* CompletionOf(const ReportedService& service, const ReportedFact& action) {
  for (const auto* fact : Find(service, std::vector<std::string_view>{"plan_action_completed"})) {
    if (IsAbout(*fact, fact->event.plan_action_completed().action(), action)) return fact;
  }
  return nullptr;
}

bool IsOnlyAsked(const ReportedService& service, const ReportedFact& action) {
  if (action.event.plan_action_agreed().asked_by().empty()) return false;
  const Facts answers = Find(service, std::vector<std::string_view>{"plan_action_answered"});
  return std::none_of(answers.begin(), answers.end(), [&action](const auto* answer) {
    const auto& said = answer->event.plan_action_answered();
    return said.accepted() && IsAbout(*answer, said.action(), action);
  });
}

Facts OverdueActions(const ReportInput& input, const ReportedService& service) {
  const CivilDate today = LondonDate(input.as_of_us);
  Facts overdue;
  for (const auto* fact : Find(service, std::vector<std::string_view>{"plan_action_agreed"})) {
    const auto& action = fact->event.plan_action_agreed();
    if (!action.has_due_on() || !(ToCivil(action.due_on()) < today)) continue;
    if (CompletionOf(service, *fact) == nullptr && !IsOnlyAsked(service, *fact))
      overdue.push_back(fact);
  }
  return overdue;
}

const ReportedFact* OpenSuspension(const ReportedService& service) {
  const ReportedFact* open = nullptr;
  const Facts lifted = Find(service, std::vector<std::string_view>{"suspension_lifted"});
  for (const auto* fact : Find(service, std::vector<std::string_view>{"suspension_imposed"})) {
    const bool ended = std::any_of(lifted.begin(), lifted.end(), [&](const auto* one) {
      return IsAbout(*one, one->event.suspension_lifted().suspension(), *fact);
    });
    if (!ended) open = fact;
  }
  return open;
}

bool IsCutForOutside(const ReportedService& service) {
  return std::any_of(service.facts.begin(), service.facts.end(),
                     [](const auto& fact) { return fact.kind == "few_reports"; });
}

bool IsTooFewToTell(const ReportedService& service, const Facts& facts) {
  constexpr auto kFew = 5;
  const auto about_people = std::count_if(facts.begin(), facts.end(), [](const auto* fact) {
    return SensitivityOf(fact->event) >= v1::SENSITIVITY_C3_PSEUDONYMISED;
  });
  return service.outside && about_people > 0 && about_people < kFew;
}

std::string WhenWords(const ReportedFact& fact) {
  return DateWords(fact.occurred_us != 0 ? fact.occurred_us : fact.known_us);
}

std::string IndependenceWords(std::string_view kind) {
  const KindInfo* info = KindOfName(kind);
  if (info == nullptr || !TellsOfCare(*info)) return "";
  return info->origin == v1::ORIGIN_INSIDE ? "by the provider itself" : "from outside the provider";
}

std::string KindInWords(std::string_view kind) {
  return kind.empty() ? "a feed" : CodeWords(kind, "");
}

}  // namespace trigpoint
