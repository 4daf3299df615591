// Sealing: a key for every event, made in batches as intake makes them, with the keys of this
// process and with those of the process that keeps them for a cluster.
#include <memory>
#include <string>
#include <vector>

#include "bench_support.h"
#include "services/keys/key_client.h"
#include "services/keys/key_server.h"
#include "trigpoint/events/sealing.h"
#include "trigpoint/store/local_key_store.h"

namespace trigpoint::bench {
namespace {

constexpr int kBatch = 64;  // As a stream of submissions takes.
constexpr int kBatchesOfTurn = 5;

v1::Event Told(int number) {
  v1::Event event;
  event.set_source("home/incidents");
  event.set_id("incident-" + std::to_string(number));
  event.mutable_incident_reported()->mutable_narrative()->set_clear(std::string(300, 'x'));
  return event;
}

/// Seals events from a number on; gives the seconds.
double SecondsToSeal(KeyStore& keys, int from, int batches) {
  const double start = Now();
  for (int batch = 0; batch < batches; ++batch) {
    std::vector<v1::Event> events;
    std::vector<std::string> ids;
    for (int i = 0; i < kBatch; ++i) {
      events.push_back(Told(from + batch * kBatch + i));
      ids.push_back(SealingKeyId(events.back()));
    }
    if (!keys.GetOrCreateKeys(ids).ok()) Die("no keys");
    for (v1::Event& event : events) {
      if (!SealEvent(&event, keys).ok()) Die("not sealed");
    }
  }
  return Now() - start;
}

/// By turns, so that other work on the machine meets both alike.
Row RowOf(const std::string& name, KeyStore& remote_keys, KeyStore& local_keys, int turns) {
  double remote_seconds = 0;
  double local_seconds = 0;
  for (int turn = 0; turn < turns; ++turn) {
    const int from = turn * kBatchesOfTurn * kBatch;
    remote_seconds += SecondsToSeal(remote_keys, from, kBatchesOfTurn);
    local_seconds += SecondsToSeal(local_keys, from, kBatchesOfTurn);
  }
  const double sealed = turns * kBatchesOfTurn * kBatch;
  const double remote = sealed / remote_seconds;
  const double local = sealed / local_seconds;
  return {.name = name,
          .value = remote,
          .unit = "events/s",
          .limit_name = "keys of this process",
          .limit = local,
          .ratio = remote / local};
}

}  // namespace

std::vector<Row> KeyRows(bool quick) {
  const ScratchDirectory directory;
  const std::string at = directory.path();
  const auto local = OpenLocalKeyStore({.directory = at + "/local", .kek_file = at + "/local.kek"});
  KeyServerOptions options{.listen = "127.0.0.1:0",
                           .keys = {.directory = at + "/keys", .kek_file = at + "/keys.kek"}};
  options.secret_file = at + "/secret";
  const auto server = StartKeyServer(options);
  if (!local.ok() || !server.ok()) Die("no keys");
  const auto remote =
      ConnectKeys({.address = (*server)->address(), .secret_file = options.secret_file});
  if (!remote.ok()) Die(std::string(remote.status().message()));
  const int turns = quick ? 4 : 80;
  return {RowOf("sealed with new keys over gRPC, 64 at once", *remote->keys, **local, turns),
          RowOf("sealed with remembered keys of another process", *remote->keys, **local, turns)};
}

}  // namespace trigpoint::bench
