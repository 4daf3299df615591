#include "trigpoint/engine/controls.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "trigpoint/base/status.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/instants.h"

namespace trigpoint {

int64_t InForceFrom(const v1::ProviderState& state, const std::string& control_id,
                    int64_t effective_us) {
  for (const auto& late : state.late_controls()) {
    if (late.control_id() == control_id) return late.known_us();
  }
  return effective_us;
}

bool IsControl(const v1::Event& event) {
  return event.has_policy_activated() || event.has_policy_retired() ||
         event.has_peer_baseline_published() || event.has_holidays_published();
}

int64_t EffectiveMicros(const v1::Event& control) {
  if (control.has_policy_activated()) return ToMicros(control.policy_activated().effective_from());
  if (control.has_policy_retired()) return ToMicros(control.policy_retired().effective_from());
  if (control.has_holidays_published())
    return ToMicros(control.holidays_published().effective_from());
  return ToMicros(control.peer_baseline_published().effective_from());
}

std::shared_ptr<const CompiledPack> InForce::Policy(const std::string& policy_id) const {
  for (const auto& pack : policies) {
    if (pack->pack().id() == policy_id) return pack;
  }
  return nullptr;
}

Controls::Controls() { ComputeAll(); }

bool Controls::Has(const std::string& control_id) const {
  return std::any_of(state_.controls().begin(), state_.controls().end(),
                     [&control_id](const auto& c) { return c.id() == control_id; });
}

absl::Status Controls::Add(const v1::Event& event) {
  if (Has(event.id())) return absl::OkStatus();
  if (event.has_policy_activated()) {
    TP_ASSIGN_OR_RETURN(auto pack, CompiledPack::Compile(event.policy_activated().pack()));
    activations_.push_back({.control_id = event.id(),
                            .effective_us = EffectiveMicros(event),
                            .pack = std::move(pack)});
  } else if (event.has_policy_retired()) {
    retirements_.push_back({.control_id = event.id(),
                            .effective_us = EffectiveMicros(event),
                            .policy_id = event.policy_retired().policy_id()});
  } else if (event.has_peer_baseline_published()) {
    baselines_[event.peer_baseline_published().service_type()].push_back(
        {.control_id = event.id(),
         .effective_us = EffectiveMicros(event),
         .published =
             std::make_shared<v1::PeerBaselinePublished>(event.peer_baseline_published())});
  } else if (event.has_holidays_published()) {
    holidays_.push_back({.control_id = event.id(),
                         .effective_us = EffectiveMicros(event),
                         .published = event.holidays_published()});
  } else {
    return absl::OkStatus();
  }
  *state_.add_controls() = event;
  ComputeAll();
  return absl::OkStatus();
}

namespace {

std::shared_ptr<const WorkingCalendar> CalendarOf(
    std::vector<std::pair<int64_t, const v1::HolidaysPublished*>> lists) {
  static const auto kCompiledIn =
      std::make_shared<const WorkingCalendar>(EnglandAndWalesHolidays());
  if (lists.empty()) return kCompiledIn;
  std::stable_sort(lists.begin(), lists.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<CivilDate> days = EnglandAndWalesHolidays();
  for (const auto& [from, list] : lists) {
    std::erase_if(days, [list = list](const CivilDate& day) {
      return day.year >= list->first_year() && day.year <= list->last_year();
    });
    for (const auto& day : list->holidays()) days.push_back({day.year(), day.month(), day.day()});
  }
  return std::make_shared<const WorkingCalendar>(std::move(days));
}

}  // namespace

InForce Controls::Compute(const v1::ProviderState& state, int64_t as_of_us) const {
  InForce found;
  found.from_us = std::numeric_limits<int64_t>::min();
  found.until_us = kNever;
  // Whether a control event is in force, noting when that changes.
  const auto in_force = [&](const std::string& control_id, int64_t effective_us, int64_t* from) {
    *from = InForceFrom(state, control_id, effective_us);
    if (*from > as_of_us) {
      found.until_us = std::min(found.until_us, *from);
      return false;
    }
    found.from_us = std::max(found.from_us, *from);
    return true;
  };
  // A version that comes into force after its policy was taken out of force stands.
  std::map<std::string, int64_t> retired;
  for (const Retirement& retirement : retirements_) {
    int64_t from = 0;
    if (!in_force(retirement.control_id, retirement.effective_us, &from)) continue;
    int64_t& latest = retired.try_emplace(retirement.policy_id, from).first->second;
    latest = std::max(latest, from);
  }
  std::map<std::string, std::pair<int64_t, std::shared_ptr<const CompiledPack>>> packs;
  // Since when a policy, in whichever version, has expected a feed of a source: a new version
  // starts no clock anew.
  std::map<std::tuple<std::string, std::string, std::string>, int64_t> expected_from;
  for (const Activation& activation : activations_) {
    int64_t from = 0;
    if (!in_force(activation.control_id, activation.effective_us, &from)) continue;
    const auto ended = retired.find(activation.pack->pack().id());
    if (ended != retired.end() && from <= ended->second) continue;
    auto& slot = packs[activation.pack->pack().id()];
    if (slot.second == nullptr || from >= slot.first) slot = {from, activation.pack};
    int64_t& since = found.since_us.try_emplace(activation.pack->pack().id(), from).first->second;
    since = std::min(since, from);
    for (const auto& feed : activation.pack->pack().expected()) {
      for (const std::string& source : SourcesOf(feed)) {
        const auto [known, added] =
            expected_from.try_emplace({activation.pack->pack().id(), feed.id(), source}, from);
        if (!added) known->second = std::min(known->second, from);
      }
    }
  }
  for (auto& [id, slot] : packs) {
    for (size_t i = 0; i < slot.second->expected().size(); ++i) {
      const v1::ExpectedFeed& feed = slot.second->pack().expected(static_cast<int>(i));
      for (const std::string& source : SourcesOf(feed)) {
        found.expected.push_back({.pack = slot.second,
                                  .index = i,
                                  .from_us = expected_from[{id, feed.id(), source}],
                                  .source = source});
      }
    }
    found.windows.insert(slot.second->windows().begin(), slot.second->windows().end());
    found.policies.push_back(std::move(slot.second));
  }
  for (const auto& [type, list] : baselines_) {
    const Baseline* latest = nullptr;
    int64_t latest_from = 0;
    for (const Baseline& baseline : list) {
      int64_t from = 0;
      if (!in_force(baseline.control_id, baseline.effective_us, &from)) continue;
      if (latest == nullptr || from >= latest_from) {
        latest = &baseline;
        latest_from = from;
      }
    }
    if (latest == nullptr) continue;
    found.baselines.push_back(latest->published);
  }
  std::vector<std::pair<int64_t, const v1::HolidaysPublished*>> lists;
  for (const Holidays& list : holidays_) {
    int64_t from = 0;
    if (!in_force(list.control_id, list.effective_us, &from)) continue;
    lists.emplace_back(from, &list.published);
  }
  found.calendar = CalendarOf(std::move(lists));
  return found;
}

void Controls::ComputeAll() {
  const v1::ProviderState without_late;
  in_force_.clear();
  int64_t at = std::numeric_limits<int64_t>::min();
  while (true) {
    in_force_.push_back(std::make_shared<const InForce>(Compute(without_late, at)));
    at = in_force_.back()->until_us;
    if (at == kNever) return;
  }
}

std::shared_ptr<const InForce> Controls::At(const v1::ProviderState& state,
                                            int64_t as_of_us) const {
  if (state.late_controls_size() > 0) {
    return std::make_shared<const InForce>(Compute(state, as_of_us));
  }
  const auto after = [](int64_t instant, const auto& part) { return instant < part->until_us; };
  const auto it = std::upper_bound(in_force_.begin(), in_force_.end(), as_of_us, after);
  return it == in_force_.end() ? in_force_.back() : *it;
}

int64_t Controls::NextEffective(const v1::ProviderState& state, int64_t after_us) const {
  int64_t next = kNever;
  const auto offer = [&](const std::string& control_id, int64_t effective_us) {
    const int64_t from = InForceFrom(state, control_id, effective_us);
    if (from > after_us) next = std::min(next, from);
  };
  for (const Activation& activation : activations_)
    offer(activation.control_id, activation.effective_us);
  for (const Retirement& retirement : retirements_)
    offer(retirement.control_id, retirement.effective_us);
  const v1::ServiceRegistered* service = ServiceOf(state);
  if (service == nullptr) return next;
  const auto it = baselines_.find(service->service_type());
  if (it == baselines_.end()) return next;
  for (const Baseline& baseline : it->second) offer(baseline.control_id, baseline.effective_us);
  return next;
}

int64_t Controls::RetiredFrom(const std::string& policy_id) const {
  int64_t retired_us = kNever;
  for (const Retirement& retirement : retirements_) {
    if (retirement.policy_id != policy_id) continue;
    retired_us = retired_us == kNever ? retirement.effective_us
                                      : std::max(retired_us, retirement.effective_us);
  }
  for (const Activation& activation : activations_) {
    if (activation.pack->pack().id() == policy_id && activation.effective_us > retired_us)
      return kNever;
  }
  return retired_us;
}

std::shared_ptr<const CompiledPack> Controls::PolicyVersion(const std::string& policy_id,
                                                            uint32_t version) const {
  for (const Activation& activation : activations_) {
    const auto& pack = activation.pack->pack();
    if (pack.id() == policy_id && pack.version() == version) return activation.pack;
  }
  return nullptr;
}

}  // namespace trigpoint
