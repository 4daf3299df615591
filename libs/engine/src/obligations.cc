#include "trigpoint/engine/obligations.h"

#include <iterator>
#include <memory>
#include <utility>

#include "trigpoint/engine/stream_step.h"
#include "trigpoint/policy/obligations.h"

namespace trigpoint {

std::vector<v1::Obligation> ObligationsOfService(const Controls& controls,
                                                 const v1::ProviderState& state,
                                                 const v1::ProviderRecord& record,
                                                 int64_t as_of_us) {
  std::vector<v1::Obligation> all;
  const auto in_force = controls.At(state, as_of_us);
  const auto cache = std::make_shared<MeasureCache>();
  const CalendarAt calendar_at = [&](int64_t at_us) { return controls.At(state, at_us)->calendar; };
  for (const auto& pack : in_force->policies) {
    MeasureContext context = ContextFor(state, record, *pack, in_force->baselines, as_of_us, cache);
    context.policy_since_us = in_force->since_us.at(pack->pack().id());
    auto owed = ObligationsOf(*pack, context, calendar_at);
    std::move(owed.begin(), owed.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace trigpoint
