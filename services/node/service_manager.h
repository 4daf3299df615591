#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace trigpoint {

/// Tells the service manager of this process, e.g. systemd with Type=notify, how it is: datagrams
/// to the socket that NOTIFY_SOCKET names (sd_notify(3)). Without one nothing happens, and what
/// cannot be sent is lost: the process goes on. Threading: one thread.
class ServiceManager {
 public:
  /// Reads NOTIFY_SOCKET and WATCHDOG_USEC of the environment.
  ServiceManager();

  /// Calls are served.
  void Ready() const { Send("READY=1"); }
  /// It ends; what is under way is finished.
  void Stopping() const { Send("STOPPING=1"); }
  /// It works; told at most twice in an interval of the watchdog, and only where there is one. To
  /// be called often.
  void Alive();

 private:
  void Send(std::string_view state) const;

  std::string socket_;                    ///< Empty: there is no service manager.
  std::chrono::microseconds interval_{};  ///< Half of the watchdog's; 0: there is none.
  std::chrono::steady_clock::time_point told_{};
};

}  // namespace trigpoint
