#pragma once

#include <memory>
#include <vector>

#include "grpcpp/impl/codegen/service_type.h"
#include "services/keys/admission.h"
#include "services/keys/revocations.h"
#include "trigpoint/store/identity_vault.h"
#include "trigpoint/store/key_store.h"

namespace trigpoint {

/// The mark in the trailing metadata of an error that is the store's own answer, not the
/// transport's.
inline constexpr char kAnsweredMetadata[] = "x-trigpoint-answered";

/// What the services of keys and identities answer from. All must outlive them; `vault` may be
/// null: then identities are not served.
struct KeyServiceDeps {
  const Admission* admission = nullptr;
  KeyStore* keys = nullptr;
  IdentityVault* vault = nullptr;
  Revocations* revocations = nullptr;
};

/// trigpoint.internal.v1.KeyService and IdentityService. Each call is admitted first.
std::vector<std::unique_ptr<grpc::Service>> MakeKeyServices(const KeyServiceDeps& deps);

}  // namespace trigpoint
