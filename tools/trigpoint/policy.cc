// policies: what is in force. policy: what is done with one.
#include "policy.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "client.h"
#include "explain.h"
#include "print.h"

namespace trigpoint {
namespace {

struct PoliciesOptions {
  std::string yaml;
  bool ladder = false;
};

// "2020-03-31, passed"
std::string ReviewDue(const v1::Policy& policy, CivilDate today) {
  if (policy.review_due().empty()) return "-";
  const auto due = ParseDate(policy.review_due());
  return policy.review_due() + (due.ok() && *due < today ? ", passed" : "");
}

std::string Approval(const v1::Policy& policy) {
  if (policy.authority_ref().empty()) return policy.approved_by();
  return policy.approved_by() + ", " + policy.authority_ref();
}

void PutPolicies(const std::vector<v1::Policy>& policies, bool ladder) {
  if (policies.empty()) {
    Put("No policy is in force.\n");
    return;
  }
  const CivilDate today = Today();
  Table table({"POLICY", ">VERSION", "TITLE", "IN FORCE FROM", ">CRITERIA", ">COVERS",
               "APPROVED BY", "REVIEW DUE", "STATUS"});
  for (const auto& policy : policies) {
    table.AddRow({policy.policy_id(), std::to_string(policy.version()), Clip(policy.title(), 44),
                  Day(policy.effective_from()), std::to_string(policy.criteria_size()),
                  std::to_string(policy.providers_covered()), Clip(Approval(policy), 40),
                  ReviewDue(policy, today), Clip(policy.status(), 44)});
  }
  Put(table.Text());
  if (!ladder) return;
  for (const auto& policy : policies) {
    for (const auto& entry : policy.cross_walk())
      Put('\n' + BesideNqb(policy.policy_id() + ' ' + entry.state(), entry));
  }
}

ExitCode ListPolicies(const Session& session, const Client& client,
                      const PoliciesOptions& options) {
  v1::ListPoliciesRequest request;
  std::vector<v1::Policy> policies;
  v1::ListPoliciesResponse response;
  do {
    const auto context = client.NewContext();
    const auto status = client.policies().ListPolicies(context.get(), request, &response);
    if (!status.ok()) {
      return Fail(session, status);
    }
    policies.insert(policies.end(), response.policies().begin(), response.policies().end());
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  if (!options.yaml.empty()) {
    const auto found =
        std::find_if(policies.begin(), policies.end(),
                     [&](const v1::Policy& policy) { return policy.policy_id() == options.yaml; });
    if (found == policies.end()) {
      return Fail(session, ExitCode::kNotFound, "there is no policy " + options.yaml);
    }
    Put(found->pack_yaml());
    return ExitCode::kOk;
  }
  if (!session.json) {
    PutPolicies(policies, options.ladder);
    return ExitCode::kOk;
  }
  for (const auto& policy : policies) {
    PutJsonLine(policy);
  }
  return ExitCode::kOk;
}

}  // namespace

CivilDate Today() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return LondonDate(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

void AddPolicyCommands(CLI::App& app, Session& session) {
  auto options = std::make_shared<PoliciesOptions>();
  CLI::App* policies = app.add_subcommand(
      "policies", "The policies in force, who approved them and what they cover");
  policies->add_option("--yaml", options->yaml, "Print the pack of this policy");
  policies->add_flag("--ladder", options->ladder,
                     "Where each state stands beside the NQB ladder, for display only");
  policies->footer(
      "With --json one policy a line. To change one: trigpoint policy --help\n"
      "Example: trigpoint policies --yaml herefordshire");
  policies->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(
          session, [&](const Client& client) { return ListPolicies(session, client, *options); });
    };
  });
  CLI::App* policy = app.add_subcommand(
      "policy", "A new version of a policy: look for mistakes, see what it changes, activate it");
  policy->require_subcommand(1);
  AddPolicyLint(*policy, session);
  AddPolicyChange(*policy, session);
}

}  // namespace trigpoint
