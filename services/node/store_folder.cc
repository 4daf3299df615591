#include "services/node/store_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "trigpoint/base/status.h"
#include "trigpoint/domain/evolve.h"
#include "trigpoint/telemetry/logging.h"

namespace trigpoint {
namespace {

namespace fs = std::filesystem;

constexpr char kCurrent[] = "store.current";

absl::Status FileError(const std::string& doing, const std::error_code& error) {
  return absl::UnavailableError("cannot " + doing + ": " + error.message());
}

absl::Status Sync(const std::string& path, const std::string* text) {
  const int flags = text == nullptr ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
  const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  const bool written = file >= 0 &&
                       (text == nullptr || ::write(file, text->data(), text->size()) ==
                                               static_cast<ssize_t>(text->size())) &&
                       ::fsync(file) == 0;
  const std::error_code error(errno, std::generic_category());
  if (file >= 0) ::close(file);
  return written ? absl::OkStatus() : FileError("write " + path, error);
}

/// What a store was folded from.
struct Folded {
  uint32_t partitions = 0;  ///< With the control partition, the last, which is never empty.
  uint32_t version = 0;
};

/// More than any log has.
constexpr uint32_t kPartitionsMax = 2048;

absl::StatusOr<Folded> FoldedIn(const Store& store) {
  Folded folded;
  for (uint32_t p = 0; p < kPartitionsMax; ++p) {
    TP_ASSIGN_OR_RETURN(const auto checkpoint, store.ReadCheckpoint(p));
    if (!checkpoint.has_value()) continue;
    folded = {.partitions = p + 1, .version = checkpoint->fold_version()};
  }
  return folded;
}

absl::Status Refuse(const std::string& seed, const std::string& why) {
  return absl::InvalidArgumentError("--seed " + seed + " " + why +
                                    ", or leave --seed out: the log is folded from its beginning");
}

absl::Status CheckSeed(const Store& store, const EventLog& log, const std::string& seed) {
  TP_ASSIGN_OR_RETURN(const Folded folded, FoldedIn(store));
  if (folded.partitions == 0)
    return Refuse(seed, "is no seed: name a directory that `trigpoint seed` made");
  if (folded.version != kFoldVersion) {
    return Refuse(seed, "was folded by version " + std::to_string(folded.version) + ", this is " +
                            std::to_string(kFoldVersion) +
                            ": name a seed of a process of this version");
  }
  if (folded.partitions != log.partitions()) {
    return Refuse(seed, "is of a log with " + std::to_string(folded.partitions - 1) +
                            " partitions, this one has " + std::to_string(log.partitions() - 1) +
                            ": name a seed of a process on this log");
  }
  return store.CheckIntegrity([](std::string_view, const absl::Status&) { return true; });
}

/// Why a seed that is whole does not go with this log or this process.
absl::Status JudgeSeed(const absl::Status& opened, const std::string& seed) {
  if (absl::IsUnimplemented(opened)) {
    return Refuse(seed,
                  "is of a process without the role projector: name a seed of one that has it");
  }
  if (!absl::IsDataLoss(opened)) return opened;
  return Refuse(seed, "does not go with this log (" + std::string(opened.message()) +
                          "): name a seed of a process on this log");
}

/// Partitions that both have folded to the same record.
std::vector<uint32_t> PartitionsAlike(const Store& before, const Store& after,
                                      uint32_t partitions) {
  std::vector<uint32_t> alike;
  for (uint32_t p = 0; p < partitions; ++p) {
    const auto old = before.ReadCheckpoint(p);
    const auto now = after.ReadCheckpoint(p);
    if (!old.ok() || !now.ok() || !old->has_value() || !now->has_value()) continue;
    if ((*old)->rolling_hash() == (*now)->rolling_hash()) alike.push_back(p);
  }
  return alike;
}

/// What another version of the fold, or another way to fold, made of the same records.
void TellDifferences(const Store& before, const Store& after, uint32_t partitions) {
  std::vector<uint32_t> alike = PartitionsAlike(before, after, partitions);
  if (alike.empty()) return;
  const auto folded = FoldedIn(before);
  const bool same_version = folded.ok() && folded->version == kFoldVersion;
  StoreComparison comparison(
      &before, &after, std::move(alike),
      same_version ? StoreComparison::Facts::kCompared : StoreComparison::Facts::kLeftOut);
  if (const absl::Status compared = comparison.Compare(); !compared.ok()) {
    std::fprintf(stderr, "trigpoint-node: the stores cannot be compared: %s\n",
                 std::string(compared.message()).c_str());
    return;
  }
  Log(LogLevel::kInfo, "stores_compared",
      {{"providers", comparison.services()}, {"changed", comparison.differing()}});
  for (const StoreDifference& difference : comparison.differences()) {
    std::string what;
    for (const std::string& one : difference.what) what += (what.empty() ? "" : ", ") + one;
    std::fprintf(stderr, "trigpoint-node: came out otherwise: %s %s\n",
                 difference.stream_id.c_str(), what.c_str());
  }
}

}  // namespace

std::string StoreFolder::Path(int number) const {
  return data_ + (number == 0 ? "/store" : "/store-" + std::to_string(number));
}

absl::StatusOr<StoreFolder::Counting> StoreFolder::Read() const {
  std::ifstream file(data_ + '/' + kCurrent);
  Counting counting;
  if (!file) return counting;
  if (!(file >> counting.current) || counting.current < 0) {
    return absl::DataLossError(data_ + '/' + kCurrent +
                               " names no store: remove it and every store* directory beside it; "
                               "the store is then folded anew from the log");
  }
  if (int kept = 0; file >> kept) counting.kept = kept;
  return counting;
}

absl::Status StoreFolder::Write(const Counting& counting) {
  const std::string path = data_ + '/' + kCurrent;
  std::string text = std::to_string(counting.current);
  if (counting.kept.has_value()) text += ' ' + std::to_string(*counting.kept);
  text += '\n';
  TP_RETURN_IF_ERROR(Sync(path + ".new", &text));
  std::error_code error;
  fs::rename(path + ".new", path, error);
  if (error) return FileError("rename " + path + ".new", error);
  TP_RETURN_IF_ERROR(Sync(data_, nullptr));
  counting_ = counting;
  return absl::OkStatus();
}

absl::Status StoreFolder::SwitchTo(int number) {
  const Counting before = counting_;
  TP_RETURN_IF_ERROR(Write({.current = number, .kept = before.current}));
  // What stays is removed at the next start.
  if (before.kept.has_value() && before.kept != number) Remove(*before.kept);
  return absl::OkStatus();
}

int StoreFolder::Free() const {
  const int number = std::max(counting_.current, counting_.kept.value_or(0)) + 1;
  Remove(number);
  return number;
}

void StoreFolder::Remove(int number) const {
  std::error_code error;
  fs::remove_all(Path(number), error);
}

absl::StatusOr<std::unique_ptr<Store>> StoreFolder::Open(int number) const {
  return Store::Open({.directory = Path(number)});
}

absl::StatusOr<std::unique_ptr<Store>> StoreFolder::Open() {
  TP_ASSIGN_OR_RETURN(counting_, Read());
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data_, error)) {
    const std::string name = entry.path().filename().string();
    const bool store = entry.is_directory(error) && (name == "store" || name.starts_with("store-"));
    const bool kept = counting_.kept.has_value() && entry.path() == fs::path(Path(*counting_.kept));
    if (store && !kept && entry.path() != fs::path(Path(counting_.current)))
      fs::remove_all(entry.path(), error);
  }
  return Open(counting_.current);
}

absl::StatusOr<std::unique_ptr<Store>> StoreFolder::Plant(const EventLog& log,
                                                          const std::string& seed,
                                                          int number) const {
  std::error_code error;
  const fs::path to(Path(number));
  // A store names its present state there. Nothing else is copied, however large it is.
  if (!fs::is_regular_file(fs::path(seed) / "CURRENT", error))
    return Refuse(seed, "is no seed: name a directory that `trigpoint seed` made");
  fs::copy(seed, to, fs::copy_options::recursive, error);
  if (error) return FileError("copy --seed " + seed + " to " + to.string(), error);
  for (const auto& entry : fs::directory_iterator(to, error))
    TP_RETURN_IF_ERROR(Sync(entry.path().string(), nullptr));
  TP_RETURN_IF_ERROR(Sync(to.string(), nullptr));
  auto opened = Open(number);
  if (!opened.ok()) return Annotate(opened.status(), "open a copy of --seed " + seed);
  TP_RETURN_IF_ERROR(CheckSeed(**opened, log, seed));
  return opened;
}

absl::StatusOr<std::unique_ptr<Projector>> StoreFolder::Begin(EventLog* log,
                                                              const ProjectorOptions& options,
                                                              int number,
                                                              std::unique_ptr<Store>* store,
                                                              std::unique_ptr<Store> next) {
  TP_ASSIGN_OR_RETURN(auto projector, Projector::Open(log, next.get(), options));
  TP_RETURN_IF_ERROR(projector->CatchUp());
  TellDifferences(**store, *next, log->partitions());
  TP_RETURN_IF_ERROR(SwitchTo(number));
  std::swap(*store, next);
  next->Close().IgnoreError();  // It counts no longer.
  return projector;
}

absl::StatusOr<std::unique_ptr<Projector>> StoreFolder::OpenProjector(
    EventLog* log, const ProjectorOptions& options, const std::string& seed,
    std::unique_ptr<Store>* store) {
  auto opened = Projector::Open(log, store->get(), options);
  TP_ASSIGN_OR_RETURN(const Folded folded, FoldedIn(**store));
  const bool empty = folded.partitions == 0;
  if (!absl::IsUnimplemented(opened.status()) && !(opened.ok() && empty && !seed.empty())) {
    TP_RETURN_IF_ERROR(opened.status());
    TP_RETURN_IF_ERROR((*opened)->CatchUp());
    return opened;
  }
  if (opened.ok()) {
    opened->reset();
  } else {
    Log(LogLevel::kInfo, "store_of_another_version");
    std::fprintf(stderr, "trigpoint-node: %s\n", std::string(opened.status().message()).c_str());
  }
  if (counting_.kept.has_value()) {
    const int kept = *counting_.kept;
    TP_ASSIGN_OR_RETURN(auto next, Open(kept));
    auto begun = Begin(log, options, kept, store, std::move(next));
    if (begun.ok()) Log(LogLevel::kInfo, "store_taken_back");
    if (!absl::IsUnimplemented(begun.status())) return begun;
  }
  const int number = Free();
  if (seed.empty()) {
    // The log is the truth.
    TP_ASSIGN_OR_RETURN(auto next, Open(number));
    return Begin(log, options, number, store, std::move(next));
  }
  auto next = Plant(*log, seed, number);
  if (!next.ok()) {
    Remove(number);
    return next.status();
  }
  auto begun = Begin(log, options, number, store, *std::move(next));
  if (!begun.ok()) {
    Remove(number);
    return JudgeSeed(begun.status(), seed);
  }
  Log(LogLevel::kInfo, "store_seeded");
  if (empty) TP_RETURN_IF_ERROR(Release().status());
  return begun;
}

absl::StatusOr<Projector::RebuildReport> StoreFolder::Rebuild(Projector* projector,
                                                              Projector::RebuildEnd end, int number,
                                                              std::unique_ptr<Store> next) {
  Log(LogLevel::kInfo, "store_rebuild_started");
  auto report = projector->Rebuild(next.get(), end);
  if (report.ok() && report->switched) {
    // A crash before this line starts from the old one, which is as good, only further behind.
    TP_RETURN_IF_ERROR(SwitchTo(number));
    Log(LogLevel::kInfo, "store_rebuilt",
        {{"events", report->events}, {"changed", report->changed}});
  }
  next->Close().IgnoreError();  // The one that does not count.
  next.reset();
  if (number != counting_.current && number != counting_.kept) Remove(number);
  return report;
}

absl::StatusOr<Projector::RebuildReport> StoreFolder::Rebuild(Projector* projector,
                                                              Projector::RebuildEnd end,
                                                              std::optional<uint32_t> partition) {
  const int number = Free();
  if (partition.has_value()) TP_RETURN_IF_ERROR(projector->store().CopyTo(Path(number)));
  TP_ASSIGN_OR_RETURN(auto next, Open(number));
  if (partition.has_value()) TP_RETURN_IF_ERROR(next->DropPartition(*partition));
  return Rebuild(projector, end, number, std::move(next));
}

absl::StatusOr<Projector::RebuildReport> StoreFolder::SwitchBack(Projector* projector,
                                                                 Projector::RebuildEnd end) {
  if (!counting_.kept.has_value()) {
    return absl::FailedPreconditionError(
        "no store is kept: there was no rebuild, or it was released");
  }
  TP_ASSIGN_OR_RETURN(auto next, Open(*counting_.kept));
  return Rebuild(projector, end, *counting_.kept, std::move(next));
}

absl::StatusOr<bool> StoreFolder::Release() {
  const std::optional<int> kept = counting_.kept;
  if (!kept.has_value()) return false;
  TP_RETURN_IF_ERROR(Write({.current = counting_.current}));
  Remove(*kept);
  return true;
}

}  // namespace trigpoint
