#pragma once

#include "services/query/query_core.h"

/// Whom a service follows, who follows it, and what people decide about what it inherits.
namespace trigpoint {

/// Adds to a provider its links, whose levels it has, and what is to be confirmed. `present`: also
/// what other services state of it now.
void AddHeritage(const Projector& projector, const StreamAsOf& stream, bool present,
                 v1::Provider* provider);

/// As above for a line of a list: the levels alone. Reads only where the service is linked.
void AddInheritedLevels(const Projector& projector, v1::Provider* provider);

/// Records what a person decides, and answers with what the fold made of it. Blocks.
grpc::Status DecideInheritance(QueryCore& core, const Principal& principal,
                               const v1::DecideInheritanceRequest& request,
                               v1::DecideInheritanceResponse* response);

/// Services of the same organisation or brand with what was reported about them: the highest level
/// first.
grpc::Status ListSiblings(QueryCore& core, const Principal& principal,
                          const v1::ListSiblingsRequest& request,
                          v1::ListSiblingsResponse* response);

}  // namespace trigpoint
