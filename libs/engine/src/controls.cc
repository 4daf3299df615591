#include "trigpoint/engine/controls.h"

#include <algorithm>

#include "trigpoint/base/status.h"
#include "trigpoint/domain/evolve.h"
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

int64_t EffectiveMicros(const v1::Event& control) {
  return control.has_policy_activated()
             ? ToMicros(control.policy_activated().effective_from())
             : ToMicros(control.peer_baseline_published().effective_from());
}

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
  } else if (event.has_peer_baseline_published()) {
    baselines_[event.peer_baseline_published().service_type()].push_back(
        {.control_id = event.id(),
         .effective_us = EffectiveMicros(event),
         .published =
             std::make_shared<v1::PeerBaselinePublished>(event.peer_baseline_published())});
  } else {
    return absl::OkStatus();
  }
  *state_.add_controls() = event;
  return absl::OkStatus();
}

std::vector<std::shared_ptr<const CompiledPack>> Controls::PoliciesAt(
    const v1::ProviderState& state, int64_t as_of_us) const {
  std::map<std::string, std::pair<int64_t, std::shared_ptr<const CompiledPack>>> in_force;
  for (const Activation& activation : activations_) {
    const int64_t from = InForceFrom(state, activation.control_id, activation.effective_us);
    if (from > as_of_us) continue;
    auto& slot = in_force[activation.pack->pack().id()];
    if (slot.second == nullptr || from >= slot.first) slot = {from, activation.pack};
  }
  std::vector<std::shared_ptr<const CompiledPack>> packs;
  packs.reserve(in_force.size());
  for (auto& [id, slot] : in_force) packs.push_back(slot.second);
  return packs;
}

int64_t Controls::NextEffective(const v1::ProviderState& state, int64_t after_us) const {
  int64_t next = kNever;
  const auto offer = [&](const std::string& control_id, int64_t effective_us) {
    const int64_t from = InForceFrom(state, control_id, effective_us);
    if (from > after_us) next = std::min(next, from);
  };
  for (const Activation& activation : activations_)
    offer(activation.control_id, activation.effective_us);
  const v1::ServiceRegistered* service = ServiceOf(state);
  if (service == nullptr) return next;
  const auto it = baselines_.find(service->service_type());
  if (it == baselines_.end()) return next;
  for (const Baseline& baseline : it->second) offer(baseline.control_id, baseline.effective_us);
  return next;
}

std::shared_ptr<const CompiledPack> Controls::PolicyAt(const v1::ProviderState& state,
                                                       const std::string& policy_id,
                                                       int64_t as_of_us) const {
  for (auto& pack : PoliciesAt(state, as_of_us)) {
    if (pack->pack().id() == policy_id) return pack;
  }
  return nullptr;
}

std::shared_ptr<const CompiledPack> Controls::PolicyVersion(const std::string& policy_id,
                                                            uint32_t version) const {
  for (const Activation& activation : activations_) {
    const auto& pack = activation.pack->pack();
    if (pack.id() == policy_id && pack.version() == version) return activation.pack;
  }
  return nullptr;
}

std::vector<const v1::PeerBaselinePublished*> Controls::BaselinesAt(const v1::ProviderState& state,
                                                                    int64_t as_of_us) const {
  std::vector<const v1::PeerBaselinePublished*> found;
  for (const auto& [type, list] : baselines_) {
    const Baseline* latest = nullptr;
    int64_t latest_from = 0;
    for (const Baseline& baseline : list) {
      const int64_t from = InForceFrom(state, baseline.control_id, baseline.effective_us);
      if (from > as_of_us) continue;
      if (latest == nullptr || from >= latest_from) {
        latest = &baseline;
        latest_from = from;
      }
    }
    if (latest != nullptr) found.push_back(latest->published.get());
  }
  return found;
}

}  // namespace trigpoint
