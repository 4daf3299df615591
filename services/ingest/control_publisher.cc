#include "services/ingest/control_publisher.h"

#include <algorithm>
#include <limits>

#include "services/common/field_error.h"
#include "services/ingest/directory.h"
#include "trigpoint/base/reason.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/engine/pack_file.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/instants.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

/// What was ever activated of a policy.
struct Known {
  const v1::PolicyActivated* highest = nullptr;  ///< Points into the controls.
  int64_t latest_us = 0;                         ///< The last instant at which one takes effect.
};

Known HighestOf(const Controls& controls, const std::string& policy_id) {
  Known known;
  for (const auto& control : controls.state().controls()) {
    const v1::PolicyActivated& activated = control.policy_activated();
    if (!control.has_policy_activated() || activated.policy_id() != policy_id) continue;
    if (known.highest == nullptr || activated.version() > known.highest->version())
      known.highest = &activated;
    known.latest_us = std::max(known.latest_us, ToMicros(activated.effective_from()));
  }
  return known;
}

/// Whether it was recorded already: its sender may not have had the answer.
template <typename Decision>
bool IsSame(const Decision& known, Decision again) {
  if (!again.has_effective_from()) *again.mutable_effective_from() = known.effective_from();
  return CanonicalBytes(known) == CanonicalBytes(again);
}

absl::Status NotAbove(const v1::PolicyActivated& highest, const v1::PolicyActivated& wanted) {
  const bool edited = highest.version() == wanted.version() &&
                      CanonicalBytes(highest.pack()) != CanonicalBytes(wanted.pack());
  return WithReason(
      absl::FailedPreconditionError("policy " + wanted.policy_id() + " version " +
                                    std::to_string(highest.version()) + " was activated already" +
                                    (edited ? ", with other content" : "") +
                                    ": raise `version` above it in the pack"),
      "POLICY_VERSION");
}

}  // namespace

template <typename Decision>
absl::StatusOr<int64_t> ControlPublisher::Ahead(const Decision& decision) const {
  const int64_t now_us = writer_->Now();
  const int64_t wanted_us = decision.has_effective_from() ? ToMicros(decision.effective_from()) : 0;
  if (decision.has_effective_from() && wanted_us <= now_us)
    return FieldError("effective_from", "IN_THE_PAST",
                      "lies in the past; leave it out for as soon as possible");
  return std::max(now_us + kControlAheadUs, wanted_us);
}

absl::Status ControlPublisher::Publish(v1::Event control) {
  SetMicros(writer_->Now(), control.mutable_received_at());
  TP_RETURN_IF_ERROR(writer_->AppendAndFoldWait(projector_->control_partition(), control).status());
  const auto truth = projector_->ControlsOfPartition(projector_->control_partition());
  const auto& known = truth->state().controls();
  const auto first = std::find_if(known.begin(), known.end(),
                                  [&control](const auto& c) { return c.id() == control.id(); });
  if (first == known.end() || CanonicalBytes(*first) != CanonicalBytes(control)) {
    return absl::AbortedError("another process published " + control.id() + " at the same time");
  }
  for (uint32_t p = 0; p < projector_->provider_partitions(); ++p) {
    TP_RETURN_IF_ERROR(writer_->AppendAndFoldWait(p, control).status());
  }
  return absl::OkStatus();
}

absl::Status ControlPublisher::CopyTo(uint32_t partition, int64_t received_until_us) {
  const auto truth = projector_->ControlsOfPartition(projector_->control_partition());
  const auto copies = projector_->ControlsOfPartition(partition);
  if (copies->state().controls_size() == truth->state().controls_size()) return absl::OkStatus();
  for (const auto& control : truth->state().controls()) {
    if (copies->Has(control.id()) || ToMicros(control.received_at()) > received_until_us) continue;
    TP_RETURN_IF_ERROR(writer_->AppendAndFoldWait(partition, control).status());
    Log(LogLevel::kInfo, "control_copied",
        {{"control", LogId{control.id()}}, {"partition", partition}});
  }
  return absl::OkStatus();
}

absl::Status ControlPublisher::CopyEverywhere() {
  for (uint32_t p = 0; p < projector_->provider_partitions(); ++p)
    TP_RETURN_IF_ERROR(CopyTo(p, std::numeric_limits<int64_t>::max()));
  return absl::OkStatus();
}

absl::Status ControlPublisher::EnsureCopies() {
  return EnsureCopies(std::numeric_limits<int64_t>::max());
}

absl::Status ControlPublisher::EnsureCopies(int64_t received_until_us) {
  for (uint32_t p = 0; p < projector_->provider_partitions(); ++p) {
    if (projector_->Owns(p)) TP_RETURN_IF_ERROR(CopyTo(p, received_until_us));
  }
  return absl::OkStatus();
}

absl::Status ControlPublisher::ActivatePolicies(const std::string& directory) {
  TP_ASSIGN_OR_RETURN(const auto packs, ReadPackDirectory(directory));
  // What cannot be folded must never reach the log: the partition would stop at it for ever.
  for (const auto& pack : packs) TP_RETURN_IF_ERROR(CompiledPack::Compile(pack).status());
  const absl::MutexLock lock(&activating_);
  for (const auto& pack : packs) {
    absl::Status activated = Activate(pack);
    // Another process that starts with it was first: there may be nothing left to do.
    if (absl::IsAborted(activated)) activated = Activate(pack);
    TP_RETURN_IF_ERROR(activated);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ControlPublisher::PublishHolidays(v1::HolidaysPublished holidays) {
  const auto content = [](v1::HolidaysPublished list) {
    list.clear_effective_from();
    list.clear_published_by();
    return CanonicalBytes(list);
  };
  const absl::MutexLock lock(&publishing_holidays_);
  const auto truth = projector_->ControlsOfPartition(projector_->control_partition());
  const auto& controls = truth->state().controls();
  for (auto it = controls.rbegin(); it != controls.rend(); ++it) {
    if (!it->has_holidays_published()) continue;
    const v1::HolidaysPublished& known = it->holidays_published();
    if (known.calendar() != holidays.calendar() || known.last_year() < holidays.first_year() ||
        known.first_year() > holidays.last_year()) {
      continue;
    }
    if (content(known) == content(holidays)) return false;
    break;  // These years were said otherwise since.
  }
  const int64_t now_us = writer_->Now();
  v1::Event event;
  event.set_source(std::string(kControlSource));
  const auto lists = std::count_if(controls.begin(), controls.end(), [](const auto& known) {
    return known.has_holidays_published();
  });
  event.set_id("holidays/" + holidays.calendar() + "/" + std::to_string(lists + 1));
  event.set_source_version(1);
  *event.mutable_holidays_published() = std::move(holidays);
  SetMicros(now_us + kControlAheadUs, event.mutable_holidays_published()->mutable_effective_from());
  Log(LogLevel::kInfo, "holidays_published",
      {{"first_year", event.holidays_published().first_year()},
       {"last_year", event.holidays_published().last_year()}});
  TP_RETURN_IF_ERROR(Publish(std::move(event)));
  return true;
}

absl::Status ControlPublisher::Append(v1::PolicyActivated activated) {
  v1::Event event;
  event.set_source(std::string(kControlSource));
  event.set_id("policy/" + activated.policy_id() + "/" + std::to_string(activated.version()));
  event.set_source_version(1);
  *event.mutable_policy_activated() = std::move(activated);
  const std::string policy = event.policy_activated().policy_id();
  const uint32_t version = event.policy_activated().version();
  TP_RETURN_IF_ERROR(Publish(std::move(event)));
  Log(LogLevel::kInfo, "policy_activated", {{"policy", LogId{policy}}, {"version", version}});
  return absl::OkStatus();
}

absl::Status ControlPublisher::Activate(const v1::PolicyPack& pack) {
  const auto truth = projector_->ControlsOfPartition(projector_->control_partition());
  const Known known = HighestOf(*truth, pack.id());
  if (known.highest != nullptr && known.highest->version() > pack.version()) {
    Log(LogLevel::kWarning, "policy_file_older",
        {{"policy", LogId{pack.id()}},
         {"version", pack.version()},
         {"active", known.highest->version()}});
    return absl::OkStatus();
  }
  if (known.highest != nullptr && known.highest->version() == pack.version()) {
    if (CanonicalBytes(known.highest->pack()) == CanonicalBytes(pack)) return absl::OkStatus();
    return absl::FailedPreconditionError(
        "policy " + pack.id() + " version " + std::to_string(pack.version()) +
        " is active with other content; raise `version` in its file");
  }
  v1::PolicyActivated activated;
  activated.set_policy_id(pack.id());
  activated.set_version(pack.version());
  int64_t from_us = projector_->ProviderCount() == 0 ? 0 : writer_->Now() + kControlAheadUs;
  // A higher version puts in force again what was taken out.
  if (const int64_t retired_us = truth->RetiredFrom(pack.id()); retired_us != kNever)
    from_us = std::max(from_us, retired_us + 1);
  SetMicros(std::max(from_us, known.latest_us), activated.mutable_effective_from());
  *activated.mutable_pack() = pack;
  activated.set_approved_by("local");
  return Append(std::move(activated));
}

absl::StatusOr<int64_t> ControlPublisher::ActivatePolicy(v1::PolicyActivated activated,
                                                         bool check_only) {
  TP_RETURN_IF_ERROR(CompiledPack::Compile(activated.pack()).status());
  activated.set_policy_id(activated.pack().id());
  activated.set_version(activated.pack().version());
  const absl::MutexLock lock(&activating_);
  const auto truth = projector_->ControlsOfPartition(projector_->control_partition());
  const Known known = HighestOf(*truth, activated.policy_id());
  const v1::PolicyActivated* highest = known.highest;
  if (highest != nullptr && IsSame(*highest, activated)) {
    TP_RETURN_IF_ERROR(CopyEverywhere());  // An error may have cut the first try short.
    return ToMicros(highest->effective_from());
  }
  if (highest != nullptr && highest->version() >= activated.version())
    return NotAbove(*highest, activated);
  TP_ASSIGN_OR_RETURN(const int64_t from_us, Ahead(activated));
  const int64_t retired_us = truth->RetiredFrom(activated.policy_id());
  if (retired_us != kNever && from_us <= retired_us) {
    return WithReason(absl::FailedPreconditionError(
                          "policy " + activated.policy_id() + " is taken out of force on " +
                          FormatInstant(retired_us) + ": name an instant after that"),
                      "POLICY_VERSION");
  }
  if (from_us < known.latest_us) {
    return WithReason(
        absl::FailedPreconditionError(
            "version " + std::to_string(highest->version()) + " of policy " +
            activated.policy_id() + " comes into force on " + FormatInstant(known.latest_us) +
            " and would follow this one: name an " + "instant from then on"),
        "POLICY_VERSION");
  }
  if (check_only) return from_us;
  SetMicros(from_us, activated.mutable_effective_from());
  TP_RETURN_IF_ERROR(Append(std::move(activated)));
  return from_us;
}

absl::StatusOr<int64_t> ControlPublisher::RetirePolicy(v1::PolicyRetired retired, bool check_only) {
  const absl::MutexLock lock(&activating_);
  const auto truth = projector_->ControlsOfPartition(projector_->control_partition());
  const std::string policy = retired.policy_id();
  const Known known = HighestOf(*truth, policy);
  if (known.highest == nullptr)
    return absl::NotFoundError("no policy " + policy + " was ever put in force");
  int64_t times = 0;
  const v1::PolicyRetired* last = nullptr;
  for (const auto& control : truth->state().controls()) {
    if (!control.has_policy_retired() || control.policy_retired().policy_id() != policy) continue;
    ++times;
    last = &control.policy_retired();
  }
  if (const int64_t since_us = truth->RetiredFrom(policy); since_us != kNever) {
    if (IsSame(*last, retired)) {
      TP_RETURN_IF_ERROR(CopyEverywhere());  // An error may have cut the first try short.
      return since_us;
    }
    return WithReason(
        absl::FailedPreconditionError("policy " + policy + " is taken out of force on " +
                                      FormatInstant(since_us) + " already"),
        "POLICY_VERSION");
  }
  TP_ASSIGN_OR_RETURN(const int64_t from_us, Ahead(retired));
  if (from_us < known.latest_us) {
    return WithReason(absl::FailedPreconditionError(
                          "version " + std::to_string(known.highest->version()) + " of policy " +
                          policy + " comes into force on " + FormatInstant(known.latest_us) +
                          " and would follow: name an instant from then on"),
                      "POLICY_VERSION");
  }
  if (check_only) return from_us;
  SetMicros(from_us, retired.mutable_effective_from());
  v1::Event event;
  event.set_source(std::string(kControlSource));
  event.set_id("policy-retired/" + policy + "/" + std::to_string(times + 1));
  event.set_source_version(1);
  *event.mutable_policy_retired() = std::move(retired);
  TP_RETURN_IF_ERROR(Publish(std::move(event)));
  Log(LogLevel::kInfo, "policy_retired", {{"policy", LogId{policy}}});
  return from_us;
}

}  // namespace trigpoint
