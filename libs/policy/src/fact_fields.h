#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/policy.pb.h"

namespace trigpoint {

/// Source and id of an event.
using EventKey = std::pair<std::string, std::string>;

/// A field of the payload of a kind (payload field number), or null.
const google::protobuf::FieldDescriptor* FieldOfKind(int kind, std::string_view field);

/// Events that a fact names in any field of its own; without a source they are of the fact's.
std::vector<EventKey> NamedBy(const v1::Event& fact);
/// The beginning of the day in London that a Date field holds, or the instant of a Timestamp;
/// nothing where it is not set.
std::optional<int64_t> InstantOf(const v1::Event& fact, std::string_view field);
/// Whether each of the matches holds whose field the kind has.
bool Matches(const v1::Event& fact,
             const google::protobuf::RepeatedPtrField<v1::FieldMatch>& matches);
/// Whether a kind of fact can say which organisation it concerns: `organisation` or
/// `organisations`.
bool NamesOrganisations(int kind);
/// Whether the fact says so of this one.
bool NamesOrganisation(const v1::Event& fact, const std::string& organisation);

}  // namespace trigpoint
