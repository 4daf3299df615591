#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "services/node/node_config.h"
#include "trigpoint/access/principals.h"

namespace trigpoint {

/// What a file holds. Errors: NotFound naming the flag that named it.
absl::StatusOr<std::string> ReadNamedFile(const std::string& path, const std::string& flag);

/// Who may call, of the file that the configuration names; else one local operator.
absl::StatusOr<Principals> ReadPrincipals(const NodeConfig& config);

/// A server of the API.
struct ApiServer {
  std::unique_ptr<grpc::Server> server;
  int port = 0;  ///< 0 on a unix socket.
};

/// Starts it with the transport and limits of the configuration. The services must outlive it.
/// Errors: NotFound for files; Unavailable when the address cannot be had.
absl::StatusOr<ApiServer> StartApiServer(const NodeConfig& config,
                                         const std::vector<grpc::Service*>& services);

}  // namespace trigpoint
