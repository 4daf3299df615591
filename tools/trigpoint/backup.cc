// backup, seed, restore, rebuild.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "client.h"
#include "print.h"
#include "trigpoint/base/status.h"
#include "trigpoint/log/embedded_log.h"

namespace trigpoint {
namespace {

namespace fs = std::filesystem;

struct BackupOptions {
  std::string directory;
  std::string keys;
};

struct RestoreOptions {
  std::string backup;
  std::string data;
  std::string keys;
};

// The node resolves paths on its own machine; on this one, "backups/today" means what it says here.
std::string Absolute(const std::string& path) {
  std::error_code error;
  return path.empty() ? path : fs::absolute(path, error).lexically_normal().string();
}

ExitCode Backup(const Session& session, const Client& client, const BackupOptions& options) {
  v1::CreateBackupRequest request;
  request.set_directory(Absolute(options.directory));
  request.set_keys_directory(Absolute(options.keys));
  v1::CreateBackupResponse response;
  const auto context = client.NewContext();
  const auto status = client.operation().CreateBackup(context.get(), request, &response);
  if (!status.ok()) {
    return Fail(session, status);
  }
  if (session.json) {
    PutJson(response);
    return ExitCode::kOk;
  }
  Put(Count(response.events(), "event") + " copied to " + Clean(request.directory()) + " (" +
      std::to_string(response.bytes() / 1024) + " KiB)\n");
  Put(request.keys_directory().empty()
          ? "The keys of sealed texts were not copied: --keys DIRECTORY copies them, to be kept "
            "elsewhere.\n"
          : "The keys are in " + Clean(request.keys_directory()) + ": keep them elsewhere.\n");
  return ExitCode::kOk;
}

absl::Status FileError(const std::string& doing, const std::error_code& error) {
  return absl::UnavailableError("cannot " + doing + ": " + error.message());
}

// The heads of a whole backup, by partition.
absl::StatusOr<std::vector<int64_t>> ReadManifest(const fs::path& backup) {
  std::ifstream file(backup / "backup.json");
  const auto json = nlohmann::json::parse(file, nullptr, false);
  if (!file || json.is_discarded() || !json.contains("heads") || !json["heads"].is_array()) {
    return absl::InvalidArgumentError(
        backup.string() + " is no whole backup: its backup.json is missing or cannot be read");
  }
  std::vector<int64_t> heads;
  for (const auto& head : json["heads"]) {
    // Protobuf writes 64-bit numbers as text.
    heads.push_back(std::stoll(head.value("offset", std::string("0"))));
  }
  return heads;
}

absl::Status CopyTree(const fs::path& from, const fs::path& to) {
  const fs::path unfinished = to.string() + ".restoring";
  std::error_code error;
  fs::remove_all(unfinished, error);
  fs::copy(from, unfinished, fs::copy_options::recursive, error);
  if (error) return FileError("copy " + from.string() + " to " + unfinished.string(), error);
  fs::rename(unfinished, to, error);
  return error ? FileError("rename " + unfinished.string(), error) : absl::OkStatus();
}

// Opens the restored log as the node will, and compares it with what the backup promised.
absl::Status CheckLog(const fs::path& directory, const std::vector<int64_t>& heads,
                      uint64_t* events) {
  TP_ASSIGN_OR_RETURN(const auto log,
                      OpenEmbeddedLog({.directory = directory.string(),
                                       .partitions = static_cast<uint32_t>(heads.size())}));
  for (uint32_t p = 0; p < heads.size(); ++p) {
    TP_ASSIGN_OR_RETURN(const int64_t head, log->HeadOffset(p));
    if (head < heads[p]) {
      return absl::DataLossError("partition " + std::to_string(p) + " ends at " +
                                 std::to_string(head) + ", the backup promised " +
                                 std::to_string(heads[p]));
    }
    *events += static_cast<uint64_t>(head);
  }
  return log->Close();
}

absl::Status RestoreTo(const RestoreOptions& options, uint64_t* events) {
  const fs::path backup(options.backup);
  const fs::path data(options.data);
  TP_ASSIGN_OR_RETURN(const std::vector<int64_t> heads, ReadManifest(backup));
  std::error_code error;
  for (const char* name : {"log", "store", "keys", "keys.kek"}) {
    if (fs::exists(data / name, error)) {
      return absl::FailedPreconditionError((data / name).string() +
                                           " is there already: name a new data directory");
    }
  }
  fs::create_directories(data, error);
  if (error) return FileError("make " + data.string(), error);
  if (!options.keys.empty()) {
    TP_RETURN_IF_ERROR(CopyTree(fs::path(options.keys) / "keys", data / "keys"));
    fs::copy_file(fs::path(options.keys) / "keys.kek", data / "keys.kek", error);
    if (error) return FileError("copy keys.kek", error);
  }
  TP_RETURN_IF_ERROR(CopyTree(backup / "log", data / "log"));
  return CheckLog(data / "log", heads, events);
}

ExitCode Restore(const Session& session, const RestoreOptions& options) {
  uint64_t events = 0;
  if (const absl::Status restored = RestoreTo(options, &events); !restored.ok()) {
    return Fail(session, ExitCode::kData, std::string(restored.message()));
  }
  if (session.json) {
    Put(nlohmann::json{{"events", events}, {"data", options.data}}.dump() + '\n');
    return ExitCode::kOk;
  }
  Put(Count(events, "event") + " restored to " + Clean(options.data) + '\n');
  if (options.keys.empty()) {
    Put("Without their keys (--keys) sealed texts stay sealed; levels and alerts are the same.\n");
  }
  Put("Next: trigpoint serve --data " + Clean(options.data) +
      " (the state is folded anew from the log), then: trigpoint verify\n");
  return ExitCode::kOk;
}

struct RebuildOptions {
  bool compare = false;
  bool back = false;
  bool release = false;
  std::optional<uint32_t> partition;
};

void PutReport(const RebuildOptions& options, const v1::RebuildStoreResponse& report) {
  Put(Count(report.events(), "event") + (options.back ? " compared in " : " folded anew in ") +
      std::to_string(report.duration_ms() / 1000) + " s; " + Count(report.providers(), "provider") +
      ", " + std::to_string(report.changed()) + " came out otherwise than they stood.\n");
  for (const auto& difference : report.differences()) {
    std::string what;
    for (const auto& one : difference.what()) what += (what.empty() ? "" : ", ") + one;
    const bool nobody = difference.stream_id().empty();
    Put("  " + Clean(nobody ? what : difference.stream_id() + "  " + what) + "\n");
  }
  Put(report.switched() ? "Switched; the store of before is kept: rebuild --back returns to it, "
                          "rebuild --release removes it.\n"
                        : "Nothing was switched.\n");
}

ExitCode Release(const Session& session, const Client& client) {
  v1::ReleaseStoreResponse response;
  const auto context = client.NewContext();
  const auto status = client.operation().ReleaseStore(context.get(), {}, &response);
  if (!status.ok()) return Fail(session, status);
  if (session.json) {
    PutJson(response);
  } else {
    Put(response.released() ? "The store that was kept is removed.\n" : "No store was kept.\n");
  }
  return ExitCode::kOk;
}

ExitCode Rebuild(const Session& session, const Client& client, const RebuildOptions& options) {
  if (options.release) return Release(session, client);
  v1::RebuildStoreResponse report;
  const auto context = client.NewStreamContext();  // No deadline: it takes as long as it takes.
  grpc::Status status;
  if (options.back) {
    v1::SwitchStoreBackRequest request;
    request.set_compare_only(options.compare);
    v1::SwitchStoreBackResponse response;
    status = client.operation().SwitchStoreBack(context.get(), request, &response);
    report = std::move(*response.mutable_report());
  } else {
    v1::RebuildStoreRequest request;
    request.set_compare_only(options.compare);
    if (options.partition.has_value()) request.set_partition(*options.partition);
    status = client.operation().RebuildStore(context.get(), request, &report);
  }
  if (!status.ok()) {
    return Fail(session, status);
  }
  if (session.json) {
    PutJson(report);
  } else {
    PutReport(options, report);
  }
  return options.compare && report.differences_size() > 0 ? ExitCode::kNo : ExitCode::kOk;
}

ExitCode MakeSeed(const Session& session, const Client& client, const std::string& directory) {
  v1::CreateSeedRequest request;
  request.set_directory(Absolute(directory));
  v1::CreateSeedResponse response;
  const auto context = client.NewContext();
  const auto status = client.operation().CreateSeed(context.get(), request, &response);
  if (!status.ok()) {
    return Fail(session, status);
  }
  if (session.json) {
    PutJson(response);
    return ExitCode::kOk;
  }
  Put("The store with " + Count(response.events(), "event") + " copied to " +
      Clean(request.directory()) + " (" + std::to_string(response.bytes() / 1024) +
      " KiB, fold version " + std::to_string(response.fold_version()) +
      ")\nNext: copy it to the other machine, and there: trigpoint-node ... --seed DIRECTORY\n");
  return ExitCode::kOk;
}

void AddRebuildCommand(CLI::App& app, Session& session) {
  const auto options = std::make_shared<RebuildOptions>();
  CLI::App* rebuild = app.add_subcommand(
      "rebuild",
      "Folds the log into a new store, says what differs from the old one, and switches to it");
  CLI::Option* partition =
      rebuild->add_option("--partition", options->partition, "Fold only this one anew");
  CLI::Option* compare =
      rebuild->add_flag("--compare", options->compare, "Say what differs; switch nothing");
  CLI::Option* back = rebuild->add_flag(
      "--back", options->back, "Bring the store of before the last switch up to now, and return");
  CLI::Option* release =
      rebuild->add_flag("--release", options->release, "Remove the store of before");
  back->excludes(partition)->excludes(release);
  release->excludes(partition)->excludes(compare);
  rebuild->footer(
      "The node answers meanwhile. Exit code 1 when --compare finds a difference.\n"
      "Example: trigpoint rebuild --compare");
  rebuild->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(session,
                        [&](const Client& client) { return Rebuild(session, client, *options); });
    };
  });
}

void AddSeedCommand(CLI::App& app, Session& session) {
  const auto directory = std::make_shared<std::string>();
  CLI::App* seed = app.add_subcommand(
      "seed", "Copies the store of a running node, for another process on the same log");
  seed->add_option("DIRECTORY", *directory, "New directory on the node's machine")->required();
  seed->footer("Example: trigpoint seed /var/tmp/trigpoint-seed");
  seed->callback([&session, directory] {
    session.command = [&session, directory] {
      return WithClient(
          session, [&](const Client& client) { return MakeSeed(session, client, *directory); });
    };
  });
}

}  // namespace

void AddBackupCommands(CLI::App& app, Session& session) {
  auto backup_options = std::make_shared<BackupOptions>();
  CLI::App* backup = app.add_subcommand(
      "backup", "Copies the log of a running node; everything else follows from it");
  backup->add_option("DIRECTORY", backup_options->directory, "New directory on the node's machine")
      ->required();
  backup->add_option("--keys", backup_options->keys,
                     "New directory for the keys of sealed texts; never keep the two together");
  backup->footer("Example: trigpoint backup /var/backups/trigpoint/2026-11-22");
  backup->callback([&session, backup_options] {
    session.command = [&session, backup_options] {
      return WithClient(
          session, [&](const Client& client) { return Backup(session, client, *backup_options); });
    };
  });

  AddSeedCommand(app, session);
  AddRebuildCommand(app, session);

  auto restore_options = std::make_shared<RestoreOptions>();
  CLI::App* restore =
      app.add_subcommand("restore", "Makes a data directory from a backup; needs no server");
  restore->add_option("BACKUP", restore_options->backup, "Directory of trigpoint backup")
      ->required();
  restore->add_option("--data", restore_options->data, "New data directory")->required();
  restore->add_option("--keys", restore_options->keys, "Directory of backup --keys");
  restore->footer(
      "Exit code 7 when the backup is not whole.\n"
      "Example: trigpoint restore /var/backups/trigpoint/2026-11-22 --data /var/lib/trigpoint");
  restore->callback([&session, restore_options] {
    session.command = [&session, restore_options] { return Restore(session, *restore_options); };
  });
}

}  // namespace trigpoint
