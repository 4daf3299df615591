#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/query/query_core.h"

/// Reports about other services that people found to be of one incident with reports about this
/// one: told on both sides, never merged (domain.md 3.8).
namespace trigpoint {

/// What people found to be one incident across services, as it stands in a service's state.
using Links = google::protobuf::RepeatedPtrField<v1::Event>;
Links LinksIn(const v1::ProviderState& state);

/// Takes out of a finding, also one that was carried, what it says of reports that the reader may
/// not see: about a service that the reader is outside of, or of a protected source. That there is
/// something elsewhere stays.
void HideElsewhere(QueryCore& core, const Principal& principal, v1::Event* event);

/// Adds to an assessment, cut already, which of its evidence is known elsewhere.
void AddLinkedIncidents(QueryCore& core, const Principal& principal, Links links,
                        v1::Assessment* assessment);

/// Reports by source and id.
using ReportIds = std::vector<std::pair<std::string, std::string>>;

/// What is left of a link of several reports where `out` are not of the incident after all: the
/// others stay linked. Where nothing would be left on the side of `out`, it is `or_out` on the
/// other that goes. Nothing: the two were all that it linked, and it is taken back.
std::optional<v1::ClusterLinked> WithoutReports(const v1::ClusterLinked& linked,
                                                const ReportIds& out, const ReportIds& or_out);

}  // namespace trigpoint
