// alerts, ack, decline.
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <iostream>
#include <memory>
#include <set>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "arguments.h"
#include "client.h"
#include "explain.h"
#include "print.h"

namespace trigpoint {
namespace {

constexpr int kHeartbeatSeconds = 15;
constexpr int kSilenceSecondsMax = 3 * kHeartbeatSeconds;
constexpr int kRetrySecondsMax = 30;

struct AlertsOptions {
  std::string filter;
  std::string resume_token;
  bool watch = false;
  bool all = false;
  bool from_start = false;
};

struct AnswerOptions {
  std::string alert_id;
  std::string request_id;
  std::string reason;
};

/// The decline of this alert itself, or null.
const v1::AlertDecline* OwnDecline(const v1::Alert& alert) {
  for (const auto& decline : alert.declines()) {
    if (decline.alert_id() == alert.alert_id()) return &decline;
  }
  return nullptr;
}

std::string AlertState(const v1::Alert& alert) {
  if (const auto* decline = OwnDecline(alert); decline != nullptr) {
    return "declined by " + decline->declined_by();
  }
  if (alert.acknowledged_at().seconds() != 0) {
    return "acknowledged by " + alert.acknowledged_by();
  }
  const std::string tier = alert.detail().kind() == v1::RapidQualityReviewAlert::KIND_NEXT_TIER
                               ? ", tier " + std::to_string(alert.detail().tier())
                               : "";
  return (alert.overdue() ? "OVERDUE" : "open") + tier;
}

std::string AlertProvider(const v1::Alert& alert) {
  return alert.ids().empty() ? alert.provider()
                             : alert.ids(0).scheme() + '/' + alert.ids(0).value();
}

std::string Rules(const v1::Alert& alert) {
  std::string rules;
  for (const auto& ground : alert.detail().grounds()) {
    rules += (rules.empty() ? "" : ", ") + ground.policy_id() + ' ' + ground.rule();
  }
  return rules;
}

std::string DeclineText(const v1::AlertDecline& decline) {
  return Wrap("Declined at tier " + std::to_string(decline.tier()) + " by " +
                  Clean(decline.declined_by()) + " (" + Clean(decline.organisation()) + ") on " +
                  When(decline.declined_at()) + ": " + Clean(decline.reason()),
              "  ");
}

ExitCode ListAlerts(const Session& session, const Client& client, const AlertsOptions& options) {
  v1::ListAlertsRequest request;
  request.set_page_size(500);
  request.set_include_acknowledged(options.all);
  request.set_filter(options.filter);
  Table table({"ALERT", "PROVIDER", "NAME", "GROUNDS", "LEAD", "RAISED", "ANSWER BY", "STATE"});
  std::string declines;  // Each once, though it is told with each tier.
  std::set<std::string> told;
  v1::ListAlertsResponse response;
  do {
    const auto context = client.NewContext();
    const auto status = client.alerts().ListAlerts(context.get(), request, &response);
    if (!status.ok()) {
      return Fail(session, status);
    }
    for (const auto& alert : response.alerts()) {
      if (session.json) {
        PutJsonLine(alert);
      } else {
        table.AddRow({alert.alert_id(), AlertProvider(alert), Clip(alert.display_name(), 28),
                      Clip(Rules(alert), 32), alert.detail().lead(), When(alert.raised_at()),
                      When(alert.detail().acknowledge_by()), AlertState(alert)});
        for (const auto& decline : alert.declines()) {
          if (told.insert(decline.alert_id()).second) declines += DeclineText(decline);
        }
      }
    }
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  if (!session.json) {
    Put(table.empty() ? "No alert is open.\n"
                      : table.Text() + declines +
                            "\nTo acknowledge one: trigpoint ack ALERT\nWhere no review is "
                            "warranted: trigpoint decline ALERT --reason \"...\"\n");
  }
  return ExitCode::kOk;
}

std::string AlertText(const v1::Alert& alert, const Ink& ink) {
  const auto& detail = alert.detail();
  std::string head = "Rapid quality review warranted";
  if (detail.kind() == v1::RapidQualityReviewAlert::KIND_NEXT_TIER) {
    head += alert.declines().empty() ? ", not acknowledged in time" : ", declined before";
  } else if (detail.kind() == v1::RapidQualityReviewAlert::KIND_CLUSTER_ATTACHED) {
    head = "Further evidence for the open alert " + Clean(detail.attached_to());
  }
  std::string text = When(alert.raised_at()) + "  " +
                     (detail.immediate() ? ink.Red("IMMEDIATE RISK  ") : "") + ink.Bold(head) +
                     '\n' + "  " + Clean(AlertProvider(alert)) + ' ' + Clean(alert.display_name()) +
                     '\n';
  text +=
      Wrap("Significant or immediate risk: " + TruthWord(detail.risk_significant_or_immediate()) +
               "; not addressed elsewhere: " + TruthWord(detail.not_addressed_elsewhere()) +
               "; rapid sharing needed: " + TruthWord(detail.rapid_sharing_needed()),
           "  ");
  for (const auto& ground : detail.grounds()) {
    text += Wrap(ground.policy_id() + ' ' + ground.rule() + " [" + ground.clause() + ']', "  ");
  }
  for (const auto& decline : alert.declines()) text += DeclineText(decline);
  std::string evidence;
  for (const auto& event : detail.evidence()) {
    evidence += (evidence.empty() ? "Evidence: " : ", ") + EventName(event);
  }
  if (!evidence.empty()) {
    text += Wrap(evidence, "  ");
  }
  return text +
         Wrap("Lead: " + (detail.lead().empty() ? "not known" : detail.lead()) + "; answer by " +
                  When(detail.acknowledge_by()) + "; " + AlertState(alert),
              "  ") +
         "  trigpoint ack " + Clean(alert.alert_id()) + "\n\n";
}

// Cancels the call under way when the person presses Ctrl-C, and when heartbeats stop coming.
// Thread-safe.
class Watchdog {
 public:
  // Signals must be blocked before any other thread exists, so this stands before the channel.
  Watchdog() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }

  void Watch(grpc::ClientContext* context) {
    const absl::MutexLock lock(&mutex_);
    context_ = context;
    silent_seconds_ = 0;
    if (stopped_ && context_ != nullptr) {
      context_->TryCancel();
    }
  }

  void Heard() { silent_seconds_ = 0; }
  bool stopped() const { return stopped_; }

 private:
  void Run(const std::stop_token& stop) {
    const timespec second = {1, 0};
    while (!stop.stop_requested()) {
      const bool signalled = sigtimedwait(&signals_, nullptr, &second) > 0;
      const absl::MutexLock lock(&mutex_);
      stopped_ = stopped_ || signalled;
      if (context_ != nullptr && (stopped_ || ++silent_seconds_ > kSilenceSecondsMax)) {
        context_->TryCancel();
      }
    }
  }

  sigset_t signals_;
  std::atomic<bool> stopped_ = false;
  std::atomic<int> silent_seconds_ = 0;
  absl::Mutex mutex_;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::jthread thread_;
};

// Reads one stream to its end; `token` follows what was read.
grpc::Status WatchOnce(const Session& session, const Client& client, const AlertsOptions& options,
                       Watchdog& watchdog, std::string& token) {
  v1::WatchAlertsRequest request;
  request.set_resume_token(token);
  request.set_heartbeat_seconds(kHeartbeatSeconds);
  request.set_from_start(options.from_start && token.empty());
  const auto context = client.NewStreamContext();
  watchdog.Watch(context.get());
  const auto stream = client.alerts().WatchAlerts(context.get(), request);
  const Ink ink = Ink::ForStandardOutput();
  v1::WatchAlertsResponse response;
  while (stream->Read(&response)) {
    watchdog.Heard();
    if (!response.resume_token().empty()) {
      token = response.resume_token();
    }
    if (session.json) {
      PutJsonLine(response);
    } else if (response.has_alert()) {
      Put(AlertText(response.alert(), ink));
    }
  }
  grpc::Status status = stream->Finish();
  watchdog.Watch(nullptr);
  return status;
}

bool IsWorthAnotherTry(const grpc::Status& status) {
  return status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::CANCELLED;
}

// Watches until Ctrl-C, over restarts of the server. The first call must be answered.
ExitCode WatchAlerts(const Session& session, const AlertsOptions& options) {
  Watchdog watchdog;
  return WithClient(session, [&](const Client& client) {
    std::string token = options.resume_token;
    int wait_s = 1;
    for (bool reached = false; !watchdog.stopped();) {
      const std::string before = token;
      const grpc::Status status = WatchOnce(session, client, options, watchdog, token);
      reached = reached || status.ok() || token != before;
      if (watchdog.stopped()) {
        break;
      }
      if (!reached || !IsWorthAnotherTry(status)) {
        return Fail(session, status);
      }
      wait_s = token != before ? 1 : std::min(2 * wait_s, kRetrySecondsMax);
      std::cerr << "The connection was lost; trying again in " << wait_s << " s.\n";
      for (int second = 0; second < wait_s && !watchdog.stopped(); ++second) {
        absl::SleepFor(absl::Seconds(1));
      }
    }
    if (!token.empty()) {
      std::cerr << "Continue with: trigpoint alerts --watch --resume " << token << '\n';
    }
    return ExitCode::kOk;
  });
}

ExitCode Acknowledge(const Session& session, const Client& client, const AnswerOptions& options) {
  v1::AcknowledgeAlertRequest request;
  request.set_alert_id(options.alert_id);
  request.set_request_id(options.request_id.empty() ? NewRequestId() : options.request_id);
  v1::Alert alert;
  const auto context = client.NewContext();
  const auto status = client.alerts().AcknowledgeAlert(context.get(), request, &alert);
  if (!status.ok()) {
    return FailUncertain(session, status, request.request_id());
  }
  if (session.json) {
    PutJson(alert);
  } else {
    Put("Acknowledged: " + Clean(alert.alert_id()) + ", " + Clean(AlertProvider(alert)) + ' ' +
        Clean(alert.display_name()) + ", by " + Clean(alert.acknowledged_by()) + " on " +
        When(alert.acknowledged_at()) + '\n');
  }
  return ExitCode::kOk;
}

ExitCode Decline(const Session& session, const Client& client, const AnswerOptions& options) {
  v1::DeclineAlertRequest request;
  request.set_alert_id(options.alert_id);
  request.set_reason(options.reason);
  request.set_request_id(options.request_id.empty() ? NewRequestId() : options.request_id);
  v1::Alert alert;
  const auto context = client.NewContext();
  const auto status = client.alerts().DeclineAlert(context.get(), request, &alert);
  if (!status.ok()) {
    return FailUncertain(session, status, request.request_id());
  }
  if (session.json) {
    PutJson(alert);
    return ExitCode::kOk;
  }
  const auto* decline = OwnDecline(alert);
  Put("Declined: " + Clean(alert.alert_id()) + ", " + Clean(AlertProvider(alert)) + ' ' +
      Clean(alert.display_name()) + '\n' + (decline == nullptr ? "" : DeclineText(*decline)) +
      "The next tier, if there is one, is told now.\n");
  return ExitCode::kOk;
}

}  // namespace

void AddAlertCommands(CLI::App& app, Session& session) {
  auto options = std::make_shared<AlertsOptions>();
  CLI::App* alerts = app.add_subcommand("alerts", "Rapid quality review alerts");
  CLI::Option* watch =
      alerts->add_flag("--watch", options->watch, "Print alerts as they are raised, until Ctrl-C");
  alerts->add_flag("--all", options->all, "Those acknowledged as well")->excludes(watch);
  alerts->add_option("--filter", options->filter, "Of these services; as of 'providers'")
      ->excludes(watch);
  CLI::Option* resume =
      alerts->add_option("--resume", options->resume_token, "Continue a watch after this token")
          ->needs(watch);
  alerts->add_flag("--from-start", options->from_start, "Every alert from the first on")
      ->needs(watch)
      ->excludes(resume);
  alerts->footer(
      "With --json one alert a line; with --watch also heartbeats, each line with its token.\n"
      "Example: trigpoint alerts --watch");
  alerts->callback([&session, options] {
    session.command = [&session, options] {
      if (options->watch) {
        return WatchAlerts(session, *options);
      }
      return WithClient(
          session, [&](const Client& client) { return ListAlerts(session, client, *options); });
    };
  });

  auto ack_options = std::make_shared<AnswerOptions>();
  CLI::App* ack = app.add_subcommand("ack", "Acknowledges an alert: you have it in hand");
  ack->add_option("ALERT", ack_options->alert_id, "Id that 'alerts' printed")->required();
  ack->add_option("--request-id", ack_options->request_id, "UUID of an earlier try, to repeat it");
  ack->footer("Example: trigpoint ack 9b1deb4d3b7d4bad");
  ack->callback([&session, ack_options] {
    session.command = [&session, ack_options] {
      return WithClient(session, [&](const Client& client) {
        return Acknowledge(session, client, *ack_options);
      });
    };
  });

  auto decline_options = std::make_shared<AnswerOptions>();
  CLI::App* decline = app.add_subcommand(
      "decline", "Declines the review that an alert asks for; the next tier sees who and why");
  decline->add_option("ALERT", decline_options->alert_id, "Id that 'alerts' printed")->required();
  decline->add_option("--reason", decline_options->reason, "Why no review is warranted; no names")
      ->required();
  decline->add_option("--request-id", decline_options->request_id,
                      "UUID of an earlier try, to repeat it");
  decline->footer(
      "Example: trigpoint decline 9b1deb4d3b7d4bad --reason \"the risk summit of 2 March covers "
      "it\"");
  decline->callback([&session, decline_options] {
    session.command = [&session, decline_options] {
      return WithClient(session, [&](const Client& client) {
        return Decline(session, client, *decline_options);
      });
    };
  });
}

}  // namespace trigpoint
