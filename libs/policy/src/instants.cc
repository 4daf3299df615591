#include "trigpoint/policy/instants.h"

#include <algorithm>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/ratings.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

/// Months after which an advisory notice or suspension can matter (suspension_l3_months is 3; packs
/// may say up to 12).
constexpr int kRestrictionMonthsMax = 12;
/// Days after a plan action's due date at which a grace can end.
constexpr int kGraceDaysMax = 60;

class Earliest {
 public:
  explicit Earliest(int64_t after_us) : after_us_(after_us) {}

  void Offer(int64_t instant_us) {
    if (instant_us > after_us_) instant_us_ = std::min(instant_us_, instant_us);
  }
  int64_t instant_us() const { return instant_us_; }
  int64_t after_us() const { return after_us_; }

 private:
  int64_t after_us_;
  int64_t instant_us_ = kNever;
};

void OfferMidnights(const v1::Date& date, int days, Earliest* earliest) {
  const CivilDate start = ToCivil(date);
  if (!IsValidDate(start)) return;
  const int64_t after_day = DaysFromCivil(LondonDate(earliest->after_us()));
  const int64_t first = DaysFromCivil(start) + 1;
  const int64_t next = std::max(first, after_day + 1);
  if (next <= first + days) earliest->Offer(LondonMidnight(CivilFromDays(next)));
}

void OfferMonths(CivilDate start, Earliest* earliest) {
  for (int months = 1; months <= kRestrictionMonthsMax; ++months) {
    earliest->Offer(LondonMidnight(AddDays(AddMonths(start, months), 1)));
  }
}

/// What is dated ahead begins or ends with that day.
void OfferDay(const v1::Date& date, Earliest* earliest) {
  const CivilDate day = ToCivil(date);
  if (IsValidDate(day)) earliest->Offer(LondonMidnight(day));
}

void OfferFact(const v1::Event& fact, Earliest* earliest) {
  switch (fact.payload_case()) {
    case v1::Event::kCqcRatingPublished:
      OfferDay(fact.cqc_rating_published().report_date(), earliest);
      break;
    case v1::Event::kCqcEnforcementActionRecorded:
      OfferDay(fact.cqc_enforcement_action_recorded().served_on(), earliest);
      OfferDay(fact.cqc_enforcement_action_recorded().effective_on(), earliest);
      break;
    case v1::Event::kCqcEnforcementActionClosed:
      OfferDay(fact.cqc_enforcement_action_closed().closed_on(), earliest);
      break;
    case v1::Event::kSuspensionLifted:
      OfferDay(fact.suspension_lifted().lifted_on(), earliest);
      break;
    case v1::Event::kAdvisoryNoticeLifted:
      OfferDay(fact.advisory_notice_lifted().lifted_on(), earliest);
      break;
    case v1::Event::kPlanActionAgreed:
      OfferMidnights(fact.plan_action_agreed().due_on(), kGraceDaysMax, earliest);
      break;
    // A move that is stated ahead takes effect with its day.
    case v1::Event::kServiceLinked:
      OfferDay(fact.service_linked().effective_on(), earliest);
      break;
    case v1::Event::kServiceRegistered:
      OfferDay(fact.service_registered().registered_on(), earliest);
      break;
    case v1::Event::kPlacementEnded:
      OfferDay(fact.placement_ended().ended_on(), earliest);
      break;
    case v1::Event::kPammsAssessmentFinalised:
      OfferDay(fact.pamms_assessment_finalised().finalised_on(), earliest);
      break;
    case v1::Event::kFormalContactSent:
      if (fact.formal_contact_sent().has_reply_due_on()) {
        OfferMidnights(fact.formal_contact_sent().reply_due_on(), 1, earliest);
      }
      break;
    case v1::Event::kSuspensionImposed:
      OfferDay(fact.suspension_imposed().starts_on(), earliest);
      OfferMonths(ToCivil(fact.suspension_imposed().starts_on()), earliest);
      break;
    case v1::Event::kContractNoticeServed:
      if (fact.contract_notice_served().notice() == v1::ContractNoticeServed::NOTICE_ADVISORY) {
        OfferDay(fact.contract_notice_served().served_on(), earliest);
        OfferMonths(fact.contract_notice_served().has_served_on()
                        ? ToCivil(fact.contract_notice_served().served_on())
                        : LondonDate(OccurredMicros(fact)),
                    earliest);
      }
      break;
    default:
      break;
  }
}

/// Whether windows see a fact. Visits and beds are left to the next event: a timer for each of them
/// would be most of the log, and no level rests on them alone.
bool Windowed(const v1::Event& fact) {
  const KindInfo* kind = KindOf(fact);
  return kind != nullptr && kind->windowed;
}

}  // namespace

int64_t NextInstant(const v1::ProviderState& state, const v1::ProviderRecord& record,
                    const std::set<int64_t>& windows, int64_t after_us) {
  Earliest earliest(after_us);
  for (const int64_t days : windows) {
    const int64_t window = days * kMicrosPerDay;
    // Concerns are sorted by occurrence: the first that is still inside leaves first.
    const auto& concerns = state.concerns();
    const auto it = std::upper_bound(concerns.begin(), concerns.end(), after_us - window,
                                     [](int64_t instant, const v1::Concern& concern) {
                                       return instant < concern.occurred_us();
                                     });
    if (it != concerns.end()) earliest.Offer(it->occurred_us() + window);
  }
  if (state.service_until_us() != 0) earliest.Offer(state.service_until_us());
  for (const auto& fact : state.facts()) {
    OfferFact(fact, &earliest);
    if (!Windowed(fact)) continue;
    for (const int64_t days : windows) earliest.Offer(OccurredMicros(fact) + days * kMicrosPerDay);
  }
  for (const auto& alert : record.alerts()) {
    if (!IsAnswered(alert) && alert.alert().dispatch()) {
      earliest.Offer(ToMicros(alert.alert().acknowledge_by()) + 1);
    }
  }
  return earliest.instant_us();
}

}  // namespace trigpoint
