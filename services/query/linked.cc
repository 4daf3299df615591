#include "services/query/linked.h"

#include <algorithm>
#include <set>
#include <utility>

#include "services/query/outside.h"

namespace trigpoint {
namespace {

using Elsewhere = v1::ClusterLinked::Elsewhere;

bool MaySee(QueryCore& core, const Principal& principal, const Elsewhere& elsewhere) {
  const Projector& projector = core.projector();
  const v1::SubjectRef& subject = elsewhere.subject();
  const auto stream_id = projector.StreamOf(subject.scheme(), subject.value());
  // Nothing is held about such a service: there is nothing to hide.
  if (!stream_id.has_value() || !projector.HasStream(*stream_id)) return true;
  const auto stream = projector.Read(*stream_id);
  if (!stream.ok() || IsOutside(principal, stream->state)) return false;
  const auto trace = core.traces.Of(*stream_id, stream->state.revision());
  return trace.ok() && !(*trace)->IsProtected(elsewhere.report().source(), elsewhere.report().id());
}

void HideIn(QueryCore& core, const Principal& principal, v1::Event* finding) {
  auto* linked = finding->mutable_cluster_linked();
  for (auto& elsewhere : *linked->mutable_elsewhere()) {
    if (elsewhere.has_report() && elsewhere.report().source().empty())
      elsewhere.mutable_report()->set_source(finding->source());
    if (!MaySee(core, principal, elsewhere)) elsewhere.Clear();
  }
}

v1::LinkedIncident PresentLinked(const Projector& projector, const Elsewhere& elsewhere) {
  v1::LinkedIncident linked;
  if (!elsewhere.has_subject()) return linked;
  const v1::SubjectRef& subject = elsewhere.subject();
  *linked.mutable_provider_id() = subject;
  *linked.mutable_other_report() = elsewhere.report();
  const auto stream_id = projector.StreamOf(subject.scheme(), subject.value());
  if (!stream_id.has_value()) return linked;
  linked.set_provider("providers/" + *stream_id);
  const auto summary = projector.ReadSummary(*stream_id);
  if (summary.ok()) linked.set_provider_name(summary->display_name());
  return linked;
}

}  // namespace

Links LinksIn(const v1::ProviderState& state) {
  Links links;
  for (const auto& fact : state.facts())
    if (fact.has_cluster_linked()) *links.Add() = fact;
  return links;
}

std::optional<v1::ClusterLinked> WithoutReports(const v1::ClusterLinked& linked,
                                                const ReportIds& out, const ReportIds& or_out) {
  for (const ReportIds* gone : {&out, &or_out}) {
    const auto goes = [gone](const v1::EventRef& ref) {
      return std::find(gone->begin(), gone->end(), std::pair(ref.source(), ref.id())) !=
             gone->end();
    };
    v1::ClusterLinked left = linked;
    auto* here = left.mutable_reports();
    here->erase(std::remove_if(here->begin(), here->end(), goes), here->end());
    auto* there = left.mutable_elsewhere();
    there->erase(std::remove_if(there->begin(), there->end(),
                                [&goes](const Elsewhere& one) { return goes(one.report()); }),
                 there->end());
    if (!here->empty() && !there->empty()) return left;
  }
  return std::nullopt;
}

void HideElsewhere(QueryCore& core, const Principal& principal, v1::Event* event) {
  if (event->has_cluster_linked()) HideIn(core, principal, event);
  if (!event->has_memory_carried()) return;
  for (auto& fact : *event->mutable_memory_carried()->mutable_facts())
    if (fact.has_cluster_linked()) HideIn(core, principal, &fact);
}

void AddLinkedIncidents(QueryCore& core, const Principal& principal, Links links,
                        v1::Assessment* assessment) {
  if (links.empty()) return;
  std::set<std::pair<std::string, std::string>> cited;
  for (const auto& criterion : assessment->criteria())
    for (const auto& ref : criterion.evidence()) cited.emplace(ref.source(), ref.id());
  std::set<std::string> told;  // Two findings may say the same.
  for (auto& finding : links) {
    HideIn(core, principal, &finding);
    for (const auto& ref : finding.cluster_linked().reports()) {
      const std::string& source = ref.source().empty() ? finding.source() : ref.source();
      if (!cited.contains({source, ref.id()})) continue;
      for (const auto& elsewhere : finding.cluster_linked().elsewhere()) {
        v1::LinkedIncident linked = PresentLinked(core.projector(), elsewhere);
        linked.mutable_report()->set_source(source);
        linked.mutable_report()->set_id(ref.id());
        if (told.insert(linked.SerializeAsString()).second)
          *assessment->add_linked_incidents() = std::move(linked);
      }
    }
  }
}

}  // namespace trigpoint
