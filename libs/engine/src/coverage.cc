#include "trigpoint/engine/coverage.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/feeds.h"
#include "trigpoint/engine/stream_step.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/assess.h"
#include "trigpoint/policy/feeds.h"

namespace trigpoint {
namespace {

/// "people's experience", as people write it.
std::string CategoryWords(v1::EvidenceCategory category) {
  switch (category) {
    case v1::EVIDENCE_CATEGORY_PEOPLES_EXPERIENCE:
      return "people's experience";
    case v1::EVIDENCE_CATEGORY_STAFF_AND_LEADERS:
      return "staff and leaders";
    case v1::EVIDENCE_CATEGORY_OBSERVATION:
      return "observation";
    case v1::EVIDENCE_CATEGORY_PARTNERS:
      return "partners";
    case v1::EVIDENCE_CATEGORY_PROCESSES:
      return "processes";
    default:
      return "outcomes";
  }
}

std::string DayText(int64_t us) { return FormatDate(LondonDate(us)); }

std::string NameOf(int kind) {
  const KindInfo* info = KindOfNumber(kind);
  return info == nullptr ? std::string() : std::string(info->name);
}

/// What is heard of one category, and what is blind about it.
void AddCategory(const v1::ProviderState& state, v1::EvidenceCategory category, int64_t as_of_us,
                 v1::Coverage* out) {
  const int64_t from_us = as_of_us - kBlindDays * kMicrosPerDay;
  auto* row = out->add_categories();
  row->set_category(category);
  std::set<std::string> sources;
  int64_t last_us = 0;
  bool inside = false;
  bool outside = false;
  for (const auto& heard : state.heard()) {
    if (heard.category() != category) continue;
    sources.insert(heard.source());
    last_us = std::max(last_us, heard.last_us());
    const bool recent = heard.last_us() > from_us;
    if (heard.external()) {
      row->set_external_reports(row->external_reports() + heard.reports());
      outside = outside || recent;
    } else {
      row->set_internal_reports(row->internal_reports() + heard.reports());
      inside = inside || recent;
    }
  }
  row->set_sources(static_cast<uint32_t>(sources.size()));
  if (last_us != 0) SetMicros(last_us, row->mutable_last_at());
  row->set_blind(!inside && !outside);
  const std::string words = CategoryWords(category);
  if (last_us == 0) {
    out->add_blind_spots(words + ": nothing was ever heard");
  } else if (row->blind()) {
    out->add_blind_spots(words + ": nothing since " + DayText(last_us));
  } else if (!outside) {
    out->add_blind_spots(words + ": only the provider itself tells of it");
  }
}

void AddFeed(const Feed& feed, int64_t as_of_us, v1::Coverage* out) {
  auto* row = out->add_feeds();
  row->set_source(feed.source);
  // Of several kinds that count alike, the one that the finding names.
  row->set_kind(NameOf(feed.kinds.front()));
  if (feed.last_us != 0) SetMicros(feed.last_us, row->mutable_last_at());
  if (feed.due_us != kNever) SetMicros(feed.due_us, row->mutable_due_at());
  row->set_expected_every_days(static_cast<uint32_t>(feed.every_days));
  row->set_learned(feed.learned);
  row->set_nil_return(feed.nil);
  row->set_policy_id(feed.policy_id);
  row->set_clause(feed.clause);
  row->set_missed(static_cast<uint32_t>(feed.missed));
  row->set_silent(feed.silent_us <= as_of_us);
  if (!row->silent()) return;
  SetMicros(feed.silent_us, row->mutable_silent_since());
  std::string text = KindWords(row->kind());
  text += feed.source.empty() ? ": expected every " : " of " + feed.source + ": expected every ";
  text += std::to_string(feed.every_days) + " days";
  if (!feed.clause.empty()) text += " (" + feed.clause + ")";
  text += feed.last_us == 0 ? ", never came" : ", last on " + DayText(feed.last_us);
  out->add_blind_spots(text + ", silent since " + DayText(feed.silent_us));
}

/// Which kinds of evidence would settle which criteria: kinds that settle the same are one gap.
void AddGaps(const v1::ProviderState& state, const v1::ProviderRecord& record,
             const InForce& in_force, int64_t as_of_us, v1::Coverage* out) {
  std::map<std::vector<int>, std::set<std::string>> gaps;
  for (const auto& pack : in_force.policies) {
    const MeasureContext context = ContextFor(state, record, *pack, in_force.baselines, as_of_us);
    if (Applies(*pack, context) != Truth::kTrue) continue;
    for (const Unsettled& unsettled : UnsettledOf(*pack, context)) {
      gaps[unsettled.kinds].insert(pack->pack().id() + "/" + unsettled.criterion);
    }
  }
  std::vector<std::pair<std::vector<int>, std::set<std::string>>> sorted(gaps.begin(), gaps.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); });
  for (const auto& [kinds, criteria] : sorted) {
    auto* gap = out->add_seek_next();
    std::string text;
    for (const int kind : kinds) {
      gap->add_kinds(NameOf(kind));
      if (!text.empty()) text += " or ";
      text += KindWords(NameOf(kind));
    }
    const std::string why = FeedGap(state, record, kinds);
    gap->set_text(why.empty() ? text : absl::StrCat(text, " (", why, ")"));
    for (const auto& criterion : criteria) gap->add_criteria(criterion);
  }
}

}  // namespace

v1::Coverage BuildCoverage(const v1::ProviderState& state, const v1::ProviderRecord& record,
                           const InForce& in_force, int64_t as_of_us,
                           std::vector<BlindSpotOf>* spots) {
  v1::Coverage out;
  // A row has one blind spot at most, said when it is added.
  const auto note = [&out, spots](BlindSpotOf of) {
    if (spots != nullptr) spots->resize(static_cast<size_t>(out.blind_spots_size()), of);
  };
  out.set_provider(state.stream_id());
  SetMicros(as_of_us, out.mutable_as_of());
  for (int category = v1::EvidenceCategory_MIN + 1; category <= v1::EvidenceCategory_MAX;
       ++category) {
    AddCategory(state, static_cast<v1::EvidenceCategory>(category), as_of_us, &out);
    note({.category = out.categories_size() - 1});
  }
  if (const Standing standing = StandingOf(state, as_of_us); standing.closed) {
    out.add_blind_spots("the service is deregistered or dormant: nothing is expected of it");
    note({});
  }
  for (const Feed& feed : FeedsOfService(state, record, in_force, as_of_us)) {
    AddFeed(feed, as_of_us, &out);
    note({.feed = out.feeds_size() - 1});
  }
  AddGaps(state, record, in_force, as_of_us, &out);
  return out;
}

}  // namespace trigpoint
