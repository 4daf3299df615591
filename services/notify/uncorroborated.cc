#include "services/notify/uncorroborated.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "services/notify/message.h"
#include "trigpoint/base/status.h"
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

bool ComesFirst(const UncorroboratedReports& a, const UncorroboratedReports& b) {
  return std::make_tuple(b.families.size(), b.reports, a.provider) <
         std::make_tuple(a.families.size(), a.reports, b.provider);
}

}  // namespace

absl::StatusOr<std::vector<UncorroboratedReports>> GatherUncorroborated(
    const Projector& projector, int64_t from_us, int64_t to_us, const std::string& organisation,
    ProtectedTraces* traces) {
  std::vector<UncorroboratedReports> gathered;
  for (const auto& summary : projector.Summaries()) {
    if (IsBeforePeople(summary)) continue;
    const std::string& stream_id = summary.stream_id();
    TP_ASSIGN_OR_RETURN(const StreamAsOf stream, projector.Read(stream_id));
    if (ReceiverIsOutside(organisation, stream.state)) continue;
    TP_ASSIGN_OR_RETURN(const auto trace, traces->Of(stream_id, stream.state.revision()));
    UncorroboratedReports told{.provider = "providers/" + stream_id,
                               .display_name = summary.display_name(),
                               .ids = {summary.ids().begin(), summary.ids().end()}};
    Note(stream.state, *trace, from_us, to_us, &told);
    if (told.reports > 0) gathered.push_back(std::move(told));
  }
  std::sort(gathered.begin(), gathered.end(), ComesFirst);
  return gathered;
}

}  // namespace trigpoint
