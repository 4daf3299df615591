// doctor: what an operator looks at first, looked at in one go.
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "client.h"
#include "print.h"

namespace trigpoint {
namespace {

namespace fs = std::filesystem;

struct DoctorOptions {
  std::string data;
  std::string backups;
};

enum class Finding { kGood, kLook, kBad };

/// One look.
struct Check {
  std::string name;
  Finding finding = Finding::kGood;
  std::string found;
  std::string todo{};  ///< Of what is not good.
};

using Checks = std::vector<Check>;

constexpr int64_t kSkewSeconds = 60;
constexpr uintmax_t kFreeBytes = uintmax_t{2} << 30;
constexpr int64_t kBackupSeconds = int64_t{36} * 3600;

int64_t NowSeconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// The check, bad or to be looked at where `wrong`.
Check CheckThat(bool wrong, Finding finding, std::string name, std::string found,
                std::string todo) {
  return {.name = std::move(name),
          .finding = wrong ? finding : Finding::kGood,
          .found = std::move(found),
          .todo = wrong ? std::move(todo) : std::string()};
}

void CheckStatus(const v1::Status& status, Checks* checks) {
  checks->push_back(CheckThat(status.version() != TRIGPOINT_VERSION, Finding::kLook, "version",
                              "node " + status.version() + ", command " TRIGPOINT_VERSION,
                              "install the same version on both machines"));
  int64_t behind = 0;
  for (const auto& partition : status.partitions()) behind += partition.head() - partition.folded();
  checks->push_back(CheckThat(
      behind > 10'000, Finding::kLook, "fold",
      std::to_string(behind) + " of " + std::to_string(status.events()) + " events not folded yet",
      "it should shrink; if not: the node's log, disk and CPU"));
  const int64_t skew = status.now().seconds() - NowSeconds();
  checks->push_back(
      CheckThat(std::abs(skew) > kSkewSeconds, Finding::kBad, "clock",
                "the node's clock is " + std::to_string(skew) + " s from this one",
                "run a time service (chrony); due dates and windows go by the clock"));
  checks->push_back(CheckThat(status.providers() == 0, Finding::kLook, "providers",
                              std::to_string(status.providers()) + " known",
                              "import the services: trigpoint import --help"));
  checks->push_back(
      CheckThat(status.waiting() > 0, Finding::kLook, "waiting",
                Count(status.waiting(), "event") + " about services nobody registered",
                "register them (service_registered), or ask the sender who is meant"));
  checks->push_back(CheckThat(status.streams_in_backfill() > 0, Finding::kLook, "backfill",
                              Count(status.streams_in_backfill(), "service") + " in a backfill",
                              "if none is running it was broken off: run the same import again"));
  checks->push_back(
      CheckThat(status.quarantined() > 0, Finding::kLook, "refused",
                Count(status.quarantined(), "submission") + " open",
                "trigpoint refused shows why; trigpoint redrive hands them in again"));
}

grpc::Status CheckPolicies(const Client& client, Checks* checks) {
  v1::ListPoliciesResponse response;
  const auto context = client.NewContext();
  grpc::Status status = client.policies().ListPolicies(context.get(), {}, &response);
  if (!status.ok()) return status;
  checks->push_back(CheckThat(response.policies().empty(), Finding::kBad, "policies",
                              std::to_string(response.policies_size()) + " in force",
                              "start the node with --policies DIRECTORY"));
  for (const auto& policy : response.policies()) {
    checks->push_back(
        CheckThat(policy.providers_covered() == 0, Finding::kLook, "policy " + policy.policy_id(),
                  "covers " + Count(static_cast<uint64_t>(policy.providers_covered()), "provider"),
                  "register who commissions the services (commissioners)"));
  }
  return status;
}

grpc::Status CheckAlerts(const Client& client, Checks* checks) {
  v1::ListAlertsRequest request;
  request.set_page_size(1000);
  v1::ListAlertsResponse response;
  uint64_t open = 0;
  uint64_t overdue = 0;
  do {
    const auto context = client.NewContext();
    auto status = client.alerts().ListAlerts(context.get(), request, &response);
    if (!status.ok()) return status;
    for (const auto& alert : response.alerts()) {
      ++open;
      overdue += alert.overdue() ? 1U : 0U;
    }
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  checks->push_back(
      CheckThat(overdue > 0, Finding::kBad, "alerts",
                Count(open, "alert") + " open, " + std::to_string(overdue) + " overdue",
                "somebody must answer: trigpoint alerts, trigpoint ack ALERT"));
  return grpc::Status::OK;
}

/// A file of 32 bytes that something cannot be read without.
struct KeyFile {
  std::string name;
  std::string path;
  std::string loss;
};

void CheckKeyFile(const KeyFile& file, Checks* checks) {
  struct stat about {};
  const bool there = ::stat(file.path.c_str(), &about) == 0;
  const bool open = there && (about.st_mode & 077) != 0;
  checks->push_back(
      CheckThat(!there || open, Finding::kBad, file.name,
                !there ? file.path + " is missing"
                       : file.path + (open ? " can be read by others" : " is for its owner alone"),
                there ? "chmod 600 " + file.path : "restore it: without it " + file.loss));
}

void CheckData(const std::string& data, Checks* checks) {
  std::error_code error;
  const fs::space_info space = fs::space(data, error);
  if (error) {
    checks->push_back({"data", Finding::kBad, data + ": " + error.message(),
                       "name the node's data directory on its own machine"});
    return;
  }
  checks->push_back(CheckThat(space.available < kFreeBytes, Finding::kBad, "disk",
                              std::to_string(space.available >> 20) + " MiB free for " + data,
                              "make room: a full disk stops intake until there is some"));
  // Its second number names a store that is kept: see StoreFolder.
  int current = 0;
  int kept = 0;
  if (std::ifstream numbers(data + "/store.current"); numbers >> current >> kept) {
    checks->push_back({"stores", Finding::kLook, "the store of before a rebuild is kept",
                       "trigpoint rebuild --back returns to it, --release removes it"});
  }
  CheckKeyFile({"key file", data + "/keys.kek", "no sealed text can be read again"}, checks);
  // Elsewhere, or absent, where vault_directory says so; in no backup either way.
  const std::string vault = data + "/vault";
  if (!fs::is_directory(vault, error)) return;
  CheckKeyFile({"vault", vault + ".kek", "no protected identity can be read again"}, checks);
  if (checks->back().finding == Finding::kGood)
    checks->back().found += "; no backup holds the vault: copy it by itself";
}

/// The newest whole backup among the directories in `backups`, or `backups` itself.
void CheckBackups(const std::string& backups, Checks* checks) {
  std::error_code error;
  int64_t newest = 0;
  std::vector<fs::path> candidates = {backups};
  for (const auto& entry : fs::directory_iterator(backups, error)) {
    candidates.push_back(entry.path());
  }
  for (const auto& candidate : candidates) {
    struct stat manifest {};
    if (::stat((candidate / "backup.json").c_str(), &manifest) == 0) {
      newest = std::max<int64_t>(newest, manifest.st_mtime);
    }
  }
  const int64_t age = NowSeconds() - newest;
  checks->push_back(CheckThat(newest == 0 || age > kBackupSeconds, Finding::kBad, "backup",
                              newest == 0
                                  ? "no whole backup in " + backups
                                  : "the newest is " + std::to_string(age / 3600) + " h old",
                              "trigpoint backup " + backups + "/$(date +%F)"));
}

const char* Word(Finding finding) {
  switch (finding) {
    case Finding::kGood:
      return "good";
    case Finding::kLook:
      return "look";
    case Finding::kBad:
      return "BAD";
  }
  return "";
}

ExitCode Doctor(const Session& session, const Client& client, const DoctorOptions& options) {
  Checks checks;
  v1::Status answer;
  const auto context = client.NewContext();
  grpc::Status status = client.operation().GetStatus(context.get(), {}, &answer);
  if (status.ok()) {
    CheckStatus(answer, &checks);
    status = CheckPolicies(client, &checks);
  }
  if (status.ok()) {
    status = CheckAlerts(client, &checks);
    if (status.error_code() == grpc::StatusCode::PERMISSION_DENIED) {
      checks.push_back(
          {"alerts", Finding::kLook, "not for this caller", "ask with ALERT_RECEIVER"});
      status = grpc::Status::OK;
    }
  }
  if (!options.data.empty()) CheckData(options.data, &checks);
  if (!options.backups.empty()) CheckBackups(options.backups, &checks);
  ExitCode code = ExitCode::kOk;
  auto json = nlohmann::ordered_json::array();
  Table table({"CHECK", "", "FOUND", "DO"});
  for (const auto& check : checks) {
    if (check.finding == Finding::kBad) code = ExitCode::kNo;
    json.push_back({{"check", check.name},
                    {"finding", Word(check.finding)},
                    {"found", check.found},
                    {"do", check.todo}});
    table.AddRow({check.name, Word(check.finding), Clean(check.found), Clean(check.todo)});
  }
  if (session.json) {
    Put(json.dump(2) + '\n');
  } else if (!table.empty()) {
    Put(table.Text());
  }
  return status.ok() ? code : Fail(session, status);
}

}  // namespace

void AddDoctorCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* doctor = app.add_subcommand(
      "doctor", "Looks at what goes wrong first: the node, policies, alerts, disk, keys, backups");
  doctor->add_option("--data", options->data, "On the node's machine: its data directory");
  doctor->add_option("--backups", options->backups, "Directory of backups, or one of them");
  doctor->footer(
      "Exit code 1 when something is BAD, 3 when the node does not answer.\n"
      "Example: trigpoint doctor --data /var/lib/trigpoint --backups /var/backups/trigpoint");
  doctor->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(session,
                        [&](const Client& client) { return Doctor(session, client, *options); });
    };
  });
}

}  // namespace trigpoint
