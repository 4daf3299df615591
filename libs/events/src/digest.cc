#include "trigpoint/events/digest.h"

#include <cstddef>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "message_rules.h"
#include "trigpoint/base/digest.h"

namespace trigpoint {
namespace {

std::string DigestOfBytes(const google::protobuf::Message& message) {
  constexpr size_t kDigestBytes = 16;
  const Sha256Digest digest = Sha256(CanonicalBytes(message));
  return {reinterpret_cast<const char*>(digest.data()), kDigestBytes};
}

/// Whether an event is as its sender gave it: nothing has to be taken out of a copy first.
bool IsBare(const v1::Event& event) {
  return event.stream_id().empty() && !event.has_received_at() && !event.has_first_received_at() &&
         event.submission_digest().empty() && event.source_version() != 0 &&
         !HasForm(event, v1::SealableText::kSealed);
}

}  // namespace

std::string CanonicalBytes(const google::protobuf::Message& message) {
  std::string bytes;
  bytes.reserve(message.ByteSizeLong());
  google::protobuf::io::StringOutputStream sink(&bytes);
  google::protobuf::io::CodedOutputStream out(&sink);
  out.SetSerializationDeterministic(true);
  message.SerializeWithCachedSizes(&out);
  out.Trim();
  return bytes;
}

std::string SubmissionDigest(const v1::Event& event) {
  if (IsBare(event)) return DigestOfBytes(event);
  v1::Event submitted = event;
  submitted.clear_stream_id();
  submitted.clear_received_at();
  submitted.clear_first_received_at();
  submitted.clear_submission_digest();
  if (submitted.source_version() == 0) {
    submitted.set_source_version(1);
  }
  for (const SealablePlace& place : SealablePlaces(&submitted)) {
    auto* text = static_cast<v1::SealableText*>(place.text);
    if (text->has_sealed()) {
      text->mutable_sealed()->clear_key_id();
    }
  }
  return DigestOfBytes(submitted);
}

}  // namespace trigpoint
