#pragma once

#include "services/query/query_core.h"

/// Reports that may be of one incident, and what people find about them (domain.md 3.8,
/// docs/duplicates.md). Both leave reports of protected sources out, as if there were none.
namespace trigpoint {

/// Pairs that a rule holds together until a person confirms or splits them, the latest first. A
/// reader outside the service is told nothing. The read is recorded.
grpc::Status ListDuplicates(QueryCore& core, const Principal& principal,
                            const v1::ListDuplicatesRequest& request,
                            v1::ListDuplicatesResponse* response);

/// Records what a person finds, of two services in the streams of both. Blocks.
grpc::Status DecideDuplicates(QueryCore& core, const Principal& principal,
                              const v1::DecideDuplicatesRequest& request,
                              v1::DecideDuplicatesResponse* response);

}  // namespace trigpoint
