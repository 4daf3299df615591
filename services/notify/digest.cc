#include "services/notify/digest.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "services/notify/message.h"
#include "services/query/list_obligations.h"
#include "services/query/outside.h"
#include "services/query/present.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using Json = nlohmann::ordered_json;

/// The criteria that hold: rule and clause; the proof is read where the recommendation is.
Json CriteriaOf(const v1::Recommendation& recommendation) {
  Json criteria = Json::array();
  for (const auto& criterion : recommendation.criteria()) {
    if (criterion.value() != v1::TRUTH_VALUE_TRUE) continue;
    criteria.push_back({{"id", criterion.id()},
                        {"clause", criterion.clause()},
                        {"decisive", criterion.decisive()}});
  }
  return criteria;
}

Json RecommendationOf(const v1::OpenRecommendation& open) {
  const v1::Recommendation& recommendation = open.recommendation();
  Json ids = Json::array();
  for (const auto& id : open.ids()) ids.push_back(id.scheme() + "/" + id.value());
  return {{"recommendation_id", recommendation.recommendation_id()},
          {"provider", open.provider()},
          {"display_name", open.display_name()},
          {"ids", std::move(ids)},
          {"policy_id", recommendation.policy_id()},
          {"policy_version", recommendation.policy_version()},
          {"kind", v1::Recommendation::Kind_Name(recommendation.kind())},
          {"target_state", recommendation.urgent() && !recommendation.urgent_target().empty()
                               ? recommendation.urgent_target()
                               : recommendation.target_state()},
          {"urgent", recommendation.urgent()},
          {"decided_state", open.decided_state()},
          {"recommended_at", FormatInstant(ToMicros(open.recommended_at()))},
          {"criteria", CriteriaOf(recommendation)}};
}

Json EndpointsOf(const DigestContent& content) {
  Json endpoints = Json::array();
  for (const auto& endpoint : content.endpoints) {
    endpoints.push_back({{"endpoint", endpoint.name},
                         {"delivered", endpoint.counts.delivered},
                         {"waiting", endpoint.counts.waiting},
                         {"dead_letters", endpoint.counts.dead}});
  }
  return endpoints;
}

Json DeadLettersOf(const DigestContent& content) {
  Json letters = Json::array();
  for (const auto& endpoint : content.endpoints) {
    for (const auto& letter : endpoint.dead) {
      letters.push_back({{"endpoint", endpoint.name},
                         {"message_id", letter.message.id},
                         {"alert_id", letter.message.alert_id},
                         {"provider", letter.message.provider},
                         {"error", letter.failure.reason},
                         {"attempts", letter.failure.attempts},
                         {"failed_at", FormatInstant(letter.failure.failed_us)}});
    }
  }
  return letters;
}

Json SilentOf(const DigestSilence& silence) {
  Json ids = Json::array();
  for (const auto& id : silence.ids) ids.push_back(id.scheme() + "/" + id.value());
  Json feeds = Json::array();
  for (const auto& feed : silence.feeds) {
    feeds.push_back({{"kind", feed.kind()},
                     {"source", feed.feed_source()},
                     {"expected_every_days", feed.expected_every_days()},
                     {"clause", feed.clause()},
                     {"silent_since", FormatInstant(ToMicros(feed.since()))}});
    if (feed.has_last_at())
      feeds.back()["last_on"] = FormatDate(LondonDate(ToMicros(feed.last_at())));
  }
  return {{"provider", silence.provider},
          {"display_name", silence.display_name},
          {"ids", std::move(ids)},
          {"feeds", std::move(feeds)}};
}

Json OverdueOf(const DigestOverdue& item) {
  Json ids = Json::array();
  for (const auto& id : item.ids) ids.push_back(id.scheme() + "/" + id.value());
  return {{"provider", item.provider},
          {"display_name", item.display_name},
          {"ids", std::move(ids)},
          {"obligation_id", item.owed.obligation_id()},
          {"policy_id", item.owed.policy_id()},
          {"rule", item.owed.rule()},
          {"clause", item.owed.clause()},
          {"owner", item.owed.owner()},
          {"recipient", item.owed.recipient()},
          {"due_at", FormatInstant(ToMicros(item.owed.due_at()))},
          {"guidance", item.owed.guidance()}};
}

Json UncorroboratedOf(const UncorroboratedReports& told) {
  Json ids = Json::array();
  for (const auto& id : told.ids) ids.push_back(id.scheme() + "/" + id.value());
  Json families = Json::array();
  for (const auto family : told.families) families.push_back(v1::SourceFamily_Name(family));
  return {{"provider", told.provider},
          {"display_name", told.display_name},
          {"ids", std::move(ids)},
          {"reports", told.reports},
          {"families", std::move(families)}};
}

/// When it fell overdue for who watches: a step of which nobody knew in time falls so when its
/// start becomes known.
int64_t FellOverdue(const v1::ProviderState& state, const v1::Obligation& owed) {
  int64_t fell_us = ToMicros(owed.due_at());
  for (const auto& fact : state.facts()) {
    if (owed.has_started_by() && fact.id() == owed.started_by().id() &&
        fact.source() == owed.started_by().source())
      fell_us = std::max(fell_us, ToMicros(fact.received_at()));
  }
  return fell_us;
}

/// In words; silence is told with "nothing to report", too: nothing came is not nothing wrong.
std::string SummaryOf(const DigestContent& content, bool nothing) {
  std::string text = nothing ? "nothing to report" : "see the lists";
  if (content.feeds_silent > 0) text += "; feeds silent: " + std::to_string(content.feeds_silent);
  return text;
}

/// The first few, what is due first first.
void KeepFirst(Overdue* overdue) {
  std::sort(overdue->fell.begin(), overdue->fell.end(), [](const auto& a, const auto& b) {
    return std::make_tuple(ToMicros(a.owed.due_at()), a.provider, a.owed.obligation_id()) <
           std::make_tuple(ToMicros(b.owed.due_at()), b.provider, b.owed.obligation_id());
  });
  overdue->more = overdue->fell.size() - std::min(overdue->fell.size(), kDigestItemsMax);
  overdue->fell.resize(std::min(overdue->fell.size(), kDigestItemsMax));
}

struct Row {
  const v1::ProviderSummary* summary;
  const v1::ProviderSummary::Level* level;
};

bool ComesFirst(const Row& a, const Row& b) {
  const auto key = [](const Row& row) {
    return std::make_tuple(!row.level->urgent(), -row.level->rank(),
                           DayStart(row.level->recommended_us()), row.summary->stream_id(),
                           row.level->policy_id());
  };
  return key(a) < key(b);
}

absl::StatusOr<v1::OpenRecommendation> Present(const Projector& projector, const Row& row,
                                               const Veil& veil, ProtectedTraces* traces) {
  const std::string& stream_id = row.summary->stream_id();
  TP_ASSIGN_OR_RETURN(const StreamAsOf stream, projector.Read(stream_id));
  const v1::PolicyRecord* policy = FindPolicyRecord(stream.record, row.level->policy_id());
  if (policy == nullptr) return absl::InternalError("a listed recommendation is not in its record");
  TP_ASSIGN_OR_RETURN(const auto trace, traces->Of(stream_id, stream.state.revision()));
  return PresentRecommendation(*row.summary, *policy, row.level->decided_state(),
                               {.trace = *trace, .veil = veil});
}

}  // namespace

bool IsNothingToReport(const DigestContent& content) {
  return content.recommendations.empty() && content.attached.empty() &&
         content.fell_overdue.empty() && content.uncorroborated.empty() &&
         std::all_of(content.endpoints.begin(), content.endpoints.end(),
                     [](const DigestEndpoint& endpoint) { return endpoint.dead.empty(); });
}

OutboxMessage DigestMessage(const DigestContent& content, int64_t now_us) {
  const bool nothing = IsNothingToReport(content);
  const std::string due = FormatInstant(content.due_us);
  Json data;
  data["date"] = FormatDate(LondonDate(content.due_us));
  data["nothing_to_report"] = nothing;
  data["summary"] = SummaryOf(content, nothing);
  data["recommendations"] = Json::array();
  for (const auto& open : content.recommendations)
    data["recommendations"].push_back(RecommendationOf(open));
  data["more_recommendations"] = content.more_recommendations;
  data["clusters_attached"] = Json::array();
  for (const auto& alert : content.attached) data["clusters_attached"].push_back(ToJsonData(alert));
  data["dead_letters"] = DeadLettersOf(content);
  data["feeds_silent"] = content.feeds_silent;
  data["silent_services"] = Json::array();
  for (const auto& silence : content.silent_services)
    data["silent_services"].push_back(SilentOf(silence));
  data["fell_overdue"] = Json::array();
  for (const auto& item : content.fell_overdue) data["fell_overdue"].push_back(OverdueOf(item));
  data["more_fell_overdue"] = content.more_fell_overdue;
  data["overdue"] = content.overdue;
  const size_t listed = std::min(content.uncorroborated.size(), kDigestItemsMax);
  data["uncorroborated"] = Json::array();
  for (size_t i = 0; i < listed; ++i)
    data["uncorroborated"].push_back(UncorroboratedOf(content.uncorroborated[i]));
  data["more_uncorroborated"] = content.uncorroborated.size() - listed;
  data["awaiting_decision"] = content.awaiting_decision;
  data["open_alerts"] = content.open_alerts;
  data["endpoints"] = EndpointsOf(content);
  OutboxMessage message;
  message.id = Sha256Hex("digest\n" + content.told_from + "\n" + due).substr(0, 32);
  message.queued_us = now_us;
  message.body = MessageBody("digest", content.due_us, std::move(data));
  return message;
}

absl::StatusOr<Silent> GatherSilent(const Projector& projector, const std::string& organisation) {
  std::vector<Projector::SilentService> services = projector.SilentServices();
  if (!organisation.empty()) {
    for (auto& service : services) {
      TP_ASSIGN_OR_RETURN(const StreamAsOf stream, projector.Read(service.stream_id));
      if (ReceiverIsOutside(organisation, stream.state))
        std::erase_if(service.feeds, TellsOfReportsAboutPeople);
    }
    std::erase_if(services, [](const auto& service) { return service.feeds.empty(); });
  }
  Silent silent;
  for (const auto& service : services) silent.feeds += service.feeds.size();
  std::sort(services.begin(), services.end(), [](const auto& a, const auto& b) {
    return std::make_pair(ToMicros(a.feeds.front().since()), a.stream_id) <
           std::make_pair(ToMicros(b.feeds.front().since()), b.stream_id);
  });
  services.resize(std::min(services.size(), kDigestItemsMax));
  for (const auto& service : services) {
    const auto summary = projector.ReadSummary(service.stream_id);
    if (!summary.ok()) continue;  // Not in lists yet: the next digest has it.
    silent.services.push_back({.provider = "providers/" + service.stream_id,
                               .display_name = summary->display_name(),
                               .ids = {summary->ids().begin(), summary->ids().end()},
                               .feeds = service.feeds});
  }
  return silent;
}

absl::StatusOr<Since> GatherSince(const Projector& projector, int64_t from_us, int64_t to_us,
                                  const std::string& organisation, const Veil& veil,
                                  ProtectedTraces* traces) {
  Since since;
  for (const auto& summary : projector.Summaries()) {
    const std::string& stream_id = summary.stream_id();
    TP_ASSIGN_OR_RETURN(StreamAsOf stream, projector.Read(stream_id));
    TP_ASSIGN_OR_RETURN(const auto trace, traces->Of(stream_id, stream.state.revision()));
    const bool outside = ReceiverIsOutside(organisation, stream.state);
    if (!outside) {
      auto told = UncorroboratedOf(summary, stream.state, *trace, from_us, to_us);
      if (told.has_value()) since.uncorroborated.push_back(*std::move(told));
    }
    const int64_t as_of_us = std::max(to_us, stream.state.known_us());
    for (auto& owed : OwedAsShown(*projector.ControlsFor(stream_id),
                                  {.trace = *trace, .veil = veil}, as_of_us, &stream)) {
      if (owed.status() != v1::Obligation::STATUS_OVERDUE) continue;
      if (!IsToldTo(organisation, outside, owed)) continue;
      ++since.overdue.all;
      const int64_t fell_us = FellOverdue(stream.state, owed);
      if (fell_us <= from_us || fell_us > to_us) continue;
      since.overdue.fell.push_back({.provider = "providers/" + stream_id,
                                    .display_name = summary.display_name(),
                                    .ids = {summary.ids().begin(), summary.ids().end()},
                                    .owed = std::move(owed)});
    }
  }
  std::sort(since.uncorroborated.begin(), since.uncorroborated.end(), TellsMore);
  KeepFirst(&since.overdue);
  return since;
}

absl::StatusOr<Awaiting> GatherAwaiting(const Projector& projector,
                                        const std::set<std::string>& told, const Veil& veil,
                                        ProtectedTraces* traces) {
  const std::vector<v1::ProviderSummary> summaries = projector.Summaries();
  Awaiting awaiting;
  std::vector<Row> fresh;
  for (const auto& summary : summaries) {
    awaiting.open_alerts += summary.open_alerts();
    for (const auto& level : summary.levels()) {
      if (!level.awaiting_decision() || level.recommendation_id().empty()) continue;
      awaiting.ids.insert(level.recommendation_id());
      if (told.count(level.recommendation_id()) == 0) fresh.push_back({&summary, &level});
    }
  }
  std::sort(fresh.begin(), fresh.end(), ComesFirst);
  awaiting.more_fresh = fresh.size() - std::min(fresh.size(), kDigestItemsMax);
  fresh.resize(std::min(fresh.size(), kDigestItemsMax));
  for (const Row& row : fresh) {
    TP_ASSIGN_OR_RETURN(v1::OpenRecommendation open, Present(projector, row, veil, traces));
    awaiting.fresh_ids.push_back(row.level->recommendation_id());
    awaiting.fresh.push_back(std::move(open));
  }
  return awaiting;
}

}  // namespace trigpoint
