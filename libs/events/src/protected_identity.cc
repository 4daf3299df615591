#include "trigpoint/events/protected_identity.h"

#include <utility>

#include "message_rules.h"
#include "trigpoint/base/check.h"

namespace trigpoint {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kRefName[] = "reporter_vault_ref";

const FieldDescriptor* PayloadOf(const v1::Event& event) {
  // Looked up once: every event that comes in is asked.
  static const auto* const kPayload = v1::Event::descriptor()->FindOneofByName("payload");
  return v1::Event::GetReflection()->GetOneofFieldDescriptor(event, kPayload);
}

/// The field of the payload that holds the reference; null: the kind has none.
const FieldDescriptor* RefFieldOf(const v1::Event& event) {
  const FieldDescriptor* payload = PayloadOf(event);
  return payload == nullptr ? nullptr : payload->message_type()->FindFieldByName(kRefName);
}

}  // namespace

std::optional<TakenIdentity> TakeIdentity(v1::Event* event) {
  const FieldDescriptor* payload = PayloadOf(*event);
  if (payload == nullptr) return std::nullopt;
  std::optional<TakenIdentity> taken;
  const auto& rules = RulesOf(payload->message_type());
  for (const FieldRules& rule : rules.fields) {
    if (!rule.vault_only) continue;
    Message* message = v1::Event::GetReflection()->MutableMessage(event, payload);
    if (!message->GetReflection()->HasField(*message, rule.field)) continue;
    const auto& text = static_cast<const v1::SealableText&>(
        message->GetReflection()->GetMessage(*message, rule.field));
    taken = TakenIdentity{.field = payload->name() + "." + rule.field->name(),
                          .text = text.clear(),
                          .sealed = text.has_sealed()};
    message->GetReflection()->ClearField(message, rule.field);
  }
  return taken;
}

std::string VaultRefField(const v1::Event& event) {
  const FieldDescriptor* field = RefFieldOf(event);
  return field == nullptr ? std::string() : PayloadOf(event)->name() + "." + field->name();
}

std::string VaultRefOf(const v1::Event& event) {
  const FieldDescriptor* field = RefFieldOf(event);
  if (field == nullptr) return "";
  const Message& message = v1::Event::GetReflection()->GetMessage(event, PayloadOf(event));
  return message.GetReflection()->GetString(message, field);
}

void SetVaultRef(const std::string& ref, v1::Event* event) {
  const FieldDescriptor* field = RefFieldOf(*event);
  TP_CHECK(field != nullptr, "the kind of the event has no reference into a vault");
  Message* message = v1::Event::GetReflection()->MutableMessage(event, PayloadOf(*event));
  message->GetReflection()->SetString(message, field, ref);
}

std::string VaultKeyOf(const v1::Event& event) {
  const std::string ref = VaultRefOf(event);
  constexpr size_t kKeySize = kVaultPrefix.size() + kVaultRecordDigits;
  return ref.starts_with(kVaultPrefix) && ref.size() > kKeySize ? ref.substr(0, kKeySize) : "";
}

}  // namespace trigpoint
