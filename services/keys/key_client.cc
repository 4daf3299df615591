#include "services/keys/key_client.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "services/keys/key_channel.h"
#include "services/keys/leased_key_cache.h"
#include "services/keys/remote_identity_vault.h"
#include "services/keys/revocations.h"
#include "trigpoint/base/crypto.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

namespace api = internal::v1;

constexpr size_t kFollowerBytes = 16;
constexpr absl::Duration kFollowTimeout = absl::Seconds(2);  // Beyond what the server may hold it.
constexpr absl::Duration kRetryMin = absl::Milliseconds(20);
constexpr absl::Duration kRetryMax = absl::Milliseconds(250);

/// Keeps a cache of keys true: asks for what was destroyed, for as long as it lives.
class Follower {
 public:
  Follower(std::shared_ptr<KeyChannel> channel, LeasedKeyCache* cache, std::string name)
      : channel_(std::move(channel)), cache_(cache), name_(std::move(name)) {}
  ~Follower() {
    {
      const absl::MutexLock lock(&mutex_);
      stopping_ = true;
      if (asking_ != nullptr) asking_->TryCancel();
    }
    if (thread_.joinable()) thread_.join();
  }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  /// Asks once.
  absl::Status Ask() {
    grpc::ClientContext context;
    channel_->Prepare(lease_ + kFollowTimeout, &context);
    {
      const absl::MutexLock lock(&mutex_);
      if (stopping_) return absl::CancelledError("closed");
      asking_ = &context;
    }
    const absl::Duration sent = SinceBoot();
    api::FollowRevocationsRequest request;
    request.set_follower(name_);
    request.set_run(run_);
    request.set_sequence(sequence_);
    api::FollowRevocationsResponse response;
    const grpc::Status answer = channel_->keys().FollowRevocations(&context, request, &response);
    {
      const absl::MutexLock lock(&mutex_);
      asking_ = nullptr;
    }
    TP_RETURN_IF_ERROR(channel_->StatusOf(answer, context));
    if (response.forget_all()) {
      cache_->ForgetAll();
    } else {
      cache_->Forget({response.key_ids().begin(), response.key_ids().end()});
    }
    run_ = response.run();
    sequence_ = response.sequence();
    lease_ = absl::Microseconds(response.lease_us());
    has_vault_ = response.has_vault();
    cache_->Extend(sent + lease_);
    return absl::OkStatus();
  }

  bool has_vault() const { return has_vault_; }  // After the first answer.
  void Start() {
    thread_ = std::thread([this] { Run(); });
  }

 private:
  bool Stopping() {
    const absl::MutexLock lock(&mutex_);
    return stopping_;
  }

  void Run() {
    absl::Duration wait = kRetryMin;
    bool reached = true;
    while (!Stopping()) {
      const absl::Status status = Ask();
      if (status.ok() != reached && !Stopping()) {
        reached = status.ok();
        Log(reached ? LogLevel::kInfo : LogLevel::kError, "keys_reached_changed",
            {{"reached", reached}, {"code", static_cast<int>(status.code())}});
      }
      if (status.ok()) {
        wait = kRetryMin;
        continue;
      }
      channel_->AwaitConnection(wait);
      channel_->Wait(kRetryMin);
      wait = std::min(wait * 2, kRetryMax);
    }
  }

  std::shared_ptr<KeyChannel> channel_;
  LeasedKeyCache* cache_;
  const std::string name_;
  // Of the asking thread.
  std::string run_{};
  uint64_t sequence_ = 0;
  absl::Duration lease_{};
  bool has_vault_ = false;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* asking_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::thread thread_;
};

class RemoteKeyStore final : public KeyStore {
 public:
  RemoteKeyStore(std::shared_ptr<KeyChannel> channel, std::string name)
      : channel_(std::move(channel)),
        cache_(channel_->options().cached_keys, &SinceBoot),
        follower_(channel_, &cache_, std::move(name)) {}
  ~RemoteKeyStore() override { channel_->Close(); }

  /// Until the first answer or `connect_timeout`.
  absl::Status Connect() {
    const absl::Time deadline = absl::Now() + channel_->options().connect_timeout;
    absl::Duration wait = kRetryMin;
    while (true) {
      channel_->AwaitConnection(wait);
      const absl::Status status = follower_.Ask();
      if (status.ok()) break;
      if (!absl::IsUnavailable(status) || absl::Now() + wait > deadline) return status;
      channel_->Wait(kRetryMin);
      wait = std::min(wait * 2, kRetryMax);
    }
    follower_.Start();
    return absl::OkStatus();
  }
  bool has_vault() const { return follower_.has_vault(); }

  absl::StatusOr<std::vector<std::string>> GetOrCreateKeys(
      const std::vector<std::string>& key_ids) override;
  std::vector<absl::StatusOr<std::string>> GetKeys(
      const std::vector<std::string>& key_ids) override;
  absl::Status DestroyKeys(const std::vector<std::string>& key_ids) override;
  absl::Status CopyTo(const std::string& /*directory*/) const override {
    return MakeStatus(
        absl::StatusCode::kUnimplemented,
        "the keys lie with the process at " + channel_->options().address + ": copy them there");
  }
  absl::Status Health() const override {
    if (cache_.Lasts()) return absl::OkStatus();
    return absl::UnavailableError("the process that keeps the keys (" +
                                  channel_->options().address + ") is not heard of");
  }

 private:
  /// What is remembered of the ids; the places of those that are not.
  std::vector<size_t> Recall(const std::vector<std::string>& key_ids,
                             const std::function<void(size_t, std::string)>& found);

  std::shared_ptr<KeyChannel> channel_;
  LeasedKeyCache cache_;
  Follower follower_;
};

std::vector<size_t> RemoteKeyStore::Recall(const std::vector<std::string>& key_ids,
                                           const std::function<void(size_t, std::string)>& found) {
  std::vector<size_t> missing;
  for (size_t i = 0; i < key_ids.size(); ++i) {
    std::optional<std::string> key = cache_.Find(key_ids[i]);
    if (key.has_value()) {
      found(i, *std::move(key));
    } else {
      missing.push_back(i);
    }
  }
  return missing;
}

absl::StatusOr<std::vector<std::string>> RemoteKeyStore::GetOrCreateKeys(
    const std::vector<std::string>& key_ids) {
  std::vector<std::string> keys(key_ids.size());
  const auto missing =
      Recall(key_ids, [&keys](size_t i, std::string key) { keys[i] = std::move(key); });
  if (missing.empty()) return keys;
  api::GetOrCreateKeysRequest request;
  for (const size_t i : missing) request.add_key_ids(key_ids[i]);
  const auto ticket = cache_.Begin();
  api::GetOrCreateKeysResponse response;
  TP_RETURN_IF_ERROR(
      channel_->Ask([this](auto... call) { return channel_->keys().GetOrCreateKeys(call...); },
                    request, &response, channel_->options().call_timeout));
  if (response.keys_size() != request.key_ids_size())
    return absl::InternalError("the process that keeps the keys gave another number of keys");
  for (size_t n = 0; n < missing.size(); ++n) {
    std::string& key = *response.mutable_keys(static_cast<int>(n));
    cache_.Insert(ticket, key_ids[missing[n]], key);
    keys[missing[n]] = std::move(key);
  }
  return keys;
}

std::vector<absl::StatusOr<std::string>> RemoteKeyStore::GetKeys(
    const std::vector<std::string>& key_ids) {
  std::vector<absl::StatusOr<std::string>> keys(key_ids.size());
  const auto missing =
      Recall(key_ids, [&keys](size_t i, std::string key) { keys[i] = std::move(key); });
  if (missing.empty()) return keys;
  api::GetKeysRequest request;
  for (const size_t i : missing) request.add_key_ids(key_ids[i]);
  const auto ticket = cache_.Begin();
  api::GetKeysResponse response;
  absl::Status status =
      channel_->Ask([this](auto... call) { return channel_->keys().GetKeys(call...); }, request,
                    &response, channel_->options().call_timeout);
  if (status.ok() && response.found_size() != request.key_ids_size())
    status = absl::InternalError("the process that keeps the keys gave another number of keys");
  for (size_t n = 0; n < missing.size(); ++n) {
    const size_t i = missing[n];
    if (!status.ok()) {
      keys[i] = status;
      continue;
    }
    auto& found = *response.mutable_found(static_cast<int>(n));
    if (found.code() != 0) {
      keys[i] = MakeStatus(static_cast<absl::StatusCode>(found.code()), found.text());
      continue;
    }
    cache_.Insert(ticket, key_ids[i], found.key());
    keys[i] = std::move(*found.mutable_key());
  }
  return keys;
}

absl::Status RemoteKeyStore::DestroyKeys(const std::vector<std::string>& key_ids) {
  if (key_ids.empty()) return absl::OkStatus();
  api::DestroyKeysRequest request;
  for (const std::string& key_id : key_ids) request.add_key_ids(key_id);
  api::DestroyKeysResponse response;
  return channel_->Ask([this](auto... call) { return channel_->keys().DestroyKeys(call...); },
                       request, &response, channel_->options().destroy_timeout);
}

}  // namespace

absl::StatusOr<SharedKeys> ConnectKeys(const KeyClientOptions& options) {
  TP_ASSIGN_OR_RETURN(auto channel, KeyChannel::Open(options));
  TP_ASSIGN_OR_RETURN(const std::string name, RandomBytes(kFollowerBytes));
  auto keys = std::make_unique<RemoteKeyStore>(channel, HexEncode(name));
  TP_RETURN_IF_ERROR(keys->Connect());
  SharedKeys shared;
  if (keys->has_vault()) shared.vault = MakeRemoteIdentityVault(channel);
  shared.keys = std::move(keys);
  return shared;
}

}  // namespace trigpoint
