#include "services/ingest/control_publisher.h"

#include <algorithm>

#include "services/ingest/directory.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/pack_file.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {

absl::Status ControlPublisher::Publish(v1::Event control) {
  SetMicros(writer_->Now(), control.mutable_received_at());
  TP_RETURN_IF_ERROR(writer_->AppendAndFoldWait(projector_->control_partition(), control).status());
  for (uint32_t p = 0; p < projector_->provider_partitions(); ++p) {
    TP_RETURN_IF_ERROR(writer_->AppendAndFoldWait(p, control).status());
  }
  return absl::OkStatus();
}

absl::Status ControlPublisher::EnsureCopies() {
  const auto truth = projector_->ControlsOfPartition(projector_->control_partition());
  for (uint32_t p = 0; p < projector_->provider_partitions(); ++p) {
    const auto copies = projector_->ControlsOfPartition(p);
    for (const auto& control : truth->state().controls()) {
      if (copies->Has(control.id())) continue;
      TP_RETURN_IF_ERROR(writer_->AppendAndFoldWait(p, control).status());
      Log(LogLevel::kInfo, "control_copied", {{"control", LogId{control.id()}}, {"partition", p}});
    }
  }
  return absl::OkStatus();
}

absl::Status ControlPublisher::ActivatePolicies(const std::string& directory) {
  TP_ASSIGN_OR_RETURN(const auto packs, ReadPackDirectory(directory));
  // What cannot be folded must never reach the log: the partition would stop at it for ever.
  for (const auto& pack : packs) TP_RETURN_IF_ERROR(CompiledPack::Compile(pack).status());
  for (const auto& pack : packs) TP_RETURN_IF_ERROR(Activate(pack));
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

absl::Status ControlPublisher::Activate(const v1::PolicyPack& pack) {
  const std::string id = "policy/" + pack.id() + "/" + std::to_string(pack.version());
  const auto truth = projector_->ControlsOfPartition(projector_->control_partition());
  for (const auto& control : truth->state().controls()) {
    if (control.id() != id) continue;
    if (CanonicalBytes(control.policy_activated().pack()) == CanonicalBytes(pack))
      return absl::OkStatus();
    return absl::FailedPreconditionError(
        "policy " + pack.id() + " version " + std::to_string(pack.version()) +
        " is active with other content; raise `version` in its file");
  }
  v1::Event event;
  event.set_source(std::string(kControlSource));
  event.set_id(id);
  event.set_source_version(1);
  auto* activated = event.mutable_policy_activated();
  activated->set_policy_id(pack.id());
  activated->set_version(pack.version());
  const int64_t from_us = projector_->ProviderCount() == 0 ? 0 : writer_->Now() + kControlAheadUs;
  SetMicros(from_us, activated->mutable_effective_from());
  *activated->mutable_pack() = pack;
  activated->set_approved_by("local");
  TP_RETURN_IF_ERROR(Publish(std::move(event)));
  Log(LogLevel::kInfo, "policy_activated",
      {{"policy", LogId{pack.id()}}, {"version", pack.version()}});
  return absl::OkStatus();
}

}  // namespace trigpoint
