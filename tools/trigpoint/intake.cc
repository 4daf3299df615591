// submit, refused.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

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
  std::string source;
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
    Put(When(one.received_at()) + "  " + ReasonWord(one.reason()) + "  " + Clean(place) + '\n');
    for (const auto& violation : one.violations()) {
      Put(FieldLine(violation));
    }
  }
}

ExitCode ListRefused(const Session& session, const Client& client, const RefusedOptions& options) {
  v1::ListQuarantinedRequest request;
  request.set_page_size(500);
  request.set_source(options.source);
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
  refused->add_option("--source", refused_options->source, "Of this source only");
  refused->footer("With --json one submission a line.\nExample: trigpoint refused --source cqc");
  refused->callback([&session, refused_options] {
    session.command = [&session, refused_options] {
      return WithClient(session, [&](const Client& client) {
        return ListRefused(session, client, *refused_options);
      });
    };
  });
}

}  // namespace trigpoint
