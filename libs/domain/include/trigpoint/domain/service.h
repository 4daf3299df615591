#pragma once

#include <cstdint>
#include <string>

#include "trigpoint/v1/state.pb.h"

/// The service as all that registered it state it: what it is, and whom it belongs to on a day
/// (2.6).
namespace trigpoint {

/// Tells `state->service` anew, as of an instant: one registration of all. The regulator knows the
/// type, a directory the beds, the council who commissions. Of each field the latest statement
/// counts, by reported_at, else occurred_at; what a registration leaves out it does not deny. A
/// predecessor's counts where the service has none of its own.
///
/// Affiliations with days: of each relation the latest registration that names one counts whole. In
/// force are those whose days, in London, hold the instant; of those, commissioners all count, of
/// another relation the one that began last (of the same day, the one stated last). Where none is
/// in force, the field of the same registration counts.
void MergeService(int64_t as_of_us, v1::ProviderState* state);

/// Tells it anew where an affiliation has begun or ended by `as_of_us` since it was told last;
/// whether it did.
bool CarryService(int64_t as_of_us, v1::ProviderState* state);

/// Whether a registration says anything of a relation, with days or without.
bool Names(v1::Affiliation::Relation relation, const v1::ServiceRegistered& said);

/// What is known of the service itself, or null when nobody registered it.
const v1::ServiceRegistered* ServiceOf(const v1::ProviderState& state);

/// The name to show: as registered, else the first external id.
std::string DisplayName(const v1::ProviderState& state);

}  // namespace trigpoint
