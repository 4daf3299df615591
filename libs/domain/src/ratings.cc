#include "trigpoint/domain/ratings.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

struct Report {
  const v1::Event* event = nullptr;
  v1::Rating overall = v1::RATING_UNSPECIFIED;
  const google::protobuf::RepeatedPtrField<v1::KeyQuestionRating>* key_questions = nullptr;
  CivilDate date{};
  const v1::Event* amendment = nullptr;
  bool withdrawn = false;
  bool review_requested = false;
};

using Key = std::pair<std::string, std::string>;

Key KeyOf(const v1::Event& fact, const v1::EventRef& ref) {
  return {ref.source().empty() ? fact.source() : ref.source(), ref.id()};
}

v1::EventRef RefOf(const v1::Event& event) {
  v1::EventRef ref;
  ref.set_source(event.source());
  ref.set_id(event.id());
  return ref;
}

std::map<Key, Report> ReportsOf(const v1::ProviderState& state, CivilDate today) {
  std::map<Key, Report> reports;
  for (const auto& fact : state.facts()) {
    if (!fact.has_cqc_rating_published()) continue;
    const auto& published = fact.cqc_rating_published();
    if (ToCivil(published.report_date()) > today) continue;
    reports[{fact.source(), fact.id()}] = {.event = &fact,
                                           .overall = published.overall(),
                                           .key_questions = &published.key_questions(),
                                           .date = ToCivil(published.report_date())};
  }
  for (const auto& fact : state.facts()) {
    if (fact.has_cqc_rating_amended()) {
      const auto it = reports.find(KeyOf(fact, fact.cqc_rating_amended().rating()));
      if (it == reports.end()) continue;
      // Of several amendments the one made last stands, in whatever order they arrived.
      if (it->second.amendment != nullptr &&
          OccurredMicros(*it->second.amendment) > OccurredMicros(fact)) {
        continue;
      }
      it->second.amendment = &fact;
      it->second.overall = fact.cqc_rating_amended().overall();
      it->second.key_questions = &fact.cqc_rating_amended().key_questions();
    } else if (fact.has_cqc_report_withdrawn()) {
      const auto it = reports.find(KeyOf(fact, fact.cqc_report_withdrawn().rating()));
      if (it != reports.end()) it->second.withdrawn = true;
    } else if (fact.has_cqc_rating_review_requested()) {
      const auto it = reports.find(KeyOf(fact, fact.cqc_rating_review_requested().rating()));
      if (it != reports.end()) it->second.review_requested = true;
    }
  }
  return reports;
}

void Contribute(const Report& report, CurrentRating* current) {
  const v1::EventRef ref = RefOf(*report.event);
  for (const auto& known : current->evidence) {
    if (known.id() == ref.id() && known.source() == ref.source()) return;
  }
  current->evidence.push_back(ref);
  if (report.amendment != nullptr) current->evidence.push_back(RefOf(*report.amendment));
}

}  // namespace

CurrentRating CurrentRatingOf(const v1::ProviderState& state, int64_t as_of_us) {
  CurrentRating current;
  std::vector<Report> reports;
  CivilDate last_withdrawn{};
  for (auto& [key, report] : ReportsOf(state, LondonDate(as_of_us))) {
    if (report.withdrawn) {
      last_withdrawn = std::max(last_withdrawn, report.date);
    } else {
      reports.push_back(report);
    }
  }
  std::stable_sort(reports.begin(), reports.end(), [](const Report& a, const Report& b) {
    return std::forward_as_tuple(a.date, a.event->source(), a.event->id()) <
           std::forward_as_tuple(b.date, b.event->source(), b.event->id());
  });
  for (const Report& report : reports) {
    if (IsRating(report.overall)) {
      current = CurrentRating{};
      current.overall = report.overall;
      current.report_date = report.date;
      current.overall_evidence =
          RefOf(report.amendment != nullptr ? *report.amendment : *report.event);
      current.inherited = report.event->cqc_rating_published().inherited();
      current.under_review = report.review_requested && report.amendment == nullptr;
      Contribute(report, &current);
    } else if (report.overall != v1::RATING_UNSPECIFIED) {
      current.last_unrated = report.overall;
    }
    for (const auto& rated : *report.key_questions) {
      if (!IsRating(rated.rating()) || rated.key_question() < v1::KEY_QUESTION_SAFE ||
          rated.key_question() > v1::KEY_QUESTION_WELL_LED) {
        continue;
      }
      current.key_questions[static_cast<size_t>(rated.key_question() - v1::KEY_QUESTION_SAFE)] =
          rated.rating();
      Contribute(report, &current);
    }
  }
  current.reinstated = last_withdrawn > current.report_date;
  return current;
}

std::string RatingText(v1::Rating rating) {
  switch (rating) {
    case v1::RATING_OUTSTANDING:
      return "Outstanding";
    case v1::RATING_GOOD:
      return "Good";
    case v1::RATING_REQUIRES_IMPROVEMENT:
      return "Requires improvement";
    case v1::RATING_INADEQUATE:
      return "Inadequate";
    case v1::RATING_NO_PUBLISHED_RATING:
      return "No published rating";
    case v1::RATING_INSPECTED_BUT_NOT_RATED:
      return "Inspected but not rated";
    case v1::RATING_INSUFFICIENT_EVIDENCE:
      return "Insufficient evidence to rate";
    case v1::RATING_UNDER_REVIEW:
      return "Under review";
    default:
      return "not rated";
  }
}

}  // namespace trigpoint
