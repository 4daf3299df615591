#include "head_marks.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "little_endian.h"
#include "trigpoint/rocks/status.h"

namespace trigpoint {
namespace {

constexpr uint32_t kMagic = 0x4b4d5054;  // "TPMK"
constexpr uint32_t kVersion = 1;
constexpr size_t kHeaderBytes = 4 + 4 + 8 + 4;
constexpr size_t kMarkBytes = 8 + sizeof(Digest);
constexpr size_t kCrcBytes = 4;
constexpr size_t kPageBytes = 4096;

size_t BodyBytes(size_t partitions) { return kHeaderBytes + partitions * kMarkBytes; }

size_t SlotBytes(size_t partitions) {
  return (BodyBytes(partitions) + kCrcBytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

std::string EncodeSlot(uint64_t sequence, const std::vector<HeadMark>& marks) {
  std::string slot;
  slot.reserve(BodyBytes(marks.size()) + kCrcBytes);
  PutLittleEndian(kMagic, 4, &slot);
  PutLittleEndian(kVersion, 4, &slot);
  PutLittleEndian(sequence, 8, &slot);
  PutLittleEndian(marks.size(), 4, &slot);
  for (const HeadMark& mark : marks) {
    PutLittleEndian(static_cast<uint64_t>(mark.head), 8, &slot);
    slot.append(mark.last.begin(), mark.last.end());
  }
  PutLittleEndian(Crc32c(slot), 4, &slot);
  return slot;
}

struct Slot {
  uint64_t sequence = 0;
  std::vector<HeadMark> marks;
};

std::optional<Slot> DecodeSlot(std::string_view bytes, uint32_t partitions) {
  const size_t body = BodyBytes(partitions);
  if (bytes.size() < body + kCrcBytes) return std::nullopt;
  if (GetLittleEndian(bytes, body, 4) != Crc32c(bytes.substr(0, body))) return std::nullopt;
  if (GetLittleEndian(bytes, 0, 4) != kMagic || GetLittleEndian(bytes, 4, 4) != kVersion ||
      GetLittleEndian(bytes, 16, 4) != partitions) {
    return std::nullopt;
  }
  Slot slot;
  slot.sequence = GetLittleEndian(bytes, 8, 8);
  for (uint32_t i = 0; i < partitions; ++i) {
    const size_t at = kHeaderBytes + i * kMarkBytes;
    HeadMark mark;
    mark.head = static_cast<int64_t>(GetLittleEndian(bytes, at, 8));
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(at + 8), mark.last.size(),
                mark.last.begin());
    slot.marks.push_back(mark);
  }
  return slot;
}

}  // namespace

HeadMarks::~HeadMarks() = default;

absl::Status HeadMarks::Create(rocksdb::Env* env, const std::string& path, uint32_t partitions) {
  // Both slots are written in full, so that later writes only overwrite allocated blocks.
  std::string content;
  for (const uint64_t sequence : {uint64_t{0}, uint64_t{1}}) {
    content += EncodeSlot(sequence, std::vector<HeadMark>(partitions));
    content.resize((sequence + 1) * SlotBytes(partitions), '\0');
  }
  const std::string unfinished = path + ".new";
  rocksdb::Status status =
      rocksdb::WriteStringToFile(env, content, unfinished, /*should_sync=*/true);
  if (status.ok()) status = env->RenameFile(unfinished, path);
  return FromRocks(status, absl::StrCat("create head marks ", path));
}

absl::StatusOr<std::unique_ptr<HeadMarks>> HeadMarks::Open(rocksdb::Env* env,
                                                           const std::string& path,
                                                           uint32_t partitions) {
  std::string content;
  const rocksdb::Status read = rocksdb::ReadFileToString(env, path, &content);
  if (!read.ok()) return FromRocks(read, absl::StrCat("read head marks ", path));
  std::unique_ptr<HeadMarks> marks(new HeadMarks());
  marks->path_ = path;
  marks->slot_bytes_ = SlotBytes(partitions);
  int valid = 0;
  for (size_t i = 0; i < 2; ++i) {
    if (content.size() < (i + 1) * marks->slot_bytes_) break;
    std::optional<Slot> slot = DecodeSlot(
        std::string_view(content).substr(i * marks->slot_bytes_, marks->slot_bytes_), partitions);
    if (!slot.has_value() || slot->sequence % 2 != i) continue;
    if (valid++ == 0 || slot->sequence > marks->sequence_) {
      marks->sequence_ = slot->sequence;
      marks->marks_ = std::move(slot->marks);
    }
  }
  if (valid == 0) {
    return absl::DataLossError(
        absl::StrCat("head marks ", path, ": neither of the two slots is valid for ", partitions,
                     " partitions; restore the log from a backup or a replica"));
  }
  marks->both_slots_valid_ = valid == 2;
  const rocksdb::Status opened = env->NewRandomRWFile(path, &marks->file_, rocksdb::EnvOptions());
  if (!opened.ok()) return FromRocks(opened, absl::StrCat("open head marks ", path));
  return marks;
}

absl::Status HeadMarks::Write(const std::vector<HeadMark>& marks, Durability durability) {
  const uint64_t sequence = sequence_ + 1;
  rocksdb::Status status = file_->Write((sequence % 2) * slot_bytes_, EncodeSlot(sequence, marks));
  if (status.ok() && durability == Durability::kSynced) status = file_->Sync();
  if (!status.ok()) return FromRocks(status, absl::StrCat("write head marks ", path_));
  sequence_ = sequence;
  marks_ = marks;
  return absl::OkStatus();
}

}  // namespace trigpoint
