#include "services/keys/remote_identity_vault.h"

#include <optional>
#include <utility>

#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

namespace api = internal::v1;

void SetRecord(const VaultRecord& record, api::IdentityRecord* message) {
  message->set_source(record.source);
  message->set_id(record.id);
}

class RemoteIdentityVault final : public IdentityVault {
 public:
  explicit RemoteIdentityVault(std::shared_ptr<KeyChannel> channel)
      : channel_(std::move(channel)) {}

  absl::StatusOr<std::string> RefOf(const VaultRecord& record,
                                    const std::string& identity) const override {
    TP_ASSIGN_OR_RETURN(api::GetReferenceResponse named, Name(record, identity));
    return std::move(*named.mutable_reference());
  }

  absl::StatusOr<std::string> KeyOf(const VaultRecord& record) const override {
    TP_ASSIGN_OR_RETURN(api::GetReferenceResponse named, Name(record, std::nullopt));
    return std::move(*named.mutable_key());
  }

  absl::StatusOr<std::string> Put(const VaultRecord& record, const std::string& identity) override {
    api::PutIdentityRequest request;
    SetRecord(record, request.mutable_record());
    request.set_identity(identity);
    api::PutIdentityResponse response;
    TP_RETURN_IF_ERROR(
        channel_->Ask([this](auto... call) { return channel_->identities().PutIdentity(call...); },
                      request, &response, channel_->options().call_timeout));
    return std::move(*response.mutable_reference());
  }

  absl::StatusOr<std::string> Get(const std::string& ref) const override {
    api::GetIdentityRequest request;
    request.set_reference(ref);
    api::GetIdentityResponse response;
    TP_RETURN_IF_ERROR(
        channel_->Ask([this](auto... call) { return channel_->identities().GetIdentity(call...); },
                      request, &response, channel_->options().call_timeout));
    return std::move(*response.mutable_identity());
  }

  absl::StatusOr<bool> Owns(const VaultRecord& record, const std::string& ref) const override {
    api::OwnsReferenceRequest request;
    SetRecord(record, request.mutable_record());
    request.set_reference(ref);
    api::OwnsReferenceResponse response;
    TP_RETURN_IF_ERROR(channel_->Ask(
        [this](auto... call) { return channel_->identities().OwnsReference(call...); }, request,
        &response, channel_->options().call_timeout));
    return response.owns();
  }

  absl::StatusOr<bool> Knows(const VaultRecord& record) const override {
    api::KnowsRecordRequest request;
    SetRecord(record, request.mutable_record());
    api::KnowsRecordResponse response;
    TP_RETURN_IF_ERROR(
        channel_->Ask([this](auto... call) { return channel_->identities().KnowsRecord(call...); },
                      request, &response, channel_->options().call_timeout));
    return response.knows();
  }

  absl::Status Erase(const std::vector<std::string>& keys) override {
    api::EraseIdentitiesRequest request;
    for (const std::string& key : keys) request.add_keys(key);
    api::EraseIdentitiesResponse response;
    return channel_->Ask(
        [this](auto... call) { return channel_->identities().EraseIdentities(call...); }, request,
        &response, channel_->options().destroy_timeout);
  }

 private:
  absl::StatusOr<api::GetReferenceResponse> Name(const VaultRecord& record,
                                                 const std::optional<std::string>& identity) const {
    api::GetReferenceRequest request;
    SetRecord(record, request.mutable_record());
    if (identity.has_value()) request.set_identity(*identity);
    api::GetReferenceResponse response;
    TP_RETURN_IF_ERROR(
        channel_->Ask([this](auto... call) { return channel_->identities().GetReference(call...); },
                      request, &response, channel_->options().call_timeout));
    return response;
  }

  std::shared_ptr<KeyChannel> channel_;
};

}  // namespace

std::unique_ptr<IdentityVault> MakeRemoteIdentityVault(std::shared_ptr<KeyChannel> channel) {
  return std::make_unique<RemoteIdentityVault>(std::move(channel));
}

}  // namespace trigpoint
