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
  uint32_t partitions = 0;  ///< Of providers; 0: as many as the source has.
  bool follow = false;
  bool verify_fold = false;
};

/// The two ends and what is between.
struct Copying {
  std::unique_ptr<EventLog> from;
  std::unique_ptr<EventLog> to;
  std::unique_ptr<LogCopy> copy;
  uint64_t copied = 0;
  Clock::time_point writer_stopped = Clock::now();
};

absl::Status OpenBoth(const LogCopyArguments& arguments, Copying* copying) {
  std::error_code error;
  if (std::filesystem::weakly_canonical(arguments.from, error) ==
      std::filesystem::weakly_canonical(arguments.to, error))
    return absl::InvalidArgumentError("--from and --to are the same log");
  auto from = OpenLog({.directory = arguments.from});
  if (!from.ok())
    return Annotate(from.status(),
                    "--from (a node that runs holds its log: stop it, or copy a "
                    "backup of it first)");
  copying->from = *std::move(from);
  auto to = OpenLog({.directory = arguments.to,
                     .partitions = arguments.partitions == 0 ? 0 : arguments.partitions + 1});
  if (absl::IsNotFound(to.status()))
    to = OpenLog({.directory = arguments.to, .partitions = copying->from->partitions()});
  if (!to.ok()) return Annotate(to.status(), "--to");
  copying->to = *std::move(to);
  const std::string beside = std::filesystem::path(arguments.to).lexically_normal().string();
  TP_ASSIGN_OR_RETURN(copying->copy, LogCopy::Open({.from = copying->from.get(),
                                                    .to = copying->to.get(),
                                                    .checkpoint_file = beside + ".copy"}));
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
                      CompareFolds(copying->from.get(), copying->to.get(), arguments.to + ".folds",
                                   copying->copy->Streams()));
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
  copy->add_option("--from", arguments->from, "Directory of the log, DATA/log")
      ->required()
      ->type_name("DIRECTORY");
  copy->add_option("--to", arguments->to, "Directory of the copy; how far it is stands beside it")
      ->required()
      ->type_name("DIRECTORY");
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
