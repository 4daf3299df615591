// trigpoint: everything the API does, for people and for programs.
#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "client.h"
#include "feed.h"
#include "heritage.h"
#include "policy.h"
#include "session.h"

namespace trigpoint {
namespace {

void AddGlobalOptions(CLI::App& app, Session& session) {
  ConnectionOptions& connection = session.connection;
  app.add_flag("--json", session.json, "For programs: one JSON document, or one a line");
  app.add_option("--server", connection.server, "Address of the node, HOST:PORT")
      ->envname("TRIGPOINT_SERVER")
      ->capture_default_str();
  app.add_option("--token", connection.token, "Token that says who you are")
      ->envname("TRIGPOINT_TOKEN");
  app.add_option("--token-file", connection.token_file, "File that holds the token")
      ->envname("TRIGPOINT_TOKEN_FILE");
  app.add_flag("--tls", connection.tls, "TLS with the system's authorities");
  app.add_option("--ca", connection.ca, "TLS: PEM file of the authorities to trust");
  app.add_option("--cert", connection.cert, "TLS: PEM file of your certificate");
  app.add_option("--key", connection.key, "TLS: PEM file of its key");
  app.add_option("--timeout", connection.timeout_s, "Seconds to wait for an answer")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
}

// `trigpoint serve ...` hands over everything as it stands: those options are the node's.
ExitCode ServeAsTyped(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--help" || argument == "-h") {
      Put("trigpoint serve starts trigpoint-node, which stands beside this program, with the "
          "options given.\n"
          "Example: trigpoint serve --config /etc/trigpoint/node.yaml\n\n");
      break;
    }
  }
  return Serve(arguments);
}

int Main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "serve") {
    return static_cast<int>(ServeAsTyped({argv + 2, argv + argc}));
  }
  Session session;
  CLI::App app(
      "Quality intelligence about care services: what is known, what a policy says of it, "
      "what people decided.",
      "trigpoint");
  app.set_version_flag("--version", "trigpoint " TRIGPOINT_VERSION);
  app.fallthrough();
  app.require_subcommand(1);
  AddGlobalOptions(app, session);
  AddServeCommand(app, session);
  AddImportCommand(app, session);
  AddFeedCommands(app, session);
  AddIntakeCommands(app, session);
  AddTraceCommand(app, session);
  AddProviderCommands(app, session);
  AddCoverageCommand(app, session);
  AddWhyCommand(app, session);
  AddDueCommand(app, session);
  AddDecisionCommands(app, session);
  AddDuplicatesCommand(app, session);
  AddHeritageCommands(app, session);
  AddReportCommand(app, session);
  AddAlertCommands(app, session);
  AddDeliveryCommands(app, session);
#ifdef TRIGPOINT_WITH_ASSESS
  AddAssessCommand(app, session);
#endif
  AddPolicyCommands(app, session);
  AddPrivacyCommands(app, session);
  AddOperationCommands(app, session);
  AddClusterCommand(app, session);
  AddBackupCommands(app, session);
  AddLogCommands(app, session);
  AddDoctorCommand(app, session);
  AddCompletionCommand(app, session);
  app.footer(std::string(ExitCodeHelp()) +
             "\nA PROVIDER is a stream id, scheme/value, or a bare CQC location id.\n"
             "Example: trigpoint why 1-545611283");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  return static_cast<int>(session.command());
}

}  // namespace
}  // namespace trigpoint

int main(int argc, char** argv) { return trigpoint::Main(argc, argv); }
