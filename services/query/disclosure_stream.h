#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"
#include "services/query/query_core.h"
#include "trigpoint/v1/api.pb.h"

namespace trigpoint {

/// Whether a text that goes into the record of an act is there, is not longer than `bytes_max` and
/// holds no personal data. `why` says what is missing. Errors: a FieldError.
absl::Status CheckPlainRef(std::string_view field, const std::string& text, std::string_view why,
                           size_t bytes_max = 200);

/// PrivacyService.ExportDisclosure: admits the caller, writes the line into the disclosure log and
/// the event into the service's stream, and then sends what the profile gives out.
grpc::ServerWriteReactor<v1::ExportDisclosureResponse>* StartDisclosure(
    std::shared_ptr<QueryCore> core, grpc::CallbackServerContext* context,
    const v1::ExportDisclosureRequest& request);

}  // namespace trigpoint
