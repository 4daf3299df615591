// Takes partners' events from topics until it is ended: the real intake over the real log, keys and
// store, without the API around it. For the tests of clients that are not ours.
//
//   partner_trial DATA BROKERS CA CERTIFICATE KEY PRINCIPALS TOPICS
//
// TOPICS is a file that holds what stands behind `partner_topics` in a node's configuration. Says
// "ready" when it takes.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "absl/time/clock.h"
#include "services/common/write_gate.h"
#include "services/partners/partner_intake.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/projector.h"
#include "trigpoint/log/embedded_log.h"
#include "trigpoint/store/key_store.h"
#include "trigpoint/store/store.h"
#include "yaml-cpp/yaml.h"

namespace trigpoint {
namespace {

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

absl::Status Run(const std::vector<std::string>& arguments, const sigset_t& signals) {
  const std::string& data = arguments[0];
  std::filesystem::create_directories(data);
  const auto now_us = [] { return absl::GetCurrentTimeNanos() / 1000; };
  TP_ASSIGN_OR_RETURN(auto log, OpenEmbeddedLog({.directory = data + "/log", .partitions = 3}));
  TP_ASSIGN_OR_RETURN(
      auto keys, KeyStore::Open({.directory = data + "/keys", .kek_file = data + "/keys.kek"}));
  TP_ASSIGN_OR_RETURN(auto store, Store::Open({.directory = data + "/store"}));
  TP_ASSIGN_OR_RETURN(auto metrics, Metrics::Start(""));
  TP_ASSIGN_OR_RETURN(auto projector, Projector::Open(log.get(), store.get(), {}));
  TP_RETURN_IF_ERROR(projector->CatchUp());
  TP_RETURN_IF_ERROR(projector->Start());
  EventWriter writer(log.get(), projector.get(), now_us, metrics.get());
  WorkerPool pool(1);
  Intake intake({.projector = projector.get(),
                 .writer = &writer,
                 .keys = keys.get(),
                 .pool = &pool,
                 .metrics = metrics.get()});
  TP_ASSIGN_OR_RETURN(Principals principals, Principals::FromYaml(TextOf(arguments[5])));
  const CallerAuth auth(std::move(principals), nullptr);
  std::vector<PartnerTopic> topics;
  TP_RETURN_IF_ERROR(ReadPartnerTopics(YAML::LoadFile(arguments[6]), arguments[6], &topics));
  TP_ASSIGN_OR_RETURN(
      auto partners,
      StartPartnerIntake({.intake = &intake,
                          .auth = &auth,
                          .metrics = metrics.get(),
                          .connection = {.brokers = arguments[1],
                                         .tls = KafkaTls{arguments[2], arguments[3], arguments[4]}},
                          .now_us = now_us},
                         topics));
  std::cout << "ready" << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  partners->Stop();
  pool.Stop();
  projector->Stop();
  return log->Close();
}

}  // namespace
}  // namespace trigpoint

int main(int argc, char** argv) {
  if (argc != 8) return 2;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const absl::Status status =
      trigpoint::Run(std::vector<std::string>(argv + 1, argv + argc), signals);
  if (status.ok()) return 0;
  std::fprintf(stderr, "partner_trial: %s\n", std::string(status.message()).c_str());
  return 1;
}
