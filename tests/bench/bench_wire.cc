// Over gRPC, against the node as a process of its own; the raw limit is an echo server with the
// same bytes.
#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "bench_client.h"
#include "bench_support.h"
#include "trigpoint/events/times.h"
#include "trigpoint/store/store.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint::bench {
namespace {

constexpr char kEcho[] = "127.0.0.1:17448";

class Echo final : public v1::ProviderService::CallbackService {
  grpc::ServerUnaryReactor* GetProvider(grpc::CallbackServerContext* context,
                                        const v1::GetProviderRequest* request,
                                        v1::Provider* response) override {
    response->set_display_name(std::string(200, 'x'));
    response->set_stream_id(request->provider());
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

/// Puts into a store what it is told to, on a thread of its own: batches as large as those of the
/// fold, and nothing of what leads to them.
class RawStore {
 public:
  explicit RawStore(const StoreLoad& load) : load_(load), thread_([this] { Run(); }) {}
  ~RawStore() {
    {
      const absl::MutexLock lock(&mu_);
      over_ = true;
    }
    thread_.join();
  }
  void Take(uint64_t events) {
    const absl::MutexLock lock(&mu_);
    events_ += static_cast<double>(events);
  }

 private:
  bool Due() const { return over_ || (load_.per_commit > 0 && events_ >= load_.per_commit); }
  void Run() {
    const auto store = Store::Open({.directory = directory_.path() + "/store"});
    if (!store.ok()) Die("no store for the raw limit");
    const std::string value(static_cast<size_t>(load_.put_bytes), 'x');
    const auto puts = static_cast<uint64_t>(load_.per_commit * load_.puts);
    for (uint64_t n = 0;;) {
      {
        absl::MutexLock lock(&mu_);
        mu_.Await(absl::Condition(this, &RawStore::Due));
        if (over_) return;
        events_ -= load_.per_commit;
      }
      StoreBatch batch;
      for (uint64_t i = 0; i < puts; ++i, ++n) {
        batch.PutState(static_cast<uint32_t>(n % 16),
                       StreamId(static_cast<int>((n * 7919) % 100'000)), value);
      }
      if (!(*store)->Commit(std::move(batch)).ok()) Die("no commit of the raw limit");
    }
  }

  const StoreLoad load_;
  const ScratchDirectory directory_;
  absl::Mutex mu_;
  double events_ ABSL_GUARDED_BY(mu_) = 0;
  bool over_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

/// Takes a stream of events as a service must that promises durability, and does nothing else: each
/// is parsed, its bytes are appended, 64 are synced together, each is acknowledged.
class EchoStream final
    : public grpc::ServerBidiReactor<v1::SubmitEventsRequest, v1::SubmitEventsResponse> {
 public:
  explicit EchoStream(RawStore* store)
      : store_(store), file_(open((directory_.path() + "/log").c_str(), O_CREAT | O_WRONLY, 0600)) {
    StartRead(&request_);
  }
  ~EchoStream() override { close(file_); }

  void OnReadDone(bool ok) override {
    const absl::MutexLock lock(&mu_);
    if (ok) {
      request_.event().AppendToString(&bytes_);
      waiting_.push_back(request_.sequence());
    }
    if (!ok || waiting_.size() == 64) {
      if (write(file_, bytes_.data(), bytes_.size()) < 0 || fdatasync(file_) != 0) Die("no sync");
      bytes_.clear();
      store_->Take(waiting_.size());
      synced_.insert(synced_.end(), waiting_.begin(), waiting_.end());
      waiting_.clear();
    }
    over_ = !ok;
    if (ok) StartRead(&request_);
    Pump();
  }
  void OnWriteDone(bool /*ok*/) override {
    const absl::MutexLock lock(&mu_);
    writing_ = false;
    Pump();
  }
  void OnDone() override { delete this; }

 private:
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (writing_) return;
    if (!synced_.empty()) {
      response_.set_sequence(synced_.front());
      synced_.pop_front();
      writing_ = true;
      StartWrite(&response_);
    } else if (over_) {
      Finish(grpc::Status::OK);
    }
  }

  RawStore* store_;
  ScratchDirectory directory_;
  int file_;
  v1::SubmitEventsRequest request_;
  v1::SubmitEventsResponse response_;
  absl::Mutex mu_;
  std::string bytes_ ABSL_GUARDED_BY(mu_);
  std::deque<uint64_t> waiting_ ABSL_GUARDED_BY(mu_);
  std::deque<uint64_t> synced_ ABSL_GUARDED_BY(mu_);
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool over_ ABSL_GUARDED_BY(mu_) = false;
};

class EchoIntake final : public v1::IntelligenceService::CallbackService {
 public:
  explicit EchoIntake(const StoreLoad& load) : store_(load) {}

 private:
  grpc::ServerBidiReactor<v1::SubmitEventsRequest, v1::SubmitEventsResponse>* SubmitEvents(
      grpc::CallbackServerContext* /*context*/) override {
    return new EchoStream(&store_);
  }

  RawStore store_;
};

/// Server CPU, microseconds per call, of `calls` sequential gets from 8 threads.
double GetCpu(const std::string& address, pid_t server, const std::string& provider, int calls) {
  const auto stub = v1::ProviderService::NewStub(Connect(address));
  const auto run = [&](int n) {
    std::vector<std::thread> threads;
    threads.reserve(8);
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, n] {
        for (int i = 0; i < n / 8; ++i) {
          grpc::ClientContext context;
          v1::GetProviderRequest request;
          request.set_provider(provider);
          v1::Provider response;
          const auto status = stub->GetProvider(&context, request, &response);
          if (!status.ok()) Die("get: " + status.error_message());
        }
      });
    }
    for (auto& thread : threads) thread.join();
  };
  run(calls / 10);
  const double cpu = CpuSecondsOf(server);
  run(calls);
  return (CpuSecondsOf(server) - cpu) / calls * 1e6;
}

struct Unary {
  double per_second = 0;
  double p50_us = 0;
};

Unary SubmitFrom(const std::string& address, int clients, int seconds, int providers,
                 std::atomic<uint64_t>* next) {
  std::atomic<uint64_t> done{0};
  std::vector<std::vector<double>> latencies(static_cast<size_t>(clients));
  std::vector<std::thread> threads;
  threads.reserve(static_cast<size_t>(clients));
  const double end = Now() + seconds;
  const double start = Now();
  const auto channel = Connect(address);
  for (int t = 0; t < clients; ++t) {
    threads.emplace_back([&, t] {
      const auto stub = v1::IntelligenceService::NewStub(channel);
      while (Now() < end) {
        grpc::ClientContext context;
        v1::SubmitEventRequest request;
        *request.mutable_event() = Report(next->fetch_add(1), providers);
        v1::SubmitEventResponse response;
        const double sent = Now();
        if (!stub->SubmitEvent(&context, request, &response).ok()) continue;
        latencies[static_cast<size_t>(t)].push_back((Now() - sent) * 1e6);
        done.fetch_add(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::vector<double> all;
  for (const auto& part : latencies) all.insert(all.end(), part.begin(), part.end());
  return {.per_second = static_cast<double>(done.load()) / (Now() - start),
          .p50_us = Percentile(all, 50)};
}

/// Background load at a fixed rate, and now and then a report that raises an alert: time until
/// GetProvider shows it.
std::vector<double> ReportToVisible(const std::string& address, int rate, int probes, int providers,
                                    std::atomic<uint64_t>* next) {
  const auto channel = Connect(address);
  std::atomic<bool> stop{false};
  std::thread load([&] {
    const auto stub = v1::IntelligenceService::NewStub(channel);
    grpc::ClientContext context;
    auto stream = stub->SubmitEvents(&context);
    std::thread reader([&] {
      v1::SubmitEventsResponse response;
      while (stream->Read(&response)) {
      }
    });
    const double start = Now();
    for (uint64_t i = 0; !stop.load(); ++i) {
      v1::SubmitEventsRequest request;
      request.set_sequence(i);
      *request.mutable_event() = Report(next->fetch_add(1), providers);
      stream->Write(request);
      while (Now() < start + static_cast<double>(i) / rate && !stop.load()) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    }
    stream->WritesDone();
    reader.join();
    stream->Finish();
  });
  const auto submit = v1::IntelligenceService::NewStub(channel);
  const auto read = v1::ProviderService::NewStub(channel);
  std::vector<double> millis;
  for (int i = 0; i < probes; ++i) {
    const int provider = providers - 1 - i;
    v1::Event event = Report(next->fetch_add(1), providers);
    event.mutable_subject()->set_value(std::to_string(provider));
    event.clear_payload();
    event.mutable_whistleblowing_concern_received()->set_current_abuse_alleged(true);
    SetMicros(static_cast<int64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                       std::chrono::system_clock::now().time_since_epoch())
                                       .count()) -
                  1'000'000,
              event.mutable_occurred_at());
    v1::SubmitEventRequest request;
    *request.mutable_event() = event;
    v1::SubmitEventResponse response;
    grpc::ClientContext context;
    const double sent = Now();
    if (!submit->SubmitEvent(&context, request, &response).ok()) continue;
    while (Now() - sent < 5) {
      grpc::ClientContext get_context;
      v1::GetProviderRequest get;
      get.set_provider(response.stream_id());
      v1::Provider answer;
      if (read->GetProvider(&get_context, get, &answer).ok() && answer.open_alerts() > 0) break;
    }
    millis.push_back((Now() - sent) * 1e3);
  }
  stop.store(true);
  load.join();
  return millis;
}

int64_t BytesUnder(const std::string& directory) {
  int64_t bytes = 0;
  std::error_code gone;  // Files come and go while the node works.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, gone)) {
    const auto size = entry.is_regular_file(gone) ? entry.file_size(gone) : 0;
    if (!gone) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

std::string SizeOf(const std::string& data, uint64_t events) {
  return std::to_string(BytesUnder(data) >> 20) + " MiB, " + std::to_string(events) + " events";
}

/// From the start of the process to its first answer about a service.
double SecondsToAnswer(const std::string& bin, const std::string& data,
                       std::unique_ptr<Child>* node) {
  const double start = Now();
  *node = StartNode(bin, data);
  // A client of the usual patience would ask again after a second only.
  grpc::ChannelArguments impatient;
  impatient.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 10);
  impatient.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10);
  impatient.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 10);
  const auto stub = v1::ProviderService::NewStub(
      grpc::CreateCustomChannel(kNode, grpc::InsecureChannelCredentials(), impatient));
  while (true) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    v1::GetProviderRequest request;
    request.set_provider("bench/1");
    v1::Provider response;
    if (stub->GetProvider(&context, request, &response).ok()) return Now() - start;
    if (Now() - start > 120) Die("no answer for two minutes after a restart");
  }
}

/// The node is killed five times; it must not matter how long its log is.
Row RestartRow(const std::string& bin, const std::string& data, const std::string& size,
               std::unique_ptr<Child>* node) {
  double longest = 0;
  for (int i = 0; i < 5; ++i) {
    node->reset();
    longest = std::max(longest, SecondsToAnswer(bin, data, node));
  }
  return {.name = "start after a kill, to the first answer",
          .value = longest,
          .unit = "s",
          .limit_name = "",
          .aim = "at most 3 s",
          .note = "the longest of 5; " + size};
}

}  // namespace

std::vector<Row> OperateRows(const std::string& bin, bool quick) {
  const ScratchDirectory directory;
  const std::string data = directory.path() + "/data";
  const int64_t whole = quick ? int64_t{32} << 20 : int64_t{1} << 30;
  const int providers = quick ? 500 : 50'000;
  auto node = StartNode(bin, data);
  auto intelligence = v1::IntelligenceService::NewStub(Connect(kNode));
  Register(intelligence.get(), providers);
  std::atomic<uint64_t> next{0};
  double seconds = 0;
  uint64_t events = 0;
  const uint64_t turn = quick ? 20'000 : 100'000;
  std::vector<Row> rows;
  for (const int64_t wanted : {whole / 4, whole / 2, whole}) {
    while (BytesUnder(data) < wanted) {
      const Streamed streamed =
          StreamReports(intelligence.get(), node->pid(), turn, providers, &next);
      seconds += static_cast<double>(turn) / streamed.per_second;
      events += turn;
    }
    rows.push_back(RestartRow(bin, data, SizeOf(data, events), &node));
    intelligence = v1::IntelligenceService::NewStub(Connect(kNode));
  }
  const double incremental = static_cast<double>(events) / seconds;

  const auto operation = v1::OperationService::NewStub(Connect(kNode));
  grpc::ClientContext context;
  v1::RebuildStoreResponse rebuilt;
  const double start = Now();
  const auto status = operation->RebuildStore(&context, {}, &rebuilt);
  if (!status.ok()) Die("rebuild: " + status.error_message());
  const double rebuild = static_cast<double>(rebuilt.events()) / (Now() - start);
  const std::string size = SizeOf(data, rebuilt.events());
  rows.push_back({.name = "rebuild of the store, the node at work",
                  .value = rebuild,
                  .unit = "events/s",
                  .limit_name = "the same events streamed in",
                  .limit = incremental,
                  .ratio = rebuild / incremental,
                  .aim = "at least 4x",
                  .note = size});
  Row after = RestartRow(bin, data, size, &node);
  after.name += ", rebuilt";
  rows.push_back(std::move(after));
  return rows;
}

int ServeEcho(const std::string& address, const StoreLoad& load) {
  Echo echo;
  EchoIntake intake(load);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&echo);
  builder.RegisterService(&intake);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  server->Wait();
  return 0;
}

std::vector<Row> WireRows(const std::string& bin, bool quick) {
  std::vector<Row> rows;
  ScratchDirectory directory;
  const Child node({bin + "/trigpoint-node", "--data", directory.path() + "/data", "--listen",
                    kNode, "--metrics-listen", kMetrics});
  const auto intelligence = v1::IntelligenceService::NewStub(Connect(kNode));
  const int providers = quick ? 500 : 5'000;
  const int seconds = quick ? 2 : 8;
  Register(intelligence.get(), providers);
  std::atomic<uint64_t> next{0};

  const size_t bytes = Report(0, providers).ByteSizeLong();
  const double one_by_one = DurableAppendsPerSecond(bytes, 1, 1);
  const double by_64 = DurableAppendsPerSecond(bytes, 64, 1);
  const auto acknowledged = [&](const std::string& name, int clients, const std::string& limit_name,
                                double limit) {
    const Unary measured = SubmitFrom(kNode, clients, seconds, providers, &next);
    rows.push_back({.name = "durable acknowledgements, " + name,
                    .value = measured.per_second,
                    .unit = "events/s",
                    .limit_name = limit_name,
                    .limit = limit,
                    .ratio = limit / measured.per_second,
                    .note = "p50 " + std::to_string(static_cast<int>(measured.p50_us)) + " us"});
  };
  acknowledged("1 client", 1, "fdatasync after each, same bytes", one_by_one);
  acknowledged("64 clients", 64, "fdatasync after each 64, same bytes", by_64);

  const uint64_t count = quick ? 10'000 : 100'000;
  const auto metrics = [](const char* name) { return MetricOf(kMetrics, name); };
  const auto stored = [&metrics] {
    return std::array{metrics("trigpoint_store_commits_total"),
                      metrics("trigpoint_store_puts_total"),
                      metrics("trigpoint_store_put_bytes_total")};
  };
  const auto before = stored();
  StreamReports(intelligence.get(), node.pid(), count, providers, &next);  // Nobody is cold then.
  std::this_thread::sleep_for(std::chrono::seconds(1));                    // The metrics follow.
  const auto after = stored();
  const auto events = static_cast<double>(count);
  const StoreLoad load{.per_commit = events / (after[0] - before[0]),
                       .puts = (after[1] - before[1]) / events,
                       .put_bytes = (after[2] - before[2]) / (after[1] - before[1])};
  const Child echo({bin + "/trigpoint-bench", "--echo", kEcho, std::to_string(load.per_commit),
                    std::to_string(load.puts), std::to_string(load.put_bytes)});
  const auto echoed = v1::IntelligenceService::NewStub(Connect(kEcho));
  std::vector<std::pair<Streamed, Streamed>> turns;  // The limit, and the node.
  for (int i = 0; i < (quick ? 1 : 3); ++i) {
    const Streamed limit = StreamReports(echoed.get(), echo.pid(), count, providers, &next);
    turns.emplace_back(limit,
                       StreamReports(intelligence.get(), node.pid(), count, providers, &next));
  }
  std::sort(turns.begin(), turns.end(), [](const auto& a, const auto& b) {
    return a.first.per_second / a.second.per_second < b.first.per_second / b.second.per_second;
  });
  const auto& [limit, streamed] = turns[turns.size() / 2];
  char note[128];
  std::snprintf(note, sizeof note, "%.0f events a commit, %.1f puts of %.0f bytes an event",
                load.per_commit, load.puts, load.put_bytes);
  rows.push_back({.name = "streamed ingest to acknowledged",
                  .value = streamed.per_second,
                  .unit = "events/s",
                  .limit_name = "a stream parsed, synced each 64, same puts",
                  .limit = limit.per_second,
                  .ratio = limit.per_second / streamed.per_second,
                  .aim = "within 1.67x",
                  .note = note});
  rows.push_back({.name = "streamed ingest and fold, server CPU",
                  .value = streamed.cpu_us,
                  .unit = "us/event",
                  .limit_name = "the same",
                  .limit = limit.cpu_us,
                  .ratio = streamed.cpu_us / limit.cpu_us,
                  .aim = "within 1.67x"});

  const double echo_us = GetCpu(kEcho, echo.pid(), "bench/1", quick ? 2'000 : 20'000);
  const double get_us = GetCpu(kNode, node.pid(), "bench/1", quick ? 2'000 : 20'000);
  rows.push_back({.name = "get provider, server CPU",
                  .value = get_us,
                  .unit = "us/call",
                  .limit_name = "gRPC echo of 200 bytes",
                  .limit = echo_us,
                  .ratio = get_us / echo_us,
                  .aim = "at most 1.5x"});

  const auto visible = ReportToVisible(kNode, 2'000, quick ? 20 : 200, providers, &next);
  rows.push_back({.name = "report to visible alert at 2,000 events/s, p50",
                  .value = Percentile(visible, 50),
                  .unit = "ms",
                  .limit_name = ""});
  rows.push_back({.name = "report to visible alert at 2,000 events/s, p99",
                  .value = Percentile(visible, 99),
                  .unit = "ms",
                  .limit_name = "",
                  .aim = "under 50 ms"});
  rows.push_back({.name = "node resident memory after this load",
                  .value = static_cast<double>(ResidentBytes(node.pid())) / (1 << 20),
                  .unit = "MiB",
                  .limit_name = ""});
  return rows;
}

}  // namespace trigpoint::bench
