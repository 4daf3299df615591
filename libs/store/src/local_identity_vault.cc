#include "trigpoint/store/local_identity_vault.h"

#include <optional>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "kek.h"
#include "trigpoint/base/crypto.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/protected_identity.h"
#include "wrapped_rows.h"

namespace trigpoint {

using store_internal::WrappedRows;

namespace {

// A row like the others; no reference is spelt so.
const char* const kSecretId = "secret";

// Length first, so that no two lists of parts give the same text.
std::string Joined(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (const auto part : parts) joined += std::to_string(part.size()) + ':' + std::string(part);
  return joined;
}

class LocalIdentityVault final : public IdentityVault {
 public:
  explicit LocalIdentityVault(const LocalIdentityVaultOptions& options)
      : rows_({.what = "vault",
               .item = "identity",
               .format = "trigpoint-vault 1",
               .probe = "trigpoint vault",
               .directory = options.directory,
               .kek_file = options.kek_file,
               .env = options.env}) {}
  ~LocalIdentityVault() override { Wipe(secret_); }

  absl::Status Open();
  absl::StatusOr<std::string> RefOf(const VaultRecord& record,
                                    const std::string& identity) const override {
    return Ref(record, identity);
  }
  absl::StatusOr<std::string> KeyOf(const VaultRecord& record) const override {
    return Key(record);
  }
  absl::StatusOr<std::string> Put(const VaultRecord& record, const std::string& identity) override;
  absl::StatusOr<std::string> Get(const std::string& ref) const override;
  absl::StatusOr<bool> Owns(const VaultRecord& record, const std::string& ref) const override;
  absl::StatusOr<bool> Knows(const VaultRecord& record) const override;
  absl::Status Erase(const std::vector<std::string>& keys) override;

 private:
  std::string Digits(const std::string& text) const {
    return HexEncode(HmacSha256(secret_, text)).substr(0, kVaultRecordDigits);
  }
  std::string Key(const VaultRecord& record) const {
    return std::string(kVaultPrefix) + Digits(Joined({"record", record.source, record.id}));
  }
  std::string Ref(const VaultRecord& record, const std::string& identity) const {
    return Key(record) + Digits(Joined({"identity", record.source, record.id, identity}));
  }

  WrappedRows rows_;
  std::string secret_{};
  absl::Mutex mutex_;  // Makes looking and keeping one step.
};

absl::Status LocalIdentityVault::Open() {
  TP_RETURN_IF_ERROR(rows_.Open());
  TP_ASSIGN_OR_RETURN(std::optional<std::string> kept, rows_.Find(kSecretId));
  if (!kept.has_value()) {
    TP_ASSIGN_OR_RETURN(kept, RandomBytes(store_internal::kKeyBytes));
    TP_RETURN_IF_ERROR(rows_.Put({{kSecretId, *kept}}));
  }
  secret_ = *std::move(kept);
  return absl::OkStatus();
}

absl::StatusOr<std::string> LocalIdentityVault::Put(const VaultRecord& record,
                                                    const std::string& identity) {
  std::string ref = Ref(record, identity);
  const absl::MutexLock lock(&mutex_);
  TP_RETURN_IF_ERROR(rows_.Find(Key(record)).status());  // A tombstone, or nothing.
  TP_ASSIGN_OR_RETURN(const std::optional<std::string> kept, rows_.Find(ref));
  if (!kept.has_value()) TP_RETURN_IF_ERROR(rows_.Put({{ref, identity}}));
  return ref;
}

absl::StatusOr<std::string> LocalIdentityVault::Get(const std::string& ref) const {
  TP_ASSIGN_OR_RETURN(std::optional<std::string> kept, rows_.Find(ref));
  if (!kept.has_value() || !ref.starts_with(kVaultPrefix))
    return MakeStatus(absl::StatusCode::kNotFound, "no identity " + ref);
  return *std::move(kept);
}

absl::StatusOr<bool> LocalIdentityVault::Owns(const VaultRecord& record,
                                              const std::string& ref) const {
  const std::string key = Key(record);
  if (!ref.starts_with(key) || ref.size() == key.size()) return false;
  const auto kept = rows_.Find(ref);
  if (absl::IsAborted(kept.status())) return true;
  TP_RETURN_IF_ERROR(kept.status());
  return kept->has_value();
}

absl::StatusOr<bool> LocalIdentityVault::Knows(const VaultRecord& record) const {
  TP_ASSIGN_OR_RETURN(const auto ids, rows_.IdsFrom(Key(record)));
  return !ids.empty();
}

absl::Status LocalIdentityVault::Erase(const std::vector<std::string>& keys) {
  std::vector<std::string> ids;
  {
    const absl::MutexLock lock(&mutex_);
    for (const std::string& key : keys) {
      if (!key.starts_with(kVaultPrefix) ||
          key.size() != kVaultPrefix.size() + kVaultRecordDigits) {
        return MakeStatus(absl::StatusCode::kInvalidArgument, key + " names no record of a vault");
      }
      ids.push_back(key);
      TP_ASSIGN_OR_RETURN(const auto refs, rows_.IdsFrom(key));
      ids.insert(ids.end(), refs.begin(), refs.end());
    }
    if (ids.empty()) return absl::OkStatus();
    TP_RETURN_IF_ERROR(rows_.Bury(ids));
  }
  return rows_.Rewrite(ids);
}

}  // namespace

absl::StatusOr<std::unique_ptr<IdentityVault>> OpenLocalIdentityVault(
    const LocalIdentityVaultOptions& options) {
  auto vault = std::make_unique<LocalIdentityVault>(options);
  TP_RETURN_IF_ERROR(vault->Open());
  return std::unique_ptr<IdentityVault>(std::move(vault));
}

}  // namespace trigpoint
