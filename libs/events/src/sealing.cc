#include "trigpoint/events/sealing.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "message_rules.h"
#include "trigpoint/base/crypto.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr size_t kCaseBytes = 16;

// Length first, so that no two lists of parts give the same bytes.
void AppendPart(std::string_view part, std::string* out) {
  auto size = static_cast<uint64_t>(part.size());
  for (int i = 0; i < 8; ++i, size >>= 8U) {
    out->push_back(static_cast<char>(size & 0xFFU));
  }
  out->append(part);
}

std::string Join(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (std::string_view part : parts) {
    AppendPart(part, &joined);
  }
  return joined;
}

absl::Status CheckKey(std::string_view key) {
  return key.size() == kAesGcmKeyBytes ? absl::OkStatus()
                                       : absl::InternalError("a sealing key has not 32 bytes");
}

// What one sealed text is bound to.
struct Binding {
  std::string
      nonce_input;  // Identity and field, with the version: two versions never share a nonce.
  std::string aad;  // Identity and field, without the version.
};

Binding BindingOf(const v1::Event& event, const std::string& place) {
  const std::string version =
      std::to_string(event.source_version() == 0 ? 1U : event.source_version());
  return {.nonce_input = Join({event.source(), event.id(), version, place}),
          .aad = Join({event.source(), event.id(), place})};
}

// The same key, binding and text give the same nonce; another text gives another one, save with the
// chance of a collision of 96 bits. The nonce key differs from the cipher key by the label.
std::string NonceFor(std::string_view key, const Binding& binding, std::string_view text) {
  return HmacSha256(HmacSha256(key, "nonce"), Join({binding.nonce_input, text}))
      .substr(0, kAesGcmNonceBytes);
}

absl::StatusOr<std::string> Decrypt(std::string_view key, std::string_view aad,
                                    const v1::Sealed& sealed) {
  std::optional<std::string> text = AesGcmOpen(key, sealed.nonce(), aad, sealed.ciphertext());
  if (!text.has_value()) return absl::DataLossError("a sealed text does not open under its key");
  return *std::move(text);
}

v1::Sealed Seal(const std::string& key_id, std::string_view key, const Binding& binding,
                std::string_view text) {
  v1::Sealed sealed;
  sealed.set_key_id(key_id);
  sealed.set_nonce(NonceFor(key, binding, text));
  sealed.set_ciphertext(AesGcmSeal(key, sealed.nonce(), binding.aad, text));
  return sealed;
}

Binding BindingOfBytes(const std::string& key_id, std::string_view context) {
  const std::string both = Join({"bytes", key_id, context});
  return {.nonce_input = both, .aad = both};
}

}  // namespace

std::string SealingKeyId(const v1::Event& event) {
  const std::string hash = Sha256Hex(event.incident_key().empty()
                                         ? Join({event.source(), "id", event.id()})
                                         : Join({event.source(), "case", event.incident_key()}));
  return "case:" + hash.substr(0, 2 * kCaseBytes);
}

bool HasClear(const google::protobuf::Message& message) {
  return HasForm(message, v1::SealableText::kClear);
}

std::vector<std::string> SealedUnder(const v1::Event& event) {
  std::vector<std::string> ids;
  v1::Event copy = event;  // Places are told of what may be changed.
  for (const SealablePlace& place : SealablePlaces(&copy)) {
    const auto* text = static_cast<const v1::SealableText*>(place.text);
    if (!text->has_sealed()) continue;
    const std::string& id = text->sealed().key_id();
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

absl::Status SealEvent(v1::Event* event, KeySource& keys) {
  if (!HasClear(*event)) {
    return absl::OkStatus();
  }
  const std::string key_id = SealingKeyId(*event);
  TP_ASSIGN_OR_RETURN(const std::string key, keys.GetOrCreateKey(key_id));
  TP_RETURN_IF_ERROR(CheckKey(key));
  std::vector<std::pair<v1::SealableText*, v1::Sealed>> done;
  for (const SealablePlace& place : SealablePlaces(event)) {
    auto* text = static_cast<v1::SealableText*>(place.text);
    if (!text->has_clear()) {
      continue;
    }
    done.emplace_back(text, Seal(key_id, key, BindingOf(*event, place.place), text->clear()));
  }
  for (auto& [text, sealed] : done) {
    *text->mutable_sealed() = std::move(sealed);
  }
  return absl::OkStatus();
}

absl::Status UnsealEvent(v1::Event* event, KeySource& keys) {
  std::vector<std::pair<v1::SealableText*, std::string>> done;
  for (const SealablePlace& place : SealablePlaces(event)) {
    auto* text = static_cast<v1::SealableText*>(place.text);
    if (!text->has_sealed()) {
      continue;
    }
    const absl::StatusOr<std::string> key = keys.GetKey(text->sealed().key_id());
    if (absl::IsAborted(key.status()) || absl::IsNotFound(key.status())) {
      continue;
    }
    TP_RETURN_IF_ERROR(key.status());
    TP_RETURN_IF_ERROR(CheckKey(*key));
    TP_ASSIGN_OR_RETURN(std::string clear,
                        Decrypt(*key, BindingOf(*event, place.place).aad, text->sealed()));
    done.emplace_back(text, std::move(clear));
  }
  for (auto& [text, clear] : done) {
    text->set_clear(std::move(clear));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Sealed> SealBytes(const std::string& key_id, std::string_view context,
                                     std::string_view bytes, KeySource& keys) {
  TP_ASSIGN_OR_RETURN(const std::string key, keys.GetOrCreateKey(key_id));
  TP_RETURN_IF_ERROR(CheckKey(key));
  return Seal(key_id, key, BindingOfBytes(key_id, context), bytes);
}

absl::StatusOr<std::string> UnsealBytes(const v1::Sealed& sealed, std::string_view context,
                                        KeySource& keys) {
  TP_ASSIGN_OR_RETURN(const std::string key, keys.GetKey(sealed.key_id()));
  TP_RETURN_IF_ERROR(CheckKey(key));
  return Decrypt(key, BindingOfBytes(sealed.key_id(), context).aad, sealed);
}

}  // namespace trigpoint
