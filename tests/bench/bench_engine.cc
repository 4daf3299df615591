// The fold and the queries without a wire: each beside the raw batch of the same puts and bytes.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "bench_support.h"
#include "trigpoint/engine/assessment.h"
#include "trigpoint/engine/pack_file.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/engine/stored_state.h"
#include "trigpoint/events/digest.h"
#include "trigpoint/events/times.h"
#include "trigpoint/log/memory_log.h"
#include "trigpoint/log/partition.h"

namespace trigpoint::bench {
namespace {

constexpr uint32_t kPartitions = 16;
constexpr int kTurns = 5;

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) Die(std::string(value.status().message()));
  return *std::move(value);
}

void Must(const absl::Status& status) {
  if (!status.ok()) Die(std::string(status.message()));
}

std::string Stored(v1::Event event, int provider, int64_t received_us) {
  event.set_stream_id(StreamId(provider));
  event.set_submission_digest(SubmissionDigest(event));
  SetMicros(received_us, event.mutable_received_at());
  return event.SerializeAsString();
}

using Packs = std::vector<v1::PolicyPack>;

Packs OnePack(const std::string& policies) { return {Must(FindPack("herefordshire", policies))}; }

/// Fills a log with registrations and reports, and with the policies in every partition.
void Fill(EventLog* log, const Packs& packs, int providers, uint64_t reports) {
  for (uint32_t p = 0; p < kPartitions; ++p) {
    for (const auto& pack : packs)
      Must(AppendAndWait(*log, p, {Activation(pack).SerializeAsString()}).status());
  }
  std::map<uint32_t, std::vector<std::string>> pending;
  const auto flush = [&](bool all) {
    for (auto& [p, values] : pending) {
      if (values.empty() || (!all && values.size() < 512)) continue;
      Must(AppendAndWait(*log, p, std::move(values)).status());
      values.clear();
    }
  };
  for (int i = 0; i < providers; ++i) {
    pending[PartitionOf(StreamId(i), kPartitions)].push_back(
        Stored(Registration(i), i, 1'767'225'600'000'000));
    flush(false);
  }
  flush(true);
  for (uint64_t n = 0; n < reports; ++n) {
    const v1::Event report = Report(n, providers);
    const int provider = std::atoi(report.subject().value().c_str());
    pending[PartitionOf(StreamId(provider), kPartitions)].push_back(
        Stored(report, provider, 1'790'000'000'000'000 + static_cast<int64_t>(n) * 1000));
    flush(false);
  }
  flush(true);
}

/// CPU of folding a log into an empty store, and of what that put, without a fold.
struct FoldCost {
  double fold_us = 0;  ///< Per event.
  double raw_us = 0;   ///< Per event: as many batches, puts and bytes.
  uint64_t events = 0;
  uint64_t puts = 0;
};

double RawSeconds(uint64_t commits, uint64_t puts, uint64_t bytes) {
  const ScratchDirectory directory;
  const auto raw = Must(Store::Open({.directory = directory.path() + "/store"}));
  const std::string value(std::max<uint64_t>(1, bytes / std::max<uint64_t>(1, puts)), 'x');
  const double start = CpuSeconds();
  uint64_t n = 0;
  for (uint64_t batch = 0; batch < commits; ++batch) {
    StoreBatch put;
    for (uint64_t i = 0; i < puts / commits; ++i, ++n) {
      put.PutState(static_cast<uint32_t>(n % kPartitions),
                   StreamId(static_cast<int>((n * 7919) % 100'000)), value);
    }
    Must(raw->Commit(std::move(put)));
  }
  return CpuSeconds() - start;
}

FoldCost MeasureFold(const Packs& packs, uint64_t reports, int providers, size_t records) {
  const ScratchDirectory directory;
  const auto log = NewMemoryLog(kPartitions + 1);
  const auto store = Must(Store::Open({.directory = directory.path() + "/store"}));
  Fill(log.get(), packs, providers, reports);
  const auto projector = Must(Projector::Open(
      log.get(), store.get(), {.batch_records_max = records, .catch_up_records_max = records}));
  const double start = CpuSeconds();
  Must(projector->CatchUp());
  const double fold = CpuSeconds() - start;
  const auto& counters = projector->counters();
  const double raw =
      RawSeconds(counters.commits.load(), counters.puts.load(), counters.put_bytes.load());
  const uint64_t events = counters.folded.load();
  return {.fold_us = fold / static_cast<double>(events) * 1e6,
          .raw_us = raw / static_cast<double>(events) * 1e6,
          .events = events,
          .puts = counters.puts.load()};
}

/// Fold and raw limit by turns: the machine is not equally quick all the time.
Row FoldRow(const std::string& policies, bool quick, size_t records, const std::string& aim) {
  std::vector<FoldCost> costs;
  for (int i = 0; i < (quick ? 1 : kTurns); ++i) {
    costs.push_back(
        MeasureFold(OnePack(policies), quick ? 20'000 : 200'000, quick ? 1'000 : 5'000, records));
  }
  std::sort(costs.begin(), costs.end(), [](const auto& a, const auto& b) {
    return a.fold_us / a.raw_us < b.fold_us / b.raw_us;
  });
  const FoldCost& middle = costs[costs.size() / 2];
  const auto ratio = [](const FoldCost& cost) { return cost.fold_us / cost.raw_us; };
  char spread[64];
  std::snprintf(spread, sizeof spread, "%.2f to %.2f in %zu turns", ratio(costs.front()),
                ratio(costs.back()), costs.size());
  return {.name = "fold with history and one policy, " + std::to_string(records) + " a commit",
          .value = middle.fold_us,
          .unit = "us CPU/event",
          .limit_name = "RocksDB batch, same puts",
          .limit = middle.raw_us,
          .ratio = ratio(middle),
          .aim = aim,
          .note = std::to_string(middle.events) + " events, " + std::to_string(middle.puts) +
                  " puts; " + spread};
}

Row AsOfRow(Projector* projector) {
  // The busiest service: the skew puts it first.
  const std::string stream = StreamId(0);
  std::vector<double> micros;
  uint64_t events = 0;
  for (int i = 0; i < 200; ++i) {
    const auto all = Must(projector->ReadEvents(stream, 0, 200));
    events = all.size();
    const double start = Now();
    const auto controls = projector->ControlsFor(stream);
    const auto as_of = Must(FoldAsOf(stream, all, *controls, {.known_us = 1'800'000'000'000'000}));
    const auto in_force = controls->At(as_of.state, 1'800'000'000'000'000);
    BuildAssessment(*in_force->Policy("herefordshire"), as_of.state, as_of.record,
                    in_force->baselines, 1'800'000'000'000'000);
    micros.push_back((Now() - start) * 1e6);
  }
  return {.name = "as-of over " + std::to_string(events) + " events, with assessment (p50)",
          .value = Percentile(micros, 50),
          .unit = "us",
          .limit_name = "",
          .aim = "under 1000 us"};
}

Row FdatasyncRow(double* median_us) {
  ScratchDirectory directory;
  const int file = open((directory.path() + "/f").c_str(), O_CREAT | O_WRONLY, 0600);
  const std::string block(4096, 'x');
  std::vector<double> micros;
  for (int i = 0; i < 300; ++i) {
    const double start = Now();
    if (write(file, block.data(), block.size()) < 0 || fdatasync(file) != 0)
      Die("fdatasync failed");
    micros.push_back((Now() - start) * 1e6);
  }
  close(file);
  *median_us = Percentile(micros, 50);
  return {.name = "fdatasync of 4 KiB appended (p50)",
          .value = *median_us,
          .unit = "us",
          .limit_name = ""};
}

/// The packs without their scope: each applies to every service, as none of the real ones does.
Packs OfEveryService(Packs packs) {
  for (auto& pack : packs) pack.clear_applies_to();
  return packs;
}

/// CPU of the fold in the middle one of the turns.
double Middle(std::vector<double> turns) { return Percentile(std::move(turns), 50); }

}  // namespace

std::vector<Row> PolicyRows(const std::string& policies, bool quick) {
  const Packs one = OfEveryService(OnePack(policies));
  const Packs all = OfEveryService(Must(ReadPackDirectory(policies)));
  const uint64_t reports = quick ? 20'000 : 200'000;
  const int providers = quick ? 1'000 : 5'000;
  const size_t records = ProjectorOptions().batch_records_max;
  std::vector<double> with_one;
  std::vector<double> with_all;
  for (int i = 0; i < (quick ? 1 : kTurns); ++i) {
    with_one.push_back(MeasureFold(one, reports, providers, records).fold_us);
    with_all.push_back(MeasureFold(all, reports, providers, records).fold_us);
  }
  return {
      {.name = "fold with all " + std::to_string(all.size()) + " policies, each of every service",
       .value = Middle(with_all),
       .unit = "us CPU/event",
       .limit_name = "the same with one policy",
       .limit = Middle(with_one),
       .ratio = Middle(with_all) / Middle(with_one),
       .aim = "at most 3x",
       .note = std::to_string(reports) + " reports of " + std::to_string(providers) +
               " services, by turns"}};
}

std::vector<Row> EngineRows(const std::string& policies, bool quick) {
  std::vector<Row> rows;
  double sync_us = 0;
  rows.push_back(FdatasyncRow(&sync_us));
  rows.push_back(FoldRow(policies, quick, 1000, "at most 1.6x"));
  rows.push_back(FoldRow(policies, quick, ProjectorOptions().batch_records_max, ""));
  {
    const ScratchDirectory directory;
    const auto log = NewMemoryLog(kPartitions + 1);
    const auto store = Must(Store::Open({.directory = directory.path() + "/store"}));
    Fill(log.get(), OnePack(policies), 1'000, 20'000);
    const auto projector = Must(Projector::Open(log.get(), store.get(), {}));
    Must(projector->CatchUp());
    rows.push_back(AsOfRow(projector.get()));
  }
  if (!quick) {
    ScratchDirectory directory;
    const auto log = NewMemoryLog(kPartitions + 1);
    auto store = Must(Store::Open({.directory = directory.path() + "/store"}));
    Fill(log.get(), OnePack(policies), 50'000, 150'000);
    const int64_t before = ResidentBytes(getpid());
    auto projector = Must(Projector::Open(log.get(), store.get(), {}));
    Must(projector->CatchUp());
    const double grown = static_cast<double>(ResidentBytes(getpid()) - before) / (1 << 20);
    double stored = 0;
    Must(store->ScanStates(std::nullopt, [&stored](uint32_t, std::string_view, auto state) {
      stored += static_cast<double>(state.size()) / (1 << 20);
      return true;
    }));
    for (uint32_t p = 0; p < kPartitions; ++p) {
      Must(store->ScanIndex(kConcernsIndex, p, "", [&stored](std::string_view, auto concerns) {
        stored += static_cast<double>(concerns.size()) / (1 << 20);
        return true;
      }));
    }
    rows.push_back(
        {.name = "memory at 50,000 providers, 4 events each",
         .value = grown,
         .unit = "MiB",
         .limit_name = "the same states as stored",
         .limit = stored,
         .ratio = grown / stored,
         .note = "growth of the process while folding, RocksDB caches counted, log not"});
  }
  return rows;
}

}  // namespace trigpoint::bench
