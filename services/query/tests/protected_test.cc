#include "services/query/protected.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "services/query/present.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const int64_t kMarch1 = *ParseInstant("2026-03-01T00:00:00Z");
constexpr int64_t kHour = kMicrosPerHour;

/// The stream of one service, told event by event.
class Story {
 public:
  v1::Event& Add(std::string_view source, std::string_view id, int64_t known_us) {
    v1::StoredEvent& stored = events_.emplace_back();
    stored.set_revision(events_.size() - 1);
    stored.set_known_us(known_us);
    v1::Event& event = *stored.mutable_event();
    event.set_source(std::string(source));
    event.set_id(std::string(id));
    event.set_source_version(1);
    SetMicros(known_us, event.mutable_received_at());
    return event;
  }
  void Incident(std::string_view id, int64_t known_us) {
    Add("home/incidents", id, known_us).mutable_incident_reported();
  }
  void Whistleblowing(std::string_view id, int64_t known_us) {
    Add("council/speaking-up", id, known_us)
        .mutable_whistleblowing_concern_received()
        ->set_current_abuse_alleged(true);
  }
  void Recommended(std::string_view id, std::string_view cause, int64_t known_us) {
    auto& said = *Add("trigpoint/engine", id, known_us).mutable_recommendation();
    said.set_recommendation_id(std::string(id));
    said.set_policy_id("herefordshire");
    said.set_cause(std::string(cause));
  }
  v1::RapidQualityReviewAlert& Alert(std::string_view id, int64_t known_us) {
    auto& alert = *Add("trigpoint/engine", id, known_us).mutable_rapid_quality_review_alert();
    alert.set_alert_id(std::string(id));
    alert.set_kind(v1::RapidQualityReviewAlert::KIND_RAISED);
    alert.set_dispatch(true);
    alert.set_protected_source(true);
    alert.set_cause("council/speaking-up/wb-1/1");
    alert.set_cluster("council/speaking-up/wb-1");
    alert.add_themes(v1::THEME_NEGLECT);
    alert.set_rapid_sharing_needed(v1::TRUTH_VALUE_TRUE);
    alert.add_evidence()->set_source("council/speaking-up");
    alert.mutable_evidence(0)->set_id("wb-1");
    SetMicros(known_us + 4 * kHour, alert.mutable_acknowledge_by());
    return alert;
  }

  const std::vector<v1::StoredEvent>& events() const { return events_; }
  ProtectedTrace Trace() const { return ProtectedTrace::Of(events_); }

 private:
  std::vector<v1::StoredEvent> events_;
};

const Veil kVeil("secret");

/// What a reader sees of open entries: where they stand and under which number.
std::vector<std::string> OpenEntries(const Story& story) {
  std::vector<std::string> shown;
  const ProtectedTrace trace = story.Trace();
  for (const Place& place : Arrange(trace, story.events(), {})) {
    if (place.what != Place::What::kOpen) continue;
    shown.push_back(std::to_string(ShownRevision(trace, place.revision)) + ' ' +
                    place.event->event().id());
  }
  return shown;
}

TEST(ProtectedTrace, IsEmptyWhereNoProtectedSourceSpoke) {
  Story story;
  story.Incident("a", kMarch1);
  story.Recommended("r", "home/incidents/a/1", kMarch1);
  EXPECT_TRUE(story.Trace().empty());
  EXPECT_FALSE(story.Trace().RestsOnProtected("r"));
}

TEST(ProtectedTrace, ProtectsAReportWithAllItsVersionsAndItsRetraction) {
  Story story;
  story.Incident("a", kMarch1);  // Raised to C5 only by its second version.
  story.Add("home/incidents", "a", kMarch1 + kMicrosPerDay).mutable_incident_reported();
  v1::Event raised = story.events().back().event();
  Story whole;
  whole.Incident("a", kMarch1);
  auto& second = whole.Add("home/incidents", "a", kMarch1 + kMicrosPerDay);
  second.mutable_incident_reported();
  second.set_sensitivity(v1::SENSITIVITY_C5_PROTECTED_SOURCE);
  whole.Add("home/incidents", "a", kMarch1 + 2 * kMicrosPerDay).mutable_event_retracted();
  const ProtectedTrace trace = whole.Trace();
  EXPECT_TRUE(trace.IsProtected("home/incidents", "a"));
  for (int day = 0; day < 3; ++day) {
    EXPECT_TRUE(trace.SpokeOn(kMarch1 + day * kMicrosPerDay + kHour)) << day;
    EXPECT_TRUE(trace.IsHidden(static_cast<uint64_t>(day)));
  }
  EXPECT_TRUE(story.Trace().empty());
}

TEST(ProtectedTrace, KnowsWhatRestsOnAReportByItsCauseOrItsProof) {
  Story story;
  story.Whistleblowing("wb-1", kMarch1);
  story.Recommended("by-cause", "council/speaking-up/wb-1/1", kMarch1);
  story.Recommended("by-another", "home/incidents/a/1", kMarch1 + kHour);
  auto& by_proof =
      *story.Add("trigpoint/engine", "by-proof", kMarch1 + 2 * kHour).mutable_recommendation();
  by_proof.set_cause("timer/x/1");
  auto* ref = by_proof.add_criteria()->add_evidence();
  ref->set_source("council/speaking-up");
  ref->set_id("wb-1");
  story.Alert("alert", kMarch1);
  auto& passed =
      *story.Add("trigpoint/engine", "deadline", kMarch1 + 4 * kHour).mutable_deadline_passed();
  SetMicros(kMarch1 + 4 * kHour + 1, passed.mutable_due_at());
  const ProtectedTrace trace = story.Trace();
  EXPECT_THAT(trace.resting(), ElementsAre("alert", "by-cause", "by-proof", "deadline"));
}

// 2.2: halving the day finds nothing.
TEST(SnapToDays, AnswersEveryInstantOfADayOnWhichOneSpokeAlike) {
  Story story;
  story.Whistleblowing("wb-1", kMarch1 + 10 * kHour);
  const ProtectedTrace trace = story.Trace();
  const int64_t later = kMarch1 + 30 * kMicrosPerDay;
  const auto at = [&](int64_t us, int64_t now_us) {
    const Instants asked{.past = true, .as_of = {.known_us = us}, .assess_us = us};
    return SnapToDays(trace, asked, now_us);
  };
  for (const int64_t us :
       {kMarch1, kMarch1 + 10 * kHour - 1, kMarch1 + 10 * kHour, kMarch1 + 24 * kHour - 1}) {
    EXPECT_EQ(at(us, later).as_of.known_us, kMarch1 + 24 * kHour - 1);
    EXPECT_EQ(at(us, later).assess_us, kMarch1 + 24 * kHour - 1);
    EXPECT_EQ(at(us, kMarch1 + 24 * kHour - 1).assess_us, kMarch1 + 24 * kHour - 1);
  }
  EXPECT_EQ(at(kMarch1 + kHour, kMarch1 + 12 * kHour).assess_us, kMarch1 + 12 * kHour)
      << "the day is not over: as of now";
  EXPECT_EQ(at(kMarch1 - 1, later).assess_us, kMarch1 - 1) << "the day before is exact";
  EXPECT_EQ(at(kMarch1 + 24 * kHour, later).assess_us, kMarch1 + 24 * kHour);
}

TEST(SnapToDays, CountsDaysInLondon) {
  Story story;
  story.Whistleblowing("wb-1", *ParseInstant("2026-07-01T23:30:00Z"));
  const Instants asked{.past = true,
                       .as_of = {.known_us = *ParseInstant("2026-07-02T12:00:00Z")},
                       .assess_us = *ParseInstant("2026-07-02T12:00:00Z")};
  EXPECT_EQ(SnapToDays(story.Trace(), asked, kMarch1 + 300 * kMicrosPerDay).assess_us,
            *ParseInstant("2026-07-02T22:59:59.999999Z"));
}

TEST(SnapToDays, HidesTheHourAtWhichSomethingHappenedFromValidAt) {
  Story story;
  story.Whistleblowing("wb-1", kMarch1 + 5 * kMicrosPerDay);
  SetMicros(kMarch1 + 7 * kHour,
            const_cast<v1::Event&>(story.events()[0].event()).mutable_occurred_at());
  const ProtectedTrace trace = story.Trace();
  const int64_t now_us = kMarch1 + 9 * kMicrosPerDay;
  for (const int64_t us : {kMarch1 + 6 * kHour, kMarch1 + 8 * kHour}) {
    const Instants asked{.past = true, .as_of = {.valid_us = us}, .assess_us = us};
    const Instants shown = SnapToDays(trace, asked, now_us);
    EXPECT_EQ(*shown.as_of.valid_us, kMarch1 + 24 * kHour - 1);
    EXPECT_EQ(shown.assess_us, kMarch1 + 24 * kHour - 1);
    EXPECT_EQ(shown.as_of.known_us, kNever);
  }
}

// 2.2: one, or several.
TEST(Arrange, ShowsAllReportsOfADayAsOneLineAtItsBeginning) {
  Story story;
  story.Incident("a", kMarch1 + 9 * kHour);
  story.Whistleblowing("wb-1", kMarch1 + 10 * kHour);
  story.Recommended("r-1", "council/speaking-up/wb-1/1", kMarch1 + 10 * kHour);
  story.Incident("b", kMarch1 + 11 * kHour);
  story.Whistleblowing("wb-2", kMarch1 + 12 * kHour);
  story.Recommended("r-2", "council/speaking-up/wb-2/1", kMarch1 + 12 * kHour);
  std::vector<Place::What> kinds;
  std::vector<std::string> ids;
  for (const Place& place : Arrange(story.Trace(), story.events(), {})) {
    kinds.push_back(place.what);
    if (place.event != nullptr) ids.push_back(place.event->event().id());
  }
  EXPECT_THAT(kinds, ElementsAre(Place::What::kOtherSources, Place::What::kResting,
                                 Place::What::kOpen, Place::What::kOpen));
  EXPECT_THAT(ids, ElementsAre("r-2", "a", "b")) << "the last recommendation of the day";
}

// 2.2: the difference of two readings tells nothing.
TEST(Arrange, NumbersAndOrdersOpenEntriesAsIfNoProtectedSourceHadSpoken) {
  Story without;
  Story once;
  Story twice;
  for (Story* story : {&without, &once, &twice}) {
    story->Incident("a", kMarch1 + 9 * kHour);
    if (story != &without) {
      story->Whistleblowing("wb-1", kMarch1 + 10 * kHour);
      story->Alert("alert", kMarch1 + 10 * kHour);
    }
    story->Incident("b", kMarch1 + 11 * kHour);
    if (story == &twice) story->Whistleblowing("wb-2", kMarch1 + 12 * kHour);
    story->Incident("c", kMarch1 + 13 * kHour);
  }
  EXPECT_THAT(OpenEntries(without), ElementsAre("0 a", "1 b", "2 c"));
  EXPECT_EQ(OpenEntries(once), OpenEntries(without));
  EXPECT_EQ(OpenEntries(twice), OpenEntries(without));
  EXPECT_THAT(Arrange(once.Trace(), once.events(), {}), SizeIs(5));
  EXPECT_THAT(Arrange(twice.Trace(), twice.events(), {}), SizeIs(5)) << "as many lines as for one";
}

v1::Obligation Owed(const std::string& id, const std::string& started_by, int64_t started_us,
                    int64_t due_us) {
  v1::Obligation owed;
  owed.set_obligation_id(id);
  owed.set_stream_id("home");
  owed.set_policy_id("p");
  owed.set_rule("V-ENH-VISIT");
  owed.set_owner("QUALITY_TEAM");
  owed.mutable_started_by()->set_id(started_by);
  SetMicros(started_us, owed.mutable_started_at());
  SetMicros(due_us, owed.mutable_due_at());
  owed.set_status(v1::Obligation::STATUS_OPEN);
  return owed;
}

// 3.10 (8): what a protected source brought about shows its day.
TEST(HideProtected, OfWhatIsOwedForAProtectedReportTheDayIsShown) {
  Story story;
  story.Whistleblowing("wb-1", kMarch1 + 10 * kHour);
  const ProtectedTrace trace = story.Trace();
  const Veil veil("secret");
  const int64_t end_of_day = LondonEndOfDay({2026, 3, 20});
  const v1::Obligation open = Owed("open", "a", kMarch1 + 9 * kHour, end_of_day);
  std::vector<v1::Obligation> owed = {
      open, Owed("resting", "wb-1", kMarch1 + 10 * kHour, end_of_day),
      Owed("resting-hours", "wb-1", kMarch1 + 10 * kHour, kMarch1 + 14 * kHour)};
  HideProtected({.trace = trace, .veil = veil}, {open}, kMarch1 + 11 * kHour, &owed);
  EXPECT_EQ(owed[0].SerializeAsString(), open.SerializeAsString());
  EXPECT_FALSE(owed[1].has_started_by());
  EXPECT_EQ(ToMicros(owed[1].started_at()), kMarch1);
  EXPECT_EQ(ToMicros(owed[1].due_at()), end_of_day);
  EXPECT_EQ(owed[1].owner(), "QUALITY_TEAM");
  EXPECT_NE(owed[1].obligation_id(), "resting");
  EXPECT_EQ(ToMicros(owed[2].due_at()), kMarch1) << "an hour would tell the hour of the report";
  EXPECT_EQ(owed[2].status(), v1::Obligation::STATUS_OVERDUE);
}

// Whether one or two spoke on a day makes no difference.
TEST(HideProtected, WhatIsOwedHasTheSameIdWhicheverProtectedReportOfTheDayStartedIt) {
  Story story;
  story.Whistleblowing("wb-1", kMarch1 + 10 * kHour);
  const ProtectedTrace trace = story.Trace();
  const Veil veil("secret");
  const int64_t due_us = LondonEndOfDay({2026, 3, 20});
  std::vector<v1::Obligation> one = {Owed("x", "wb-1", kMarch1 + 10 * kHour, due_us)};
  std::vector<v1::Obligation> two = {Owed("y", "wb-2", kMarch1 + 12 * kHour, due_us)};
  HideProtected({.trace = trace, .veil = veil}, {}, kMarch1 + 13 * kHour, &one);
  HideProtected({.trace = trace, .veil = veil}, {}, kMarch1 + 13 * kHour, &two);
  EXPECT_EQ(one[0].SerializeAsString(), two[0].SerializeAsString());
}

TEST(OtherSources, SaysTheDayAndNothingElse) {
  const v1::TimelineEntry entry = OtherSources(kMarch1);
  EXPECT_EQ(entry.kind(), "other_sources");
  EXPECT_EQ(ToMicros(entry.known_at()), kMarch1);
  EXPECT_TRUE(entry.hidden());
  EXPECT_EQ(entry.revision(), 0U);
  EXPECT_THAT(entry.source() + entry.id(), IsEmpty());
  EXPECT_EQ(entry.event().payload_case(), v1::Event::PAYLOAD_NOT_SET) << "nor of which kind";
}

TEST(HideProtected, ShowsOfAnAlertTheDayAndTheHourToActBy) {
  Story story;
  story.Whistleblowing("wb-1", kMarch1 + 10 * kHour + 17 * kMicrosPerMinute);
  v1::AlertRecord record;
  record.set_raised_us(kMarch1 + 10 * kHour + 17 * kMicrosPerMinute);
  *record.mutable_alert() = story.Alert("alert", record.raised_us());
  const ProtectedTrace trace = story.Trace();
  const Protection protection{.trace = trace, .veil = kVeil};
  v1::Alert shown = PresentAlert(record, {}, protection, kMarch1 + 11 * kHour);
  EXPECT_EQ(ToMicros(shown.raised_at()), kMarch1);
  EXPECT_EQ(ToMicros(shown.detail().acknowledge_by()), kMarch1 + 14 * kHour);
  EXPECT_FALSE(shown.overdue());
  EXPECT_TRUE(PresentAlert(record, {}, protection, kMarch1 + 14 * kHour + 1).overdue());
  EXPECT_EQ(shown.alert_id(), kVeil.Of("alert"));
  EXPECT_EQ(shown.detail().alert_id(), kVeil.Of("alert"));
  EXPECT_TRUE(shown.detail().protected_source());
  EXPECT_THAT(shown.detail().evidence(), IsEmpty());
  EXPECT_THAT(shown.detail().themes(), IsEmpty());
  EXPECT_EQ(shown.detail().rapid_sharing_needed(), v1::TRUTH_VALUE_UNKNOWN)
      << "it counts organisations";
  EXPECT_THAT(shown.detail().cause() + shown.detail().cluster(), IsEmpty());
  record.set_acknowledged_us(kMarch1 + 12 * kHour);
  shown = PresentAlert(record, {}, protection, kMarch1 + 13 * kHour);
  EXPECT_FALSE(shown.detail().has_acknowledge_by()) << "nobody needs it any more";
}

// domain.md 2.5, 2.2: who declined and why is told, under no id of the log.
TEST(HideProtected, ShowsWhoDeclinedAnAlertToItsNextTier) {
  // Given an alert that rests on a protected source, declined, and its next tier
  Story story;
  story.Whistleblowing("wb-1", kMarch1 + 10 * kHour);
  StreamAsOf stream;
  v1::AlertRecord* first = stream.record.add_alerts();
  *first->mutable_alert() = story.Alert("alert", kMarch1 + 10 * kHour);
  first->set_raised_us(kMarch1 + 10 * kHour);
  first->set_declined_us(kMarch1 + 11 * kHour);
  first->mutable_declined()->set_reason("the risk summit covers it");
  first->mutable_declined()->mutable_actor()->set_principal("a.jones");
  first->mutable_declined()->mutable_actor()->set_organisation("icb");
  v1::AlertRecord* next = stream.record.add_alerts();
  *next->mutable_alert() = first->alert();
  next->mutable_alert()->set_alert_id("next");
  next->mutable_alert()->set_kind(v1::RapidQualityReviewAlert::KIND_NEXT_TIER);
  next->mutable_alert()->set_attached_to("alert");
  next->mutable_alert()->set_tier(2);
  next->set_raised_us(kMarch1 + 11 * kHour);
  const ProtectedTrace trace = story.Trace();
  const Protection protection{.trace = trace, .veil = kVeil};
  // When the next tier is shown, then with who declined the first and why
  v1::Alert shown = PresentAlert(*next, stream, protection, kMarch1 + 12 * kHour);
  ASSERT_EQ(shown.declines_size(), 1);
  EXPECT_EQ(shown.declines(0).alert_id(), kVeil.Of("alert"));
  EXPECT_EQ(shown.declines(0).declined_by(), "a.jones");
  EXPECT_EQ(shown.declines(0).organisation(), "icb");
  EXPECT_EQ(shown.declines(0).reason(), "the risk summit covers it");
  EXPECT_TRUE(shown.detail().has_acknowledge_by());
  // And of the declined one nobody needs the hour any more.
  shown = PresentAlert(*first, stream, protection, kMarch1 + 20 * kHour);
  EXPECT_EQ(shown.declines_size(), 1);
  EXPECT_FALSE(shown.overdue());
  EXPECT_FALSE(shown.detail().has_acknowledge_by());
}

// domain.md 3.8 (6), 2.2: a grade counts families, and a protected source is one.
TEST(HideProtected, ShowsNoGradesOfThemesOnceAProtectedSourceSpoke) {
  Story story;
  story.Whistleblowing("wb-1", kMarch1);
  v1::Recommendation recommendation;
  recommendation.add_confidence()->set_grade(v1::ThemeConfidence::GRADE_A);
  v1::Recommendation before = recommendation;
  const ProtectedTrace trace = story.Trace();
  const Protection protection{.trace = trace, .veil = kVeil};
  HideProtected(protection, kMarch1 - kHour, &before);
  EXPECT_EQ(before.confidence_size(), 1);
  HideProtected(protection, kMarch1 + kHour, &recommendation);
  EXPECT_EQ(recommendation.confidence_size(), 0);
}

TEST(HideProtected, LeavesARecommendationNoNumberThatMayCountAProtectedReport) {
  Story story;
  story.Recommended("before", "home/incidents/a/1", kMarch1 - kMicrosPerDay);
  story.Whistleblowing("wb-1", kMarch1 + 10 * kHour);
  story.Recommended("after", "home/incidents/b/1", kMarch1 + 11 * kHour);
  const ProtectedTrace trace = story.Trace();
  v1::Recommendation said;
  said.set_recommendation_id("after");
  said.set_cause("home/incidents/b/1");
  auto* open = said.add_criteria();
  open->add_figures()->set_value(3);
  open->add_evidence()->set_source("home/incidents");
  auto* resting = said.add_criteria();
  *resting->add_evidence() = open->evidence(0);
  resting->add_evidence()->set_source("council/speaking-up");
  resting->mutable_evidence(1)->set_id("wb-1");
  v1::Recommendation before = said;
  before.set_recommendation_id("before");
  before.mutable_criteria()->RemoveLast();
  const v1::Recommendation exact = before;
  HideProtected({.trace = trace, .veil = kVeil}, kMarch1 - kMicrosPerDay, &before);
  EXPECT_EQ(before.SerializeAsString(), exact.SerializeAsString());
  HideProtected({.trace = trace, .veil = kVeil}, kMarch1 + 11 * kHour, &said);
  EXPECT_THAT(said.criteria(0).figures(), IsEmpty());
  EXPECT_THAT(said.criteria(0).evidence(), SizeIs(1));
  EXPECT_FALSE(said.criteria(0).protected_source());
  EXPECT_THAT(said.criteria(1).evidence(), IsEmpty()) << "nor what stands beside it";
  EXPECT_TRUE(said.criteria(1).protected_source());
  EXPECT_EQ(said.cause(), "home/incidents/b/1");
}

v1::CriterionResult Criterion(const std::string& id, v1::TruthValue value, double figure) {
  v1::CriterionResult criterion;
  criterion.set_id(id);
  criterion.set_value(value);
  criterion.add_figures()->set_value(figure);
  criterion.add_evidence()->set_id(std::to_string(figure));
  return criterion;
}

// 3.10 (8)
TEST(HideProtected, GivesAnAssessmentTheFiguresOfOpenReportsOrNone) {
  Story story;
  story.Whistleblowing("wb-1", kMarch1);
  const ProtectedTrace trace = story.Trace();
  v1::Assessment with;
  v1::Assessment without;
  *with.add_criteria() = Criterion("same", v1::TRUTH_VALUE_TRUE, 5);
  *without.add_criteria() = Criterion("same", v1::TRUTH_VALUE_TRUE, 3);
  *with.add_criteria() = Criterion("other", v1::TRUTH_VALUE_TRUE, 5);
  *without.add_criteria() = Criterion("other", v1::TRUTH_VALUE_FALSE, 2);
  with.add_near_misses("both");
  without.add_near_misses("both");
  with.add_near_misses("with it one is missing");
  without.add_near_misses("without it two are missing");
  HideProtected({.trace = trace, .veil = kVeil}, without, &with);
  EXPECT_EQ(with.criteria(0).figures(0).value(), 3);
  EXPECT_EQ(with.criteria(0).evidence(0).id(), without.criteria(0).evidence(0).id());
  EXPECT_EQ(with.criteria(1).value(), v1::TRUTH_VALUE_TRUE);
  EXPECT_TRUE(with.criteria(1).protected_source());
  EXPECT_THAT(with.criteria(1).figures(), IsEmpty());
  EXPECT_THAT(with.criteria(1).evidence(), IsEmpty());
  EXPECT_THAT(with.near_misses(), ElementsAre("both"));
}

// 3.2: a criterion that merely aged is shown as it was recorded, with the evidence of then.
TEST(LeaveOutProtected, LeavesNothingThatAnAgedCriterionCouldBeShownWith) {
  Story story;
  story.Whistleblowing("wb-1", kMarch1);
  StreamAsOf stream;
  auto* whistle = stream.state.add_concerns();
  whistle->set_source("council/speaking-up");
  whistle->set_id("wb-1");
  stream.state.add_concerns()->set_id("open");
  auto* policy = stream.record.add_policies();
  policy->set_recommended_us(kMarch1 + kHour);
  auto* open = policy->mutable_recommendation()->add_criteria();
  open->set_id("open");
  open->add_figures();
  policy->mutable_recommendation()->add_criteria()->set_protected_source(true);
  auto* ref = policy->mutable_recommendation()->add_criteria()->add_evidence();
  ref->set_source("council/speaking-up");
  ref->set_id("wb-1");
  StreamAsOf other = stream;
  ASSERT_TRUE(LeaveOutProtected(story.Trace(), &stream));
  ASSERT_THAT(stream.state.concerns(), SizeIs(1));
  EXPECT_EQ(stream.state.concerns(0).id(), "open");
  ASSERT_THAT(stream.record.policies(0).recommendation().criteria(), SizeIs(1));
  EXPECT_EQ(stream.record.policies(0).recommendation().criteria(0).id(), "open");
  EXPECT_THAT(stream.record.policies(0).recommendation().criteria(0).figures(), IsEmpty());
  EXPECT_FALSE(LeaveOutProtected(ProtectedTrace(), &other)) << "of another service nothing";
}

TEST(HideProtected, CountsRevisionsAsIfNoProtectedSourceHadSpoken) {
  v1::ProviderSummary summary;
  summary.set_stream_id("s");
  summary.set_last_event_us(kMarch1 + 9 * kHour);
  std::vector<v1::Provider> shown;
  for (const int reports : {0, 1, 2}) {
    Story story;
    story.Incident("a", kMarch1 + 9 * kHour);
    for (int i = 0; i < reports; ++i)
      story.Whistleblowing("wb-" + std::to_string(i), kMarch1 + (10 + i) * kHour);
    summary.set_revision(story.events().size());
    summary.set_last_event_us(story.events().back().known_us());
    const ProtectedTrace trace = story.Trace();
    shown.push_back(PresentProvider(summary, InForce(), {.trace = trace, .veil = kVeil}));
    EXPECT_EQ(shown.back().revision(), 1U);
    if (reports > 0) {
      EXPECT_EQ(ToMicros(shown.back().last_event_at()), kMarch1);
    }
    EXPECT_EQ(PresentProviderThen(summary, InForce(), {.trace = trace, .veil = kVeil}).revision(),
              reports == 0 ? 1U : 0U);
  }
  EXPECT_EQ(shown[1].etag(), shown[2].etag()) << "a second report changes nothing that is shown";
  summary.set_open_alerts(1);
  const ProtectedTrace none;
  EXPECT_NE(PresentProvider(summary, InForce(), {.trace = none, .veil = kVeil}).etag(),
            shown[2].etag());
}

TEST(HideProtected, NamesAProtectedRecordInNoOtherEvent) {
  Story story;
  story.Whistleblowing("wb-1", kMarch1);
  v1::EventRef record;
  record.set_source("council/speaking-up");
  record.set_id("wb-1");
  auto& erased = *story.Add("trigpoint/decisions", "e", kMarch1).mutable_personal_data_erased();
  *erased.add_records() = record;
  erased.add_key_ids("key of wb-1");
  auto& hold = *story.Add("trigpoint/decisions", "h", kMarch1).mutable_legal_hold_placed();
  *hold.mutable_record() = record;
  story.Alert("alert", kMarch1);
  story.Add("trigpoint/decisions", "ack", kMarch1)
      .mutable_alert_acknowledged()
      ->set_alert_id("alert");
  const ProtectedTrace trace = story.Trace();
  for (const auto& stored : story.events()) {
    if (trace.IsProtected(stored.event().source(), stored.event().id())) continue;
    v1::Event event = stored.event();
    HideProtected({.trace = trace, .veil = kVeil}, stored, &event);
    const std::string text = event.DebugString();
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("speaking-up")));
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("wb-1")));
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("\"alert\"")));
    EXPECT_TRUE(!event.has_legal_hold_placed() || event.legal_hold_placed().has_record())
        << "a hold on one record is not shown as a hold on all";
  }
}

TEST(Veil, KnowsWhatRestsOnAProtectedSourceByItsShownIdAlone) {
  Story story;
  story.Whistleblowing("wb-1", kMarch1);
  story.Alert("alert", kMarch1);
  const ProtectedTrace trace = story.Trace();
  EXPECT_EQ(kVeil.Shown(trace, "open"), "open");
  EXPECT_EQ(kVeil.Behind(trace, "open"), "open");
  EXPECT_NE(kVeil.Shown(trace, "alert"), "alert");
  EXPECT_EQ(kVeil.Behind(trace, kVeil.Shown(trace, "alert")), "alert");
  EXPECT_NE(kVeil.Behind(trace, "alert"), "alert") << "a guess is not confirmed";
  EXPECT_NE(Veil("another").Of("alert"), kVeil.Of("alert"));
}

}  // namespace
}  // namespace trigpoint
