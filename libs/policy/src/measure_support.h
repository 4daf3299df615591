#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/clusters.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/policy/measure.h"

namespace trigpoint {

inline v1::EventRef RefOf(const std::string& source, const std::string& id) {
  v1::EventRef ref;
  ref.set_source(source);
  ref.set_id(id);
  return ref;
}
inline v1::EventRef RefOf(const v1::Event& event) { return RefOf(event.source(), event.id()); }
inline v1::EventRef RefOf(const v1::Concern& concern) {
  return RefOf(concern.source(), concern.id());
}

/// An empty finding in the detail that the context asks for.
inline MeasureResult Begin(const MeasureContext& context) {
  MeasureResult result;
  result.detail = context.detail;
  return result;
}

/// Adds a reference that is not there yet; only counts it where no proof is wanted.
void AddRef(const v1::EventRef& ref, MeasureResult* result);
/// Cites a fact or a report.
template <typename Source>
void Refer(const Source& source, MeasureResult* result) {
  if (result->WantsProof()) {
    AddRef(RefOf(source), result);
  } else {
    ++result->cited;
  }
}
/// Tells a figure, where a proof is wanted.
void AddFigure(std::string_view name, double value, MeasureResult* result);

/// Notes which of the items of the families are counted as one by rule alone, and why.
void TellProbable(std::span<const ClusterView::Item> items,
                  std::span<const v1::SourceFamily> families, MeasureResult* result);

inline bool IsOneOf(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// TRUE / FALSE.
inline Truth Is(bool value) { return value ? Truth::kTrue : Truth::kFalse; }

/// Start of the window of `days` that ends at as_of: (start, as_of].
inline int64_t WindowStart(const MeasureContext& context, int64_t days) {
  return context.as_of_us - days * kMicrosPerDay;
}

/// Whether a feed of reports of the family is silent (feed_silence_tolerance, 3.1).
bool IsSilent(const MeasureContext& context, v1::SourceFamily family);
/// Whether any report of the family ever arrived for this service, and their feed is not silent.
/// Nothing heard is a gap, not "no concern" (SC-05).
bool Heard(const MeasureContext& context, v1::SourceFamily family);
/// Says which families of the list were never heard and which are silent; empty when all are heard.
std::string NotHeard(const MeasureContext& context, const std::vector<v1::SourceFamily>& families);
/// "safeguarding", "complaint experience" ...
std::string FamilyText(v1::SourceFamily family);

/// Reference that a fact makes to an earlier one, with the citing event's source where it names
/// none.
std::pair<std::string, std::string> Resolve(const v1::Event& fact, const v1::EventRef& ref);

/// Whether a notice or order of the regulator takes conditions of a registration away (CL-13): it
/// is no sanction. One under the urgent procedure is, whatever it does with them (s31).
bool LiftsConditions(const v1::Event& fact);
/// Actions of the regulator that are over: closed (domain.md 3.10 ruling 2), or a condition that a
/// decision in force has removed. A decision names no condition, so where several are open it ends
/// none: which one is for the regulator's own closing to say.
std::set<std::pair<std::string, std::string>> EndedEnforcement(const MeasureContext& context);

/// Whether an enquiry concluded that organisational abuse was substantiated, whatever it was opened
/// for (S4 4.19; CL-06).
inline bool SubstantiatesOrganisationalAbuse(const v1::Event& fact) {
  const auto& concluded = fact.safeguarding_enquiry_concluded();
  return concluded.substantiated() && concluded.organisational_abuse();
}

/// The commissioner that served a notice or imposed a suspension; empty: the fact is neither.
std::string SanctionedBy(const v1::Event& fact);

/// Known_at up to which a closed rapid quality review has dealt with the evidence; 0 without one
/// (S1 L173-175).
int64_t ReviewedUntil(const v1::ProviderState& state);

/// When the service became known as registered: the first delivery of a registration, whatever
/// versions of it came since; the start of that day. 0: nobody registered it.
int64_t RegistrationKnown(const v1::ProviderState& state);

/// Instant of a fact for windows: occurrence, else when the source reported it, else known_at.
int64_t FactInstant(const v1::Event& fact);

// One list of measures per file; measure.cc joins them.
std::span<const Measure> RegulatorMeasures();
std::span<const Measure> TrendMeasures();
std::span<const Measure> RiskMeasures();
std::span<const Measure> StatutoryMeasures();
std::span<const Measure> RateMeasures();
std::span<const Measure> ContractMeasures();
std::span<const Measure> UrgentMeasures();
std::span<const Measure> ScopeMeasures();
std::span<const Measure> VisitMeasures();
std::span<const Measure> CouncilMeasures();
std::span<const Measure> PlacementMeasures();
std::span<const Measure> EarlyWarningMeasures();
std::span<const Measure> OversightMeasures();

}  // namespace trigpoint
