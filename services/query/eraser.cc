#include "services/query/eraser.h"

#include "services/query/act_event.h"
#include "services/query/erasure.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

/// The same erasure again is the same proof.
std::string ErasureId(const Erasure& erasure) {
  std::string text = erasure.stream_id;
  for (const std::string& key : erasure.key_ids) text += '\n' + key;
  return Sha256Hex(text).substr(0, 32);
}

}  // namespace

absl::StatusOr<HoldsInForce> HoldsOf(const Projector& projector) {
  HoldsInForce all;
  for (const auto& summary : projector.Summaries()) {
    if (summary.legal_holds() == 0) continue;
    TP_ASSIGN_OR_RETURN(const StreamAsOf stream, projector.Read(summary.stream_id()));
    TP_ASSIGN_OR_RETURN(const auto events,
                        projector.ReadEvents(summary.stream_id(), 0, UINT64_MAX));
    std::vector<const v1::LegalHoldPlaced*> holds;
    for (const auto& hold : stream.record.holds()) {
      holds.push_back(&hold);
      if (hold.has_record()) all.records.emplace(hold.record().source(), hold.record().id());
    }
    all.keys.merge(KeysUnderHold(events, holds));
  }
  return all;
}

absl::StatusOr<std::string> Eraser::Erase(const Erasure& erasure) const {
  TP_RETURN_IF_ERROR(destroy_({erasure.key_ids.begin(), erasure.key_ids.end()}));
  std::string id = ErasureId(erasure);
  v1::Event event =
      EventOfAct({.source = kPrivacySource, .id = "erasure/" + id, .stream_id = erasure.stream_id},
                 writer_->Now());
  auto* erased = event.mutable_personal_data_erased();
  erased->set_erasure_id(id);
  for (const std::string& key : erasure.key_ids) erased->add_key_ids(key);
  for (const auto& ref : erasure.records) *erased->add_records() = ref;
  erased->set_authority_ref(erasure.authority_ref);
  if (erasure.before_us.has_value())
    SetMicros(*erasure.before_us, erased->mutable_received_before());
  *erased->mutable_actor() = erasure.actor;
  const uint32_t partition = projector_->PartitionFor(erasure.stream_id);
  TP_RETURN_IF_ERROR(writer_->AppendAndFoldWait(partition, event).status());
  return id;
}

}  // namespace trigpoint
