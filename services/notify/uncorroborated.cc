#include "services/notify/uncorroborated.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "trigpoint/domain/concern.h"

namespace trigpoint {
namespace {

/// Whether the desk is told of the service anyway.
bool IsBeforePeople(const v1::ProviderSummary& summary) {
  return summary.open_alerts() > 0 ||
         std::any_of(summary.levels().begin(), summary.levels().end(),
                     [](const auto& level) { return level.awaiting_decision(); });
}

void Note(const v1::ProviderState& state, const ProtectedTrace& trace, int64_t from_us,
          int64_t to_us, UncorroboratedReports* told) {
  std::set<std::pair<std::string, std::string>> reports;  // A visit brings several concerns.
  for (const auto& concern : state.concerns()) {
    if (!Counts(concern) || !concern.carried_from().empty() || concern.known_us() <= from_us ||
        concern.known_us() > to_us || trace.IsProtected(concern.source(), concern.id()))
      continue;
    reports.emplace(concern.source(), concern.id());
    told->families.insert(concern.family());
  }
  told->reports = reports.size();
}

}  // namespace

bool TellsMore(const UncorroboratedReports& a, const UncorroboratedReports& b) {
  return std::make_tuple(b.families.size(), b.reports, a.provider) <
         std::make_tuple(a.families.size(), a.reports, b.provider);
}

std::optional<UncorroboratedReports> UncorroboratedOf(const v1::ProviderSummary& summary,
                                                      const v1::ProviderState& state,
                                                      const ProtectedTrace& trace, int64_t from_us,
                                                      int64_t to_us) {
  if (IsBeforePeople(summary)) return std::nullopt;
  UncorroboratedReports told{.provider = "providers/" + summary.stream_id(),
                             .display_name = summary.display_name(),
                             .ids = {summary.ids().begin(), summary.ids().end()}};
  Note(state, trace, from_us, to_us, &told);
  if (told.reports == 0) return std::nullopt;
  return told;
}

}  // namespace trigpoint
