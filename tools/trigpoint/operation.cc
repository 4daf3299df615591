// policies, verify, baselines, holidays, status, version.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "arguments.h"
#include "client.h"
#include "explain.h"
#include "print.h"
#include "trigpoint/intake/bank_holidays.h"

namespace trigpoint {
namespace {

struct PoliciesOptions {
  std::string yaml;
};

struct VerifyOptions {
  std::string provider;
};

void PutPolicies(const std::vector<v1::Policy>& policies) {
  if (policies.empty()) {
    Put("No policy is in force.\n");
    return;
  }
  Table table({"POLICY", ">VERSION", "TITLE", "IN FORCE FROM", ">CRITERIA", ">COVERS", "STATUS"});
  for (const auto& policy : policies) {
    table.AddRow({policy.policy_id(), std::to_string(policy.version()), Clip(policy.title(), 44),
                  Day(policy.effective_from()), std::to_string(policy.criteria_size()),
                  std::to_string(policy.providers_covered()), Clip(policy.status(), 44)});
  }
  std::string beside;
  for (const auto& policy : policies) {
    for (const auto& entry : policy.cross_walk())
      beside += BesideNqb(policy.policy_id() + ' ' + entry.state(), entry);
  }
  Put(table.Text() + (beside.empty() ? "" : '\n' + beside));
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
    PutPolicies(policies);
    return ExitCode::kOk;
  }
  for (const auto& policy : policies) {
    PutJsonLine(policy);
  }
  return ExitCode::kOk;
}

ExitCode Verify(const Session& session, const Client& client, const VerifyOptions& options) {
  v1::VerifyRequest request;
  if (!options.provider.empty()) {
    request.set_provider(ProviderName(options.provider));
  }
  const auto context = client.NewStreamContext();
  const auto stream = client.operation().Verify(context.get(), request);
  v1::VerifyResponse response;
  v1::VerifyResponse last;
  uint64_t differences = 0;
  while (stream->Read(&response)) {
    differences += static_cast<uint64_t>(response.differences_size());
    if (session.json) {
      PutJsonLine(response);
    } else {
      for (const std::string& difference : response.differences()) {
        Put("DIFFERENT  " + Clean(difference) + '\n');
      }
    }
    last = response;
  }
  if (const auto status = stream->Finish(); !status.ok()) {
    return Fail(session, status);
  }
  if (!last.done()) {
    return Fail(session, ExitCode::kData, "the check ended before it was complete");
  }
  if (!session.json) {
    Put(Count(last.streams_checked(), "stream") + " folded afresh, " +
        Count(last.recommendations_checked(), "recommendation") + " computed again: " +
        (differences == 0 ? "every byte is the same.\n"
                          : Count(differences, "difference") + ".\n"));
    if (last.of_other_engines() > 0) {
      Put(Count(last.of_other_engines(), "recommendation") +
          " of an earlier version of the engine: not computed again.\n");
    }
  }
  return differences == 0 ? ExitCode::kOk : ExitCode::kNo;
}

ExitCode PublishBaselines(const Session& session, const Client& client) {
  v1::PublishBaselinesResponse answer;
  const auto context = client.NewContext();
  const auto status = client.operation().PublishBaselines(context.get(), {}, &answer);
  if (!status.ok()) {
    return Fail(session, status);
  }
  if (session.json) {
    PutJson(answer);
  } else {
    Put("Published the rates of the last 12 months of " +
        Count(static_cast<uint64_t>(answer.baselines()), "service type") +
        "; in force in two seconds.\n");
  }
  return ExitCode::kOk;
}

ExitCode PublishHolidays(const Session& session, const Client& client, const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Fail(session, ExitCode::kData, "cannot read " + file);
  const std::string document((std::istreambuf_iterator<char>(stream)), {});
  auto holidays = ReadBankHolidays(document, kEnglandAndWales);
  if (!holidays.ok()) {
    return Fail(session, ExitCode::kData, file + ": " + std::string(holidays.status().message()));
  }
  v1::PublishHolidaysRequest request;
  request.set_calendar(holidays->calendar());
  request.mutable_holidays()->Swap(holidays->mutable_holidays());
  request.set_first_year(holidays->first_year());
  request.set_last_year(holidays->last_year());
  request.set_published_by("https://www.gov.uk/bank-holidays.json");
  v1::PublishHolidaysResponse answer;
  const auto context = client.NewContext();
  const auto status = client.operation().PublishHolidays(context.get(), request, &answer);
  if (!status.ok()) return Fail(session, status);
  if (session.json) {
    PutJson(answer);
    return ExitCode::kOk;
  }
  const std::string years =
      std::to_string(request.first_year()) + " to " + std::to_string(request.last_year());
  Put(answer.unchanged() ? "The bank holidays of " + years + " are these already.\n"
                         : "Published the bank holidays of England and Wales, " + years + ": " +
                               Count(static_cast<uint64_t>(request.holidays_size()), "day") +
                               "; in force in two seconds.\n");
  return ExitCode::kOk;
}

ExitCode ShowStatus(const Session& session, const Client& client) {
  v1::Status answer;
  const auto context = client.NewContext();
  const auto status = client.operation().GetStatus(context.get(), {}, &answer);
  if (!status.ok()) {
    return Fail(session, status);
  }
  if (session.json) {
    PutJson(answer);
    return ExitCode::kOk;
  }
  Put("Server     " + Clean(session.connection.server) + '\n' +  //
      "Version    " + Clean(answer.version()) + " (engine " + Clean(answer.engine_version()) +
      ")\n" +                                               //
      "Log        " + Clean(answer.log_backend()) + '\n' +  //
      "Providers  " + std::to_string(answer.providers()) + '\n' + "Events     " +
      std::to_string(answer.events()) + '\n' + "Waiting    " + std::to_string(answer.waiting()) +
      (answer.streams_in_backfill() == 0
           ? ""
           : " (" + Count(answer.streams_in_backfill(), "service") + " in a backfill)") +
      "\nRefused    " + std::to_string(answer.quarantined()) + "\n\n");
  Table table({">PARTITION", ">HEAD", ">FOLDED", ">BEHIND", "FINGERPRINT"});
  for (const auto& partition : answer.partitions()) {
    table.AddRow({std::to_string(partition.partition()), std::to_string(partition.head()),
                  std::to_string(partition.folded()),
                  std::to_string(partition.head() - partition.folded()), partition.fingerprint()});
  }
  Put(table.Text());
  return ExitCode::kOk;
}

}  // namespace

void AddOperationCommands(CLI::App& app, Session& session) {
  auto policies_options = std::make_shared<PoliciesOptions>();
  CLI::App* policies = app.add_subcommand("policies", "The policies in force and what they cover");
  policies->add_option("--yaml", policies_options->yaml, "Print the pack of this policy");
  policies->footer(
      "With --json one policy a line.\nExample: trigpoint policies --yaml herefordshire");
  policies->callback([&session, policies_options] {
    session.command = [&session, policies_options] {
      return WithClient(session, [&](const Client& client) {
        return ListPolicies(session, client, *policies_options);
      });
    };
  });

  auto verify_options = std::make_shared<VerifyOptions>();
  CLI::App* verify = app.add_subcommand(
      "verify", "Folds everything afresh and computes recommendations again: the same bytes?");
  verify->add_option("PROVIDER", verify_options->provider, "This provider only");
  verify->footer("Exit code 1 when something differs.\nExample: trigpoint verify");
  verify->callback([&session, verify_options] {
    session.command = [&session, verify_options] {
      return WithClient(
          session, [&](const Client& client) { return Verify(session, client, *verify_options); });
    };
  });

  CLI::App* baselines = app.add_subcommand(
      "baselines",
      "Publishes what is expected of a service of its size and nature: the peers' rates now");
  baselines->footer("The node does it by itself once a day.\nExample: trigpoint baselines");
  baselines->callback([&session] {
    session.command = [&session] {
      return WithClient(session,
                        [&](const Client& client) { return PublishBaselines(session, client); });
    };
  });

  auto file = std::make_shared<std::string>();
  CLI::App* holidays = app.add_subcommand(
      "holidays", "Publishes the bank holidays that working days are counted by");
  holidays->add_option("FILE", *file, "bank-holidays.json as gov.uk publishes it")->required();
  holidays->footer(
      "The node knows those of 2012 to 2028; of each year the list published last counts.\n"
      "Example: curl -sO https://www.gov.uk/bank-holidays.json && trigpoint holidays "
      "bank-holidays.json");
  holidays->callback([&session, file] {
    session.command = [&session, file] {
      return WithClient(
          session, [&](const Client& client) { return PublishHolidays(session, client, *file); });
    };
  });

  CLI::App* status =
      app.add_subcommand("status", "The server: version, log, how far it has folded");
  status->footer("Example: trigpoint status");
  status->callback([&session] {
    session.command = [&session] {
      return WithClient(session, [&](const Client& client) { return ShowStatus(session, client); });
    };
  });

  CLI::App* version = app.add_subcommand("version", "The version of this program");
  version->footer("Example: trigpoint version --json");
  version->callback([&session] {
    session.command = [&session] {
      Put(session.json ? nlohmann::json{{"version", TRIGPOINT_VERSION}}.dump() + '\n'
                       : "trigpoint " TRIGPOINT_VERSION "\n");
      return ExitCode::kOk;
    };
  });
}

}  // namespace trigpoint
