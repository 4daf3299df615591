#include "services/common/call.h"

#include <algorithm>

#include "services/common/rpc_status.h"
#include "trigpoint/base/status.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

constexpr std::string_view kCorrelation = "x-correlation-id";
constexpr std::string_view kTraceParent = "traceparent";
constexpr size_t kEchoBytesMax = 128;

bool IsEchoed(std::string_view value) {
  return !value.empty() && value.size() <= kEchoBytesMax &&
         std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

/// The trace id of "00-{32 hexadecimal digits}-{parent}-{flags}" (W3C trace context), else empty:
/// what else a caller writes there is not ours to log.
std::string TraceIdOf(std::string_view parent) {
  constexpr size_t kFrom = 3;
  constexpr size_t kDigits = 32;
  if (parent.size() < kFrom + kDigits + 1 || parent[kFrom - 1] != '-' ||
      parent[kFrom + kDigits] != '-') {
    return "";
  }
  const std::string_view id = parent.substr(kFrom, kDigits);
  return id.find_first_not_of("0123456789abcdef") == std::string_view::npos ? std::string(id) : "";
}

}  // namespace

Call::Call(Metrics* metrics, grpc::CallbackServerContext* context, std::string_view method)
    : metrics_(metrics), context_(context), method_(method) {
  Echo(kCorrelation);
  Echo(kTraceParent);
}

void Call::Echo(std::string_view key) {
  const auto found = context_->client_metadata().find(grpc::string_ref(key.data(), key.size()));
  if (found == context_->client_metadata().end()) return;
  const std::string_view value(found->second.data(), found->second.size());
  if (!IsEchoed(value)) return;
  context_->AddInitialMetadata(std::string(key), std::string(value));
  if (key == kTraceParent) trace_ = TraceIdOf(value);
}

absl::StatusOr<Principal> Call::Caller(const CallerAuth& auth) {
  TP_ASSIGN_OR_RETURN(Principal principal, auth.Caller(*context_));
  principal_ = principal.id;
  return principal;
}

absl::StatusOr<Principal> Call::Admit(const CallerAuth& auth, const Target& target) {
  TP_ASSIGN_OR_RETURN(Principal principal, Caller(auth));
  TP_RETURN_IF_ERROR(auth.Check(principal, method_, target));
  return principal;
}

void Call::Ended(const grpc::Status& status) {
  const std::string_view code = CodeName(status.error_code());
  if (metrics_ != nullptr) metrics_->GrpcRequests(method_, code).Increment();
  if (!LogEnabled(LogLevel::kDebug)) return;
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begun_;
  Log(LogLevel::kDebug, "call_ended",
      {{"method", LogId{method_}},
       {"code", LogId{code}},
       {"principal", LogId{principal_}},
       {"ms", taken.count()},
       {"trace", LogId{trace_}}});
}

}  // namespace trigpoint
