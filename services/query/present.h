#pragma once

#include <cstdint>
#include <string>

#include "trigpoint/v1/api.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// One provider as the API shows it.
v1::Provider PresentProvider(const v1::ProviderSummary& summary);

/// One alert as the API shows it, without what would point to a protected source.
v1::Alert PresentAlert(const v1::AlertRecord& alert, const v1::ProviderState& state,
                       int64_t now_us);

/// Removes from criteria whose evidence includes a protected source the references to it, and the
/// figures and the note that would tell which part of the criterion holds. References that the
/// state does not know go, too.
void HideProtected(const v1::ProviderState& state,
                   google::protobuf::RepeatedPtrField<v1::CriterionResult>* criteria);
/// The same for a recommendation or an alert, alone or inside an event; the cause goes, too.
void HideProtected(const v1::ProviderState& state, v1::Recommendation* recommendation);
void HideProtected(const v1::ProviderState& state, v1::RapidQualityReviewAlert* alert);
void HideProtected(const v1::ProviderState& state, v1::Event* event);

/// The number of an enum in words: "REQUIRES_IMPROVEMENT" without its prefix.
std::string RatingName(v1::Rating rating);
std::string ServiceTypeName(v1::ServiceType type);

}  // namespace trigpoint
