#include "feed_reader.h"

#include <fstream>
#include <memory>
#include <utility>

#include "trigpoint/base/status.h"
#include "trigpoint/intake/cqc_latest_ratings_adapter.h"
#include "trigpoint/intake/feed_adapter.h"
#include "trigpoint/intake/json_lines_adapter.h"

namespace trigpoint {
namespace {

constexpr std::string_view kEvents = "events";
constexpr std::string_view kCqcLatestRatings = "cqc-latest-ratings";

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Turns what an adapter gives into items to submit.
class ItemSink : public RowSink {
 public:
  ItemSink(const FeedFile& file, std::string default_source,
           const std::function<bool(v1::SubmitEventsRequest)>& sink)
      : file_(file), default_source_(std::move(default_source)), sink_(sink) {}

  absl::Status OnEvent(v1::Event event, uint64_t line) override {
    v1::SubmitEventsRequest item;
    if (event.source().empty()) {
      event.set_source(file_.source);
    }
    *item.mutable_event() = std::move(event);
    return Give(std::move(item), line);
  }

  absl::Status OnRefused(RefusedRow row) override {
    v1::SubmitEventsRequest item;
    v1::UnreadableRow& unreadable = *item.mutable_unreadable();
    // A row that names nobody is kept all the same, for whoever may submit for every source.
    unreadable.set_source(!file_.source.empty()      ? file_.source
                          : !default_source_.empty() ? default_source_
                                                     : "unnamed");
    unreadable.set_original(std::move(row.original));
    for (v1::FieldViolation& violation : row.violations) {
      *unreadable.add_violations() = std::move(violation);
    }
    return Give(std::move(item), row.line);
  }

  bool stopped() const { return stopped_; }

 private:
  absl::Status Give(v1::SubmitEventsRequest item, uint64_t line) {
    // The name without the directory: where a partner keeps its files is nobody's business.
    item.set_file(file_.path.substr(file_.path.find_last_of('/') + 1));
    item.set_line(line);
    stopped_ = !sink_(std::move(item));
    return stopped_ ? MakeStatus(absl::StatusCode::kCancelled, "stopped") : absl::OkStatus();
  }

  const FeedFile& file_;
  const std::string default_source_;
  const std::function<bool(v1::SubmitEventsRequest)>& sink_;
  bool stopped_ = false;
};

std::unique_ptr<FeedAdapter> MakeAdapter(std::string_view format, const FeedFile& file) {
  if (format == kEvents) {
    return std::make_unique<JsonLinesAdapter>();
  }
  CqcLatestRatingsOptions options;
  if (file.date_order == "day-first") {
    options.date_order = DateOrder::kDayFirst;
  } else if (file.date_order == "month-first") {
    options.date_order = DateOrder::kMonthFirst;
  }
  return std::make_unique<CqcLatestRatingsAdapter>(options);
}

}  // namespace

absl::StatusOr<std::string> DetectFormat(std::string_view path, std::string_view first_bytes) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (first_bytes.substr(0, 2) == "\x1f\x8b") {
    if (EndsWith(path, ".csv.gz")) {
      return std::string(kCqcLatestRatings);
    }
    if (EndsWith(path, ".jsonl.gz") || EndsWith(path, ".ndjson.gz") || EndsWith(path, ".json.gz")) {
      return std::string(kEvents);
    }
  } else {
    if (first_bytes.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
      first_bytes.remove_prefix(kByteOrderMark.size());
    }
    const size_t start = first_bytes.find_first_not_of(" \t\r\n");
    if (start != std::string_view::npos && first_bytes[start] == '{') {
      return std::string(kEvents);
    }
    const std::string_view header = first_bytes.substr(0, first_bytes.find('\n'));
    if (header.find("Location ID") != std::string_view::npos || EndsWith(path, ".csv")) {
      return std::string(kCqcLatestRatings);
    }
  }
  return MakeStatus(absl::StatusCode::kInvalidArgument,
                    "its format cannot be told; say --format events or cqc-latest-ratings");
}

absl::Status ReadFeed(const FeedFile& file,
                      const std::function<bool(v1::SubmitEventsRequest)>& sink,
                      std::vector<std::pair<std::string, uint64_t>>* found) {
  std::ifstream input(file.path, std::ios::binary);
  std::string first(4096, '\0');
  if (!input ||
      (input.read(first.data(), static_cast<std::streamsize>(first.size())), input.bad())) {
    return MakeStatus(absl::StatusCode::kNotFound, "cannot read " + file.path);
  }
  first.resize(static_cast<size_t>(input.gcount()));
  input.clear();
  input.seekg(0);
  if (first.empty()) {
    return MakeStatus(absl::StatusCode::kInvalidArgument, file.path + ": the file is empty");
  }
  std::string format = file.format;
  if (format == "auto") {
    auto detected = DetectFormat(file.path, first);
    if (!detected.ok()) {
      return Annotate(detected.status(), file.path);
    }
    format = *std::move(detected);
  }
  ItemSink items(file, format == kEvents ? "" : "cqc/latest-ratings", sink);
  const std::unique_ptr<FeedAdapter> adapter = MakeAdapter(format, file);
  const absl::Status status = adapter->Read(input, items);
  if (found != nullptr) {
    *found = adapter->Found();
  }
  return items.stopped() ? absl::OkStatus() : Annotate(status, file.path);
}

}  // namespace trigpoint
