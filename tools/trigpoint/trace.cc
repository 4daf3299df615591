// trace: what became of something that was sent.
#include <CLI/CLI.hpp>
#include <memory>

#include "client.h"
#include "print.h"

namespace trigpoint {
namespace {

using Response = v1::TraceSubmissionResponse;

std::string StandingInWords(const Response& traced) {
  switch (traced.standing()) {
    case Response::STANDING_RECEIVED:
      return "Received: it stands in the record of the service.";
    case Response::STANDING_WAITING:
      return "Waiting: whom it is about is not known yet; it is used as soon as that is.";
    case Response::STANDING_REFUSED:
      return "Refused: it could not be used.";
    case Response::STANDING_TAKEN_BACK:
      return "Taken back by its source: it counts for nothing.";
    default:
      return "Nothing is known of it.";
  }
}

std::string PartInWords(const Response::Part& part) {
  const std::string since = " since " + When(part.since());
  switch (part.what()) {
    case Response::Part::WHAT_RECOMMENDATION:
      return "evidence in a recommendation by policy " + Clean(part.policy_id()) +
             " that awaits a decision" + since;
    case Response::Part::WHAT_DECISION:
      return "evidence in a recommendation by policy " + Clean(part.policy_id()) +
             " that people have decided about" + since;
    default:
      return "evidence in a rapid quality review alert" + since +
             (part.acknowledged() ? ", answered" : ", not answered yet");
  }
}

void PutSuccessor(const Response::Successor& successor) {
  const std::string id = successor.id().value().empty()
                             ? ""
                             : " (" + successor.id().scheme() + '/' + successor.id().value() + ')';
  Put(Wrap(Clean(successor.name() + id) + " follows: it " +
               (successor.counts() ? "counts there." : "is seen there, not counted."),
           "  "));
  for (const auto& part : successor.parts()) Put("    There it is " + PartInWords(part) + ".\n");
}

void PutTrace(const Response& traced) {
  Put(Clean(traced.source()) + "  " + Clean(traced.id()) + "\n  " + StandingInWords(traced) + '\n');
  if (traced.has_subject()) {
    Put("  About " + Clean(traced.subject().scheme() + '/' + traced.subject().value()) +
        ", version " + std::to_string(traced.source_version()) + ", received " +
        When(traced.received_at()) + '\n');
  }
  if (traced.other_reports() > 0) {
    Put("  " + Count(traced.other_reports(), "other report") +
        " of the same incident came from elsewhere.\n");
  }
  for (const auto& part : traced.parts()) Put("  It is " + PartInWords(part) + ".\n");
  for (const auto& successor : traced.successors()) PutSuccessor(successor);
  if (traced.parts_withheld()) {
    Put("  What it is part of is not told: the source is protected, or you are not cleared.\n");
  } else if (traced.parts().empty() && traced.standing() == Response::STANDING_RECEIVED) {
    Put("  No open recommendation or alert rests on it.\n");
  }
  if (traced.quarantine_id().empty()) return;
  Put("  Not used: " + Clean(traced.quarantine_id()) + " (trigpoint redrive hands it in again)\n");
  for (const auto& violation : traced.violations()) {
    Put("    " + Clean(violation.field()) + ": " + Clean(violation.description()) + " [" +
        Clean(violation.rule()) + "]\n");
  }
}

}  // namespace

void AddTraceCommand(CLI::App& app, Session& session) {
  auto request = std::make_shared<v1::TraceSubmissionRequest>();
  CLI::App* trace = app.add_subcommand(
      "trace", "What became of something you sent, as far as its sensitivity allows");
  trace
      ->add_option_function<std::string>(
          "SOURCE", [request](const std::string& source) { request->set_source(source); },
          "Its source, as you sent it")
      ->required();
  trace
      ->add_option_function<std::string>(
          "ID", [request](const std::string& id) { request->set_id(id); }, "Its id, as you sent it")
      ->required();
  trace->footer("Example: trigpoint trace herefordshire-council/safeguarding SG-2291");
  trace->callback([&session, request] {
    session.command = [&session, request] {
      return WithClient(session, [&](const Client& client) {
        v1::TraceSubmissionResponse response;
        const auto context = client.NewContext();
        const auto status =
            client.intelligence().TraceSubmission(context.get(), *request, &response);
        if (!status.ok()) return Fail(session, status);
        if (session.json) {
          PutJson(response);
        } else {
          PutTrace(response);
        }
        return ExitCode::kOk;
      });
    };
  });
}

}  // namespace trigpoint
