// trigpoint-peer-bench: our side of the comparison with Kafka Streams, and what both sides need.
// tools/bench.d/peers/peers.py drives it.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "peer_support.h"

namespace trigpoint::bench {
namespace {

using Words = std::vector<std::string>;

PeerTraffic TrafficOf(const Words& words, size_t at) {
  return {.services = std::atoi(words[at].c_str()),
          .reports = std::strtoull(words[at + 1].c_str(), nullptr, 10)};
}

void Fill(const Words& words) {
  const auto log = OpenPeerLog(words[0], words[1]);
  OpenPeerLog(words[0], words[2]);
  const PeerTraffic traffic = TrafficOf(words, 3);
  FillPeerServices(log.get(), traffic);
  FillPeerReports(log.get(), traffic, 0, traffic.reports);
}

void Append(const Words& words) {
  const auto log = OpenPeerLog(words[0], words[1]);
  const PeerTraffic traffic = TrafficOf(words, 2);
  const uint64_t from = std::strtoull(words[4].c_str(), nullptr, 10);
  FillPeerReports(log.get(), traffic, from, from + std::strtoull(words[5].c_str(), nullptr, 10));
}

void Latency(const Words& words) {
  MeasureLatency(
      {.brokers = words[0], .topic = words[1], .output = words[2], .directory = ""},
      TrafficOf(words, 3),
      {.per_second = std::atof(words[5].c_str()), .seconds = std::atof(words[6].c_str())});
}

struct Part {
  const char* arguments;
  size_t count;
  std::function<void(const Words&)> run;
};

const std::map<std::string, Part>& Parts() {
  static const auto& parts = *new std::map<std::string, Part>{
      {"fill", {"BROKERS TOPIC OUTPUT SERVICES REPORTS", 5, Fill}},
      {"append", {"BROKERS TOPIC SERVICES REPORTS FROM COUNT", 6, Append}},
      {"fold",
       {"BROKERS TOPIC OUTPUT DIRECTORY", 4,
        [](const Words& words) {
          RunPeerFold({words[0], words[1], words[2], words[3]});
        }}},
      {"raw", {"BROKERS TOPIC", 2, [](const Words& words) { ReadRaw(words[0], words[1]); }}},
      {"derived",
       {"BROKERS OUTPUT", 2, [](const Words& words) { ReadDerived(words[0], words[1]); }}},
      {"latency", {"BROKERS TOPIC OUTPUT SERVICES REPORTS PER_SECOND SECONDS", 7, Latency}}};
  return parts;
}

int Run(const Words& words) {
  const auto part = words.empty() ? Parts().end() : Parts().find(words[0]);
  if (part == Parts().end() || words.size() != part->second.count + 1) {
    for (const auto& [name, about] : Parts())
      std::fprintf(stderr, "usage: trigpoint-peer-bench %s %s\n", name.c_str(), about.arguments);
    return 2;
  }
  part->second.run(Words(words.begin() + 1, words.end()));
  return 0;
}

}  // namespace

void Tell(const std::string& at, const std::string& more) {
  std::printf("{\"at\": \"%s\"%s}\n", at.c_str(), more.c_str());
  std::fflush(stdout);
}

}  // namespace trigpoint::bench

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return trigpoint::bench::Run(std::vector<std::string>(argv + 1, argv + argc));
}
