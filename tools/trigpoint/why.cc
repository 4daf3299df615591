// why: the proof of an assessment, in words.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "arguments.h"
#include "client.h"
#include "explain.h"
#include "heritage_words.h"
#include "instants.h"
#include "print.h"

namespace trigpoint {
namespace {

struct WhyOptions {
  std::string provider;
  std::string policy;
  InstantOptions instants;
  bool assume = false;
  bool full = false;
};

// The policies to explain: the one asked for, or each that applies to the provider.
std::vector<std::string> Policies(const WhyOptions& options, const v1::Provider& provider) {
  if (!options.policy.empty()) {
    return {options.policy};
  }
  std::vector<std::string> policies;
  for (const auto& level : provider.levels()) {
    policies.push_back(level.policy_id());
  }
  return policies;
}

ExitCode NoPolicy(const Session& session, const WhyOptions& options) {
  if (session.json) {
    Put("[]\n");
    return ExitCode::kOk;
  }
  Put("No policy applies to " + Clean(options.provider) +
      ": a policy covers the services that its organisation commissions, and no such fact is "
      "known.\nWhat a policy would say: trigpoint why " +
      Clean(options.provider) + " --policy herefordshire --assume-policy\n");
  return ExitCode::kOk;
}

ExitCode Why(const Session& session, const Client& client, const WhyOptions& options) {
  v1::GetProviderRequest get;
  get.set_provider(ProviderName(options.provider));
  v1::AssessProviderRequest assess;
  assess.set_provider(get.provider());
  assess.set_assume_policy(options.assume);
  absl::Status set = SetInstants(options.instants, &get);
  set.Update(SetInstants(options.instants, &assess));
  if (!set.ok()) {
    return Fail(session, set);
  }
  v1::Provider provider;
  const auto get_context = client.NewContext();
  if (const auto status = client.providers().GetProvider(get_context.get(), get, &provider);
      !status.ok()) {
    return Fail(session, status);
  }
  const std::vector<std::string> policies = Policies(options, provider);
  if (policies.empty()) {
    return NoPolicy(session, options);
  }
  auto json = nlohmann::ordered_json::array();
  ExplainedProvider explained = {options.provider, provider.display_name(),
                                 provider.local_authority()};
  for (size_t i = 0; i < policies.size(); ++i) {
    assess.set_policy_id(policies[i]);
    v1::Assessment assessment;
    const auto context = client.NewContext();
    const auto status = client.providers().AssessProvider(context.get(), assess, &assessment);
    if (!status.ok()) {
      return Fail(session, status);
    }
    if (session.json) {
      json.push_back(ToJsonValue(assessment));
    } else {
      explained.inherited = InheritedInFull(provider, policies[i], options.provider);
      Put((i == 0 ? "" : '\n' + std::string(kTextColumns, '-') + "\n\n") +
          Explain(explained, assessment,
                  options.full ? Detail::kEveryCriterion : Detail::kWhatCounts,
                  Ink::ForStandardOutput()));
    }
  }
  if (session.json) {
    Put(json.dump(2) + '\n');
  }
  return ExitCode::kOk;
}

}  // namespace

void AddWhyCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<WhyOptions>();
  CLI::App* why = app.add_subcommand(
      "why", "Why a level is recommended: criteria, clauses, figures and evidence in words");
  why->add_option("PROVIDER", options->provider, "Stream id, scheme/value or CQC location id")
      ->required();
  why->add_option("--policy", options->policy, "This policy; otherwise each that applies");
  AddInstantOptions(why, &options->instants);
  why->add_flag("--assume-policy", options->assume,
                "Assess though the policy does not cover the provider");
  why->add_flag("--full", options->full, "Every criterion, also those not met or not known");
  why->footer(
      "With --json an array with one assessment for each policy.\n"
      "Example: trigpoint why 1-545611283 --policy herefordshire --as-of 2026-03-01");
  why->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(session,
                        [&](const Client& client) { return Why(session, client, *options); });
    };
  });
}

}  // namespace trigpoint
