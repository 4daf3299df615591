// verify, baselines, holidays, status, health, version.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "arguments.h"
#include "client.h"
#include "print.h"
#include "trigpoint/intake/bank_holidays.h"

namespace trigpoint {
namespace {

struct VerifyOptions {
  std::string provider;
};

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

ExitCode ShowHealth(const Session& session, const Client& client) {
  grpc::health::v1::HealthCheckResponse answer;
  const auto context = client.NewContext();
  const auto status = client.health().Check(context.get(), {}, &answer);
  if (!status.ok()) return Fail(session, status);
  if (session.json) {
    PutJson(answer);
  } else {
    Put(grpc::health::v1::HealthCheckResponse::ServingStatus_Name(answer.status()) + '\n');
  }
  return answer.status() == grpc::health::v1::HealthCheckResponse::SERVING ? ExitCode::kOk
                                                                           : ExitCode::kNo;
}

}  // namespace

void AddOperationCommands(CLI::App& app, Session& session) {
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

  CLI::App* health =
      app.add_subcommand("health", "Whether the server serves: for probes; needs no credential");
  health->footer(
      "Exit code 1 while it does not (full disk, draining), 3 when it does not answer.\n"
      "Example: trigpoint --timeout 5 health");
  health->callback([&session] {
    session.command = [&session] {
      return WithClient(session, [&](const Client& client) { return ShowHealth(session, client); });
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
