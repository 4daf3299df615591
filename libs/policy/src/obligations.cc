#include "trigpoint/policy/obligations.h"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "expression.h"
#include "measure_support.h"
#include "obligation_claims.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/duration.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/instants.h"
#include "trigpoint/policy/recommend.h"

namespace trigpoint {
namespace {

/// A due time, or why there is none.
struct Due {
  std::optional<int64_t> at_us;
  bool paused = false;
  bool provisional = false;
};

class Rule {
 public:
  Rule(const CompiledPack& pack, size_t index, const MeasureContext& context,
       const AssessmentResult* assessment, const CalendarAt& calendar_at)
      : pack_(pack),
        rule_(pack.pack().obligations(static_cast<int>(index))),
        terms_(pack.obligations()[index]),
        context_(context),
        claims_(pack, index, context, assessment),
        calendar_at_(calendar_at) {}

  void Add(std::vector<v1::Obligation>* all) const {
    for (const Claim& claim : claims_.All()) all->push_back(Told(claim));
  }

 private:
  /// The due time moved by a pause that is over.
  static int64_t Moved(int64_t due_us, const Pause& pause, DurationUnit unit,
                       const WorkingCalendar& calendar) {
    if (unit == DurationUnit::kHours) return due_us + *pause.to_us - pause.from_us;
    const CivilDate from = LondonDate(pause.from_us);
    const CivilDate to = LondonDate(*pause.to_us);
    const CivilDate due = LondonDate(due_us);
    if (unit == DurationUnit::kWorkingDays)
      return LondonEndOfDay(calendar.AddWorkingDays(due, calendar.WorkingDaysBetween(from, to)));
    return LondonEndOfDay(AddDays(due, DaysFromCivil(to) - DaysFromCivil(from)));
  }

  Due DueOf(const Claim& claim, const WorkingCalendar& calendar) const {
    Due due;
    if (!rule_.due_field().empty()) {
      if (const auto day = InstantOf(*claim.start_fact, rule_.due_field()); day.has_value())
        due.at_us = LondonEndOfDay(LondonDate(*day));
      return due;
    }
    if (!terms_.due.has_value() || !claim.start_us.has_value()) return due;
    int64_t at_us = DueAt(*claim.start_us, *terms_.due, calendar);
    for (const Pause& pause : claims_.PausesOf(claim)) {
      if (pause.from_us > at_us) break;  // It was overdue by then.
      if (!pause.to_us.has_value()) {
        due.paused = claim.Open();
        if (due.paused) return due;
        break;
      }
      at_us = Moved(at_us, pause, terms_.due->unit, calendar);
    }
    due.at_us = at_us;
    due.provisional = terms_.due->unit == DurationUnit::kWorkingDays &&
                      (!calendar.CoversYear(LondonDate(*claim.start_us).year) ||
                       !calendar.CoversYear(LondonDate(at_us).year));
    return due;
  }

  std::string Why() const {
    if (rule_.start().recurring()) return "recurring";
    if (terms_.criterion >= 0) return "criterion " + rule_.start().criterion();
    return "state " + rule_.start().state();
  }

  static v1::Obligation::Status StatusOf(const Claim& claim, const Due& due, int64_t as_of_us) {
    if (claim.discharged != nullptr) {
      const bool late = due.at_us.has_value() && KnownMicros(*claim.discharged) > *due.at_us;
      return late ? v1::Obligation::STATUS_DISCHARGED_LATE : v1::Obligation::STATUS_DISCHARGED;
    }
    if (claim.lapsed != nullptr) return v1::Obligation::STATUS_LAPSED;
    if (due.paused) return v1::Obligation::STATUS_PAUSED;
    const bool overdue = due.at_us.has_value() && as_of_us > *due.at_us;
    return overdue ? v1::Obligation::STATUS_OVERDUE : v1::Obligation::STATUS_OPEN;
  }

  v1::Obligation Told(const Claim& claim) const {
    const v1::PolicyPack& pack = pack_.pack();
    v1::Obligation out;
    const std::string& stream_id = context_.state.stream_id();
    out.set_obligation_id(Sha256Hex(stream_id + "\nobligation\n" + pack.id() + '\n' + rule_.id() +
                                    '\n' + claim.start_key + '\n' + claim.recipient)
                              .substr(0, 32));
    out.set_stream_id(stream_id);
    out.set_policy_id(pack.id());
    out.set_policy_version(pack.version());
    out.set_rule(rule_.id());
    out.set_clause(rule_.clause());
    out.set_text(rule_.text());
    out.set_owner(rule_.owner());
    out.set_recipient(claim.recipient);
    if (claim.started_by.has_value()) *out.mutable_started_by() = *claim.started_by;
    out.set_started_why(claim.start_fact != nullptr ? std::string(KindOf(*claim.start_fact)->name)
                                                    : Why());
    if (claim.start_us.has_value()) SetMicros(*claim.start_us, out.mutable_started_at());
    if (terms_.due.has_value()) out.set_clock(FormatDuration(*terms_.due));
    const v1::Event* end = claim.discharged != nullptr ? claim.discharged : claim.lapsed;
    // What is closed is judged by the working days as they were known then.
    const int64_t judged_us =
        end == nullptr ? context_.as_of_us : std::min(KnownMicros(*end), context_.as_of_us);
    const Due due = DueOf(claim, *calendar_at_(judged_us));
    if (due.at_us.has_value()) SetMicros(*due.at_us, out.mutable_due_at());
    out.set_provisional(due.provisional);
    out.set_guidance(rule_.guidance());
    out.set_status(StatusOf(claim, due, context_.as_of_us));
    if (claim.discharged != nullptr) {
      *out.mutable_discharged_by() = RefOf(*claim.discharged);
      SetMicros(KnownMicros(*claim.discharged), out.mutable_discharged_at());
    }
    return out;
  }

  const CompiledPack& pack_;
  const v1::ObligationRule& rule_;
  const ObligationTerms& terms_;
  const MeasureContext& context_;
  const ClaimsOfRule claims_;
  const CalendarAt& calendar_at_;
};

auto OrderOf(const v1::Obligation& o) {
  return std::make_tuple(o.has_due_at() ? ToMicros(o.due_at()) : kNever, o.rule(),
                         ToMicros(o.started_at()), o.recipient(), o.obligation_id());
}

}  // namespace

std::vector<v1::Obligation> ObligationsOf(const CompiledPack& pack, const MeasureContext& context,
                                          const CalendarAt& calendar_at) {
  std::vector<v1::Obligation> all;
  const auto& terms = pack.obligations();
  if (terms.empty()) return all;
  MeasureContext values = context;
  values.detail = Detail::kValue;
  LeafValues leaves = EvaluateScope(pack, values);
  if (AppliesOver(pack, leaves) != Truth::kTrue) return all;
  EvaluateRest(pack, values, AssessScope::kWhole, &leaves);
  const Holds none;
  const Evaluator evaluator(pack, leaves, none);
  std::optional<AssessmentResult> assessment;
  for (size_t i = 0; i < terms.size(); ++i) {
    // TRUE only: nobody is chased for what is not known to concern the service.
    if (terms[i].applies >= 0 && evaluator.Value(terms[i].applies) != Truth::kTrue) continue;
    if (terms[i].criterion >= 0 && !assessment.has_value())
      assessment = AssessAsRecorded(pack, context);
    Rule(pack, i, context, assessment.has_value() ? &*assessment : nullptr, calendar_at).Add(&all);
  }
  std::sort(all.begin(), all.end(), [](const v1::Obligation& a, const v1::Obligation& b) {
    return OrderOf(a) < OrderOf(b);
  });
  return all;
}

std::vector<v1::Obligation> ObligationsOf(const CompiledPack& pack, const MeasureContext& context,
                                          const WorkingCalendar& calendar) {
  const auto shared =
      std::shared_ptr<const WorkingCalendar>(std::shared_ptr<const WorkingCalendar>(), &calendar);
  return ObligationsOf(pack, context, [&shared](int64_t) { return shared; });
}

}  // namespace trigpoint
