// submit, refused, redrive.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

#include "arguments.h"
#include "client.h"
#include "print.h"
#include "trigpoint/events/json.h"

namespace trigpoint {
namespace {

struct SubmitOptions {
  std::string file = "-";
  bool check_only = false;
};

struct RefusedOptions {
  std::string id;
  std::string source;
  bool all = false;
};

struct RedriveOptions {
  std::vector<std::string> ids;
  std::string source;
  std::string corrected;
  bool set_aside = false;
  std::string reason;
  bool check_only = false;
};

std::string OutcomeInWords(v1::SubmissionOutcome outcome) {
  switch (outcome) {
    case v1::SUBMISSION_OUTCOME_ACCEPTED:
      return "Accepted";
    case v1::SUBMISSION_OUTCOME_DUPLICATE:
      return "Seen before; nothing changed";
    case v1::SUBMISSION_OUTCOME_CONFLICT:
      return "Refused: another event with this source, id and version is there already";
    case v1::SUBMISSION_OUTCOME_WAITING:
      return "Waiting: whom it is about is not known yet; it is used as soon as that is";
    case v1::SUBMISSION_OUTCOME_REFUSED:
      return "Refused: not valid; see trigpoint refused";
    case v1::SUBMISSION_OUTCOME_SUPERSEDED:
      return "Kept in the history; a higher version is there already";
    default:
      return "Checked; nothing was stored";
  }
}

bool IsRefusal(v1::SubmissionOutcome outcome) {
  return outcome == v1::SUBMISSION_OUTCOME_CONFLICT || outcome == v1::SUBMISSION_OUTCOME_REFUSED;
}

ExitCode PutViolations(const Session& session, const std::vector<v1::FieldViolation>& violations) {
  ErrorReport report;
  report.code = grpc::StatusCode::INVALID_ARGUMENT;
  report.message = "this is not an event";
  report.fields = violations;
  std::cerr << (session.json ? ErrorJson(report, session.connection.server)
                             : ErrorText(report, session.connection.server));
  return ExitCode::kNo;
}

ExitCode SubmitOne(const Session& session, const Client& client, const SubmitOptions& options,
                   const std::string& json) {
  v1::SubmitEventRequest request;
  if (const auto violations = ReadEventJson(json, request.mutable_event()); !violations.empty()) {
    return PutViolations(session, violations);
  }
  request.set_validate_only(options.check_only);
  v1::SubmitEventResponse response;
  const auto context = client.NewContext();
  const auto status = client.intelligence().SubmitEvent(context.get(), request, &response);
  if (!status.ok()) {
    const ExitCode code = Fail(session, status);
    return code == ExitCode::kUsage ? ExitCode::kNo : code;  // The event was refused.
  }
  if (session.json) {
    PutJson(response);
  } else {
    Put(OutcomeInWords(response.outcome()) + '\n');
    if (!response.stream_id().empty()) {
      Put("  provider " + Clean(response.stream_id()) + '\n');
    }
    if (response.has_position()) {
      Put("  position " + std::to_string(response.position().partition()) + ':' +
          std::to_string(response.position().offset()) + '\n');
    }
  }
  return IsRefusal(response.outcome()) ? ExitCode::kNo : ExitCode::kOk;
}

ExitCode Submit(const Session& session, const SubmitOptions& options) {
  std::ostringstream text;
  if (options.file == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream file(options.file, std::ios::binary);
    if (!file) {
      return Fail(session, ExitCode::kData, "cannot read " + options.file);
    }
    text << file.rdbuf();
  }
  return WithClient(session, [&](const Client& client) {
    return SubmitOne(session, client, options, text.str());
  });
}

std::string ReasonWord(v1::SubmissionQuarantined::Reason reason) {
  return InWords(WithoutPrefix(v1::SubmissionQuarantined::Reason_Name(reason), "REASON_"));
}

void PutRefused(const std::vector<v1::QuarantinedSubmission>& submissions) {
  for (const auto& one : submissions) {
    std::string place = one.id().empty() ? one.source() : one.source() + '/' + one.id();
    if (!one.file().empty()) {
      place += "  " + one.file() + ':' + std::to_string(one.line());
    }
    Put(Clean(one.quarantine_id()) + "  " + When(one.received_at()) + "  " +
        ReasonWord(one.reason()) + "  " + Clean(place) + '\n');
    if (one.resolved() != v1::QuarantineResolved::HOW_UNSPECIFIED) {
      Put("  " + InWords(WithoutPrefix(v1::QuarantineResolved::How_Name(one.resolved()), "HOW_")) +
          " by " + Clean(one.resolved_by()) + ", " + When(one.resolved_at()) + '\n');
    }
    for (const auto& violation : one.violations()) {
      Put(FieldLine(violation));
    }
  }
}

// One with its content, for who may submit for its source.
ExitCode ShowRefused(const Session& session, const Client& client, const std::string& id) {
  v1::GetQuarantinedRequest request;
  request.set_quarantine_id(id);
  v1::GetQuarantinedResponse response;
  const auto context = client.NewContext();
  const auto status = client.intelligence().GetQuarantined(context.get(), request, &response);
  if (!status.ok()) {
    return Fail(session, status);
  }
  if (session.json) {
    PutJson(response);
    return ExitCode::kOk;
  }
  PutRefused({response.submission()});
  if (response.has_event()) {
    Put('\n' + EventToJson(response.event()) + '\n');
    Put("\nCorrect it in a file and hand it in: trigpoint redrive " + Clean(id) +
        " --corrected FILE\n");
  } else {
    Put("\n" + Clean(response.row()) + '\n');
  }
  return ExitCode::kOk;
}

ExitCode ListRefused(const Session& session, const Client& client, const RefusedOptions& options) {
  if (!options.id.empty()) {
    return ShowRefused(session, client, options.id);
  }
  v1::ListQuarantinedRequest request;
  request.set_page_size(500);
  request.set_source(options.source);
  request.set_include_resolved(options.all);
  v1::ListQuarantinedResponse response;
  uint64_t shown = 0;
  do {
    const auto context = client.NewContext();
    const auto status = client.intelligence().ListQuarantined(context.get(), request, &response);
    if (!status.ok()) {
      return Fail(session, status);
    }
    shown += static_cast<uint64_t>(response.submissions_size());
    if (session.json) {
      for (const auto& submission : response.submissions()) {
        PutJsonLine(submission);
      }
    } else {
      PutRefused({response.submissions().begin(), response.submissions().end()});
    }
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  if (!session.json) {
    Put(shown == 0 ? "Nothing was refused.\n" : '\n' + Count(shown, "submission") + " refused\n");
  }
  return ExitCode::kOk;
}

// Ids of what is open, in the order in which it was received.
grpc::Status OpenIds(const Client& client, const std::string& source,
                     std::vector<std::string>* ids) {
  v1::ListQuarantinedRequest request;
  request.set_page_size(1000);
  request.set_source(source);
  v1::ListQuarantinedResponse response;
  std::vector<v1::QuarantinedSubmission> open;
  do {
    const auto context = client.NewContext();
    auto status = client.intelligence().ListQuarantined(context.get(), request, &response);
    if (!status.ok()) {
      return status;
    }
    open.insert(open.end(), response.submissions().begin(), response.submissions().end());
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  std::sort(open.begin(), open.end(), [](const auto& a, const auto& b) {
    return std::make_tuple(a.received_at().seconds(), a.received_at().nanos(), a.file(), a.line()) <
           std::make_tuple(b.received_at().seconds(), b.received_at().nanos(), b.file(), b.line());
  });
  for (const auto& one : open) {
    ids->push_back(one.quarantine_id());
  }
  return grpc::Status::OK;
}

// Resolves one; when it was not used that is said.
ExitCode RedriveOne(const Session& session, const Client& client,
                    const v1::ResolveQuarantinedRequest& request) {
  v1::ResolveQuarantinedResponse response;
  const auto context = client.NewContext();
  const auto status = client.intelligence().ResolveQuarantined(context.get(), request, &response);
  if (!status.ok()) {
    if (!session.json) {
      std::cerr << Clean(request.quarantine_id()) << ":\n";
    }
    const ExitCode code = Fail(session, status);
    return code == ExitCode::kUsage ? ExitCode::kNo : code;  // It was refused again.
  }
  if (session.json) {
    PutJsonLine(response);
  } else {
    Put(Clean(request.quarantine_id()) + "  " +
        (request.set_aside() ? "Set aside" : OutcomeInWords(response.outcome())) + '\n');
  }
  return ExitCode::kOk;
}

ExitCode Redrive(const Session& session, const Client& client, const RedriveOptions& options) {
  v1::ResolveQuarantinedRequest request;
  request.set_set_aside(options.set_aside);
  request.set_reason(options.reason);
  request.set_validate_only(options.check_only);
  std::vector<std::string> ids = options.ids;
  if (!options.corrected.empty()) {
    if (ids.size() != 1) {
      return Fail(session, ExitCode::kUsage, "--corrected is of one submission: name its id");
    }
    std::ifstream file(options.corrected, std::ios::binary);
    std::ostringstream text;
    if (!file || !(text << file.rdbuf())) {
      return Fail(session, ExitCode::kData, "cannot read " + options.corrected);
    }
    if (const auto problems = ReadEventJson(text.str(), request.mutable_corrected());
        !problems.empty()) {
      return PutViolations(session, problems);
    }
  }
  if (options.set_aside && ids.empty()) {
    return Fail(session, ExitCode::kUsage, "--set-aside is of named submissions: name their ids");
  }
  if (ids.empty()) {
    if (const auto status = OpenIds(client, options.source, &ids); !status.ok()) {
      return Fail(session, status);
    }
  }
  uint64_t used = 0;
  for (const auto& id : ids) {
    request.set_quarantine_id(id);
    const ExitCode code = RedriveOne(session, client, request);
    used += code == ExitCode::kOk ? 1U : 0U;
    if (code == ExitCode::kUnreachable || (code != ExitCode::kOk && ids.size() == 1)) {
      return code;
    }
  }
  if (!session.json) {
    Put(ids.empty() ? "Nothing is waiting to be handed in again.\n"
                    : std::to_string(used) + " of " + Count(ids.size(), "submission") +
                          (options.check_only ? " would be used\n" : " resolved\n"));
  }
  return used == ids.size() ? ExitCode::kOk : ExitCode::kNo;
}

}  // namespace

void AddIntakeCommands(CLI::App& app, Session& session) {
  auto submit_options = std::make_shared<SubmitOptions>();
  CLI::App* submit = app.add_subcommand("submit", "Submits one event written as JSON");
  submit->add_option("FILE", submit_options->file, "File to read; - or nothing: standard input");
  submit->add_flag("--check", submit_options->check_only, "Check only; store nothing");
  submit->footer(
      "Exit code 1 when the event is refused.\n"
      "Example: echo '{\"source\":\"halton-council/contracts\",\"id\":\"N-17\",\n"
      "  \"subject\":\"cqc-location/1-545611283\",\"contractNoticeServed\":{\"notice\":"
      "\"NOTICE_DEFAULT\"}}' \\\n  | trigpoint submit");
  submit->callback([&session, submit_options] {
    session.command = [&session, submit_options] { return Submit(session, *submit_options); };
  });

  auto refused_options = std::make_shared<RefusedOptions>();
  CLI::App* refused = app.add_subcommand(
      "refused", "What could not be used: reason, file, line and field, never its content");
  refused->add_option("ID", refused_options->id,
                      "This one with its content, for who may submit for its source");
  refused->add_option("--source", refused_options->source, "Of this source only");
  refused->add_flag("--all", refused_options->all, "Those that were resolved, too");
  refused->footer("With --json one submission a line.\nExample: trigpoint refused --source cqc");
  refused->callback([&session, refused_options] {
    session.command = [&session, refused_options] {
      return WithClient(session, [&](const Client& client) {
        return ListRefused(session, client, *refused_options);
      });
    };
  });

  auto redrive_options = std::make_shared<RedriveOptions>();
  CLI::App* redrive = app.add_subcommand(
      "redrive",
      "Hands refused submissions in again, corrected or as they were, or sets them aside");
  redrive->add_option("ID", redrive_options->ids,
                      "Ids of trigpoint refused; none: all that are open, oldest first");
  redrive->add_option("--source", redrive_options->source, "Of this source only");
  redrive->add_option("--corrected", redrive_options->corrected,
                      "File with the event as it should have been (JSON)");
  redrive->add_flag("--set-aside", redrive_options->set_aside, "Not to be used at all");
  redrive->add_option("--reason", redrive_options->reason, "Why it is set aside");
  redrive->add_flag("--check", redrive_options->check_only, "Check only; store nothing");
  redrive->footer(
      "Exit code 1 when one of them is refused again; it stays where it is.\n"
      "Example: trigpoint redrive q-4f1c --corrected fixed.json");
  redrive->callback([&session, redrive_options] {
    session.command = [&session, redrive_options] {
      return WithClient(session, [&](const Client& client) {
        return Redrive(session, client, *redrive_options);
      });
    };
  });
}

}  // namespace trigpoint
