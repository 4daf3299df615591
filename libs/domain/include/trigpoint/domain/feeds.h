#pragma once

#include <cstdint>
#include <string>

#include "trigpoint/events/catalogue.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// Whether somebody tells of the care in a service by events of a kind of fact (S1 L86-122;
/// domain.md 1.10, INT and EXT): not what organisations do about it, or that something did not
/// come.
inline bool TellsOfCare(const KindInfo& kind) {
  return kind.role == v1::EVENT_ROLE_FACT && kind.origin != v1::ORIGIN_NOBODY;
}

/// Whether every event of a kind is hidden from readers (C4, C5: domain.md 2.2): it leaves no day
/// and no source here, and no policy can wait for it.
inline bool IsHiddenKind(const KindInfo& kind) {
  return kind.sensitivity >= v1::SENSITIVITY_C4_SPECIAL_CATEGORY;
}

/// Days of deliveries that are kept of a kind and source: enough to see a rhythm and its breaks.
inline constexpr int kDeliveriesKept = 8;
/// Of deliveries by one source that make a rhythm (see RhythmOf).
inline constexpr int kRhythmDeliveries = 6;

/// Takes note that a record was heard of for the first time: which source delivered which kind on
/// which day, and which category of evidence came from inside or outside. A correction is no
/// delivery: it says anew what came before, and must not end a silence. Word that there was nothing
/// of a kind is a delivery of that kind. Returns whether the deliveries changed.
bool NoteDelivery(const v1::Event& event, int64_t known_us, v1::ProviderState* state);

/// Start of the UTC day of an entry of FeedDelivery.received_us, microseconds.
int64_t DeliveryDay(int64_t received_us);
/// Whether all that came on that day was word that there is nothing.
bool IsNil(int64_t received_us);

/// The rhythm of a source that used to send a kind: it is expected every so many days. 0: none.
///
/// Of the kept deliveries there must be at least six; the middle of the intervals between them is
/// at least five days, and three of four intervals lie within a third of it: a daily file is better
/// watched as a source, and one that comes as things happen has no rhythm. Only kinds that are made
/// up of periods count, and others where the source also says when there is nothing: who does that
/// has undertaken to speak each time, and incidents alone, however regular, owe nobody another one.
int RhythmOf(const v1::FeedDelivery& delivery);

/// Whether a source no longer runs, and so owes nothing: deregistered or dormant at `as_of_us`.
struct Standing {
  bool closed = false;
  int64_t open_since_us = 0;  ///< When it became active again; 0: it always was.
  bool lasting = true;        ///< Time alone changes nothing of it.
};
Standing StandingOf(const v1::ProviderState& state, int64_t as_of_us);

}  // namespace trigpoint
