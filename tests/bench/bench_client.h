#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "bench_support.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint::bench {

inline constexpr char kNode[] = "127.0.0.1:17447";
inline constexpr char kMetrics[] = "127.0.0.1:17449";

/// A channel to a server that is, or will soon be, there.
std::shared_ptr<grpc::Channel> Connect(const std::string& address);

/// A node over `data` at kNode. `metrics`: empty, or where it serves them.
std::unique_ptr<Child> StartNode(const std::string& bin, const std::string& data,
                                 const std::string& metrics = "");

/// Registers the services 0 to `providers` - 1.
void Register(v1::IntelligenceService::Stub* stub, int providers);

struct Streamed {
  double per_second = 0;
  double cpu_us = 0;        ///< Of the server, per event.
  uint64_t duplicates = 0;  ///< Told so by the server.
};

/// Hands events in over one stream, until the last is acknowledged.
Streamed StreamEvents(v1::IntelligenceService::Stub* stub, pid_t server,
                      const std::vector<v1::SubmitEventsRequest>& requests);

/// As above, the next `count` reports of the made-up traffic. Making them is not counted.
Streamed StreamReports(v1::IntelligenceService::Stub* stub, pid_t server, uint64_t count,
                       int providers, std::atomic<uint64_t>* next);

}  // namespace trigpoint::bench
