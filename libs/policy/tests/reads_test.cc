// What a measure says that it reads is all that it reads: where a state holds nothing of it, the
// fold does not ask it.
#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include <string>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/concern.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/times.h"
#include "trigpoint/policy/instants.h"
#include "trigpoint/policy/measure.h"

namespace trigpoint {
namespace {

constexpr int64_t kNow = 1'780'000'000'000'000;

/// Sets every plain field below a message: flags on, small numbers, the last value of each enum.
// NOLINTNEXTLINE(misc-no-recursion)
void Fill(google::protobuf::Message* message, int depth = 0) {
  const auto* reflection = message->GetReflection();
  for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
    const auto* field = message->GetDescriptor()->field(i);
    if (field->is_repeated()) continue;
    switch (field->cpp_type()) {
      case google::protobuf::FieldDescriptor::CPPTYPE_BOOL:
        reflection->SetBool(message, field, true);
        break;
      case google::protobuf::FieldDescriptor::CPPTYPE_UINT32:
        reflection->SetUInt32(message, field, field->name() == "year" ? 2020 : 3);
        break;
      case google::protobuf::FieldDescriptor::CPPTYPE_INT32:
        reflection->SetInt32(message, field, field->name() == "year" ? 2020 : 3);
        break;
      case google::protobuf::FieldDescriptor::CPPTYPE_STRING:
        reflection->SetString(message, field, "x");
        break;
      case google::protobuf::FieldDescriptor::CPPTYPE_ENUM:
        reflection->SetEnumValue(
            message, field,
            field->enum_type()->value(field->enum_type()->value_count() - 1)->number());
        break;
      case google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth < 2) Fill(reflection->MutableMessage(message, field), depth + 1);
        break;
      default:
        break;
    }
  }
}

MeasureArguments ArgumentsOf(const Measure& measure) {
  MeasureArguments arguments;
  for (const auto number : measure.numbers) arguments.numbers.emplace_back(number, 1);
  if (measure.needs_values) {
    arguments.values = {"x", "GRADE_IMMEDIATE", "RATING_INADEQUATE",
                        "ENFORCEMENT_KIND_WARNING_NOTICE"};
  }
  if (measure.needs_families) {
    arguments.families = {v1::SOURCE_FAMILY_SAFEGUARDING, v1::SOURCE_FAMILY_INCIDENT};
  }
  return arguments;
}

Truth Ask(const Measure& measure, const v1::ProviderState& state) {
  const v1::ProviderRecord record;
  return measure
      .evaluate(ArgumentsOf(measure), {.state = state,
                                       .record = record,
                                       .baselines = {},
                                       .policy_id = {},
                                       .decided_state = {},
                                       .as_of_us = kNow,
                                       .detail = Detail::kValue})
      .value;
}

v1::ProviderState Heard() {
  v1::ProviderState state;
  for (int family = 1; family <= v1::SourceFamily_MAX; ++family) state.add_families_heard(family);
  state.set_known_us(kNow);
  return state;
}

class MeasureReads : public testing::TestWithParam<const Measure*> {};

TEST_P(MeasureReads, FactsOfOtherKindsDoNotMatter) {
  const Measure& measure = *GetParam();
  const Truth empty = Ask(measure, v1::ProviderState());
  EXPECT_EQ(Ask(measure, Heard()), empty);
  for (const KindInfo& kind : AllKinds()) {
    ASSERT_LT(static_cast<size_t>(kind.number), measure.reads.facts.size());
    if (kind.role != v1::EVENT_ROLE_FACT) continue;
    if (measure.reads.facts.test(static_cast<size_t>(kind.number))) continue;
    v1::ProviderState state = Heard();
    v1::Event* fact = state.add_facts();
    fact->set_source("a");
    fact->set_id("x");
    SetMicros(kNow - 1000, fact->mutable_occurred_at());
    const auto* field = v1::Event::descriptor()->FindFieldByNumber(kind.number);
    Fill(v1::Event::GetReflection()->MutableMessage(fact, field));
    EXPECT_EQ(Ask(measure, state), empty) << measure.name << " reads " << kind.name;
  }
}

TEST_P(MeasureReads, ConcernsWithOtherFlagsDoNotMatter) {
  const Measure& measure = *GetParam();
  const Truth empty = Ask(measure, v1::ProviderState());
  for (int family = 1; family <= v1::SourceFamily_MAX; ++family) {
    v1::ProviderState state = Heard();
    v1::Concern* concern = state.add_concerns();
    Fill(concern);
    concern->set_family(static_cast<v1::SourceFamily>(family));
    concern->set_occurred_us(kNow - 1000);
    concern->set_known_us(kNow - 1000);
    concern->set_flags(~measure.reads.flags);
    EXPECT_EQ(Ask(measure, state), empty) << measure.name;
  }
}

/// Those that are not asked every time.
std::vector<const Measure*> Choosy() {
  std::vector<const Measure*> choosy;
  for (const Measure& measure : AllMeasures()) {
    if (!measure.reads.anything) choosy.push_back(&measure);
  }
  return choosy;
}

INSTANTIATE_TEST_SUITE_P(Vocabulary, MeasureReads, testing::ValuesIn(Choosy()),
                         [](const auto& measure) { return std::string(measure.param->name); });

// A name that two measures bear would mean one thing to the pack that was written for the other.
TEST(Measures, HaveEachANameOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Measure& measure : AllMeasures()) {
    EXPECT_TRUE(names.insert(measure.name).second) << measure.name;
  }
}

// A fact leaves the window of a measure by time alone: without a timer nobody would look. What is
// left to the next event is listed here, so that a kind that a measure comes to read is decided on.
TEST(Windows, AFactThatAMeasureReadsInAWindowIsATimerOrLeftToTheNextEvent) {
  const std::set<std::string_view> listed = {"visit_cancelled",
                                             "ecm_deep_dive_completed",
                                             "monitoring_return_received",
                                             "provider_performance_report_received",
                                             "risk_summit_called",
                                             "surveillance_group_meeting_called",
                                             "plan_action_completed",
                                             "capacity_reported"};
  std::set<std::string_view> left;
  for (const Measure& measure : AllMeasures()) {
    if (measure.windows.empty()) continue;
    for (const KindInfo& kind : AllKinds()) {
      if (!measure.reads.facts.test(static_cast<size_t>(kind.number))) continue;
      if (kind.windowed || RaisesConcern(kind)) continue;
      left.insert(kind.name);
      EXPECT_TRUE(listed.count(kind.name) > 0) << measure.name << " reads " << kind.name;
    }
  }
  for (const auto name : listed)
    EXPECT_TRUE(left.count(name) > 0) << name << " is listed for nothing";
}

TEST(Windows, AWindowedKindIsLookedAtWhenItLeavesTheWindow) {
  for (const KindInfo& kind : AllKinds()) {
    if (!kind.windowed) continue;
    v1::ProviderState state;
    v1::Event& fact = *state.add_facts();
    SetMicros(kNow, fact.mutable_occurred_at());
    v1::Event::GetReflection()->MutableMessage(
        &fact, v1::Event::descriptor()->FindFieldByNumber(kind.number));
    constexpr int64_t kDays = 10;
    EXPECT_EQ(NextInstant(state, v1::ProviderRecord(), {kDays}, kNow), kNow + kDays * kMicrosPerDay)
        << kind.name;
  }
}

}  // namespace
}  // namespace trigpoint
