#pragma once

#include <memory>

#include "services/keys/key_channel.h"
#include "trigpoint/store/identity_vault.h"

namespace trigpoint {

/// The vault of the process that the channel leads to. Nothing of it is remembered here.
std::unique_ptr<IdentityVault> MakeRemoteIdentityVault(std::shared_ptr<KeyChannel> channel);

}  // namespace trigpoint
