#include "trigpoint/telemetry/health.h"

#include <utility>

namespace trigpoint {

std::string_view HealthComponentName(HealthComponent component) {
  switch (component) {
    case HealthComponent::kLive:
      return "live";
    case HealthComponent::kLog:
      return "log";
    case HealthComponent::kStore:
      return "store";
    case HealthComponent::kProjector:
      return "projector";
  }
  return "unknown";
}

Health::Health(std::initializer_list<HealthComponent> components) {
  for (const HealthComponent component : components) {
    parts_[static_cast<size_t>(component)] = {.present = true,
                                              .state = {.serving = false, .reason = "starting"}};
  }
}

void Health::SetServing(HealthComponent component) {
  Set(component, {.serving = true, .reason = ""});
}

void Health::SetNotServing(HealthComponent component, std::string_view reason) {
  Set(component, {.serving = false, .reason = std::string(reason)});
}

void Health::BeginDrain() {
  const absl::MutexLock notify(&notify_mutex_);
  HealthState after;
  {
    const absl::MutexLock lock(&mutex_);
    if (draining_) {
      return;
    }
    draining_ = true;
    after = StateLocked();
  }
  for (const Listener& listener : listeners_) {
    listener(after);
  }
}

void Health::Set(HealthComponent component, HealthState state) {
  const absl::MutexLock notify(&notify_mutex_);
  HealthState after;
  {
    const absl::MutexLock lock(&mutex_);
    Part& part = parts_[static_cast<size_t>(component)];
    if (!part.present) {
      return;
    }
    const HealthState before = StateLocked();
    part.state = std::move(state);
    after = StateLocked();
    if (after == before) {
      return;
    }
  }
  for (const Listener& listener : listeners_) {
    listener(after);
  }
}

HealthState Health::State() const {
  const absl::MutexLock lock(&mutex_);
  return StateLocked();
}

HealthState Health::StateLocked() const {
  if (draining_) {
    return {.serving = false, .reason = "live: draining"};
  }
  HealthState whole{.serving = true, .reason = ""};
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (!parts_[i].present || parts_[i].state.serving) {
      continue;
    }
    whole.serving = false;
    whole.reason += (whole.reason.empty() ? "" : "; ") +
                    std::string(HealthComponentName(static_cast<HealthComponent>(i))) + ": " +
                    parts_[i].state.reason;
  }
  return whole;
}

HealthState Health::StateOf(HealthComponent component) const {
  const absl::MutexLock lock(&mutex_);
  if (draining_ && component == HealthComponent::kLive) {
    return {.serving = false, .reason = "draining"};
  }
  const Part& part = parts_[static_cast<size_t>(component)];
  return part.present ? part.state : HealthState{.serving = false, .reason = "not here"};
}

void Health::OnChange(Listener listener) {
  const absl::MutexLock notify(&notify_mutex_);
  listener(State());
  listeners_.push_back(std::move(listener));
}

}  // namespace trigpoint
