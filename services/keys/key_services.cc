#include "services/keys/key_services.h"

#include <string>
#include <utility>

#include "trigpoint/base/status.h"
#include "trigpoint/internal/v1/keys.grpc.pb.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

namespace api = internal::v1;

constexpr int kHoldShare = 3;  // Three chances to renew a lease.

template <typename Ids>
std::vector<std::string> ListOf(const Ids& ids) {
  return {ids.begin(), ids.end()};
}

VaultRecord RecordOf(const api::IdentityRecord& record) { return {record.source(), record.id()}; }

/// Admits the caller, then gives the status of `answer`, code and text as they are.
template <typename Answer>
grpc::Status AnswerTo(const Admission& admission, grpc::ServerContext* context, Answer answer) {
  if (const absl::Status admitted = admission.Admit(*context); !admitted.ok()) {
    Log(LogLevel::kWarning, "keys_caller_refused");
    return {grpc::StatusCode::PERMISSION_DENIED, std::string(admitted.message())};
  }
  const absl::Status status = answer();
  if (status.ok()) return grpc::Status::OK;
  context->AddTrailingMetadata(kAnsweredMetadata, "1");
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

class KeyService final : public api::KeyService::Service {
 public:
  explicit KeyService(const KeyServiceDeps& deps) : deps_(deps) {}

  grpc::Status GetOrCreateKeys(grpc::ServerContext* context,
                               const api::GetOrCreateKeysRequest* request,
                               api::GetOrCreateKeysResponse* response) override {
    return AnswerTo(*deps_.admission, context, [&]() -> absl::Status {
      TP_ASSIGN_OR_RETURN(auto keys, deps_.keys->GetOrCreateKeys(ListOf(request->key_ids())));
      for (std::string& key : keys) response->add_keys(std::move(key));
      return absl::OkStatus();
    });
  }

  grpc::Status GetKeys(grpc::ServerContext* context, const api::GetKeysRequest* request,
                       api::GetKeysResponse* response) override {
    return AnswerTo(*deps_.admission, context, [&]() -> absl::Status {
      for (auto& key : deps_.keys->GetKeys(ListOf(request->key_ids()))) {
        auto* found = response->add_found();
        if (key.ok()) {
          found->set_key(*std::move(key));
        } else {
          found->set_code(static_cast<int>(key.status().code()));
          found->set_text(std::string(key.status().message()));
        }
      }
      return absl::OkStatus();
    });
  }

  grpc::Status DestroyKeys(grpc::ServerContext* context, const api::DestroyKeysRequest* request,
                           api::DestroyKeysResponse* /*response*/) override {
    return AnswerTo(*deps_.admission, context,
                    [&] { return deps_.keys->DestroyKeys(ListOf(request->key_ids())); });
  }

  grpc::Status FollowRevocations(grpc::ServerContext* context,
                                 const api::FollowRevocationsRequest* request,
                                 api::FollowRevocationsResponse* response) override {
    return AnswerTo(*deps_.admission, context, [&]() -> absl::Status {
      if (request->follower().empty())
        return absl::InvalidArgumentError("a follower without a name");
      auto news =
          deps_.revocations->Follow(request->follower(), request->run(), request->sequence(),
                                    deps_.revocations->lease() / kHoldShare);
      if (!news.has_value()) return absl::UnavailableError("the keys are being closed");
      response->set_run(news->run);
      response->set_sequence(news->sequence);
      response->set_forget_all(news->forget_all);
      for (std::string& key_id : news->key_ids) response->add_key_ids(std::move(key_id));
      response->set_lease_us(absl::ToInt64Microseconds(deps_.revocations->lease()));
      response->set_has_vault(deps_.vault != nullptr);
      return absl::OkStatus();
    });
  }

 private:
  const KeyServiceDeps deps_;
};

class IdentityService final : public api::IdentityService::Service {
 public:
  explicit IdentityService(const KeyServiceDeps& deps) : deps_(deps) {}

  grpc::Status GetReference(grpc::ServerContext* context, const api::GetReferenceRequest* request,
                            api::GetReferenceResponse* response) override {
    return AnswerTo(*deps_.admission, context, [&]() -> absl::Status {
      const VaultRecord record = RecordOf(request->record());
      TP_ASSIGN_OR_RETURN(*response->mutable_key(), deps_.vault->KeyOf(record));
      if (!request->has_identity()) return absl::OkStatus();
      TP_ASSIGN_OR_RETURN(*response->mutable_reference(),
                          deps_.vault->RefOf(record, request->identity()));
      return absl::OkStatus();
    });
  }

  grpc::Status PutIdentity(grpc::ServerContext* context, const api::PutIdentityRequest* request,
                           api::PutIdentityResponse* response) override {
    return AnswerTo(*deps_.admission, context, [&]() -> absl::Status {
      TP_ASSIGN_OR_RETURN(*response->mutable_reference(),
                          deps_.vault->Put(RecordOf(request->record()), request->identity()));
      return absl::OkStatus();
    });
  }

  grpc::Status GetIdentity(grpc::ServerContext* context, const api::GetIdentityRequest* request,
                           api::GetIdentityResponse* response) override {
    return AnswerTo(*deps_.admission, context, [&]() -> absl::Status {
      TP_ASSIGN_OR_RETURN(*response->mutable_identity(), deps_.vault->Get(request->reference()));
      return absl::OkStatus();
    });
  }

  grpc::Status OwnsReference(grpc::ServerContext* context, const api::OwnsReferenceRequest* request,
                             api::OwnsReferenceResponse* response) override {
    return AnswerTo(*deps_.admission, context, [&]() -> absl::Status {
      TP_ASSIGN_OR_RETURN(const bool owns,
                          deps_.vault->Owns(RecordOf(request->record()), request->reference()));
      response->set_owns(owns);
      return absl::OkStatus();
    });
  }

  grpc::Status KnowsRecord(grpc::ServerContext* context, const api::KnowsRecordRequest* request,
                           api::KnowsRecordResponse* response) override {
    return AnswerTo(*deps_.admission, context, [&]() -> absl::Status {
      TP_ASSIGN_OR_RETURN(const bool knows, deps_.vault->Knows(RecordOf(request->record())));
      response->set_knows(knows);
      return absl::OkStatus();
    });
  }

  grpc::Status EraseIdentities(grpc::ServerContext* context,
                               const api::EraseIdentitiesRequest* request,
                               api::EraseIdentitiesResponse* /*response*/) override {
    return AnswerTo(*deps_.admission, context,
                    [&] { return deps_.vault->Erase(ListOf(request->keys())); });
  }

 private:
  const KeyServiceDeps deps_;
};

}  // namespace

std::vector<std::unique_ptr<grpc::Service>> MakeKeyServices(const KeyServiceDeps& deps) {
  std::vector<std::unique_ptr<grpc::Service>> services;
  services.push_back(std::make_unique<KeyService>(deps));
  if (deps.vault != nullptr) services.push_back(std::make_unique<IdentityService>(deps));
  return services;
}

}  // namespace trigpoint
