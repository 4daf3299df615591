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
#include "trigpoint/intake/bank_holidays.h"
#include "trigpoint/intake/cloud_event.h"
#include "trigpoint/intake/cqc_changes.h"
#include "trigpoint/intake/feed_formats.h"
#include "trigpoint/intake/mapped_adapter.h"
#include "trigpoint/policy/lint.h"

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

/// The bank holidays of a division, as gov.uk publishes them. Law: years that begin before they
/// end.
void BankHolidays(const uint8_t* data, size_t size) {
  const auto holidays = ReadBankHolidays(Text(data, size), kEnglandAndWales);
  if (!holidays.ok()) return;
  MustHold(holidays->first_year() <= holidays->last_year(), "years are in order");
  MustHold(!holidays->holidays().empty(), "a calendar has holidays");
}

/// A partner's message in a topic: the first byte chooses the mode.
void CloudEvent(const uint8_t* data, size_t size) {
  if (size == 0) return;
  const char* const types[] = {"application/cloudevents+json", "application/protobuf",
                               "application/json"};
  MessageHeaders headers{{"content-type", types[data[0] % 3]}};
  if (data[0] % 3 != 0) {
    headers.insert(headers.end(), {{"ce_specversion", "1.0"},
                                   {"ce_type", "trigpoint.v1.incident_reported"},
                                   {"ce_id", "1"},
                                   {"ce_source", "a/b"}});
  }
  v1::Event event;
  if (ReadCloudEvent(headers, Text(data + 1, size - 1), &event).empty()) UseEvent(event);
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
constexpr char kLfpse[] = "lfpse-fhir";
constexpr char kComplaints[] = "nhs-written-complaints";
constexpr char kNeverEvents[] = "nhs-never-events";
constexpr char kCoroners[] = "coroners-reports";
constexpr char kOds[] = "ods-organisations";

/// A file of which nobody says the format. Law: the format that it is told to be has an adapter.
void UnknownFile(const uint8_t* data, size_t size) {
  std::istringstream input{std::string(Text(data, size))};
  const auto format = DetectFeedFormat(FirstBytes(input, size_t{256} << 10));
  if (!format.ok()) return;
  CountingSink sink;
  MakeFeedAdapter((*format)->name, {})->Read(input, sink).IgnoreError();
}

/// A mapping as people write it. Law: what is wrong with it is said with its line.
void MappingFile(const uint8_t* data, size_t size) {
  const auto mapping = FeedMappingFromYaml(Text(data, size), "m.yaml");
  MustHold(mapping.ok() || mapping.status().message().find("m.yaml:") == 0, "an error has a place");
}

/// A table that a mapping is used on: what begins as a zip file is taken for both kinds of
/// workbook.
void MappedTable(const uint8_t* data, size_t size) {
  const std::string bytes(Text(data, size));
  const auto read = [&bytes](const std::string& table) {
    const auto mapping = FeedMappingFromYaml(
        "name: f\nsource: f\ntable: {format: " + table +
            "}\nsubject: {scheme: cqc-location, column: CQC ID}\nevents:\n"
            "  - kind: complaint_received\n    id: Ref\n    reported_at: {column: Received}\n"
            "    fields: {subject: Subject, narrative: What happened}\n",
        "f.yaml");
    MustHold(mapping.ok(), "the mapping is right");
    std::istringstream input(bytes);
    CountingSink sink;
    MappedAdapter(*mapping).Read(input, sink).IgnoreError();
  };
  if (bytes.starts_with("PK")) {
    read("xlsx");
    read("ods");
  } else {
    read("csv, encoding: windows-1252");
  }
}

/// A policy pack as people write it.
void PolicyPack(const uint8_t* data, size_t size) {
  const auto pack = PackFromYaml(Text(data, size));
  if (pack.ok()) LintPack(*pack);  // It compiles it first.
}

void PrincipalsFile(const uint8_t* data, size_t size) {
  Principals::FromYaml(Text(data, size)).IgnoreError();
}

void NodeConfigFile(const uint8_t* data, size_t size) {
  NodeConfig config;
  ApplyConfigYaml(std::string(Text(data, size)), "node.yaml", &config).IgnoreError();
}

/// An answer of CQC's API: a page of either list, or a document. Law: a record that is to be
/// fetched has a path of its own below its register, and is the same after a restart.
void CqcAnswer(const uint8_t* data, size_t size) {
  const std::string_view body = Text(data, size);
  for (const auto kind : {CqcDocumentKind::kLocation, CqcDocumentKind::kProvider}) {
    for (const auto listing : {CqcListing::kChanges, CqcListing::kRegister}) {
      const auto page = ReadCqcPage(body, listing, kind, 1);
      if (!page.ok()) continue;
      for (const CqcRecordId& record : page->records) {
        const auto again = ParseCqcRecordName(CqcRecordName(record));
        MustHold(again.ok() && *again == record, "a record's name is read as the same record");
        const std::string path = CqcDocumentPath(record);
        MustHold(
            path.find('/', 1) == path.rfind('/') && !path.ends_with("/.") && !path.ends_with("/.."),
            "an id does not lead elsewhere");
      }
    }
    ReadCqcDocumentHead(body, {.kind = kind, .id = "1-1"}).IgnoreError();
  }
}

/// A list's filter. Law: a filter that can be read can be asked.
void ListFilter(const uint8_t* data, size_t size) {
  const auto filter = Filter::Parse(Text(data, size));
  if (!filter.ok()) return;
  v1::ProviderSummary provider;
  provider.set_display_name("Elm Court");
  provider.add_levels()->set_policy_id("herefordshire");
  const bool matches = filter->Matches(provider, false);
  MustHold(filter->Matches(provider, false) == matches, "a filter answers the same twice");
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
      {"bank_holidays", &BankHolidays},
      {"cloud_event", &CloudEvent},
      {"coroners_reports", &File<kCoroners>},
      {"cqc_answer", &CqcAnswer},
      {"cqc_directory", &File<kDirectory>},
      {"cqc_latest_ratings", &File<kLatestRatings>},
      {"cqc_location", &File<kLocation>},
      {"cqc_provider", &File<kProvider>},
      {"cqc_rating_history", &File<kRatingHistory>},
      {"event_json", &EventJson},
      {"event_protobuf", &EventProtobuf},
      {"feed_mapping", &MappingFile},
      {"json_lines", &File<kEvents>},
      {"lfpse_fhir", &File<kLfpse>},
      {"list_filter", &ListFilter},
      {"mapped_table", &MappedTable},
      {"nhs_never_events", &File<kNeverEvents>},
      {"nhs_written_complaints", &File<kComplaints>},
      {"node_config", &NodeConfigFile},
      {"ods_organisations", &File<kOds>},
      {"policy_pack", &PolicyPack},
      {"principals", &PrincipalsFile},
      {"small_texts", &SmallTexts},
      {"tokens", &Tokens},
      {"unknown_file", &UnknownFile},
  };
  return *targets;
}

}  // namespace trigpoint
