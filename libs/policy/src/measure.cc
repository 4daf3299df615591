#include "trigpoint/policy/measure.h"

#include <algorithm>
#include <functional>

#include "measure_support.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"

namespace trigpoint {

void AddRef(const v1::EventRef& ref, MeasureResult* result) {
  ++result->cited;
  if (!result->WantsProof()) return;
  const std::hash<std::string_view> hash;
  if (!result->added.insert(hash(ref.id()) * 31 + hash(ref.source())).second) {
    for (const auto& known : result->evidence) {
      if (known.id() == ref.id() && known.source() == ref.source()) return;
    }
  }
  result->evidence.push_back(ref);
}

void AddFigure(std::string_view name, double value, MeasureResult* result) {
  if (!result->WantsProof()) return;
  v1::Figure figure;
  figure.set_name(name.data(), name.size());
  figure.set_value(value);
  result->figures.push_back(std::move(figure));
}

bool IsSilent(const MeasureContext& context, v1::SourceFamily family) {
  for (const auto& silence : context.record.silences()) {
    if (silence.ended_us() != 0) continue;
    const KindInfo* kind = KindOfName(silence.silent().kind());
    // A visit or a return that is overdue says nothing of the reports of others.
    if (kind != nullptr && kind->family == family && kind->effect == v1::EFFECT_CONCERN)
      return true;
  }
  return false;
}

bool Heard(const MeasureContext& context, v1::SourceFamily family) {
  const auto& heard = context.state.families_heard();
  return std::find(heard.begin(), heard.end(), static_cast<int>(family)) != heard.end() &&
         !IsSilent(context, family);
}

std::string FamilyText(v1::SourceFamily family) {
  std::string text = v1::SourceFamily_Name(family).substr(std::string("SOURCE_FAMILY_").size());
  for (char& c : text)
    c = c == '_' ? ' ' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

std::string NotHeard(const MeasureContext& context, const std::vector<v1::SourceFamily>& families) {
  std::string never;
  std::string silent;
  for (const auto family : families) {
    if (Heard(context, family)) continue;
    std::string& list = IsSilent(context, family) ? silent : never;
    list += (list.empty() ? "" : ", ") + FamilyText(family);
  }
  if (!never.empty()) never = "nothing was ever received from: " + never;
  if (!silent.empty()) never += (never.empty() ? "" : "; ") + std::string("silent: ") + silent;
  return never;
}

std::pair<std::string, std::string> Resolve(const v1::Event& fact, const v1::EventRef& ref) {
  return {ref.source().empty() ? fact.source() : ref.source(), ref.id()};
}

std::string SanctionedBy(const v1::Event& fact) {
  std::string by;
  if (fact.has_contract_notice_served()) {
    by = fact.contract_notice_served().served_by();
  } else if (fact.has_suspension_imposed()) {
    by = fact.suspension_imposed().imposed_by();
  } else {
    return "";
  }
  if (by.empty()) by = fact.source_organisation();
  return by.empty() ? fact.source().substr(0, fact.source().find('/')) : by;
}

int64_t ReviewedUntil(const v1::ProviderState& state) {
  int64_t until = 0;
  for (const auto& fact : state.facts()) {
    if (fact.has_rapid_quality_review_held() && fact.rapid_quality_review_held().closed()) {
      until = std::max(until, ToMicros(fact.received_at()));
    }
  }
  return until;
}

int64_t FactInstant(const v1::Event& fact) { return OccurredMicros(fact); }

FactKinds KindsOf(std::initializer_list<v1::Event::PayloadCase> kinds) {
  FactKinds bits;
  for (const auto kind : kinds) bits.set(static_cast<size_t>(kind));
  return bits;
}

FactKinds KindsOf(const v1::ProviderState& state) {
  FactKinds bits;
  for (const auto& fact : state.facts()) bits.set(static_cast<size_t>(fact.payload_case()));
  return bits;
}

std::span<const Measure> AllMeasures() {
  static const std::vector<Measure> kAll = [] {
    std::vector<Measure> all;
    for (const auto part :
         {RegulatorMeasures(), RateMeasures(), ContractMeasures(), UrgentMeasures(),
          ScopeMeasures(), TrendMeasures(), RiskMeasures(), StatutoryMeasures(), VisitMeasures(),
          CouncilMeasures(), PlacementMeasures(), EarlyWarningMeasures(), OversightMeasures()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    std::sort(all.begin(), all.end(),
              [](const Measure& a, const Measure& b) { return a.name < b.name; });
    return all;
  }();
  return kAll;
}

const Measure* FindMeasure(std::string_view name) {
  for (const Measure& measure : AllMeasures()) {
    if (measure.name == name) return &measure;
  }
  return nullptr;
}

}  // namespace trigpoint
