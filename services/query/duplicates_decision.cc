#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/common/field_error.h"
#include "services/common/request_id.h"
#include "services/query/act_event.h"
#include "services/query/disclosure_stream.h"
#include "services/query/duplicates.h"
#include "services/query/linked.h"
#include "services/query/outside.h"
#include "services/query/protected.h"
#include "services/query/resolve.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/validate.h"

namespace trigpoint {
namespace {

constexpr char kDecideDuplicates[] = "trigpoint.v1.DecisionService/DecideDuplicates";
constexpr size_t kReasonMax = 4'000;
constexpr int kReportsMax = 20;

using Identity = ReportIds::value_type;
using Names = google::protobuf::RepeatedPtrField<std::string>;

/// One service that a finding is about.
struct Side {
  std::string stream_id;
  v1::ProviderState state;  ///< Without what protected sources reported.
  v1::SubjectRef subject;
  ReportIds reports;
};

absl::Status Check(const v1::DecideDuplicatesRequest& request) {
  TP_RETURN_IF_ERROR(CheckPlainRef("rationale", request.rationale(), "say why", kReasonMax));
  if (request.reports_size() > kReportsMax)
    return FieldError("reports", "TOO_LONG", "at most 20 at once");
  if (request.other_reports_size() > kReportsMax)
    return FieldError("other_reports", "TOO_LONG", "at most 20 at once");
  if (request.other_provider().empty() && !request.other_reports().empty())
    return FieldError("other_provider", "REQUIRED", "say which service they are about");
  return absl::OkStatus();
}

/// The report that a text names. Errors: NotFound, also for one of a protected source.
absl::StatusOr<Identity> ReportNamed(const v1::ProviderState& state, const std::string& name) {
  std::set<Identity> whole;
  std::set<Identity> by_id;
  for (const auto& concern : state.concerns()) {
    if (concern.source() + '/' + concern.id() == name)
      whole.emplace(concern.source(), concern.id());
    if (concern.id() == name) by_id.emplace(concern.source(), concern.id());
  }
  const std::set<Identity>& found = whole.empty() ? by_id : whole;
  if (found.empty()) {
    return WithReason(absl::NotFoundError("the service has no report of such a name"),
                      "REPORT_NOT_FOUND", Naming("report", name));
  }
  if (found.size() > 1)
    return FieldError("reports", "AMBIGUOUS", "several reports have this id: name source/id");
  return *found.begin();
}

absl::StatusOr<Side> ReadSide(QueryCore& core, const Principal& principal,
                              const std::string& provider, const Names& names) {
  Side side;
  TP_ASSIGN_OR_RETURN(side.stream_id, ResolveProvider(core.projector(), provider));
  TP_ASSIGN_OR_RETURN(StreamAsOf stream, core.projector().Read(side.stream_id));
  if (IsOutside(principal, stream.state)) {
    return WithReason(absl::PermissionDeniedError(
                          "the caller's organisation neither commissions nor hosts the service"),
                      "OUTSIDE_SERVICE");
  }
  TP_ASSIGN_OR_RETURN(const auto trace, core.traces.Of(side.stream_id, stream.state.revision()));
  LeaveOutProtected(*trace, &stream);
  for (const auto& name : names) {
    TP_ASSIGN_OR_RETURN(Identity report, ReportNamed(stream.state, name));
    if (std::find(side.reports.begin(), side.reports.end(), report) == side.reports.end())
      side.reports.push_back(std::move(report));
  }
  if (stream.state.ids_size() > 0) side.subject = stream.state.ids(0);
  side.state = std::move(stream.state);
  return side;
}

/// The role that the finding is recorded under: of authority, where the actor has one.
std::string RoleOf(const Principal& principal) {
  const auto authority = std::find_if(principal.roles.begin(), principal.roles.end(),
                                      [](const auto& role) { return roles::IsAuthority(role); });
  return authority == principal.roles.end() ? std::string(roles::kQualityDecider) : *authority;
}

/// A finding about one service, still without what was found.
/// Under the id of the request, of which each service has an event.
absl::StatusOr<v1::Event> EventAbout(const Side& side, const Principal& principal,
                                     const std::string& request_id, int64_t now_us) {
  TP_ASSIGN_OR_RETURN(
      std::string id,
      EventIdOf(principal, std::string(kDecideDuplicates) + '/' + side.stream_id, request_id));
  v1::Event event = EventOfAct(
      {.source = kDecisionSource, .id = std::move(id), .stream_id = side.stream_id}, now_us);
  if (!side.subject.value().empty()) *event.mutable_subject() = side.subject;
  event.set_recorded_by(principal.id);
  return event;
}

void SetRef(const Identity& report, v1::EventRef* ref) {
  ref->set_source(report.first);
  ref->set_id(report.second);
}

template <typename Finding>
void Fill(const Side& side, const Principal& principal, const std::string& why, Finding* finding) {
  for (const auto& report : side.reports) SetRef(report, finding->add_reports());
  finding->set_reason(why);
  finding->set_decided_by_role(RoleOf(principal));
}

/// Whether an earlier request under the same id found the same.
bool SaysSame(const v1::Event& earlier, const v1::Event& event) {
  const auto said = [](const v1::Event& one) {
    return one.cluster_confirmed().SerializeAsString() + one.cluster_split().SerializeAsString() +
           one.cluster_linked().SerializeAsString();
  };
  return earlier.payload_case() == event.payload_case() && said(earlier) == said(event);
}

absl::StatusOr<v1::EventRef> AppendFinding(QueryCore& core, v1::Event event) {
  v1::EventRef ref;
  SetRef({event.source(), event.id()}, &ref);
  // Said before, perhaps at another process: what people found since stands.
  TP_ASSIGN_OR_RETURN(const auto earlier,
                      EventOfRequest(core.projector(), event.source(), event.id()));
  if (earlier.has_value() && VersionOf(*earlier) >= VersionOf(event)) {
    if (!SaysSame(*earlier, event)) return RequestIdReused();
    return ref;
  }
  event.set_submission_digest(SubmissionDigest(event));
  ApplyDefaults(&event);
  TP_RETURN_IF_ERROR(
      core.deps.writer->AppendAndFoldWait(core.projector().PartitionFor(event.stream_id()), event)
          .status());
  return ref;
}

/// What is to be recorded, one after the other.
using Findings = std::vector<v1::Event>;

absl::StatusOr<Findings> FindHere(const Principal& principal,
                                  const v1::DecideDuplicatesRequest& request, const Side& side,
                                  int64_t now_us) {
  if (side.reports.size() < 2) return FieldError("reports", "REQUIRED", "name two or more");
  std::set<std::string> sources;
  for (const auto& [source, id] : side.reports) sources.insert(source);
  if (request.one_incident() && sources.size() < side.reports.size())
    return FieldError("reports", "SAME_SOURCE", "two reports of one source stay two incidents");
  TP_ASSIGN_OR_RETURN(v1::Event event, EventAbout(side, principal, request.request_id(), now_us));
  if (request.one_incident()) {
    Fill(side, principal, request.rationale(), event.mutable_cluster_confirmed());
  } else {
    Fill(side, principal, request.rationale(), event.mutable_cluster_split());
  }
  return Findings{std::move(event)};
}

absl::Status LinkFrom(const Principal& principal, const v1::DecideDuplicatesRequest& request,
                      const Side& side, const Side& other, int64_t now_us, Findings* findings) {
  TP_ASSIGN_OR_RETURN(v1::Event event, EventAbout(side, principal, request.request_id(), now_us));
  auto* linked = event.mutable_cluster_linked();
  Fill(side, principal, request.rationale(), linked);
  for (const auto& report : other.reports) {
    auto* elsewhere = linked->add_elsewhere();
    *elsewhere->mutable_subject() = other.subject;
    SetRef(report, elsewhere->mutable_report());
  }
  findings->push_back(std::move(event));
  return absl::OkStatus();
}

template <typename Refs>
bool NamesOne(const Refs& refs, const ReportIds& reports) {
  return std::any_of(refs.begin(), refs.end(), [&reports](const v1::EventRef& ref) {
    return std::find(reports.begin(), reports.end(), Identity(ref.source(), ref.id())) !=
           reports.end();
  });
}

/// Takes `out` out of the links of these reports that were recorded at a side, or the link back
/// where nothing would be left of it.
absl::Status UnlinkFrom(const Principal& principal, const Side& side, const Side& other,
                        const Side& out, int64_t now_us, Findings* findings) {
  for (const auto& fact : LinksIn(side.state)) {
    const auto& linked = fact.cluster_linked();
    std::vector<v1::EventRef> elsewhere;
    for (const auto& one : linked.elsewhere()) elsewhere.push_back(one.report());
    if (fact.source() != kDecisionSource || !NamesOne(linked.reports(), side.reports) ||
        !NamesOne(elsewhere, other.reports)) {
      continue;
    }
    TP_ASSIGN_OR_RETURN(v1::Event event, EventAbout(side, principal, "", now_us));
    event.set_id(fact.id());
    event.set_source_version(VersionOf(fact) + 1);
    const Side& or_out = &out == &side ? other : side;
    if (auto left = WithoutReports(linked, out.reports, or_out.reports); left.has_value()) {
      *event.mutable_cluster_linked() = *std::move(left);
    } else {
      event.mutable_event_retracted()->set_reason(v1::EventRetracted::REASON_ENTERED_IN_ERROR);
    }
    findings->push_back(std::move(event));
  }
  return absl::OkStatus();
}

absl::StatusOr<Findings> FindAcross(QueryCore& core, const Principal& principal,
                                    const v1::DecideDuplicatesRequest& request, const Side& side) {
  TP_ASSIGN_OR_RETURN(const Side other,
                      ReadSide(core, principal, request.other_provider(), request.other_reports()));
  if (side.reports.empty()) return FieldError("reports", "REQUIRED", "name one or more");
  if (other.reports.empty()) return FieldError("other_reports", "REQUIRED", "name one or more");
  if (other.stream_id == side.stream_id)
    return FieldError("other_provider", "SAME_SERVICE", "name another service");
  const int64_t now_us = core.Now();
  Findings findings;
  if (request.one_incident()) {
    // Repeated after a crash in between, the two sides say the same again.
    TP_RETURN_IF_ERROR(LinkFrom(principal, request, side, other, now_us, &findings));
    TP_RETURN_IF_ERROR(LinkFrom(principal, request, other, side, now_us, &findings));
    return findings;
  }
  TP_RETURN_IF_ERROR(UnlinkFrom(principal, side, other, side, now_us, &findings));
  TP_RETURN_IF_ERROR(UnlinkFrom(principal, other, side, side, now_us, &findings));
  if (!findings.empty()) return findings;
  return WithReason(
      absl::FailedPreconditionError("nobody linked these reports here: there is nothing to undo"),
      "NOT_LINKED");
}

absl::Status Decide(QueryCore& core, const Principal& principal,
                    const v1::DecideDuplicatesRequest& request,
                    v1::DecideDuplicatesResponse* response) {
  TP_RETURN_IF_ERROR(Check(request));
  TP_ASSIGN_OR_RETURN(const Side side,
                      ReadSide(core, principal, request.provider(), request.reports()));
  TP_ASSIGN_OR_RETURN(Findings findings, request.other_provider().empty()
                                             ? FindHere(principal, request, side, core.Now())
                                             : FindAcross(core, principal, request, side));
  if (!request.validate_only()) {
    for (auto& finding : findings) {
      TP_ASSIGN_OR_RETURN(*response->add_findings(), AppendFinding(core, std::move(finding)));
    }
  }
  TP_ASSIGN_OR_RETURN(const v1::ProviderSummary summary,
                      core.projector().ReadSummary(side.stream_id));
  response->set_duplicates_open(summary.duplicates_open());
  return absl::OkStatus();
}

}  // namespace

grpc::Status DecideDuplicates(QueryCore& core, const Principal& principal,
                              const v1::DecideDuplicatesRequest& request,
                              v1::DecideDuplicatesResponse* response) {
  const absl::Status decided = Decide(core, principal, request, response);
  if (!decided.ok()) response->Clear();
  return ToGrpc(decided);
}

}  // namespace trigpoint
