#include "targets.h"

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string_view>

#include "services/common/page.h"
#include "services/node/node_config.h"
#include "services/query/filter.h"
#include "services/query/resume_token.h"
#include "trigpoint/access/principals.h"
#include "trigpoint/base/duration.h"
#include "trigpoint/base/time.h"
#include "trigpoint/engine/pack_file.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/json.h"
#include "trigpoint/events/pii_guard.h"
#include "trigpoint/events/sealing.h"
#include "trigpoint/events/validate.h"
#include "trigpoint/intake/feed_formats.h"
#include "trigpoint/policy/pack.h"

namespace trigpoint {
namespace {

std::string_view Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// What every event that was read must bear, valid or not.
void UseEvent(const v1::Event& event) {
  Validate(event, {.submitter = Submitter::kPartner, .received_us = 1'800'000'000'000'000});
  Validate(event, {.submitter = Submitter::kBackfill, .received_us = 1'800'000'000'000'000});
  MustHold(SubmissionDigest(event) == SubmissionDigest(event), "the digest follows from the event");
  KindOf(event);
  HasClear(event);
  v1::Event kept = event;
  ApplyDefaults(&kept);
}

/// A partner's event as JSON. Law: what was read and written is read as the same event.
void EventJson(const uint8_t* data, size_t size) {
  v1::Event event;
  if (!ReadEventJson(Text(data, size), &event).empty()) return;
  UseEvent(event);
  const std::string written = EventToJson(event);
  v1::Event again;
  MustHold(ReadEventJson(written, &again).empty(), "what was written can be read");
  MustHold(EventToJson(again) == written, "JSON is always the same bytes");
}

/// A partner's event in Protobuf, as gRPC hands it over.
void EventProtobuf(const uint8_t* data, size_t size) {
  v1::Event event;
  if (event.ParseFromArray(data, static_cast<int>(size))) UseEvent(event);
}

class CountingSink : public RowSink {
 public:
  absl::Status OnEvent(v1::Event event, uint64_t line) override {
    MustHold(line >= 1, "lines count from 1");
    UseEvent(event);
    return absl::OkStatus();
  }
  absl::Status OnRefused(RefusedRow row) override {
    MustHold(!row.violations.empty(), "a refused row says why");
    return absl::OkStatus();
  }
};

/// A file that is said to be of a format.
template <const char* kFormat>
void File(const uint8_t* data, size_t size) {
  std::istringstream input{std::string(Text(data, size))};
  CountingSink sink;
  MakeFeedAdapter(kFormat, {})->Read(input, sink).IgnoreError();
}

constexpr char kEvents[] = "events";
constexpr char kLatestRatings[] = "cqc-latest-ratings";
constexpr char kDirectory[] = "cqc-directory";
constexpr char kRatingHistory[] = "cqc-rating-history";
constexpr char kLocation[] = "cqc-location";
constexpr char kProvider[] = "cqc-provider";

/// A file of which nobody says the format. Law: the format that it is told to be has an adapter.
void UnknownFile(const uint8_t* data, size_t size) {
  std::istringstream input{std::string(Text(data, size))};
  const auto format = DetectFeedFormat(FirstBytes(input, size_t{256} << 10));
  if (!format.ok()) return;
  CountingSink sink;
  MakeFeedAdapter((*format)->name, {})->Read(input, sink).IgnoreError();
}

/// A policy pack as people write it.
void PolicyPack(const uint8_t* data, size_t size) {
  auto pack = PackFromYaml(Text(data, size));
  if (pack.ok()) CompiledPack::Compile(*std::move(pack)).IgnoreError();
}

void PrincipalsFile(const uint8_t* data, size_t size) {
  Principals::FromYaml(Text(data, size)).IgnoreError();
}

void NodeConfigFile(const uint8_t* data, size_t size) {
  NodeConfig config;
  ApplyConfigYaml(std::string(Text(data, size)), "node.yaml", &config).IgnoreError();
}

/// A list's filter. Law: a filter that can be read can be asked.
void ListFilter(const uint8_t* data, size_t size) {
  const auto filter = Filter::Parse(Text(data, size));
  if (!filter.ok()) return;
  v1::ProviderSummary provider;
  provider.set_display_name("Elm Court");
  provider.add_levels()->set_policy_id("herefordshire");
  const bool matches = filter->Matches(provider);
  MustHold(filter->Matches(provider) == matches, "a filter answers the same twice");
}

/// Tokens that come back from callers. Law: nobody makes one that is taken.
void Tokens(const uint8_t* data, size_t size) {
  const std::string token(Text(data, size));
  const auto key = ReadPageToken("a secret of this process, 32 byte", "scope", token);
  MustHold(!key.ok() || token.empty(), "a page token is only ours");
  ResumeTokens("log").Read(token, {10, 10}).IgnoreError();
}

/// Dates, instants, durations and the guard of personal data.
void SmallTexts(const uint8_t* data, size_t size) {
  const std::string_view text = Text(data, size);
  if (const auto date = ParseDate(text); date.ok()) {
    MustHold(ParseDate(FormatDate(*date)).ok(), "a date that was read can be written and read");
  }
  ParseInstant(text).IgnoreError();
  ParseDuration(text).IgnoreError();
  const auto found = FindPersonalData(text);
  MustHold(!found.has_value() || found->offset < text.size(), "what was found lies in the text");
}

}  // namespace

void MustHold(bool law, const char* what) {
  if (law) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

const std::vector<FuzzTarget>& FuzzTargets() {
  static const auto* targets = new std::vector<FuzzTarget>{
      {"cqc_directory", &File<kDirectory>},
      {"cqc_latest_ratings", &File<kLatestRatings>},
      {"cqc_location", &File<kLocation>},
      {"cqc_provider", &File<kProvider>},
      {"cqc_rating_history", &File<kRatingHistory>},
      {"event_json", &EventJson},
      {"event_protobuf", &EventProtobuf},
      {"json_lines", &File<kEvents>},
      {"list_filter", &ListFilter},
      {"node_config", &NodeConfigFile},
      {"policy_pack", &PolicyPack},
      {"principals", &PrincipalsFile},
      {"small_texts", &SmallTexts},
      {"tokens", &Tokens},
      {"unknown_file", &UnknownFile},
  };
  return *targets;
}

}  // namespace trigpoint
