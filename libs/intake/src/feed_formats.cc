#include "trigpoint/intake/feed_formats.h"

#include <algorithm>
#include <array>
#include <vector>

#include "inflating_buffer.h"
#include "ods_layout.h"
#include "trigpoint/base/check.h"
#include "trigpoint/base/status.h"
#include "trigpoint/intake/coroners_reports_adapter.h"
#include "trigpoint/intake/cqc_api_adapter.h"
#include "trigpoint/intake/cqc_directory_adapter.h"
#include "trigpoint/intake/cqc_latest_ratings_adapter.h"
#include "trigpoint/intake/cqc_rating_history_adapter.h"
#include "trigpoint/intake/json_lines_adapter.h"
#include "trigpoint/intake/lfpse_fhir_adapter.h"
#include "trigpoint/intake/nhs_never_events_adapter.h"
#include "trigpoint/intake/nhs_written_complaints_adapter.h"
#include "trigpoint/intake/ods_organisations_adapter.h"

namespace trigpoint {
namespace {

constexpr std::string_view kEvents = "events";
constexpr std::string_view kLatestRatings = "cqc-latest-ratings";
constexpr std::string_view kDirectory = "cqc-directory";
constexpr std::string_view kRatingHistory = "cqc-rating-history";
constexpr std::string_view kLocation = "cqc-location";
constexpr std::string_view kProvider = "cqc-provider";
constexpr std::string_view kLfpse = "lfpse-fhir";
constexpr std::string_view kComplaints = "nhs-written-complaints";
constexpr std::string_view kNeverEvents = "nhs-never-events";
constexpr std::string_view kCoroners = "coroners-reports";
constexpr std::string_view kOds = "ods-organisations";

constexpr FeedFormat kFormats[] = {
    {.name = kEvents, .summary = "event JSON lines", .source = ""},
    {.name = kLocation, .summary = "locations of CQC's API", .source = "cqc/api", .states = true},
    {.name = kProvider, .summary = "providers of CQC's API", .source = "cqc/api", .states = true},
    {.name = kDirectory, .summary = "CQC's care directory", .source = "cqc/care-directory"},
    {.name = kLatestRatings, .summary = "CQC's latest ratings", .source = "cqc/latest-ratings"},
    {.name = kRatingHistory, .summary = "a history of CQC ratings", .source = "cqc/rating-history"},
    {.name = kLfpse, .summary = "patient safety events, FHIR", .source = "nhs-england/lfpse"},
    {.name = kComplaints,
     .summary = "written complaints, KO41a and KO41b",
     .source = "nhs-england/written-complaints"},
    {.name = kNeverEvents,
     .summary = "never events by trust",
     .source = "nhs-england/never-events"},
    {.name = kCoroners,
     .summary = "coroners' reports to prevent deaths",
     .source = "judiciary/coroners-reports"},
    {.name = kOds, .summary = "organisations of the NHS", .source = "nhs-england/ods"},
};

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The keys of the first document, as far as the bytes go.
std::vector<std::string_view> KeysOf(std::string_view text) {
  std::vector<std::string_view> keys;
  const size_t level = text.starts_with('[') ? 2 : 1;
  size_t depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && (depth == 0 || --depth < level)) {
      break;
    } else if (c == '"') {
      const size_t begin = ++i;
      while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2U : 1U;
      const size_t next = text.find_first_not_of(" \t\r\n", i + 1);
      if (depth == level && next < text.size() && text[next] == ':') {
        keys.push_back(text.substr(begin, i - begin));
      }
    }
  }
  return keys;
}

std::string_view FormatOfJson(std::string_view text) {
  const std::vector<std::string_view> keys = KeysOf(text);
  const auto has = [&keys](std::initializer_list<std::string_view> any) {
    return std::find_first_of(keys.begin(), keys.end(), any.begin(), any.end()) != keys.end();
  };
  if (has({"resourceType"})) return kLfpse;
  if (has({"locationId", "gacServiceTypes", "locations"})) return kLocation;
  if (has({"providerId", "locationIds", "providers"})) return kProvider;
  return text.starts_with('{') ? kEvents : std::string_view();
}

std::string_view FormatOfTable(std::string_view text) {
  constexpr size_t kLinesBeforeNames = 20;
  for (size_t i = 0; i < kLinesBeforeNames && !text.empty(); ++i) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (Contains(line, "Service / Population Group")) return kLatestRatings;
    if (i == 0 && IsOdsLine(line)) return kOds;
    if (Contains(line, "Complaints_Total_New") || Contains(line, "1.4 Total New")) {
      return kComplaints;
    }
    if (Contains(line, "organisation_name") && Contains(line, "never_events")) return kNeverEvents;
    if (Contains(line, "date_of_report") && Contains(line, "coroner_area")) return kCoroners;
    if (Contains(line, "reportdate") && Contains(line, "locationid")) return kRatingHistory;
    if (Contains(line, "Location HSCA start date") ||
        Contains(line, "CQC Location ID (for office") || Contains(line, "cqc.org.uk/location/")) {
      return kDirectory;
    }
    if (Contains(line, "Location ID")) return kLatestRatings;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return "";
}

}  // namespace

std::span<const FeedFormat> FeedFormats() { return kFormats; }

const FeedFormat* FindFeedFormat(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kFormats), std::end(kFormats),
                   [name](const FeedFormat& format) { return format.name == name; });
  return found == std::end(kFormats) ? nullptr : found;
}

absl::StatusOr<const FeedFormat*> DetectFeedFormat(std::string_view first_bytes) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (first_bytes.starts_with(kByteOrderMark)) {
    first_bytes.remove_prefix(kByteOrderMark.size());
  }
  first_bytes.remove_prefix(std::min(first_bytes.find_first_not_of(" \t\r\n"), first_bytes.size()));
  const bool json = first_bytes.starts_with('{') || first_bytes.starts_with('[');
  const std::string_view name = json ? FormatOfJson(first_bytes) : FormatOfTable(first_bytes);
  if (!name.empty()) {
    return FindFeedFormat(name);
  }
  std::string names;
  for (const FeedFormat& format : kFormats) {
    names += (names.empty() ? "" : ", ") + std::string(format.name);
  }
  return absl::InvalidArgumentError("its format cannot be told; say --format, one of " + names);
}

std::string FirstBytes(std::istream& input, size_t bytes_max) {
  std::string bytes(bytes_max, '\0');
  {
    InflatingBuffer buffer(input);
    const std::streamsize size =
        buffer.sgetn(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<size_t>(size));
  }
  input.clear();
  input.seekg(0);
  return bytes;
}

std::unique_ptr<FeedAdapter> MakeFeedAdapter(std::string_view format, const FeedOptions& options) {
  if (format == kLatestRatings) {
    return std::make_unique<CqcLatestRatingsAdapter>(
        CqcLatestRatingsOptions{.date_order = options.date_order, .edition = options.edition});
  }
  if (format == kDirectory) {
    return std::make_unique<CqcDirectoryAdapter>(
        CqcDirectoryOptions{.date_order = options.date_order, .edition = options.edition});
  }
  if (format == kLocation || format == kProvider) {
    return std::make_unique<CqcApiAdapter>(CqcApiOptions{
        .kind = format == kLocation ? CqcDocumentKind::kLocation : CqcDocumentKind::kProvider,
        .edition = options.edition});
  }
  if (format == kRatingHistory) {
    return std::make_unique<CqcRatingHistoryAdapter>();
  }
  if (format == kLfpse) return std::make_unique<LfpseFhirAdapter>();
  if (format == kComplaints) return std::make_unique<NhsWrittenComplaintsAdapter>(options.edition);
  if (format == kNeverEvents) return std::make_unique<NhsNeverEventsAdapter>(options.edition);
  if (format == kCoroners) return std::make_unique<CoronersReportsAdapter>();
  if (format == kOds) {
    return std::make_unique<OdsOrganisationsAdapter>(
        OdsOrganisationsOptions{.edition = options.edition});
  }
  TP_CHECK(format == kEvents, "the caller asks for a format that there is");
  return std::make_unique<JsonLinesAdapter>();
}

}  // namespace trigpoint
