#include "trigpoint/log/event_log.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trigpoint {

Digest DigestOf(std::string_view record) {
  // Fetched once, with one context per thread: fetching per record would cost more than the hash
  // itself.
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  struct ContextFree {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  thread_local const std::unique_ptr<EVP_MD_CTX, ContextFree> context(EVP_MD_CTX_new());
  std::array<uint8_t, 32> full{};
  if (EVP_DigestInit_ex(context.get(), kSha256, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), record.data(), record.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), full.data(), nullptr) != 1) {
    std::abort();  // SHA-256 over memory fails only when the process is out of memory.
  }
  Digest digest{};
  std::copy_n(full.begin(), digest.size(), digest.begin());
  return digest;
}

absl::StatusOr<Position> AppendAndWait(EventLog& log, uint32_t partition,
                                       std::vector<std::string> values) {
  auto answer = std::make_shared<std::promise<absl::StatusOr<Position>>>();
  std::future<absl::StatusOr<Position>> result = answer->get_future();
  log.Append(partition, std::move(values),
             [answer](absl::StatusOr<Position> first) { answer->set_value(std::move(first)); });
  return result.get();
}

absl::Status VerifyCheckpoint(const EventLog& log, Position next, const Digest& last) {
  const absl::StatusOr<int64_t> head = log.HeadOffset(next.partition);
  if (!head.ok()) return head.status();
  const std::string place = absl::StrCat("partition ", next.partition, " offset ", next.offset);
  if (*head < next.offset) {
    return absl::DataLossError(
        absl::StrCat("the log ends at offset ", *head, " of partition ", next.partition,
                     ", below the checkpoint at ", place,
                     ": it was truncated, restored from an older copy, or is another log"));
  }
  if (next.offset == 0) return absl::OkStatus();
  const absl::StatusOr<Digest> stored = log.DigestAt({next.partition, next.offset - 1});
  if (!stored.ok()) return stored.status();
  if (*stored != last) {
    return absl::DataLossError(
        absl::StrCat("the record before the checkpoint at ", place,
                     " is not the one that was folded: the log was replaced or rewritten"));
  }
  return absl::OkStatus();
}

}  // namespace trigpoint
