// A million events of which half tell what was told before: does it get slower as they pile up?
#include <algorithm>
#include <atomic>
#include <cstdio>

#include "bench_client.h"
#include "bench_support.h"
#include "trigpoint/events/times.h"

namespace trigpoint::bench {
namespace {

/// Of four events one is sent again as it was, and one is told by a second partner, too, under the
/// number of the first.
std::vector<v1::SubmitEventsRequest> HalfDuplicates(uint64_t count, int providers,
                                                    std::atomic<uint64_t>* next) {
  std::vector<v1::SubmitEventsRequest> requests;
  requests.reserve(count);
  const auto add = [&requests](v1::Event event) {
    auto& request = requests.emplace_back();
    request.set_sequence(requests.size() - 1);
    *request.mutable_event() = std::move(event);
  };
  while (requests.size() < count) {
    v1::Event first = Report(next->fetch_add(1), providers);
    first.set_incident_key(first.id());
    v1::Event told_again = first;
    told_again.set_source("bench/second-partner");
    told_again.set_source_organisation("bench-second");
    const v1::Event other = Report(next->fetch_add(1), providers);
    add(first);
    add(other);
    add(std::move(told_again));
    add(other);
  }
  return requests;
}

}  // namespace

std::vector<Row> DuplicateRows(const std::string& bin, bool quick) {
  const ScratchDirectory directory;
  const auto node = StartNode(bin, directory.path() + "/data");
  const auto intelligence = v1::IntelligenceService::NewStub(Connect(kNode));
  const int providers = quick ? 500 : 50'000;
  Register(intelligence.get(), providers);
  std::atomic<uint64_t> next{0};
  constexpr int kTurns = 10;
  const uint64_t count = quick ? 4'000 : 100'000;
  // Warm: neither side has the first reports of a service to itself.
  StreamReports(intelligence.get(), node->pid(), count / 2, providers, &next);
  // By turns on one node, so that both meet services with as many reports.
  std::vector<double> fresh;
  std::vector<double> rates;
  std::vector<double> ratios;
  double seconds = 0;
  for (int turn = 0; turn < kTurns; ++turn) {
    fresh.push_back(
        StreamReports(intelligence.get(), node->pid(), count / 4, providers, &next).per_second);
    const auto requests = HalfDuplicates(count, providers, &next);
    const Streamed streamed = StreamEvents(intelligence.get(), node->pid(), requests);
    rates.push_back(streamed.per_second);
    ratios.push_back(fresh.back() / rates.back());
    seconds += static_cast<double>(requests.size()) / rates.back();
    if (streamed.duplicates != count / 4) Die("not all that was sent again was seen to be that");
  }
  const double total = static_cast<double>(count) * kTurns;
  const auto middle = [](std::vector<double> some) { return Percentile(std::move(some), 50); };
  const auto first = [&middle](const std::vector<double>& all) {
    return middle({all.begin(), all.begin() + 3});
  };
  const auto last = [&middle](const std::vector<double>& all) {
    return middle({all.end() - 3, all.end()});
  };
  char note[160];
  std::snprintf(note, sizeof note,
                "%.0f events: a quarter sent again, a quarter told by a second partner", total);
  return {{.name = "streamed ingest, half of it duplicates",
           .value = total / seconds,
           .unit = "events/s",
           .limit_name = "nothing but new reports, by turns",
           .limit = middle(fresh),
           .ratio = middle(ratios),
           .aim = "at most 1x",
           .note = note},
          {.name = "the same, the last three tenths",
           .value = last(rates),
           .unit = "events/s",
           .limit_name = "the first three tenths",
           .limit = first(rates),
           .ratio = first(rates) / last(rates),
           .aim = "at most 1.1x",
           .note = "does it get slower as they pile up"},
          {.name = "nothing but new reports, the last three tenths",
           .value = last(fresh),
           .unit = "events/s",
           .limit_name = "the first three tenths",
           .limit = first(fresh),
           .ratio = first(fresh) / last(fresh),
           .note = "what more reports of a service cost without duplicates"}};
}

}  // namespace trigpoint::bench
