#include "trigpoint/store/identity_vault.h"

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

}  // namespace

struct IdentityVault::Impl {
  explicit Impl(const IdentityVaultOptions& options)
      : rows({.what = "vault",
              .item = "identity",
              .format = "trigpoint-vault 1",
              .probe = "trigpoint vault",
              .directory = options.directory,
              .kek_file = options.kek_file,
              .env = options.env}) {}
  ~Impl() { store_internal::Wipe(secret); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  absl::Status Open() {
    TP_RETURN_IF_ERROR(rows.Open());
    TP_ASSIGN_OR_RETURN(std::optional<std::string> kept, rows.Find(kSecretId));
    if (!kept.has_value()) {
      TP_ASSIGN_OR_RETURN(kept, RandomBytes(store_internal::kKeyBytes));
      TP_RETURN_IF_ERROR(rows.Put({{kSecretId, *kept}}));
    }
    secret = *std::move(kept);
    return absl::OkStatus();
  }

  std::string Digits(const std::string& text) const {
    return HexEncode(HmacSha256(secret, text)).substr(0, kVaultRecordDigits);
  }

  WrappedRows rows;
  std::string secret{};
  absl::Mutex mutex;  // Makes looking and keeping one step.
};

absl::StatusOr<std::unique_ptr<IdentityVault>> IdentityVault::Open(
    const IdentityVaultOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  TP_RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<IdentityVault>(new IdentityVault(std::move(impl)));
}

IdentityVault::IdentityVault(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
IdentityVault::~IdentityVault() = default;

std::string IdentityVault::KeyOf(const VaultRecord& record) const {
  return std::string(kVaultPrefix) + impl_->Digits(Joined({"record", record.source, record.id}));
}

std::string IdentityVault::RefOf(const VaultRecord& record, const std::string& identity) const {
  return KeyOf(record) + impl_->Digits(Joined({"identity", record.source, record.id, identity}));
}

absl::StatusOr<std::string> IdentityVault::Put(const VaultRecord& record,
                                               const std::string& identity) {
  std::string ref = RefOf(record, identity);
  const absl::MutexLock lock(&impl_->mutex);
  TP_RETURN_IF_ERROR(impl_->rows.Find(KeyOf(record)).status());  // A tombstone, or nothing.
  TP_ASSIGN_OR_RETURN(const std::optional<std::string> kept, impl_->rows.Find(ref));
  if (!kept.has_value()) TP_RETURN_IF_ERROR(impl_->rows.Put({{ref, identity}}));
  return ref;
}

absl::StatusOr<std::string> IdentityVault::Get(const std::string& ref) const {
  TP_ASSIGN_OR_RETURN(std::optional<std::string> kept, impl_->rows.Find(ref));
  if (!kept.has_value() || !ref.starts_with(kVaultPrefix))
    return MakeStatus(absl::StatusCode::kNotFound, "no identity " + ref);
  return *std::move(kept);
}

absl::StatusOr<bool> IdentityVault::Owns(const VaultRecord& record, const std::string& ref) const {
  const std::string key = KeyOf(record);
  if (!ref.starts_with(key) || ref.size() == key.size()) return false;
  const auto kept = impl_->rows.Find(ref);
  if (absl::IsAborted(kept.status())) return true;
  TP_RETURN_IF_ERROR(kept.status());
  return kept->has_value();
}

absl::StatusOr<bool> IdentityVault::Knows(const VaultRecord& record) const {
  TP_ASSIGN_OR_RETURN(const auto ids, impl_->rows.IdsFrom(KeyOf(record)));
  return !ids.empty();
}

absl::Status IdentityVault::Erase(const std::vector<std::string>& keys) {
  std::vector<std::string> ids;
  {
    const absl::MutexLock lock(&impl_->mutex);
    for (const std::string& key : keys) {
      if (!key.starts_with(kVaultPrefix) ||
          key.size() != kVaultPrefix.size() + kVaultRecordDigits) {
        return MakeStatus(absl::StatusCode::kInvalidArgument, key + " names no record of a vault");
      }
      ids.push_back(key);
      TP_ASSIGN_OR_RETURN(const auto refs, impl_->rows.IdsFrom(key));
      ids.insert(ids.end(), refs.begin(), refs.end());
    }
    if (ids.empty()) return absl::OkStatus();
    TP_RETURN_IF_ERROR(impl_->rows.Bury(ids));
  }
  return impl_->rows.Rewrite(ids);
}

}  // namespace trigpoint
