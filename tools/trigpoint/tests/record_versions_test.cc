#include "record_versions.h"

#include <gtest/gtest.h>

#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"
#include "trigpoint/events/validate.h"

namespace trigpoint {
namespace {

// What a server knows of one service: it takes events as intake does.
class Known {
 public:
  RecordVersions::Ask Ask() {
    return [this](const v1::SubjectRef&) -> absl::StatusOr<std::vector<v1::Event>> {
      ++asked;
      return events.empty() ? absl::StatusOr<std::vector<v1::Event>>(absl::NotFoundError("nobody"))
                            : events;
    };
  }

  // "new", "duplicate", "correction", "superseded" or "conflict".
  std::string Take(v1::Event event) {
    event.set_submission_digest(SubmissionDigest(event));
    ApplyDefaults(&event);
    SetMicros(77, event.mutable_received_at());
    event.set_stream_id("prv-1");
    const v1::Event* latest = nullptr;
    for (const v1::Event& known : events) {
      if (known.source() == event.source() && known.id() == event.id() &&
          (latest == nullptr || known.source_version() > latest->source_version())) {
        latest = &known;
      }
    }
    std::string outcome = "new";
    if (latest != nullptr) {
      const bool same = latest->submission_digest() == event.submission_digest();
      outcome = event.source_version() > latest->source_version()   ? "correction"
                : event.source_version() < latest->source_version() ? "superseded"
                : same                                              ? "duplicate"
                                                                    : "conflict";
    }
    if (outcome == "new" || outcome == "correction") events.push_back(event);
    return outcome;
  }

  std::vector<v1::Event> events;
  int asked = 0;
};

v1::Event Registered(int day, uint32_t beds) {
  v1::Event event;
  event.set_source("cqc/api");
  event.set_id("1-1");
  event.set_source_version(static_cast<uint32_t>(day));
  event.mutable_subject()->set_scheme("cqc-location");
  event.mutable_subject()->set_value("1-1");
  SetMicros(day * 1'000'000, event.mutable_reported_at());
  event.mutable_service_registered()->set_beds(beds);
  return event;
}

v1::Event Manager(int day, v1::RegistrationChanged::Status status) {
  v1::Event event = Registered(day, 0);
  event.set_id("1-1/manager");
  event.clear_reported_at();
  event.mutable_registration_changed()->set_status(status);
  return event;
}

std::string Import(Known* known, std::vector<v1::Event> events) {
  RecordVersions versions(known->Ask());
  std::string outcomes;
  for (v1::Event& event : events) {
    versions.Settle(&event);
    outcomes += (outcomes.empty() ? "" : " ") + known->Take(event);
  }
  return outcomes;
}

constexpr auto kAbsent = v1::RegistrationChanged::STATUS_MANAGER_ABSENT;
constexpr auto kInPost = v1::RegistrationChanged::STATUS_MANAGER_IN_POST;

TEST(RecordVersions, TheSameAgainIsADuplicate) {
  Known known;
  EXPECT_EQ(Import(&known, {Registered(10, 30), Manager(10, kInPost)}), "new new");
  EXPECT_EQ(Import(&known, {Registered(10, 30), Manager(10, kInPost)}), "duplicate duplicate");
  // Fetched again later, with nothing new in it.
  EXPECT_EQ(Import(&known, {Registered(50, 30), Manager(50, kInPost)}), "duplicate duplicate");
  EXPECT_EQ(known.asked, 3);
}

TEST(RecordVersions, WhatChangedIsACorrectionThoughNoDateSaysSo) {
  Known known;
  Import(&known, {Registered(10, 30), Manager(10, kInPost)});
  EXPECT_EQ(Import(&known, {Registered(10, 34), Manager(10, kAbsent)}), "correction correction");
  EXPECT_EQ(Import(&known, {Registered(10, 34), Manager(10, kAbsent)}), "duplicate duplicate");
  EXPECT_EQ(Import(&known, {Registered(10, 30), Manager(10, kInPost)}), "correction correction");
  EXPECT_EQ(Import(&known, {Registered(11, 33), Manager(11, kInPost)}), "correction duplicate");
}

TEST(RecordVersions, AnOlderStateStaysBelowWhatIsKnown) {
  Known known;
  Import(&known, {Registered(50, 30), Manager(50, kAbsent)});
  EXPECT_EQ(Import(&known, {Registered(10, 20), Manager(10, kInPost)}), "superseded superseded");
  EXPECT_EQ(known.events.size(), 2U);
}

TEST(RecordVersions, TwoStatesInOneImportDoNotConflict) {
  Known known;
  EXPECT_EQ(Import(&known, {Registered(10, 30), Registered(10, 31), Registered(10, 31)}),
            "new correction duplicate");
}

TEST(RecordVersions, ChangesNothingWhenItMayNotAsk) {
  int asked = 0;
  RecordVersions versions(
      [&asked](const v1::SubjectRef&) -> absl::StatusOr<std::vector<v1::Event>> {
        ++asked;
        return absl::PermissionDeniedError("no");
      });
  for (int i = 0; i < 2; ++i) {
    v1::Event event = Registered(10, 30);
    event.mutable_subject()->set_value(std::to_string(i));
    versions.Settle(&event);
    EXPECT_EQ(event.source_version(), 10U);
  }
  EXPECT_EQ(asked, 1);
  EXPECT_FALSE(versions.status().ok());
}

}  // namespace
}  // namespace trigpoint
