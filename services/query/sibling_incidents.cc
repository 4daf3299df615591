#include "services/query/sibling_incidents.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "services/query/linked.h"
#include "services/query/outside.h"
#include "services/query/protected.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/clusters.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/themes.h"

namespace trigpoint {
namespace {

constexpr int64_t kYearUs = 365 * kMicrosPerDay;

/// The incidents of several services, each once.
class Incidents {
 public:
  /// Gives how many incidents the service itself has in (from_us, to_us].
  size_t Take(const v1::ProviderState& state, int64_t from_us, int64_t to_us) {
    std::map<int, size_t> of_cluster;
    const ClusterView view(state);
    for (const auto& item : view.In(from_us, to_us)) {
      const auto [it, fresh] = of_cluster.emplace(item.cluster, parent_.size());
      if (fresh) parent_.push_back(parent_.size());
      of_report_[{state.stream_id(), item.report->source(), item.report->id()}] = it->second;
    }
    return of_cluster.size();
  }
  /// Two reports that people found to be of one incident.
  void Tie(const std::string& stream_id, const v1::EventRef& report, const std::string& other,
           const v1::EventRef& other_report) {
    const auto a = of_report_.find({stream_id, report.source(), report.id()});
    const auto b = of_report_.find({other, other_report.source(), other_report.id()});
    if (a != of_report_.end() && b != of_report_.end()) parent_[Root(a->second)] = Root(b->second);
  }
  size_t Count() const {
    size_t roots = 0;
    for (size_t i = 0; i < parent_.size(); ++i) roots += parent_[i] == i ? 1U : 0U;
    return roots;
  }

 private:
  size_t Root(size_t incident) const {
    while (parent_[incident] != incident) incident = parent_[incident];
    return incident;
  }

  std::vector<size_t> parent_;
  std::map<std::tuple<std::string, std::string, std::string>, size_t> of_report_;
};

/// As the themes of a report for a meeting: for who may read reports about people.
bool IsWithheld(const Principal& principal, const v1::ProviderState& state) {
  return IsOutside(principal, state) || ReadClearance(principal) < v1::SENSITIVITY_C3_PSEUDONYMISED;
}

void LeaveOutApart(v1::ProviderState* state) {
  auto* concerns = state->mutable_concerns();
  concerns->erase(
      std::remove_if(concerns->begin(), concerns->end(),
                     [](const v1::Concern& one) { return (one.flags() & kConcernApart) != 0; }),
      concerns->end());
}

void AddThemes(const v1::ProviderState& state, int64_t from_us, int64_t to_us,
               v1::ListSiblingsResponse::Sibling* sibling) {
  std::vector<ThemeConfidence> themes = ThemesOf(state, from_us, to_us);
  std::stable_sort(themes.begin(), themes.end(),
                   [](const auto& a, const auto& b) { return a.incidents > b.incidents; });
  for (const auto& theme : themes) {
    auto* count = sibling->add_themes();
    count->set_theme(theme.theme);
    count->set_incidents(static_cast<uint32_t>(theme.incidents));
  }
}

}  // namespace

absl::Status AddSiblingIncidents(QueryCore& core, const Principal& principal,
                                 v1::ListSiblingsResponse* response) {
  const Projector& projector = core.projector();
  const int64_t to_us = core.Now();
  Incidents incidents;
  std::vector<std::pair<std::string, Links>> links;
  for (auto& sibling : *response->mutable_siblings()) {
    const std::string& stream_id = sibling.provider().stream_id();
    TP_ASSIGN_OR_RETURN(StreamAsOf stream, projector.Read(stream_id));
    if (IsWithheld(principal, stream.state)) {
      sibling.set_incidents_withheld(true);
      continue;
    }
    TP_ASSIGN_OR_RETURN(const auto trace, core.traces.Of(stream_id, stream.state.revision()));
    LeaveOutProtected(*trace, &stream);
    LeaveOutApart(&stream.state);
    sibling.set_incidents(
        static_cast<uint32_t>(incidents.Take(stream.state, to_us - kYearUs, to_us)));
    AddThemes(stream.state, to_us - kYearUs, to_us, &sibling);
    links.emplace_back(stream_id, LinksIn(stream.state));
  }
  for (const auto& [stream_id, findings] : links) {
    for (const auto& finding : findings) {
      for (const auto& elsewhere : finding.cluster_linked().elsewhere()) {
        const auto other =
            projector.StreamOf(elsewhere.subject().scheme(), elsewhere.subject().value());
        if (!other.has_value()) continue;
        for (const auto& report : finding.cluster_linked().reports())
          incidents.Tie(stream_id, report, *other, elsewhere.report());
      }
    }
  }
  response->set_incidents(static_cast<uint32_t>(incidents.Count()));
  return absl::OkStatus();
}

}  // namespace trigpoint
