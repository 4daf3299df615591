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
#include <thread>

#include "client.h"
#include "print.h"
#include "trigpoint/base/status.h"
#include "trigpoint/engine/log_copy.h"
#include "trigpoint/log/embedded_log.h"
#include "trigpoint/log/open_log.h"

namespace trigpoint {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kPartitionsMax = 1024;
constexpr std::chrono::milliseconds kBetweenLooks{50};

struct LogCopyArguments {
  std::string from;
  std::string then;  ///< Of which `from` is a backup; empty: `from` is all.
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
  std::string beside;      ///< What names of files about it begin with.
  std::string checkpoint;  ///< File of how far it is.
  uint64_t copied = 0;
  Clock::time_point writer_stopped = Clock::now();
  double copy_seconds = 0;   ///< Of them, appending; `copied` over it is the rate.
  double proof_seconds = 0;  ///< And reading both logs back.
};

double SecondsSince(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", seconds);
  return text;
}

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

/// Whether a directory has something in it, and no log.
bool HoldsOtherThings(const std::string& directory) {
  std::error_code error;
  const bool empty = std::filesystem::is_empty(directory, error);
  return !error && !empty && !std::filesystem::exists(directory + "/FORMAT", error);
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
                    from_spec.kafka.has_value()
                        ? "--from (of its partitions all but one are --from-partitions)"
                        : "--from (a node that runs holds its log: stop it, or copy a backup of "
                          "it first)");
  copying->from = *std::move(from);
  if (!to_spec.kafka.has_value() && HoldsOtherThings(arguments.to)) {
    return absl::FailedPreconditionError(
        "--to: " + arguments.to +
        " holds other things than a log: name a directory that is empty or not there");
  }
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
  if (!to.ok()) {
    const bool counts =
        (to_spec.kafka.has_value() || arguments.partitions != 0) &&
        (absl::IsFailedPrecondition(to.status()) || absl::IsInvalidArgument(to.status()));
    return Annotate(to.status(),
                    counts ? "--to (of its partitions all but one are --partitions)" : "--to");
  }
  copying->to = *std::move(to);
  copying->beside = BesideOf(arguments, to_spec);
  copying->checkpoint =
      arguments.checkpoint.empty() ? copying->beside + ".copy" : arguments.checkpoint;
  TP_ASSIGN_OR_RETURN(copying->copy, LogCopy::Open({.from = copying->from.get(),
                                                    .to = copying->to.get(),
                                                    .checkpoint_file = copying->checkpoint}));
  return absl::OkStatus();
}

/// Copies what comes until somebody says that nothing more does.
absl::Status Follow(const sigset_t& stop, Copying* copying) {
  const timespec between{.tv_sec = 0, .tv_nsec = 200'000'000};
  const timespec at_once{};
  std::cerr << "following; Ctrl-C when whoever writes has stopped\n";
  while (true) {
    const Clock::time_point begun = Clock::now();
    TP_ASSIGN_OR_RETURN(const uint64_t now, copying->copy->Pass(LogCopy::Source::kGrows));
    copying->copied += now;
    if (now > 0) copying->copy_seconds += SecondsSince(begun);
    if (now == 0) TP_RETURN_IF_ERROR(copying->copy->ReadBack());
    if (sigtimedwait(&stop, nullptr, now == 0 ? &between : &at_once) > 0) return absl::OkStatus();
  }
}

/// The log of which the source is a backup, as soon as its node has let go of it.
absl::StatusOr<std::unique_ptr<EventLog>> AwaitLog(const std::string& directory) {
  TP_ASSIGN_OR_RETURN(const uint32_t partitions, EmbeddedLogPartitions(directory));
  while (true) {
    auto log = OpenLog({.directory = directory, .partitions = partitions});
    // Its format was seen to be right: somebody holds it.
    if (!absl::IsFailedPrecondition(log.status())) return log;
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

/// Copies the backup and reads it back while the node runs; what it wrote since is left.
absl::Status CopyBackup(const LogCopyArguments& arguments, Copying* copying) {
  TP_RETURN_IF_ERROR(Annotate(EmbeddedLogPartitions(arguments.then).status(), "--then"));
  const Clock::time_point begun = Clock::now();
  TP_ASSIGN_OR_RETURN(copying->copied, copying->copy->Pass(LogCopy::Source::kGrows));
  copying->copy_seconds = SecondsSince(begun);
  TP_RETURN_IF_ERROR(copying->copy->ReadBack());
  std::cerr << "the backup is copied: " << Count(copying->copied, "record") << " in "
            << Seconds(copying->copy_seconds) << "; waiting until the node of " << arguments.then
            << " is stopped\n";
  auto log = AwaitLog(arguments.then);
  if (!log.ok()) return Annotate(log.status(), "--then");
  copying->writer_stopped = Clock::now();
  TP_RETURN_IF_ERROR(Annotate(copying->copy->GoOnFrom(log->get()), "--then"));
  copying->from = *std::move(log);
  return absl::OkStatus();
}

absl::StatusOr<LogCopyProof> Copy(const LogCopyArguments& arguments, const sigset_t& stop,
                                  Copying* copying) {
  TP_RETURN_IF_ERROR(OpenBoth(arguments, copying));
  if (arguments.follow) {
    TP_RETURN_IF_ERROR(Follow(stop, copying));
    copying->writer_stopped = Clock::now();
  }
  if (!arguments.then.empty()) TP_RETURN_IF_ERROR(CopyBackup(arguments, copying));
  const Clock::time_point opened = Clock::now();
  TP_ASSIGN_OR_RETURN(const uint64_t last, copying->copy->Pass(LogCopy::Source::kEnded));
  copying->copied += last;
  copying->copy_seconds += SecondsSince(opened);
  const Clock::time_point written = Clock::now();
  TP_ASSIGN_OR_RETURN(LogCopyProof proof, copying->copy->Prove());
  copying->proof_seconds = SecondsSince(written);
  if (!arguments.verify_fold) return proof;
  TP_ASSIGN_OR_RETURN(const auto folds,
                      CompareFolds(copying->from.get(), copying->to.get(),
                                   copying->beside + ".folds", copying->copy->Streams()));
  proof.differences.insert(proof.differences.end(), folds.begin(), folds.end());
  return proof;
}

ExitCode Report(const Session& session, const LogCopyArguments& arguments, const Copying& copying,
                const LogCopyProof& proof) {
  const double ready = SecondsSince(copying.writer_stopped);
  const uint32_t from = copying.from->partitions() - 1;
  const uint32_t to = copying.to->partitions() - 1;
  if (session.json) {
    const nlohmann::json answer = {{"from_partitions", from},
                                   {"to_partitions", to},
                                   {"copied", copying.copied},
                                   {"records", proof.records},
                                   {"streams", proof.streams},
                                   {"controls", proof.controls},
                                   {"digest", proof.digest},
                                   {"folds_compared", arguments.verify_fold},
                                   {"differences", proof.differences},
                                   {"seconds_from_last_write_to_ready", ready},
                                   {"copy_seconds", copying.copy_seconds},
                                   {"proof_seconds", copying.proof_seconds}};
    Put(answer.dump() + "\n");
  } else {
    Put("partitions  " + std::to_string(from) + " to " + std::to_string(to) + "\n" +
        "copied now  " + Count(copying.copied, "record") + " in " + Seconds(copying.copy_seconds) +
        "\n" + "streams     " + std::to_string(proof.streams) + " with " +
        Count(proof.records, "record") + ", " + Count(proof.controls, "control event") + "\n" +
        "digest      " + proof.digest + "\n" + "compared    every stream's bytes in their order" +
        (arguments.verify_fold ? ", and what they fold to" : "") + ": " +
        (proof.differences.empty() ? "the same" : "NOT THE SAME") + ", read back in " +
        Seconds(copying.proof_seconds) + "\n" + "ready       " + Seconds(ready) +
        " after the last write\n");
  }
  for (const std::string& difference : proof.differences)
    std::cerr << "error: " << Clean(difference) << "\n";
  if (!proof.differences.empty()) {
    std::cerr << "do:    nothing on the copy; delete it and " << copying.checkpoint
              << ", and copy anew\n";
  }
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
  // Nothing is lost by it, and what is there is not the whole.
  if (absl::IsUnavailable(proof.status()) && copying.copy != nullptr) {
    return Fail(session,
                MakeStatus(absl::StatusCode::kUnavailable,
                           std::string(proof.status().message()) +
                               "; the copy is not whole: the same command goes on with it"));
  }
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
  copy->add_option("--then", arguments->then,
                   "Directory of the log of which --from is a backup: what its node wrote since is "
                   "copied as soon as that node is stopped")
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
  copy->add_option(
          "--partitions", arguments->partitions,
          "Of the copy, as in the node's configuration; without it those of the source, or "
          "those that a directory has already")
      ->check(CLI::Range(1U, kPartitionsMax))
      ->type_name("N");
  copy->add_flag("--follow", arguments->follow,
                 "Go on copying what comes until Ctrl-C says that nobody writes any more")
      ->excludes("--then");
  copy->add_flag("--verify-fold", arguments->verify_fold,
                 "Fold both, too, and compare what comes out for every service");
  copy->callback([arguments, &session] {
    session.command = [arguments, &session] { return RunCopy(session, *arguments); };
  });
}

}  // namespace trigpoint
