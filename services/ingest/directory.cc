#include "services/ingest/directory.h"

#include <set>
#include <utility>
#include <vector>

#include "trigpoint/base/digest.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using Named = std::pair<std::string, std::string>;  // Scheme and value.

Named NameOf(const v1::SubjectRef& id) { return {id.scheme(), id.value()}; }

/// Every id of a service, the subject first.
std::vector<v1::SubjectRef> IdsOf(const v1::Event& registration) {
  std::vector<v1::SubjectRef> ids{registration.subject()};
  const auto& others = registration.has_backfill_started()
                           ? registration.backfill_started().ids()
                           : registration.service_registered().also_known_as();
  ids.insert(ids.end(), others.begin(), others.end());
  return ids;
}

v1::Event Proposal(const std::vector<v1::SubjectRef>& ids, int64_t now_us) {
  std::string key;
  for (const auto& id : ids) key += id.scheme() + '\0' + id.value() + '\0';
  v1::Event proposal;
  proposal.set_source(std::string(kControlSource));
  proposal.set_id("binding/" + Sha256Hex(key).substr(0, 32));
  proposal.set_source_version(1);
  SetMicros(now_us, proposal.mutable_received_at());
  auto* binding = proposal.mutable_binding_proposed();
  const std::string named = ids.front().scheme() + '\0' + ids.front().value();
  binding->set_proposed_stream_id("prv-" + Sha256Hex(named).substr(0, 16));
  for (const auto& id : ids) *binding->add_ids() = id;
  return proposal;
}

}  // namespace

bool Directory::Registers(const v1::Event& event) {
  return event.has_service_registered() ||
         (event.has_backfill_started() && event.backfill_started().ids_size() > 0);
}

absl::Status Directory::Bind(std::span<const v1::Event* const> registrations) {
  std::set<Named> proposed;
  std::vector<v1::Event> proposals;
  for (const auto* registration : registrations) {
    const std::vector<v1::SubjectRef> ids = IdsOf(*registration);
    bool unbound = false;
    for (const auto& id : ids) {
      if (!StreamOf(id).has_value() && proposed.insert(NameOf(id)).second) unbound = true;
    }
    if (unbound) proposals.push_back(Proposal(ids, writer_->Now()));
  }
  if (proposals.empty()) return absl::OkStatus();
  return writer_->AppendAndFoldAllWait(projector_->control_partition(), proposals);
}

size_t Directory::RunOf(std::span<const v1::Event* const> events) const {
  std::set<Named> registered;
  std::set<Named> unknown;  // Named before anybody registered them.
  for (size_t i = 0; i < events.size(); ++i) {
    const v1::Event* event = events[i];
    if (event == nullptr || !event->has_subject()) continue;
    if (!Registers(*event)) {
      const Named named = NameOf(event->subject());
      if (registered.count(named) == 0) unknown.insert(named);
      continue;
    }
    const std::vector<v1::SubjectRef> ids = IdsOf(*event);
    for (const auto& id : ids) {
      if (unknown.count(NameOf(id)) > 0 && !StreamOf(id).has_value()) return i;
    }
    for (const auto& id : ids) registered.insert(NameOf(id));
  }
  return events.size();
}

}  // namespace trigpoint
