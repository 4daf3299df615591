// feed poll: asks CQC's public API what changed, fetches that and hands it to the node.
#include "feed_poll.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include "cqc_poll.h"
#include "node_taker.h"
#include "poll_report.h"
#include "progress.h"
#include "services/common/url.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr const char* kKeyVariable = "TRIGPOINT_CQC_KEY";
constexpr int64_t kEveryMaxSeconds = 7 * 86'400;

struct FeedPollOptions {
  std::string feed;
  std::string state_file;
  std::string from;
  bool all = false;
  bool once = false;
  int64_t every_s = 0;  // 0: once.
  std::vector<std::string> local_authorities;
  std::string base_url = CqcClientOptions().base_url;
  std::string key_file;
  std::string ca_file;
  int per_minute = CqcClientOptions().per_minute;
};

Micros Now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Waits. SIGINT and SIGTERM end a poll that repeats at its next wait, between two requests; one
// that does not is ended by them at once, which loses nothing.
class Waiting {
 public:
  // Signals must be blocked before any other thread exists, so this stands before the channel.
  explicit Waiting(bool repeats) : repeats_(repeats) {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    if (repeats_) pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  // False when it is to end.
  bool Wait(Micros span) {
    if (!repeats_) {
      std::this_thread::sleep_for(std::chrono::microseconds(span));
      return true;
    }
    const timespec time = {span / kMicrosPerSecond, span % kMicrosPerSecond * 1000};
    stopped_ = stopped_ || sigtimedwait(&signals_, nullptr, &time) > 0;
    return !stopped_;
  }

 private:
  const bool repeats_;
  sigset_t signals_;
  bool stopped_ = false;
};

// The key stands in a file or in the environment, never on the command line, which everyone on the
// machine can read.
absl::StatusOr<std::string> ReadKey(const std::string& file) {
  std::string key;
  if (!file.empty()) {
    std::ifstream input(file, std::ios::binary);
    if (!std::getline(input, key)) {
      return MakeStatus(absl::StatusCode::kInvalidArgument, "cannot read " + file);
    }
  } else if (const char* variable = std::getenv(kKeyVariable); variable != nullptr) {
    key = variable;
  }
  key.erase(key.find_last_not_of(" \t\r\n") + 1);
  const std::string place = file.empty() ? std::string(kKeyVariable) : file;
  if (key.empty()) {
    return MakeStatus(absl::StatusCode::kInvalidArgument,
                      "CQC's API wants a subscription key: give --subscription-key-file, or set " +
                          std::string(kKeyVariable));
  }
  constexpr size_t kKeyBytesMax = 256;
  const bool plain =
      std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!plain || key.size() > kKeyBytesMax) {
    return MakeStatus(absl::StatusCode::kInvalidArgument,
                      place + " holds no subscription key: it has no spaces and at most 256 bytes");
  }
  return key;
}

absl::StatusOr<std::optional<Micros>> ReadFrom(const std::string& text) {
  if (text.empty()) return std::optional<Micros>();
  const auto date = ParseDate(text);
  const auto instant = date.ok() ? LondonMidnight(*date) : ParseInstant(text);
  if (!instant.ok() || *instant > Now()) {
    return MakeStatus(absl::StatusCode::kInvalidArgument,
                      "--from: a day as 2026-11-01 or an instant as 2026-11-01T00:00:00Z, not in "
                      "the future");
  }
  return std::optional<Micros>(*instant);
}

absl::StatusOr<CqcClientOptions> ClientOptions(const FeedPollOptions& options) {
  CqcClientOptions client;
  client.base_url = options.base_url.substr(0, options.base_url.find_last_not_of('/') + 1);
  TP_RETURN_IF_ERROR(Annotate(CheckHttpUrl(client.base_url), "--base-url"));
  if (client.base_url.find('?') != std::string::npos) {
    return MakeStatus(absl::StatusCode::kInvalidArgument, "--base-url: no ? stands in it");
  }
  TP_ASSIGN_OR_RETURN(client.key, ReadKey(options.key_file));
  client.ca_file = options.ca_file;
  client.per_minute = options.per_minute;
  client.now_us = &Now;
  return client;
}

// Polls as often as asked for.
class Polling {
 public:
  Polling(const Session& session, const FeedPollOptions& options, Waiting* waiting)
      : session_(session), every_(options.every_s * kMicrosPerSecond), waiting_(waiting) {}

  ExitCode Run(const Client& client, CqcPollOptions poll, CqcClient* cqc) {
    if (every_ == 0) return Once(client, poll, cqc);
    while (true) {
      const Micros next = Now() + every_;
      const ExitCode code = Once(client, poll, cqc);
      // Whoever does not answer may do so the next time; nothing else mends itself.
      const bool again =
          code == ExitCode::kOk || code == ExitCode::kNo || code == ExitCode::kUnreachable;
      if (!again) return code;
      poll.all = poll.all && !whole_;
      if (!waiting_->Wait(std::clamp<Micros>(next - Now(), 0, every_))) return ExitCode::kOk;
    }
  }

 private:
  ExitCode Once(const Client& client, const CqcPollOptions& options, CqcClient* cqc) {
    PollReport report;
    report.repeats = every_ != 0;
    NodeTaker taker(client);
    Progress progress("documents fetched");
    CqcPollOptions shown = options;
    shown.show = [&progress](uint64_t fetched) { progress.Show(fetched); };
    const uint64_t requests = cqc->requests();
    report.status = CqcPoll(std::move(shown), cqc, &taker).Run(&report.counts);
    progress.End();
    report.requests = cqc->requests() - requests;
    report.TakeOutcomes(taker);
    whole_ = report.status.ok();
    return PutPollReport(session_, report);
  }

  const Session& session_;
  const Micros every_;
  Waiting* const waiting_;
  bool whole_ = false;  // The last poll came to its end.
};

ExitCode Poll(const Session& session, const FeedPollOptions& options, Waiting* waiting) {
  auto client_options = ClientOptions(options);
  if (!client_options.ok()) return Fail(session, client_options.status());
  const auto from = ReadFrom(options.from);
  if (!from.ok()) return Fail(session, from.status());
  const auto lock = PollLock::Take(options.state_file);
  if (!lock.ok()) return FailPoll(session, lock.status());
  client_options->wait = [waiting](Micros span) { return waiting->Wait(span); };
  CqcClient cqc(*std::move(client_options));
  const CqcPollOptions poll{.state_file = options.state_file,
                            .from = *from,
                            .all = options.all,
                            .local_authorities = options.local_authorities,
                            .now_us = &Now};
  return WithClient(session, [&](const Client& client) {
    return Polling(session, options, waiting).Run(client, poll, &cqc);
  });
}

void AddOptions(CLI::App* poll, FeedPollOptions* options) {
  poll->add_option("FEED", options->feed, "cqc: CQC's public API")
      ->required()
      ->check(CLI::IsMember({"cqc"}));
  poll->add_option("--state", options->state_file,
                   "File that holds how far the poll has come; made by the first one")
      ->required();
  poll->add_option("--from", options->from, "First poll: what changed since this day");
  poll->add_flag("--all", options->all, "Load the whole register, then go on with what changes");
  poll->add_option("--local-authority", options->local_authorities,
                   "First poll: only locations of this authority, and their providers, from then "
                   "on; repeat it for more")
      ->allow_extra_args(false);
  auto* once = poll->add_flag("--once", options->once, "Poll once and end, as without --every");
  poll->add_option("--every", options->every_s, "15m: poll again and again, until SIGTERM")
      ->transform(
          CLI::AsNumberWithUnit(std::map<std::string, int64_t>{{"s", 1}, {"m", 60}, {"h", 3600}},
                                CLI::AsNumberWithUnit::UNIT_REQUIRED, "TIME"))
      ->check(CLI::Range(int64_t{1}, kEveryMaxSeconds))
      ->excludes(once);
  poll->add_option("--subscription-key-file", options->key_file,
                   "File that holds the API's subscription key; or set TRIGPOINT_CQC_KEY")
      ->envname("TRIGPOINT_CQC_KEY_FILE");
  poll->add_option("--base-url", options->base_url, "The API; http only to this machine, for tests")
      ->capture_default_str();
  poll->add_option("--api-ca", options->ca_file,
                   "PEM file of the authorities to trust for the API, instead of the system's");
  poll->add_option("--per-minute", options->per_minute, "Requests a minute at most")
      ->check(CLI::Range(1, 2000))
      ->capture_default_str();
}

}  // namespace

void AddFeedPollCommand(CLI::App& feed, Session& session) {
  auto options = std::make_shared<FeedPollOptions>();
  CLI::App* poll =
      feed.add_subcommand("poll", "Asks a register what changed since the last poll, and takes it");
  AddOptions(poll, options.get());
  poll->footer(
      "Killed at any moment it loses nothing: run it again. Exit code 1 when something was "
      "refused, 3 when the API or\nthe node did not answer or documents could not be had: the next "
      "poll asks again. 5: the key is not taken.\n"
      "Example: trigpoint feed poll cqc --state cqc.json --all --local-authority Oldham");
  poll->callback([&session, options] {
    session.command = [&session, options] {
      Waiting waiting(options->every_s != 0);
      return Poll(session, *options, &waiting);
    };
  });
}

}  // namespace trigpoint
