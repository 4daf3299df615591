// log copy: a log to another place, of another size, and the proof that it is the same.
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "client.h"
#include "print.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/log_copy.h"
#include "trigpoint/log/open_log.h"

namespace trigpoint {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kPartitionsMax = 1024;

struct LogCopyArguments {
  std::string from;
  std::string to;
  uint32_t partitions = 0;        ///< Of providers; 0: as many as the source has.
  uint32_t from_partitions = 16;  ///< The same of a source on Kafka.
  KafkaTls tls;                   ///< Towards brokers; empty: plain text.
  bool single_broker = false;
  std::string checkpoint;  ///< Empty: beside the copy.
  bool follow = false;
  bool verify_fold = false;
};

/// The two ends and what is between.
struct Copying {
  std::unique_ptr<EventLog> from;
  std::unique_ptr<EventLog> to;
  std::unique_ptr<LogCopy> copy;
  std::string beside;  ///< What names of files about it begin with.
  uint64_t copied = 0;
  Clock::time_point writer_stopped = Clock::now();
};

absl::StatusOr<LogSpec> SpecOf(const LogCopyArguments& arguments, const std::string& text) {
  LogSpec spec{.directory = text};
  TP_ASSIGN_OR_RETURN(spec.kafka, ParseKafkaLog(text));
  if (!spec.kafka.has_value()) return spec;
  if (!arguments.tls.ca_file.empty()) spec.kafka->connection.tls = arguments.tls;
  spec.kafka->single_broker = arguments.single_broker;
  return spec;
}

/// Where what is kept about the copy stands, and what its name begins with.
std::string BesideOf(const LogCopyArguments& arguments, const LogSpec& to) {
  return to.kafka.has_value() ? to.kafka->topic
                              : std::filesystem::path(arguments.to).lexically_normal().string();
}

absl::Status OpenBoth(const LogCopyArguments& arguments, Copying* copying) {
  TP_ASSIGN_OR_RETURN(LogSpec from_spec, SpecOf(arguments, arguments.from));
  TP_ASSIGN_OR_RETURN(LogSpec to_spec, SpecOf(arguments, arguments.to));
  const bool directories = !from_spec.kafka.has_value() && !to_spec.kafka.has_value();
  std::error_code error;
  if (arguments.from == arguments.to ||
      (directories && std::filesystem::weakly_canonical(arguments.from, error) ==
                          std::filesystem::weakly_canonical(arguments.to, error)))
    return absl::InvalidArgumentError("--from and --to are the same log");
  if (from_spec.kafka.has_value()) from_spec.partitions = arguments.from_partitions + 1;
  auto from = OpenLog(from_spec);
  if (!from.ok())
    return Annotate(from.status(),
                    directories ? "--from (a node that runs holds its log: stop it, or copy a "
                                  "backup of it first)"
                                : "--from");
  copying->from = *std::move(from);
  to_spec.partitions = arguments.partitions == 0 ? 0 : arguments.partitions + 1;
  if (to_spec.kafka.has_value()) {
    to_spec.kafka->create_topic = true;
    if (to_spec.partitions == 0) to_spec.partitions = copying->from->partitions();
  }
  auto to = OpenLog(to_spec);
  if (absl::IsNotFound(to.status())) {
    to_spec.partitions = copying->from->partitions();
    to = OpenLog(to_spec);
  }
  if (!to.ok()) return Annotate(to.status(), "--to");
  copying->to = *std::move(to);
  copying->beside = BesideOf(arguments, to_spec);
  TP_ASSIGN_OR_RETURN(
      copying->copy,
      LogCopy::Open({.from = copying->from.get(),
                     .to = copying->to.get(),
                     .checkpoint_file = arguments.checkpoint.empty() ? copying->beside + ".copy"
                                                                     : arguments.checkpoint}));
  return absl::OkStatus();
}

/// Copies what comes until somebody says that nothing more does.
absl::Status Follow(const sigset_t& stop, Copying* copying) {
  const timespec between{.tv_sec = 0, .tv_nsec = 200'000'000};
  const timespec at_once{};
  std::cerr << "following; Ctrl-C when whoever writes has stopped\n";
  while (true) {
    TP_ASSIGN_OR_RETURN(const uint64_t now, copying->copy->Pass(LogCopy::Source::kGrows));
    copying->copied += now;
    if (now == 0) TP_RETURN_IF_ERROR(copying->copy->ReadBack());
    if (sigtimedwait(&stop, nullptr, now == 0 ? &between : &at_once) > 0) return absl::OkStatus();
  }
}

absl::StatusOr<LogCopyProof> Copy(const LogCopyArguments& arguments, const sigset_t& stop,
                                  Copying* copying) {
  TP_RETURN_IF_ERROR(OpenBoth(arguments, copying));
  if (arguments.follow) {
    TP_RETURN_IF_ERROR(Follow(stop, copying));
    copying->writer_stopped = Clock::now();
  }
  TP_ASSIGN_OR_RETURN(const uint64_t last, copying->copy->Pass(LogCopy::Source::kEnded));
  copying->copied += last;
  TP_ASSIGN_OR_RETURN(LogCopyProof proof, copying->copy->Prove());
  if (!arguments.verify_fold) return proof;
  TP_ASSIGN_OR_RETURN(const auto folds,
                      CompareFolds(copying->from.get(), copying->to.get(),
                                   copying->beside + ".folds", copying->copy->Streams()));
  proof.differences.insert(proof.differences.end(), folds.begin(), folds.end());
  return proof;
}

ExitCode Report(const Session& session, const LogCopyArguments& arguments, const Copying& copying,
                const LogCopyProof& proof) {
  const std::chrono::duration<double> ready = Clock::now() - copying.writer_stopped;
  const uint32_t from = copying.from->partitions() - 1;
  const uint32_t to = copying.to->partitions() - 1;
  if (session.json) {
    const nlohmann::json answer = {
        {"from_partitions", from},          {"to_partitions", to},
        {"copied", copying.copied},         {"records", proof.records},
        {"streams", proof.streams},         {"controls", proof.controls},
        {"digest", proof.digest},           {"folds_compared", arguments.verify_fold},
        {"differences", proof.differences}, {"seconds_from_last_write_to_ready", ready.count()}};
    Put(answer.dump() + "\n");
  } else {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.1f", ready.count());
    Put("partitions  " + std::to_string(from) + " to " + std::to_string(to) + "\n" +
        "copied now  " + Count(copying.copied, "record") + "\n" + "streams     " +
        std::to_string(proof.streams) + " with " + Count(proof.records, "record") + ", " +
        Count(proof.controls, "control event") + "\n" + "digest      " + proof.digest + "\n" +
        "compared    every stream's bytes in their order" +
        (arguments.verify_fold ? ", and what they fold to" : "") + ": " +
        (proof.differences.empty() ? "the same" : "NOT THE SAME") + "\n" + "ready       " +
        seconds + " s after the last write\n");
  }
  for (const std::string& difference : proof.differences)
    std::cerr << "error: " << Clean(difference) << "\n";
  return proof.differences.empty() ? ExitCode::kOk : ExitCode::kData;
}

ExitCode RunCopy(const Session& session, const LogCopyArguments& arguments) {
  sigset_t stop;
  sigemptyset(&stop);
  if (arguments.follow) {
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  }
  Copying copying;
  const auto proof = Copy(arguments, stop, &copying);
  if (!proof.ok()) return Fail(session, proof.status());
  return Report(session, arguments, copying, *proof);
}

}  // namespace

void AddLogCommands(CLI::App& app, Session& session) {
  CLI::App* log = app.add_subcommand("log", "The event log itself, without a node");
  log->require_subcommand(1);
  CLI::App* copy = log->add_subcommand(
      "copy",
      "Copies a log, also to another number of partitions, and proves that both hold the same; run "
      "again it goes on where it was");
  auto arguments = std::make_shared<LogCopyArguments>();
  copy->add_option("--from", arguments->from,
                   "Directory of the log, DATA/log, or kafka:HOST:PORT,HOST:PORT/TOPIC")
      ->required()
      ->type_name("LOG");
  copy->add_option("--to", arguments->to,
                   "Directory of the copy, or a topic as above, which is made where it is not "
                   "there; how far it is stands beside it, of a topic in TOPIC.copy here")
      ->required()
      ->type_name("LOG");
  copy->add_option("--from-partitions", arguments->from_partitions,
                   "Of a source on Kafka, as in the node's configuration")
      ->check(CLI::Range(1U, kPartitionsMax))
      ->capture_default_str();
  copy->add_option("--kafka-tls-ca", arguments->tls.ca_file,
                   "PEM file: authority of the brokers' certificates");
  copy->add_option("--kafka-tls-cert", arguments->tls.certificate_file,
                   "PEM file: the certificate to show to brokers");
  copy->add_option("--kafka-tls-key", arguments->tls.key_file, "PEM file: its key");
  copy->add_flag("--kafka-single-broker", arguments->single_broker,
                 "Take a topic that one broker's disk holds");
  copy->add_option("--checkpoint", arguments->checkpoint, "File of how far the copy is");
  copy->add_option("--partitions", arguments->partitions,
                   "Of the copy, as in the node's configuration; without it those that it has, "
                   "else those of "
                   "the source")
      ->check(CLI::Range(1U, kPartitionsMax))
      ->type_name("N");
  copy->add_flag("--follow", arguments->follow,
                 "Go on copying what comes until Ctrl-C says that nobody writes any more");
  copy->add_flag("--verify-fold", arguments->verify_fold,
                 "Fold both, too, and compare what comes out for every service");
  copy->callback([arguments, &session] {
    session.command = [arguments, &session] { return RunCopy(session, *arguments); };
  });
}

}  // namespace trigpoint
