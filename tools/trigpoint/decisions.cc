// decide, concur: software never moves a provider between levels; these record what people decide.
#include <CLI/CLI.hpp>
#include <memory>

#include "arguments.h"
#include "client.h"
#include "print.h"

namespace trigpoint {
namespace {

struct DecideOptions {
  std::string provider;
  std::string policy;
  std::string to;
  std::string rationale;
  std::string meeting;
  std::string risk_profile_ref;
  std::string sqg_ref;
  std::string based_on;
  std::string request_id;
  bool decline = false;
  bool override_recommendation = false;
  bool urgency = false;
  bool check_only = false;
};

struct ConcurOptions {
  std::string provider;
  std::string proposal;
  std::string request_id;
  bool refuse = false;
};

ExitCode PutOutcome(const Session& session, const v1::ProposeDecisionResponse& response,
                    const std::string& provider, bool check_only) {
  const bool blocked = response.outcome() == v1::ProposeDecisionResponse::OUTCOME_BLOCKED;
  const ExitCode code = blocked ? ExitCode::kPrecondition : ExitCode::kOk;
  if (session.json) {
    PutJson(response);
    return code;
  }
  if (check_only) {
    Put(blocked ? "Checked: it would not be recorded.\n"
                : "Checked: you may decide this. Nothing was recorded.\n");
    if (!response.clause().empty()) Put(Wrap("Clause: " + response.clause(), "  "));
    return code;
  }
  std::string text;
  switch (response.outcome()) {
    case v1::ProposeDecisionResponse::OUTCOME_RECORDED:
      text = "Recorded: the decided level is " + InWords(Clean(response.decided_state())) + ".\n";
      break;
    case v1::ProposeDecisionResponse::OUTCOME_PENDING_CONCURRENCE:
      text =
          "Proposed; it counts when the joint commissioners have concurred. Each of them runs:\n"
          "  trigpoint concur " +
          Clean(provider) + " --proposal " + Clean(response.decision_id()) + '\n';
      break;
    case v1::ProposeDecisionResponse::OUTCOME_BLOCKED:
      text = "Not recorded.\n";
      break;
    default:
      text = "Checked.\n";
      break;
  }
  if (!response.explanation().empty()) {
    text += Wrap(response.explanation(), "  ");
  }
  if (!response.clause().empty()) {
    text += Wrap("Clause: " + response.clause(), "  ");
  }
  if (!response.decision_id().empty()) {
    text += "  Decision " + Clean(response.decision_id()) + '\n';
  }
  Put(text);
  return code;
}

ExitCode Decide(const Session& session, const Client& client, const DecideOptions& options) {
  v1::ProposeDecisionRequest request;
  request.set_provider(ProviderName(options.provider));
  request.set_policy_id(options.policy);
  request.set_kind(options.decline ? v1::DecisionProposed::KIND_DECLINE
                                   : v1::DecisionProposed::KIND_MOVE);
  request.set_to_state(options.to);
  request.set_rationale(options.rationale);
  request.set_override(options.override_recommendation);
  request.set_meeting_id(options.meeting);
  request.set_risk_profile_ref(options.risk_profile_ref);
  request.set_sqg_ref(options.sqg_ref);
  request.set_urgency(options.urgency);
  request.set_based_on(options.based_on);
  request.set_request_id(options.request_id.empty() ? NewRequestId() : options.request_id);
  request.set_validate_only(options.check_only);
  v1::ProposeDecisionResponse response;
  const auto context = client.NewContext();
  const auto status = client.decisions().ProposeDecision(context.get(), request, &response);
  return status.ok() ? PutOutcome(session, response, options.provider, options.check_only)
                     : FailUncertain(session, status, request.request_id());
}

ExitCode Concur(const Session& session, const Client& client, const ConcurOptions& options) {
  v1::ConcurDecisionRequest request;
  request.set_provider(ProviderName(options.provider));
  request.set_proposal_id(options.proposal);
  request.set_concurs(!options.refuse);
  request.set_request_id(options.request_id.empty() ? NewRequestId() : options.request_id);
  v1::ProposeDecisionResponse response;
  const auto context = client.NewContext();
  const auto status = client.decisions().ConcurDecision(context.get(), request, &response);
  return status.ok() ? PutOutcome(session, response, options.provider, false)
                     : FailUncertain(session, status, request.request_id());
}

void AddConcurCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<ConcurOptions>();
  CLI::App* concur = app.add_subcommand("concur", "Concurs with, or refuses, a joint decision");
  concur->add_option("PROVIDER", options->provider, "Stream id, scheme/value or CQC location id")
      ->required();
  concur->add_option("--proposal", options->proposal, "Id that 'decide' printed")->required();
  concur->add_flag("--refuse", options->refuse, "Refuse instead of concurring");
  concur->add_option("--request-id", options->request_id, "UUID of an earlier try, to repeat it");
  concur->footer("Example: trigpoint concur 1-545611283 --proposal 3f2a90c1");
  concur->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(session,
                        [&](const Client& client) { return Concur(session, client, *options); });
    };
  });
}

}  // namespace

void AddDecisionCommands(CLI::App& app, Session& session) {
  auto options = std::make_shared<DecideOptions>();
  CLI::App* decide = app.add_subcommand(
      "decide", "Records a decision of people: moves a provider to a level, or declines to");
  decide->add_option("PROVIDER", options->provider, "Stream id, scheme/value or CQC location id")
      ->required();
  decide->add_option("--policy", options->policy, "The policy decided under")->required();
  CLI::Option* to = decide->add_option("--to", options->to, "State to move to, e.g. LEVEL_2");
  decide->add_option("--rationale", options->rationale, "Why; sealed where it is stored")
      ->required();
  decide->add_flag("--decline", options->decline, "Decline the open recommendation")->excludes(to);
  decide->add_flag("--override", options->override_recommendation,
                   "Against, or without, a recommendation");
  decide->add_flag("--urgency", options->urgency, "The matter cannot wait; the rationale says why");
  decide->add_option("--meeting", options->meeting, "Reference of the meeting that decided");
  decide->add_option("--risk-profile-ref", options->risk_profile_ref,
                     "Reference of the risk profile");
  decide->add_option("--sqg-ref", options->sqg_ref, "Reference of the system quality group");
  decide->add_option("--based-on", options->based_on,
                     "Recommendation or decision it is based on; otherwise the present one");
  decide->add_option("--request-id", options->request_id, "UUID of an earlier try, to repeat it");
  decide->add_flag("--check", options->check_only, "Check the authority only; record nothing");
  decide->footer(
      "Example: trigpoint decide 1-545611283 --policy herefordshire --to LEVEL_2 \\\n"
      "           --meeting QAF-2026-03 --rationale \"Repeated medicines errors since January\"");
  decide->callback([&session, options] {
    session.command = [&session, options] {
      if (!options->decline && options->to.empty()) {
        return Fail(session, ExitCode::kUsage, "say --to STATE, or --decline");
      }
      return WithClient(session,
                        [&](const Client& client) { return Decide(session, client, *options); });
    };
  });
  AddConcurCommand(app, session);
}

}  // namespace trigpoint
