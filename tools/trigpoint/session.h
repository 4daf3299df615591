#pragma once

#include <functional>
#include <string>

#include "errors.h"

namespace CLI {
class App;
}  // namespace CLI

namespace trigpoint {

/// How to reach the server, from options and the environment.
struct ConnectionOptions {
  std::string server = "127.0.0.1:7447";
  std::string token;       ///< Sent as "authorization: Bearer".
  std::string token_file;  ///< Read instead of `token`; keeps it out of the list of processes.
  bool tls = false;        ///< TLS with the system's authorities; implied by the three below.
  std::string ca;          ///< PEM file of the authorities to trust.
  std::string cert;        ///< PEM file of the client's certificate chain.
  std::string key;         ///< PEM file of its key.
  int timeout_s = 30;      ///< Deadline of one call; streams have none.
};

/// Whether the answer is for people or programs.
enum class Output { kTable, kJson };

/// What one invocation shares: the global options and the chosen command. Confined to main's
/// thread.
struct Session {
  ConnectionOptions connection;
  bool json = false;
  std::function<ExitCode()> command;  ///< Set while the command line is parsed.

  Output output() const { return json ? Output::kJson : Output::kTable; }
};

// One function per group of commands; each adds subcommands that set `session.command`.
// `session` must outlive the parser.
void AddProviderCommands(CLI::App& app, Session& session);
void AddCoverageCommand(CLI::App& app, Session& session);
void AddDueCommand(CLI::App& app, Session& session);
void AddWhyCommand(CLI::App& app, Session& session);
void AddDecisionCommands(CLI::App& app, Session& session);
void AddDuplicatesCommand(CLI::App& app, Session& session);
void AddAlertCommands(CLI::App& app, Session& session);
void AddDeliveryCommands(CLI::App& app, Session& session);
void AddIntakeCommands(CLI::App& app, Session& session);
void AddTraceCommand(CLI::App& app, Session& session);
void AddImportCommand(CLI::App& app, Session& session);
void AddBackupCommands(CLI::App& app, Session& session);
void AddLogCommands(CLI::App& app, Session& session);
void AddDoctorCommand(CLI::App& app, Session& session);
void AddReportCommand(CLI::App& app, Session& session);
void AddPrivacyCommands(CLI::App& app, Session& session);
void AddOperationCommands(CLI::App& app, Session& session);
void AddClusterCommand(CLI::App& app, Session& session);
void AddServeCommand(CLI::App& app, Session& session);
void AddAssessCommand(CLI::App& app, Session& session);
void AddCompletionCommand(CLI::App& app, Session& session);

/// Replaces this process by the trigpoint-node that stands beside it, with the arguments as given.
/// Returns only when that fails, with the error printed.
ExitCode Serve(const std::vector<std::string>& arguments);

}  // namespace trigpoint
