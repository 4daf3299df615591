#include "feed_reader.h"

#include <fstream>
#include <memory>
#include <utility>

#include "trigpoint/base/status.h"
#include "trigpoint/intake/feed_adapter.h"
#include "trigpoint/intake/feed_formats.h"
#include "trigpoint/intake/mapped_adapter.h"

namespace trigpoint {
namespace {

// Turns what an adapter gives into items to submit.
class ItemSink : public RowSink {
 public:
  ItemSink(const FeedFile& file, const FeedFormat& format, const FeedHandlers& handlers)
      : file_(file), format_(format), handlers_(handlers) {}

  absl::Status OnEvent(v1::Event event, uint64_t line) override {
    v1::SubmitEventsRequest item;
    if (event.source().empty()) {
      event.set_source(file_.source);
    }
    if (file_.history && event.has_service_registered() && event.has_occurred_at() &&
        !event.has_received_at()) {
      *event.mutable_received_at() = event.occurred_at();
    }
    if (format_.states && handlers_.settle) {
      handlers_.settle(&event);
    }
    *item.mutable_event() = std::move(event);
    return Give(std::move(item), line);
  }

  absl::Status OnRefused(RefusedRow row) override {
    v1::SubmitEventsRequest item;
    v1::UnreadableRow& unreadable = *item.mutable_unreadable();
    // A row that names nobody is kept all the same, for whoever may submit for every source.
    unreadable.set_source(file_.mapping != nullptr  ? file_.mapping->source
                          : !file_.source.empty()   ? file_.source
                          : !format_.source.empty() ? std::string(format_.source)
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
    stopped_ = !handlers_.take(std::move(item));
    return stopped_ ? MakeStatus(absl::StatusCode::kCancelled, "stopped") : absl::OkStatus();
  }

  const FeedFile& file_;
  const FeedFormat& format_;
  const FeedHandlers& handlers_;
  bool stopped_ = false;
};

absl::StatusOr<const FeedFormat*> FormatOf(const FeedFile& file, std::string_view first_bytes) {
  if (file.format == "auto") {
    return DetectFeedFormat(first_bytes);
  }
  if (const FeedFormat* format = FindFeedFormat(file.format); format != nullptr) {
    return format;
  }
  return absl::InvalidArgumentError("there is no format of this name");
}

absl::StatusOr<FeedOptions> OptionsOf(const FeedFile& file) {
  FeedOptions options;
  if (file.date_order == "day-first") {
    options.date_order = DateOrder::kDayFirst;
  } else if (file.date_order == "month-first") {
    options.date_order = DateOrder::kMonthFirst;
  }
  if (!file.edition.empty()) {
    TP_ASSIGN_OR_RETURN(options.edition, ParseDate(file.edition));
  }
  return options;
}

absl::Status ReadMapped(const FeedFile& file, const FeedHandlers& handlers, std::istream& input,
                        std::vector<std::pair<std::string, uint64_t>>* found) {
  const FeedFormat format{.name = "mapping", .summary = {}, .source = file.mapping->source};
  ItemSink items(file, format, handlers);
  MappedAdapter adapter(*file.mapping);
  const absl::Status status = adapter.Read(input, items);
  if (found != nullptr) {
    *found = adapter.Found();
  }
  return items.stopped() ? absl::OkStatus() : status;
}

}  // namespace

absl::Status ReadFeed(const FeedFile& file, const FeedHandlers& handlers, std::istream& input,
                      std::vector<std::pair<std::string, uint64_t>>* found) {
  if (file.mapping != nullptr) {
    return ReadMapped(file, handlers, input, found);
  }
  constexpr size_t kFirstBytes = size_t{256} << 10;
  const std::string first = FirstBytes(input, kFirstBytes);
  if (first.empty() && input.peek() == std::istream::traits_type::eof()) {
    return MakeStatus(absl::StatusCode::kInvalidArgument, "the file is empty");
  }
  TP_ASSIGN_OR_RETURN(const FeedFormat* const format, FormatOf(file, first));
  TP_ASSIGN_OR_RETURN(const FeedOptions options, OptionsOf(file));
  ItemSink items(file, *format, handlers);
  const std::unique_ptr<FeedAdapter> adapter = MakeFeedAdapter(format->name, options);
  const absl::Status status = adapter->Read(input, items);
  if (found != nullptr) {
    *found = adapter->Found();
  }
  return items.stopped() ? absl::OkStatus() : status;
}

absl::Status ReadFeed(const FeedFile& file, const FeedHandlers& handlers,
                      std::vector<std::pair<std::string, uint64_t>>* found) {
  std::ifstream input(file.path, std::ios::binary);
  if (!input || (input.peek(), input.bad())) {
    return MakeStatus(absl::StatusCode::kNotFound, "cannot read " + file.path);
  }
  input.clear();
  return Annotate(ReadFeed(file, handlers, input, found), file.path);
}

}  // namespace trigpoint
