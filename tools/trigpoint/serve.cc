// serve: trigpoint-node under the name that people look for first.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <filesystem>
#include <iostream>
#include <system_error>
#include <vector>

#include "session.h"

namespace trigpoint {

ExitCode Serve(const std::vector<std::string>& arguments) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path node = self.parent_path() / "trigpoint-node";
  std::string program = node.string();
  std::vector<std::string> owned = arguments;
  std::vector<char*> argv = {program.data()};
  for (std::string& argument : owned) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  const std::error_code why(errno, std::generic_category());
  std::cerr << "error: cannot start " << program << ": " << why.message()
            << "\n  It is installed beside this program; build or install trigpoint-node.\n";
  return ExitCode::kData;
}

void AddServeCommand(CLI::App& app, Session& session) {
  CLI::App* serve = app.add_subcommand(
      "serve", "Starts a node: intake, engine and queries in one process over an embedded log");
  serve->prefix_command();
  serve->footer(
      "Every option goes to trigpoint-node, which stands beside this program; 'trigpoint serve "
      "--help' shows them.\n"
      "Example: trigpoint serve --config /etc/trigpoint/node.yaml");
  serve->callback(
      [&session, serve] { session.command = [serve] { return Serve(serve->remaining()); }; });
}

}  // namespace trigpoint
