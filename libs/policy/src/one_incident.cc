// Says which reports a count takes as one by rule, and why (3.8 (3): shown until a person confirms
// or splits).
#include <algorithm>
#include <map>

#include "measure_support.h"
#include "trigpoint/domain/duplicates.h"

namespace trigpoint {
namespace {

using Item = ClusterView::Item;

/// A note names at most so many incidents.
constexpr size_t kNamedMax = 3;

struct Incident {
  std::vector<const Item*> reports;
  uint32_t reasons = ~uint32_t{0};
  bool by_rule = false;
  bool counted = false;  // A report of it is of one of the families.
};

std::string IncidentText(const Incident& incident) {
  std::string text;
  for (size_t i = 0; i < incident.reports.size(); ++i) {
    const v1::Concern& report = *incident.reports[i]->report;
    text += i == 0 ? "" : i + 1 == incident.reports.size() ? " and " : ", ";
    text += report.source() + "/" + report.id();
  }
  const std::string reasons = ReasonsText(incident.reasons);
  return text + (reasons.empty() ? "" : " (" + reasons + ")");
}

}  // namespace

void TellProbable(std::span<const Item> items, std::span<const v1::SourceFamily> families,
                  MeasureResult* result) {
  if (!result->WantsProof() || result->value == Truth::kUnknown) return;
  std::map<int, Incident> incidents;  // Clusters are numbered in order of their first reports.
  for (const Item& item : items) {
    if (item.alone) continue;
    Incident& incident = incidents[item.cluster];
    incident.reports.push_back(&item);
    incident.counted = incident.counted ||
                       std::find(families.begin(), families.end(), item.family) != families.end();
    if (item.reasons == 0) continue;
    incident.by_rule = true;
    incident.reasons &= item.reasons;
  }
  std::erase_if(incidents, [](const auto& entry) {
    const Incident& incident = entry.second;
    return !incident.by_rule || !incident.counted || incident.reports.size() < 2;
  });
  if (incidents.empty()) return;
  std::string text = "counted once, probably one incident until a person confirms or splits: ";
  size_t named = 0;
  for (const auto& [cluster, incident] : incidents) {
    if (named == kNamedMax) break;
    text += (named++ == 0 ? "" : "; ") + IncidentText(incident);
  }
  if (incidents.size() > named) {
    text += "; and " + std::to_string(incidents.size() - named) + " more";
  }
  result->note += (result->note.empty() ? "" : "; ") + text;
}

}  // namespace trigpoint
