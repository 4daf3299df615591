#pragma once

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "measure_support.h"
#include "trigpoint/signals/elevated.h"

/// What measures that compare counts with what is expected share.
namespace trigpoint {

inline bool InFamilies(std::span<const v1::SourceFamily> families, v1::SourceFamily family) {
  return std::find(families.begin(), families.end(), family) != families.end();
}

/// Whether a report is of one of the families, which must outlive the answer.
inline auto OfFamilies(std::span<const v1::SourceFamily> families) {
  return [families](const v1::Concern& concern) { return InFamilies(families, concern.family()); };
}

/// Cites the reports of every cluster that has a report for which `wanted` holds, the latest 200.
template <typename Wanted>
void Cite(std::span<const ClusterView::Item> items, const Wanted& wanted, MeasureResult* result) {
  constexpr size_t kCitedMax = 200;
  if (!result->WantsProof()) return;
  std::set<int> clusters;
  for (const auto& item : items) {
    if (wanted(*item.report)) clusters.insert(item.cluster);
  }
  std::vector<const v1::Concern*> cited;
  for (const auto& item : items) {
    if (clusters.count(item.cluster) > 0) cited.push_back(item.report);
  }
  for (size_t i = cited.size() > kCitedMax ? cited.size() - kCitedMax : 0; i < cited.size(); ++i) {
    Refer(*cited[i], result);
    if ((cited[i]->flags() & kConcernProtectedSource) != 0) result->protected_source = true;
  }
}

/// A rate window and the baseline before it.
struct RateWindow {
  int64_t end_us = 0;  ///< The window is (end - days, end].
  int64_t days = 0;
  int64_t baseline_days = 0;  ///< 0: no own baseline.

  int64_t start_us() const { return end_us - days * kMicrosPerDay; }
};

/// How many reports of the family there are in the window, and what peers and the service itself
/// let expect.
RateInput InputFor(const MeasureContext& context, v1::SourceFamily family,
                   const RateWindow& window);
/// alpha, min_count and peer_min_n of a measure.
RateParameters ParametersOf(const MeasureArguments& arguments, double baseline_days);
/// "safeguarding in 90 days".
std::string RateName(v1::SourceFamily family, int64_t days);
/// Tells the figures of a rate; `name` is what was counted. For a proof only: ask WantsProof first,
/// for a name takes longer to write than most values to find.
void TellRate(const std::string& name, const RateInput& input, const RateResult& rate,
              MeasureResult* result);

/// Counts that need no expectation: below the threshold is FALSE only where the families were
/// heard.
Truth Reached(bool reached, const MeasureContext& context,
              const std::vector<v1::SourceFamily>& families, MeasureResult* result);

/// What keeps a rate from being told, gathered over families.
struct Unknowns {
  std::string unheard;
  std::string silent;
  std::string without_expectation;

  void Add(v1::SourceFamily family, const RateInput& input, const MeasureContext& context) {
    std::string& list = input.covered               ? without_expectation
                        : IsSilent(context, family) ? silent
                                                    : unheard;
    list += (list.empty() ? "" : ", ") + FamilyText(family);
  }
  std::string Text() const {
    std::string text;
    if (!unheard.empty()) text = "nothing was ever received from: " + unheard;
    if (!silent.empty()) text += (text.empty() ? "" : "; ") + std::string("silent: ") + silent;
    if (!without_expectation.empty()) {
      text += (text.empty() ? "" : "; ") +
              std::string("no peers and no own baseline to say how many to expect of: ") +
              without_expectation;
    }
    return text;
  }
};

}  // namespace trigpoint
