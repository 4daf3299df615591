#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "trigpoint/access/principal.h"
#include "trigpoint/engine/coverage.h"
#include "trigpoint/v1/api.pb.h"
#include "trigpoint/v1/state.pb.h"

/// What a reader sees of a service that its organisation neither commissions nor hosts: no number
/// below five of reports about people, and not their content (domain.md 2.2, class C3).
namespace trigpoint {

/// Numbers of C3 reports below it are not told outside.
inline constexpr size_t kSmallNumber = 5;

/// Whether a principal's organisation is neither a commissioner nor the host of the service.
/// A service of which neither is known is nobody's own: nobody is outside. Nor is the operator of a
/// node without principals.
bool IsOutside(const Principal& principal, const v1::Provider& provider);
bool IsOutside(const Principal& principal, const v1::ProviderSummary& summary);
bool IsOutside(const Principal& principal, const v1::ProviderState& state);

/// Removes references to reports of C3 where there are fewer than five of them, figures below five,
/// and near misses, which tell how many are missing. What holds stays, and what is public: a rating
/// or a notice stays evidence. `state` is that of the service.
void HideSmallNumbers(const v1::ProviderState& state, v1::Assessment* assessment);
void HideSmallNumbers(const v1::ProviderState& state, v1::Recommendation* recommendation);
void HideSmallNumbers(const v1::ProviderState& state, v1::RapidQualityReviewAlert* alert);
/// And what those who declined it wrote of it.
void HideSmallNumbers(const v1::ProviderState& state, v1::Alert* alert);
/// Whether the feed that fell silent brings reports about people: whose it is and when it last
/// brought one is not told outside.
bool TellsOfReportsAboutPeople(const v1::FeedSilent& silence);
/// Of a recommendation or alert inside an event, and of what people found about reports.
void HideSmallNumbers(const v1::ProviderState& state, v1::Event* event);
/// How many reports of a category there are, where there are fewer than five, and when the last
/// came; of feeds of reports about people whose they are and when the last came, also in words.
void HideSmallNumbers(std::vector<BlindSpotOf>* spots, v1::Coverage* coverage);
/// Takes out the blind spots that `tells` holds for.
void RemoveSpots(const std::function<bool(const BlindSpotOf&)>& tells,
                 std::vector<BlindSpotOf>* spots, v1::Coverage* coverage);
/// The revision counts reports, and with it the etag would change; so do open duplicates,
/// and the instant of the last event tells of each: the day is shown.
void HideSmallNumbers(v1::Provider* provider);

}  // namespace trigpoint
