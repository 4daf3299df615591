#include "node_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace trigpoint {
namespace {

constexpr absl::Duration kReadyWithin = absl::Seconds(60);

std::string NodeProgram() {
  const char* directory = std::getenv("TRIGPOINT_BIN_DIR");
  return std::string(directory != nullptr && *directory != '\0' ? directory : TRIGPOINT_BIN_DIR) +
         "/trigpoint-node";
}

/// The port in the line {"event":"node_ready",...,"port":40123,...}; 0 while that line is not
/// complete.
int ReadyPort(const std::string& printed) {
  const size_t ready = printed.find("node_ready");
  if (ready == std::string::npos) return 0;
  const size_t end = printed.find('\n', ready);
  const size_t port = printed.find("\"port\":", ready);
  if (end == std::string::npos || port == std::string::npos || port > end) return 0;
  return std::atoi(printed.c_str() + port + 7);
}

}  // namespace

NodeProcess::NodeProcess(std::string data, std::string log_file)
    : data_(std::move(data)), log_file_(std::move(log_file)) {}

NodeProcess::~NodeProcess() { Kill(); }

std::string NodeProcess::Printed() const {
  std::ifstream file(log_file_, std::ios::binary);
  std::string all{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return all.substr(std::min(printed_before_, all.size()));
}

bool NodeProcess::Start(const std::vector<std::string>& more_arguments) {
  Kill();
  exit_code_.reset();
  printed_before_ = 0;
  printed_before_ = Printed().size();
  std::vector<std::string> arguments = {NodeProgram(),
                                        "--data",
                                        data_,
                                        "--listen",
                                        "127.0.0.1:0",
                                        "--metrics-listen",
                                        "",
                                        "--log-level",
                                        "info",
                                        "--policies",
                                        TRIGPOINT_SOURCE_DIR "/deploy/policies"};
  arguments.insert(arguments.end(), more_arguments.begin(), more_arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    const int file = open(log_file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  const absl::Time deadline = absl::Now() + kReadyWithin;
  while (absl::Now() < deadline && !Reap(false)) {
    const int port = ReadyPort(Printed());
    if (port != 0) {
      address_ = "127.0.0.1:" + std::to_string(port);
      return true;
    }
    absl::SleepFor(absl::Milliseconds(5));
  }
  return false;
}

bool NodeProcess::Reap(bool block) {
  if (pid_ <= 0) return true;
  int status = 0;
  if (waitpid(pid_, &status, block ? 0 : WNOHANG) != pid_) return false;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  pid_ = -1;
  return true;
}

void NodeProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  Reap(true);
}

std::optional<int> NodeProcess::Terminate(int seconds) {
  if (pid_ <= 0) return exit_code_;
  kill(pid_, SIGTERM);
  const absl::Time deadline = absl::Now() + absl::Seconds(seconds);
  while (absl::Now() < deadline) {
    if (Reap(false)) return exit_code_;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return std::nullopt;
}

}  // namespace trigpoint
