#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// What every reference into the vault of protected identities begins with.
inline constexpr std::string_view kVaultPrefix = "vault:";
/// Hexadecimal digits of a reference that stand for the record; as many follow for the identity.
inline constexpr size_t kVaultRecordDigits = 32;

/// An identity that came with a report.
struct TakenIdentity {
  std::string field{};  ///< Its path: "whistleblowing_concern_received.reporter_identity".
  std::string text{};
  bool sealed = false;  ///< It came encrypted by somebody else: `text` is empty.
};

/// Takes the identity of a protected source (fields with the option `vault_only`) out of an event:
/// afterwards the event holds nothing of it. nullopt: there was none.
/// Rule: domain.md 2.2, C5: never in the event, whatever becomes of it.
std::optional<TakenIdentity> TakeIdentity(v1::Event* event);

/// The path of the field that holds the reference into a vault, in the payload that the event has:
/// "whistleblowing_concern_received.reporter_vault_ref"; empty: the kind has none.
std::string VaultRefField(const v1::Event& event);
/// The reference into a vault that an event carries; empty: none.
std::string VaultRefOf(const v1::Event& event);
/// Sets it. The kind of the event has the field.
void SetVaultRef(const std::string& ref, v1::Event* event);

/// What is destroyed to erase every identity of the event's record: the part of its reference that
/// stands for the record. Empty: it has no reference into our vault.
std::string VaultKeyOf(const v1::Event& event);

}  // namespace trigpoint
