#include "services/query/resume_token.h"

#include <optional>
#include <string_view>

#include "absl/strings/escaping.h"
#include "trigpoint/base/crypto.h"
#include "trigpoint/base/digest.h"

namespace trigpoint {
namespace {

constexpr char kVersion = 2;

void PutNumber(int64_t number, std::string* body) {
  auto left = static_cast<uint64_t>(number);
  while (left >= 0x80) {
    body->push_back(static_cast<char>((left & 0x7f) | 0x80));
    left >>= 7;
  }
  body->push_back(static_cast<char>(left));
}

std::optional<int64_t> TakeNumber(std::string_view* body) {
  uint64_t number = 0;
  for (unsigned shift = 0; shift < 63 && !body->empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(body->front());
    body->remove_prefix(1);
    number |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return static_cast<int64_t>(number);
  }
  return std::nullopt;
}

absl::Status Unusable(std::string_view why) {
  return absl::OutOfRangeError("the resume token cannot be used: " + std::string(why));
}

}  // namespace

ResumeTokens::ResumeTokens(const std::string& log_id) {
  const Sha256Digest digest = Sha256("trigpoint resume token\n" + log_id);
  key_.assign(reinterpret_cast<const char*>(digest.data()), digest.size());
}

std::string ResumeTokens::Tag(const std::string& body) const { return HmacSha256(key_, body); }

std::string ResumeTokens::Make(const WatchPosition& position) const {
  std::string body(1, kVersion);
  PutNumber(static_cast<int64_t>(position.next.size()), &body);
  for (size_t p = 0; p < position.next.size(); ++p) {
    PutNumber(position.next[p], &body);
    // Past it, it says nothing any more.
    PutNumber(position.open_until[p] > position.next[p] ? position.open_until[p] : 0, &body);
  }
  // Sealed: the distance of two tokens in the log counts what came between.
  const std::string nonce = Tag(body).substr(0, kAesGcmNonceBytes);
  return absl::WebSafeBase64Escape(nonce + AesGcmSeal(key_, nonce, "", body));
}

absl::StatusOr<WatchPosition> ResumeTokens::Read(const std::string& token,
                                                 const std::vector<int64_t>& heads) const {
  std::string whole;
  if (!absl::WebSafeBase64Unescape(token, &whole) || whole.size() <= kAesGcmNonceBytes)
    return Unusable("it is damaged");
  const std::string_view bytes = whole;
  const auto body =
      AesGcmOpen(key_, bytes.substr(0, kAesGcmNonceBytes), "", bytes.substr(kAesGcmNonceBytes));
  if (!body.has_value() || body->empty()) return Unusable("it is of another log, or damaged");
  std::string_view left = *body;
  const bool known = left.front() == kVersion;
  left.remove_prefix(1);
  const std::optional<int64_t> partitions = TakeNumber(&left);
  if (!known || partitions != static_cast<int64_t>(heads.size()))
    return Unusable("it is of another form");
  WatchPosition position;
  for (const int64_t head : heads) {
    const std::optional<int64_t> next = TakeNumber(&left);
    const std::optional<int64_t> open_until = TakeNumber(&left);
    if (!next.has_value() || !open_until.has_value()) return Unusable("it is damaged");
    if (*next > head || *open_until > head) return Unusable("it lies beyond the end of the log");
    position.next.push_back(*next);
    position.open_until.push_back(*open_until);
  }
  if (!left.empty()) return Unusable("it is damaged");
  return position;
}

std::string ResumeTokens::Earliest(size_t partitions) const {
  return Make({.next = std::vector<int64_t>(partitions, 0),
               .open_until = std::vector<int64_t>(partitions, 0)});
}

}  // namespace trigpoint
