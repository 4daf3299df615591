#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "trigpoint/v1/events.pb.h"

namespace trigpoint::bench {

/// One measured figure beside its raw limit of the same run.
struct Row {
  std::string name = {};
  double value = 0;
  std::string unit = {};
  std::string limit_name = {};  ///< Empty: no raw limit.
  double limit = 0;
  double ratio = 0;  ///< value / limit, or limit / value where less is better.
  std::string aim = {};
  std::string note = {};
};

void Print(const std::vector<Row>& rows, bool json);

/// Says why there are no figures, and ends the program.
[[noreturn]] void Die(const std::string& why);

/// Seconds of CPU (user + system) of this process, or of another.
double CpuSeconds();
double CpuSecondsOf(pid_t pid);
/// Resident bytes of a process.
int64_t ResidentBytes(pid_t pid);
/// A counter of a node's metrics. `address`: host:port.
double MetricOf(const std::string& address, const std::string& name);
double Now();
/// A policy in force from the beginning of time.
v1::Event Activation(const v1::PolicyPack& pack);
double Percentile(std::vector<double> values, double percent);

/// Raw limit of durable writes: records of `bytes` appended to a file, an fdatasync after every
/// `per_sync`, for `seconds`. Records per second.
double DurableAppendsPerSecond(size_t bytes, int per_sync, double seconds);

/// A directory that is removed again.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A child process that is killed at the end.
class Child {
 public:
  explicit Child(const std::vector<std::string>& command);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

/// The n-th registration, and the n-th report of the made-up traffic: `providers` services, skewed.
v1::Event Registration(int provider);
v1::Event Report(uint64_t n, int providers);
std::string StreamId(int provider);

std::vector<Row> EngineRows(const std::string& policies, bool quick);
/// What several policies side by side cost.
std::vector<Row> PolicyRows(const std::string& policies, bool quick);
/// Sealing with the keys of another process.
std::vector<Row> KeyRows(bool quick);
std::vector<Row> WireRows(const std::string& bin, bool quick);
/// What an operator waits for, at 1 GiB of data.
std::vector<Row> OperateRows(const std::string& bin, bool quick);
/// A million events, half of them duplicates.
std::vector<Row> DuplicateRows(const std::string& bin, bool quick);
/// `source`: the checkout.
std::vector<Row> IntakeRows(const std::string& bin, const std::string& source, bool quick);
/// What a fold puts into its store.
struct StoreLoad {
  double per_commit = 0;  ///< Events of one commit; 0: nothing is put.
  double puts = 0;        ///< Of one event.
  double put_bytes = 0;   ///< Of one put, key and value.
};
/// Serves the echo of the raw limit until killed.
int ServeEcho(const std::string& address, const StoreLoad& load);

}  // namespace trigpoint::bench
