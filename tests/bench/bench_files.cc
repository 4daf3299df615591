#include "bench_files.h"

#include <csv.h>

#include <fstream>
#include <sstream>

#include "trigpoint/intake/feed_formats.h"

namespace trigpoint::bench {
namespace {

class CountingSink : public RowSink {
 public:
  absl::Status OnEvent(v1::Event event, uint64_t /*line*/) override {
    events += event.has_subject() ? 1U : 0U;
    return absl::OkStatus();
  }
  absl::Status OnRefused(RefusedRow /*row*/) override { return absl::OkStatus(); }

  uint64_t events = 0;
};

}  // namespace

std::string BytesOf(const std::string& path) {
  std::ifstream input(path, std::ios::binary);
  if (!input) Die("cannot read " + path);
  return FirstBytes(input, size_t{1} << 30);
}

double RowsParsedPerSecond(const std::string& bytes, uint64_t* rows) {
  *rows = 0;
  csv_parser parser{};
  csv_init(&parser, CSV_STRICT);
  const double start = CpuSeconds();
  csv_parse(
      &parser, bytes.data(), bytes.size(), [](void*, size_t, void*) {},
      [](int, void* count) { ++*static_cast<uint64_t*>(count); }, rows);
  const double taken = CpuSeconds() - start;
  csv_free(&parser);
  return static_cast<double>(*rows) / taken;
}

std::unique_ptr<FeedAdapter> AdapterOf(const std::string& format) {
  return MakeFeedAdapter(format, {});
}

double SecondsToEvents(const std::unique_ptr<FeedAdapter>& adapter, const std::string& bytes,
                       uint64_t* events) {
  std::istringstream input(bytes);
  CountingSink sink;
  const double start = CpuSeconds();
  const absl::Status read = adapter->Read(input, sink);
  if (!read.ok()) Die(std::string(read.message()));
  *events = sink.events;
  return CpuSeconds() - start;
}

Row ToEvents(const std::string& name, const std::string& things, uint64_t count,
             const std::unique_ptr<FeedAdapter>& adapter, const std::string& bytes,
             const std::string& limit_name, double limit) {
  uint64_t events = 0;
  const double value = static_cast<double>(count) / SecondsToEvents(adapter, bytes, &events);
  return {.name = name + ", to events",
          .value = value,
          .unit = things + "/s",
          .limit_name = limit_name,
          .limit = limit,
          .ratio = limit / value,
          .note = std::to_string(count) + " " + things + ", " + std::to_string(events) +
                  " events, of the excerpt, repeated"};
}

}  // namespace trigpoint::bench
