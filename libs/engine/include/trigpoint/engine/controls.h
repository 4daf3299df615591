#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "trigpoint/base/working_days.h"
#include "trigpoint/policy/feeds.h"
#include "trigpoint/policy/pack.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// What is in force for a stream during [from_us, until_us). Immutable.
struct InForce {
  int64_t from_us = 0;
  int64_t until_us = 0;
  std::vector<std::shared_ptr<const CompiledPack>> policies;  ///< Sorted by policy id.
  /// The latest baseline of each service type.
  std::vector<std::shared_ptr<const v1::PeerBaselinePublished>> baselines;
  std::set<int64_t> windows;          ///< Of all policies, days.
  std::vector<Expectation> expected;  ///< What the policies expect to come, of any service.
  /// Which days are working days: of each year the list published last, else the one compiled in.
  /// Never null.
  std::shared_ptr<const WorkingCalendar> calendar;

  /// Since when each policy, in whichever version, has been in force without a break.
  std::map<std::string, int64_t> since_us;

  /// One policy, or null.
  std::shared_ptr<const CompiledPack> Policy(const std::string& policy_id) const;
};

/// The control events a partition has folded: which policy version and which peer baseline is in
/// force when.
///
/// A control event is in force for a stream from its effective_from on; for a stream that was
/// already past that instant when the event arrived, from its ControlTookEffect on (design 2).
/// Confined to the projector's thread, or immutable.
class Controls {
 public:
  Controls();
  /// Adds a control event (PolicyActivated, PolicyRetired, PeerBaselinePublished or
  /// HolidaysPublished); a repeated id is ignored.
  absl::Status Add(const v1::Event& event);

  /// What is in force for the stream at `as_of_us`; never null.
  std::shared_ptr<const InForce> At(const v1::ProviderState& state, int64_t as_of_us) const;
  /// A policy version that was ever activated, or null.
  std::shared_ptr<const CompiledPack> PolicyVersion(const std::string& policy_id,
                                                    uint32_t version) const;
  /// The earliest instant after `after_us` at which a control event comes into force for the
  /// stream; kNever when none.
  int64_t NextEffective(const v1::ProviderState& state, int64_t after_us) const;
  /// Every control event, in order of arrival.
  const v1::ControlState& state() const { return state_; }
  bool Has(const std::string& control_id) const;
  /// Activations in order of arrival, with their packs.
  struct Activation {
    std::string control_id;
    int64_t effective_us = 0;
    std::shared_ptr<const CompiledPack> pack;
  };
  const std::vector<Activation>& activations() const { return activations_; }
  /// When a policy is taken out of force for good, i.e. no version follows; kNever: it is not.
  int64_t RetiredFrom(const std::string& policy_id) const;

 private:
  struct Retirement {
    std::string control_id;
    int64_t effective_us = 0;
    std::string policy_id;
  };

  struct Baseline {
    std::string control_id;
    int64_t effective_us = 0;
    std::shared_ptr<const v1::PeerBaselinePublished> published;
  };

  struct Holidays {
    std::string control_id;
    int64_t effective_us = 0;
    v1::HolidaysPublished published;
  };

  InForce Compute(const v1::ProviderState& state, int64_t as_of_us) const;
  void ComputeAll();

  v1::ControlState state_;
  std::vector<Activation> activations_;
  std::vector<Retirement> retirements_;
  std::map<v1::ServiceType, std::vector<Baseline>> baselines_;
  std::vector<Holidays> holidays_;
  /// Of a stream to which nothing came late, in order of time without gaps.
  std::vector<std::shared_ptr<const InForce>> in_force_;
};

/// When a control event of `effective_us` is in force for the stream; kNever while it is late and
/// has not taken effect.
int64_t InForceFrom(const v1::ProviderState& state, const std::string& control_id,
                    int64_t effective_us);

/// Whether an event says what is in force for every service: each partition has a copy of it.
bool IsControl(const v1::Event& event);

/// effective_from of a control event, microseconds UTC.
int64_t EffectiveMicros(const v1::Event& control);

}  // namespace trigpoint
