#include "cqc_poll.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

constexpr const char* kBase = "https://api.example";

Micros At(const char* text) { return ParseInstant(text).value(); }

// Keeps what it is handed; what was not settled is lost, as by a node that was killed.
class Taker : public DocumentTaker {
 public:
  absl::Status Take(const CqcRecordId& record, const std::string& /*document*/,
                    CivilDate fetched_on) override {
    unsettled_.push_back(CqcRecordName(record) + ' ' + FormatDate(fetched_on));
    return take;
  }
  absl::Status Settle() override {
    if (settle.ok()) settled.insert(settled.end(), unsettled_.begin(), unsettled_.end());
    unsettled_.clear();
    return settle;
  }

  absl::Status take;
  absl::Status settle;
  std::vector<std::string> settled;

 private:
  std::vector<std::string> unsettled_;
};

class CqcPollTest : public testing::Test {
 protected:
  CqcPollTest() { std::filesystem::create_directory(folder_); }
  ~CqcPollTest() override { std::filesystem::remove_all(folder_); }

  void Home(const std::string& id, const std::string& authority = "Oldham") {
    const json home = {{"locationId", id}, {"providerId", "1-900"}, {"localAuthority", authority}};
    contents_["/locations/" + id] = home.dump();
  }
  void Organisation(const std::string& id) {
    contents_["/providers/" + id] = json{{"providerId", id}}.dump();
  }
  void Changed(const std::vector<std::vector<std::string>>& location_pages,
               const std::vector<std::string>& providers = {}) {
    location_pages_ = location_pages;
    provider_changes_ = providers;
  }

  std::string ListOf(const std::string& path) const {
    const bool changes = path.starts_with("/changes/");
    const bool locations = path.find("location") != std::string::npos;
    const auto at = path.find("page=") + 5;
    const auto page = static_cast<size_t>(std::stoul(path.substr(at)));
    const auto& pages =
        locations ? location_pages_ : std::vector<std::vector<std::string>>{provider_changes_};
    json entries = json::array();
    if (page <= pages.size()) {
      for (const std::string& id : pages[page - 1]) {
        entries.push_back(changes ? json(id) : json{{locations ? "locationId" : "providerId", id}});
      }
    }
    const std::string key = changes ? "changes" : locations ? "locations" : "providers";
    return json{{"page", page}, {"totalPages", pages.size()}, {key, entries}}.dump();
  }

  absl::StatusOr<HttpAnswer> Answer(const HttpRequest& request) {
    const std::string path = request.url.substr(std::string(kBase).size());
    asked_.push_back(path);
    if (const auto status = statuses_.find(path); status != statuses_.end()) {
      return HttpAnswer{.status = status->second, .date = their_time_};
    }
    if (path.find('?') != std::string::npos) {
      return HttpAnswer{.status = 200, .date = their_time_, .content = ListOf(path)};
    }
    const auto content = contents_.find(path);
    if (content == contents_.end()) return HttpAnswer{.status = 404};
    return HttpAnswer{.status = 200, .date = their_time_, .content = content->second};
  }

  CqcPollOptions Options() {
    return {.state_file = folder_ + "/cqc.json", .now_us = [this] { return now_; }};
  }

  absl::Status Poll(CqcPollOptions options, Taker* taker) {
    asked_.clear();
    counts_ = {};
    CqcClient client({.base_url = kBase,
                      .key = "sesame",
                      .per_minute = 60'000,
                      .wait = [](Micros) { return true; },
                      .now_us = [this] { return now_; },
                      .send = [this](const HttpRequest& request) { return Answer(request); }});
    return CqcPoll(std::move(options), &client, taker).Run(&counts_);
  }
  absl::Status Poll(CqcPollOptions options) { return Poll(std::move(options), &taker_); }

  PollState State() const { return ReadPollState(folder_ + "/cqc.json").value().value(); }

  const std::string folder_ = testing::TempDir() + "cqc-poll-" + std::to_string(getpid());
  std::map<std::string, std::string> contents_;
  std::map<std::string, long> statuses_;
  std::vector<std::vector<std::string>> location_pages_ = {{}};
  std::vector<std::string> provider_changes_;
  std::vector<std::string> asked_;
  Micros now_ = At("2026-11-22T21:00:00Z");
  Micros their_time_ = 0;
  Taker taker_;
  CqcPollCounts counts_;
};

TEST_F(CqcPollTest, FetchesWhatChangedAndGoesOnFromThere) {
  Home("1-1");
  Home("1-2");
  Organisation("1-900");
  Changed({{"1-1"}, {"1-2", "1-1"}}, {"1-900"});
  auto first = Options();
  first.from = At("2026-11-01T00:00:00Z");
  ASSERT_TRUE(Poll(first).ok());
  EXPECT_THAT(taker_.settled, ElementsAre("provider/1-900 2026-11-22", "location/1-1 2026-11-22",
                                          "location/1-2 2026-11-22"));
  EXPECT_EQ(counts_.listed, 3U);
  EXPECT_EQ(State().until, now_);
  EXPECT_THAT(State().to_fetch, IsEmpty());

  Changed({{"1-2"}});
  now_ += kMicrosPerHour;
  ASSERT_TRUE(Poll(Options()).ok());
  // From ten minutes before the end of the last window.
  EXPECT_THAT(asked_, Contains(HasSubstr("/changes/location?startTimestamp=2026-11-22T20%3A50%3A00Z"
                                         "&endTimestamp=2026-11-22T22%3A00%3A00Z")));
  EXPECT_THAT(taker_.settled, SizeIs(4));
  EXPECT_EQ(State().until, now_);
}

TEST_F(CqcPollTest, BeginsNowhereUnlessItIsToldWhere) {
  const absl::Status status = Poll(Options());
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(CqcPollTest, LosesNothingWhenItIsKilledBetweenBatches) {
  std::vector<std::string> ids;
  for (int i = 1; i <= 120; ++i) {
    ids.push_back("1-" + std::to_string(i));
    Home(ids.back());
  }
  Changed({ids});
  auto options = Options();
  options.from = At("2026-11-01T00:00:00Z");
  // The node dies in the second batch; the file is all that is left.
  Taker dies;
  options.show = [&dies](uint64_t fetched) {
    if (fetched > 50) dies.settle = absl::AbortedError("gone");
  };
  EXPECT_TRUE(absl::IsAborted(Poll(options, &dies)));
  EXPECT_THAT(dies.settled, SizeIs(50));
  EXPECT_THAT(State().to_fetch, SizeIs(70));
  EXPECT_EQ(State().until, options.from);

  Changed({{}});
  now_ += kMicrosPerHour;
  ASSERT_TRUE(Poll(Options()).ok());
  EXPECT_THAT(taker_.settled, SizeIs(70));
  std::set<std::string> all(dies.settled.begin(), dies.settled.end());
  all.insert(taker_.settled.begin(), taker_.settled.end());
  EXPECT_THAT(all, SizeIs(120));
  EXPECT_EQ(State().until, now_);
}

TEST_F(CqcPollTest, KeepsTheWindowWhenItsListCannotBeReadToTheEnd) {
  Changed({{"1-1"}, {"1-2"}});
  statuses_
      ["/changes/location?startTimestamp=2026-10-31T23%3A50%3A00Z&endTimestamp="
       "2026-11-22T21%3A00%3A00Z&page=2&perPage=1000"] = 500;
  auto options = Options();
  options.from = At("2026-11-01T00:00:00Z");
  EXPECT_TRUE(absl::IsUnavailable(Poll(options)));
  EXPECT_FALSE(std::filesystem::exists(options.state_file));
  EXPECT_THAT(asked_, Not(Contains("/locations/1-1")));
}

TEST_F(CqcPollTest, SaysWhatIsGoneAndAsksAgainForWhatCouldNotBeHad) {
  Home("1-1");
  contents_["/locations/1-2"] = R"({"locationId":"1-2",)";  // Cut.
  Home("1-4");
  contents_["/locations/1-5"] = contents_["/locations/1-4"];  // Another's document.
  Changed({{"1-1", "1-2", "1-3", "1-5"}});
  auto options = Options();
  options.from = At("2026-11-01T00:00:00Z");
  ASSERT_TRUE(Poll(options).ok());
  EXPECT_THAT(taker_.settled, ElementsAre("location/1-1 2026-11-22"));
  ASSERT_THAT(counts_.gone, SizeIs(1));
  EXPECT_EQ(counts_.gone[0].id, "1-3");
  ASSERT_THAT(counts_.failed, SizeIs(2));
  EXPECT_THAT(counts_.failed[0].second, HasSubstr("JSON_SYNTAX"));
  EXPECT_THAT(counts_.failed[1].second, HasSubstr("OTHER_RECORD"));
  // News does not wait for them, and they are not forgotten.
  EXPECT_EQ(State().until, now_);
  EXPECT_THAT(State().again, SizeIs(2));

  Home("1-2");
  Home("1-5");
  Changed({{}});
  ASSERT_TRUE(Poll(Options()).ok());
  EXPECT_THAT(taker_.settled, SizeIs(3));
  EXPECT_THAT(State().again, IsEmpty());
}

TEST_F(CqcPollTest, EndsWhenTheApiDoesNotAnswerForSeveralInARow) {
  std::vector<std::string> ids;
  for (int i = 1; i <= 9; ++i) {
    ids.push_back("1-" + std::to_string(i));
    Home(ids.back());
    if (i > 1) statuses_["/locations/" + ids.back()] = 503;
  }
  Changed({ids});
  auto options = Options();
  options.from = At("2026-11-01T00:00:00Z");
  EXPECT_TRUE(absl::IsUnavailable(Poll(options)));
  EXPECT_THAT(asked_, Not(Contains("/locations/1-5")));
  statuses_.clear();
  Changed({{}});
  ASSERT_TRUE(Poll(Options()).ok());
  EXPECT_THAT(taker_.settled, SizeIs(9));
}

TEST_F(CqcPollTest, StopsAtOnceWhenTheKeyIsNotTaken) {
  Home("1-2");
  Changed({{"1-1", "1-2"}});
  statuses_["/locations/1-1"] = 403;
  auto options = Options();
  options.from = At("2026-11-01T00:00:00Z");
  EXPECT_TRUE(absl::IsPermissionDenied(Poll(options)));
  EXPECT_THAT(asked_, Not(Contains("/locations/1-2")));
  EXPECT_EQ(State().to_fetch.size(), 2U);
  EXPECT_EQ(counts_.still_to_fetch, 2U);
}

TEST_F(CqcPollTest, TakesOnlyTheAuthoritysLocationsAndTheirProviders) {
  Home("1-1");
  Home("1-2", "Rochdale");
  Organisation("1-900");
  Organisation("1-901");
  Changed({{"1-1", "1-2"}}, {"1-901"});
  auto options = Options();
  options.from = At("2026-11-01T00:00:00Z");
  options.local_authorities = {"oldham"};
  ASSERT_TRUE(Poll(options).ok());
  // 1-900 did not change, but the location that is wanted names it; 1-901 is not even fetched.
  EXPECT_THAT(taker_.settled, ElementsAre("location/1-1 2026-11-22", "provider/1-900 2026-11-22"));
  EXPECT_EQ(counts_.elsewhere, 2U);
  EXPECT_THAT(asked_, Not(Contains("/providers/1-901")));

  // The authority gets another name; who was followed still is, and so is the provider.
  Home("1-1", "Greater Oldham");
  Changed({{"1-1"}}, {"1-900"});
  ASSERT_TRUE(Poll(Options()).ok());
  EXPECT_THAT(taker_.settled, SizeIs(4));

  options.local_authorities = {"Oldham", "Rochdale"};
  EXPECT_TRUE(absl::IsInvalidArgument(Poll(options)));
}

TEST_F(CqcPollTest, LoadsTheWholeRegisterAndThenWhatChangedMeanwhile) {
  Home("1-1");
  Home("1-2");
  Organisation("1-900");
  Changed({{"1-1"}, {"1-2"}}, {"1-900"});
  auto options = Options();
  options.all = true;
  ASSERT_TRUE(Poll(options).ok());
  EXPECT_THAT(asked_, Contains("/locations?page=2&perPage=1000"));
  EXPECT_THAT(taker_.settled,
              UnorderedElementsAre(StartsWith("location/1-1"), StartsWith("location/1-2"),
                                   StartsWith("provider/1-900")));
  EXPECT_EQ(State().until, now_);
}

TEST_F(CqcPollTest, GoesOnWithABrokenOffLoadInsteadOfBeginningAnew) {
  Home("1-1");
  Home("1-2");
  Organisation("1-900");
  Changed({{"1-1", "1-2"}});
  auto options = Options();
  options.all = true;
  options.local_authorities = {"Oldham"};
  Taker dies;
  dies.settle = absl::AbortedError("gone");
  EXPECT_TRUE(absl::IsAborted(Poll(options, &dies)));
  EXPECT_THAT(State().to_fetch, SizeIs(2));

  Changed({{}});
  ASSERT_TRUE(Poll(options).ok());
  EXPECT_THAT(asked_, Not(Contains(StartsWith("/locations?"))));
  EXPECT_THAT(asked_, Contains(StartsWith("/changes/location?")));
  EXPECT_THAT(taker_.settled, SizeIs(3));
}

TEST_F(CqcPollTest, PromisesNothingBeyondTheTimeOfTheApi) {
  their_time_ = now_ - 3 * kMicrosPerMinute;
  auto options = Options();
  options.from = At("2026-11-01T00:00:00Z");
  ASSERT_TRUE(Poll(options).ok());
  EXPECT_EQ(State().until, their_time_);
}

TEST_F(CqcPollTest, AsksUntilTheTimeOfTheApiWhereTheFutureIsRefused) {
  their_time_ = At("2026-11-22T20:57:00Z");
  Home("1-1");
  Changed({{"1-1"}});
  for (const char* kind : {"provider", "location"}) {
    statuses_["/changes/" + std::string(kind) +
              "?startTimestamp=2026-10-31T23%3A50%3A00Z&endTimestamp=2026-11-22T21%3A00%3A00Z"
              "&page=1&perPage=1000"] = 400;
  }
  auto options = Options();
  options.from = At("2026-11-01T00:00:00Z");
  ASSERT_TRUE(Poll(options).ok());
  EXPECT_THAT(taker_.settled, SizeIs(1));
  EXPECT_EQ(State().until, their_time_);
}

TEST_F(CqcPollTest, DoesNotGoBackWhenTheClockDoes) {
  auto options = Options();
  options.from = At("2026-11-01T00:00:00Z");
  ASSERT_TRUE(Poll(options).ok());
  now_ -= kMicrosPerMinute;
  ASSERT_TRUE(Poll(Options()).ok());
  EXPECT_EQ(State().until, At("2026-11-22T21:00:00Z"));
  now_ -= kMicrosPerDay;
  EXPECT_TRUE(absl::IsFailedPrecondition(Poll(Options())));
}

TEST_F(CqcPollTest, KeepsTheOtherEntriesOfAListInWhichOneIsWrong) {
  Home("1-1");
  Changed({{"../keys", "1-1"}});
  auto options = Options();
  options.from = At("2026-11-01T00:00:00Z");
  ASSERT_TRUE(Poll(options).ok());
  EXPECT_THAT(taker_.settled, SizeIs(1));
  ASSERT_THAT(counts_.refused, SizeIs(1));
  EXPECT_EQ(counts_.refused[0].field(), "changes[0]");
}

}  // namespace
}  // namespace trigpoint
