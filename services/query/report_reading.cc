#include "services/query/report_reading.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "services/query/disclosure_export.h"
#include "services/query/list_obligations.h"
#include "services/query/outside.h"
#include "services/query/present.h"
#include "services/query/protected.h"
#include "services/query/shown_assessment.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/domain/themes.h"
#include "trigpoint/engine/coverage.h"
#include "trigpoint/engine/stream_step.h"
#include "trigpoint/engine/summary.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/redact.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/alerts.h"
#include "trigpoint/policy/assess.h"

namespace trigpoint {
namespace {

/// One service under way.
struct Reading {
  QueryCore& core;
  const Principal& principal;
  const ReportQuestion& question;
  const Protection& protection;
  const InForce& in_force;
  int64_t as_of_us;
  bool outside;

  bool Redacted() const { return question.redaction != v1::REDACTION_PROFILE_UNSPECIFIED; }
  bool Public() const { return question.redaction == v1::REDACTION_PROFILE_PUBLIC; }
};

int64_t MicrosOrZero(const google::protobuf::Timestamp& instant) {
  return instant.seconds() == 0 && instant.nanos() == 0 ? 0 : ToMicros(instant);
}

void AddIdentity(const v1::Provider& provider, ReportedService* service) {
  service->name = provider.display_name();
  service->ids.assign(provider.ids().begin(), provider.ids().end());
  service->type = provider.service_type();
  service->beds = provider.beds();
  service->organisation = provider.organisation();
  service->host = provider.host();
  service->commissioners.assign(provider.commissioners().begin(), provider.commissioners().end());
  service->rating = provider.overall_rating();
  service->rated_us = MicrosOrZero(provider.rated_on());
}

void AddPolicy(const Reading& reading, const CompiledPack& pack, const v1::ProviderLevel* level,
               const StreamAsOf& stream, ReportReading* out) {
  const v1::Assessment assessment = ShownAssessment(
      reading.principal, reading.protection, reading.in_force, pack, reading.as_of_us, stream);
  ReportedPolicy policy;
  policy.policy_id = pack.pack().id();
  policy.decided_state = assessment.decided_state();
  policy.above_lowest = pack.Rank(policy.decided_state) > 0;
  policy.urgent = assessment.urgent();
  policy.urgent_target = pack.pack().urgent_target();
  if (level != nullptr) {
    policy.nqb = level->nqb();
    if (!reading.Redacted() && level->awaiting_decision() &&
        level->recommended_state() != policy.decided_state) {
      policy.recommended_state = level->recommended_state();
      policy.recommended_us = MicrosOrZero(level->recommended_at());
    }
  }
  if (const auto* record = FindPolicyRecord(stream.record, policy.policy_id); record != nullptr) {
    policy.not_agreed_state = record->not_agreed_state();
    policy.decided_us =
        record->entered_state_us() != 0 ? record->entered_state_us() : record->decided_us();
  }
  policy.criteria.assign(assessment.criteria().begin(), assessment.criteria().end());
  for (const auto& text : assessment.criterion_texts()) policy.texts[text.id()] = text.text();
  for (const auto& rule : pack.pack().urgent()) policy.texts[rule.id()] = rule.text();
  for (int i = 0; i < pack.pack().criteria_size(); ++i) {
    if (pack.Supports(i)) policy.bearing.insert(pack.pack().criteria(i).id());
  }
  for (const auto& rule : pack.pack().urgent()) policy.bearing.insert(rule.id());
  policy.measures.assign(assessment.measures().begin(), assessment.measures().end());
  if (reading.Redacted()) {
    // The recorded one may rest on a protected source: what open reports alone recommend.
    if (assessment.level() != policy.decided_state && !assessment.declined())
      policy.recommended_state = assessment.level();
    for (auto& criterion : policy.criteria) {
      criterion.clear_evidence();
      criterion.clear_figures();
      criterion.clear_note();
    }
  } else {
    policy.near_misses.assign(assessment.near_misses().begin(), assessment.near_misses().end());
    policy.gaps.assign(assessment.gaps().begin(), assessment.gaps().end());
  }
  for (const auto& caveat : assessment.caveats()) {
    if (caveat == pack.pack().caveat()) {
      out->caveats.push_back(policy.policy_id + ": " + caveat);
    } else {
      out->of_service.push_back(caveat);
    }
  }
  out->service.policies.push_back(std::move(policy));
}

void AddPolicies(const Reading& reading, const v1::Provider& provider, const StreamAsOf& stream,
                 ReportReading* out) {
  for (const auto& pack : reading.in_force.policies) {
    const std::string& id = pack->pack().id();
    out->policies.insert(id);
    if (!reading.question.policy_id.empty() && reading.question.policy_id != id) continue;
    const auto level = std::find_if(provider.levels().begin(), provider.levels().end(),
                                    [&id](const auto& one) { return one.policy_id() == id; });
    if (level == provider.levels().end()) {
      const MeasureContext context = ContextFor(stream.state, stream.record, *pack,
                                                reading.in_force.baselines, reading.as_of_us);
      if (Applies(*pack, context) != Truth::kTrue) continue;
    }
    AddPolicy(reading, *pack, level == provider.levels().end() ? nullptr : &*level, stream, out);
  }
}

void AddAlerts(const Reading& reading, const StreamAsOf& stream, ReportedService* service) {
  for (const auto& record : stream.record.alerts()) {
    const auto& alert = record.alert();
    if (alert.historic() || !IsOpen(record, stream.state)) continue;
    if (IsToldWithAnother(alert, stream.record, stream.state)) continue;
    const bool rests =
        alert.protected_source() || reading.protection.trace.RestsOnProtected(alert.alert_id());
    if (reading.Redacted() && rests) continue;
    v1::Alert shown = PresentAlert(record, stream, reading.protection, reading.as_of_us);
    if (reading.outside) HideSmallNumbers(stream.state, shown.mutable_detail());
    if (reading.Redacted()) {
      shown.mutable_detail()->clear_evidence();
      shown.mutable_detail()->clear_acknowledge_by();
      shown.clear_declines();
    }
    std::vector<ReportedDecline> declines;
    for (const auto& decline : shown.declines()) {
      declines.push_back({.declined_us = ToMicros(decline.declined_at()),
                          .declined_by = decline.declined_by(),
                          .reason = decline.reason()});
    }
    service->alerts.push_back({.detail = shown.detail(),
                               .raised_us = MicrosOrZero(shown.raised_at()),
                               .acknowledged_us = MicrosOrZero(shown.acknowledged_at()),
                               .overdue = shown.overdue(),
                               .declined = record.declined_us() != 0,
                               .declines = std::move(declines)});
  }
}

/// Of a feed of a protected source what the timeline tells of its silence: that one fell silent.
void AddFeeds(const Reading& reading, const StreamAsOf& stream, ReportedService* service) {
  std::vector<BlindSpotOf> spots;
  v1::Coverage coverage =
      BuildCoverage(stream.state, stream.record, reading.in_force, reading.as_of_us, &spots);
  std::vector<std::string> sources;  // Before a reader outside is told of none.
  for (const auto& feed : coverage.feeds()) sources.push_back(feed.source());
  if (reading.outside) HideSmallNumbers(&spots, &coverage);
  const bool no_sources = reading.question.redaction == v1::REDACTION_PROFILE_PROVIDER;
  std::set<int> hidden;  // Rows of feeds.
  for (int i = 0; i < coverage.feeds_size(); ++i) {
    const auto& from = coverage.feeds(i);
    const std::string& source = sources[static_cast<size_t>(i)];
    ReportedFeed feed{.kind = from.kind(),
                      .source = no_sources ? "" : from.source(),
                      .last_us = MicrosOrZero(from.last_at()),
                      .silent = from.silent(),
                      .silent_since_us = MicrosOrZero(from.silent_since()),
                      .nil = from.nil_return(),
                      .policy_id = from.policy_id(),
                      .clause = from.clause()};
    if (!source.empty() && reading.protection.trace.IsProtectedSource(source)) {
      hidden.insert(i);
      if (!feed.silent || reading.Redacted()) continue;
      feed = {.silent = true, .silent_since_us = feed.silent_since_us};
    }
    service->feeds.push_back(std::move(feed));
  }
  if (reading.Redacted()) return;
  RemoveSpots([&hidden](const BlindSpotOf& of) { return hidden.count(of.feed) > 0; }, &spots,
              &coverage);
  service->blind_spots.assign(coverage.blind_spots().begin(), coverage.blind_spots().end());
}

/// The grade of a theme counts reports of others: it is for who may read those.
void AddThemes(const Reading& reading, StreamAsOf stream, ReportedService* service) {
  if (reading.Redacted() || reading.outside ||
      ReadClearance(reading.principal) < v1::SENSITIVITY_C3_PSEUDONYMISED)
    return;
  LeaveOutProtected(reading.protection.trace, &stream);
  auto* concerns = stream.state.mutable_concerns();
  concerns->erase(
      std::remove_if(concerns->begin(), concerns->end(),
                     [](const v1::Concern& one) { return (one.flags() & kConcernApart) != 0; }),
      concerns->end());
  service->themes = ThemesOf(stream.state, reading.question.from_us, reading.as_of_us);
}

void AddFact(const v1::TimelineEntry& entry, ReportedService* service) {
  service->facts.push_back({.kind = entry.kind(),
                            .summary = entry.summary(),
                            .occurred_us = MicrosOrZero(entry.occurred_at()),
                            .known_us = MicrosOrZero(entry.known_at()),
                            .superseded = entry.superseded(),
                            .hidden = entry.hidden(),
                            .event = entry.event()});
  StripNarratives(&service->facts.back().event);  // No report says them.
}

/// Under a profile what an export gives, and of that what the reader may read.
absl::StatusOr<Sensitivity> AddExported(const Reading& reading, const std::string& stream_id,
                                        ReportedService* service) {
  TP_ASSIGN_OR_RETURN(auto events, reading.core.projector().ReadEvents(stream_id, 0, UINT64_MAX));
  std::erase_if(events, [&reading](const v1::StoredEvent& stored) {
    return stored.known_us() > reading.question.asked.as_of.known_us;
  });
  const Sensitivity clearance =
      reading.outside ? std::min(ReadClearance(reading.principal), v1::SENSITIVITY_C2_IN_CONFIDENCE)
                      : ReadClearance(reading.principal);
  Sensitivity shown = v1::SENSITIVITY_C0_PUBLIC;
  const DisclosureExport made =
      MakeExport(events, {.profile = reading.question.redaction}, nullptr);
  for (const auto& entry : made.entries) {
    const Sensitivity held = SensitivityOf(entry.event());
    if (held > clearance) continue;
    shown = std::max(shown, held);
    AddFact(entry, service);
  }
  return shown;
}

absl::StatusOr<Sensitivity> AddFacts(const Reading& reading, const std::string& stream_id,
                                     ReportedService* service) {
  if (reading.Redacted()) return AddExported(reading, stream_id, service);
  v1::ListTimelineResponse timeline;
  TP_ASSIGN_OR_RETURN(
      const Sensitivity shown,
      WholeTimeline(reading.core, reading.principal, stream_id, reading.question.asked, &timeline));
  for (int i = timeline.entries_size(); i-- > 0;) AddFact(timeline.entries(i), service);
  return shown;
}

}  // namespace

absl::StatusOr<ReportReading> ReadForReport(QueryCore& core, const Principal& principal,
                                            const std::string& stream_id,
                                            const ReportQuestion& question) {
  const Projector& projector = core.projector();
  const bool redacted = question.redaction != v1::REDACTION_PROFILE_UNSPECIFIED;
  TP_ASSIGN_OR_RETURN(auto trace, core.traces.Of(stream_id));
  // Under a profile nothing shown rests on a protected source, nor may the instant tell of one.
  const Instants instants =
      redacted ? question.asked : SnapToDays(*trace, question.asked, core.Now());
  TP_ASSIGN_OR_RETURN(StreamAsOf stream, ReadStreamAt(projector, stream_id, instants));
  // What came since the first look may be in what was read: it must be in the trace.
  TP_ASSIGN_OR_RETURN(trace, core.traces.Of(stream_id));
  const Protection protection{.trace = *trace, .veil = core.veil};
  if (redacted) LeaveOutProtected(*trace, &stream);
  const auto in_force = projector.ControlsFor(stream_id)->At(stream.state, instants.assess_us);
  const Reading reading{.core = core,
                        .principal = principal,
                        .question = question,
                        .protection = protection,
                        .in_force = *in_force,
                        .as_of_us = instants.assess_us,
                        .outside = IsOutside(principal, stream.state)};
  ReportReading out{.stream_id = stream_id};
  const v1::Provider provider =
      PresentProviderThen(Summarise(stream.state, stream.record, *in_force), *in_force, protection);
  AddIdentity(provider, &out.service);
  out.service.outside = reading.outside;
  if (instants.assess_us != question.asked.assess_us)
    out.caveats.push_back(out.service.name + ": " + kSnapped);
  TP_ASSIGN_OR_RETURN(out.shown, AddFacts(reading, stream_id, &out.service));
  if (reading.Public()) {
    for (const auto& pack : in_force->policies) out.policies.insert(pack->pack().id());
    return out;
  }
  AddPolicies(reading, provider, stream, &out);
  AddAlerts(reading, stream, &out.service);
  AddFeeds(reading, stream, &out.service);
  if (!redacted) {
    TP_ASSIGN_OR_RETURN(out.service.obligations,
                        OpenObligations(core, stream, instants.assess_us, reading.outside,
                                        principal, question.policy_id));
  }
  AddThemes(reading, std::move(stream), &out.service);
  return out;
}

}  // namespace trigpoint
