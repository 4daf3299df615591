#pragma once

#include <string>
#include <string_view>

#include "trigpoint/v1/api.pb.h"

/// Whom a service follows and what it has of them, in words. Pure.
namespace trigpoint {

/// One line on a link: "follows House A (cqc-location/1-1) since 2026-01-05: location move;
/// everything continues".
std::string LinkInWords(const v1::ProviderLink& link);

/// Where a level is not the service's own: "inherited from House A, to be confirmed". Empty: its
/// own.
std::string InheritedInWords(const v1::Provider& provider, const v1::ProviderLevel& level);

/// The same of a policy's level, with the command by which a person decides.
std::string InheritedInFull(const v1::Provider& provider, std::string_view policy_id,
                            std::string_view argument);

}  // namespace trigpoint
