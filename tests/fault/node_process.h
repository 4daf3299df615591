#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace trigpoint {

/// trigpoint-node of this build as a child process on one data directory. Threading:
/// thread-compatible.
class NodeProcess {
 public:
  /// `log_file` takes what the node prints, over all its lives.
  NodeProcess(std::string data, std::string log_file);
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;
  /// Kills it.
  ~NodeProcess();

  /// Starts it on a free port and waits until it serves. False when it ended instead; then
  /// exit_code() tells.
  bool Start(const std::vector<std::string>& more_arguments = {});
  /// SIGKILL, and gone when this returns.
  void Kill();
  /// SIGTERM; gives the exit code, or nothing when it has not ended after `seconds`.
  std::optional<int> Terminate(int seconds);
  bool running() const { return pid_ > 0; }
  std::optional<int> exit_code() const { return exit_code_; }
  const std::string& address() const { return address_; }
  /// What it printed since the last start.
  std::string Printed() const;

 private:
  bool Reap(bool block);

  std::string data_;
  std::string log_file_;
  std::string address_;
  size_t printed_before_ = 0;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace trigpoint
