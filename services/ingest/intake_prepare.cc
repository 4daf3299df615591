// What intake does ahead for many events: keys with one sync, bindings with one append.
#include <algorithm>

#include "services/ingest/intake.h"
#include "trigpoint/events/sealing.h"
#include "trigpoint/events/validate.h"

namespace trigpoint {

void Intake::PrepareKeys(std::span<const v1::Event* const> events) {
  std::vector<std::string> ids;
  for (const auto* event : events) {
    if (event != nullptr && HasClear(*event)) ids.push_back(SealingKeyId(*event));
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (ids.size() > 1) deps_.keys->GetOrCreateKeys(ids).status().IgnoreError();
}

size_t Intake::PrepareBindings(std::span<const v1::Event* const> events) {
  const int64_t now_us = deps_.writer->Now();
  std::vector<const v1::Event*> submitted(events.begin(), events.end());
  std::vector<const v1::Event*> registrations;
  for (auto& event : submitted) {
    if (event == nullptr || !Directory::Registers(*event)) continue;
    // What will be refused binds nothing.
    const Submitter submitter =
        event->has_backfill_started() ? Submitter::kBackfill : Submitter::kPartner;
    const ValidateOptions options{.submitter = submitter, .received_us = now_us};
    if (!Validate(*event, options).empty()) event = nullptr;
  }
  submitted.resize(directory_.RunOf(submitted));
  for (const auto* event : submitted) {
    const bool registers = event != nullptr && Directory::Registers(*event);
    if (registers && event->has_subject()) registrations.push_back(event);
  }
  directory_.Bind(registrations).IgnoreError();
  return submitted.size();
}

}  // namespace trigpoint
