#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace trigpoint {

/// A part of the process that must work before it can serve.
enum class HealthComponent : uint8_t {
  kLive,       ///< The process itself: started and not draining.
  kLog,        ///< The event log can be read and appended to.
  kStore,      ///< The store is open and writable.
  kProjector,  ///< The projector has caught up with the log.
};

/// Gives "live", "log", "store" or "projector".
std::string_view HealthComponentName(HealthComponent component);

/// Whether calls are served and, where not, why.
struct HealthState {
  bool serving = false;
  std::string reason;  ///< Empty while serving; else "log: broker unreachable; store: starting".

  friend bool operator==(const HealthState&, const HealthState&) = default;
};

/// Keeps the health of the components and tells listeners when the whole changes.
/// Every component starts as not serving, "starting".
/// Threading: thread-safe.
class Health {
 public:
  /// Called with the new state. It may read this object, but not set anything in it.
  using Listener = std::function<void(const HealthState&)>;

  /// Takes the components that this process has; the others are left out of account.
  explicit Health(std::initializer_list<HealthComponent> components);

  /// Says that a component works. Without effect on one the process does not have.
  void SetServing(HealthComponent component);

  /// Says that a component does not work, with a short reason in stable words, without content.
  void SetNotServing(HealthComponent component, std::string_view reason);

  /// Turns to not serving ("live: draining") for good: SIGTERM has come, calls in flight finish.
  void BeginDrain();

  /// Gives the state of the whole: serving when every component is.
  HealthState State() const;

  /// Gives the state of one component; one that the process does not have is not serving.
  HealthState StateOf(HealthComponent component) const;

  /// Adds a listener and calls it at once with the present state, then at each change of it, in
  /// order. A listener lives as long as this object.
  void OnChange(Listener listener);

 private:
  struct Part {
    bool present = false;
    HealthState state;
  };
  static constexpr size_t kComponents = 4;

  void Set(HealthComponent component, HealthState state);
  HealthState StateLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Held while listeners run, so that they hear changes in order; taken before mutex_.
  absl::Mutex notify_mutex_;
  mutable absl::Mutex mutex_;
  std::array<Part, kComponents> parts_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Listener> listeners_ ABSL_GUARDED_BY(notify_mutex_);
};

}  // namespace trigpoint
