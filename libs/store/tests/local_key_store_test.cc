#include "trigpoint/store/local_key_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/stat.h>

#include <map>
#include <optional>
#include <set>
#include <thread>

#include "full_at.h"
#include "open_store.h"
#include "temp_dir.h"

namespace trigpoint {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

LocalKeyStoreOptions In(const TempDir& dir) {
  LocalKeyStoreOptions options;
  options.directory = dir / "keys";
  options.kek_file = dir / "kek";
  return options;
}

std::unique_ptr<KeyStore> OpenKeys(const LocalKeyStoreOptions& options) {
  absl::StatusOr<std::unique_ptr<KeyStore>> keys = OpenLocalKeyStore(options);
  EXPECT_TRUE(keys.ok()) << keys.status();
  return keys.ok() ? *std::move(keys) : nullptr;
}

absl::StatusCode OpenCode(const LocalKeyStoreOptions& options) {
  return OpenLocalKeyStore(options).status().code();
}

mode_t ModeOf(const std::string& path) {
  struct stat about {};
  EXPECT_EQ(::stat(path.c_str(), &about), 0);
  return about.st_mode & 07777;
}

TEST(LocalKeyStore, GivesTheSameKeyEveryTimeAndAnotherForAnotherId) {
  const TempDir dir;
  const auto keys = OpenKeys(In(dir));
  EXPECT_EQ(keys->GetKey("case-1").status().code(), absl::StatusCode::kNotFound);
  const std::string key = *keys->GetOrCreateKey("case-1");
  EXPECT_EQ(key.size(), 32U);
  EXPECT_EQ(*keys->GetOrCreateKey("case-1"), key);
  EXPECT_EQ(*keys->GetKey("case-1"), key);
  EXPECT_NE(*keys->GetOrCreateKey("case-2"), key);
  EXPECT_EQ(keys->GetOrCreateKey("").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(LocalKeyStore, KeepsKeysAndTombstonesAcrossARestart) {
  const TempDir dir;
  std::string key;
  {
    const auto keys = OpenKeys(In(dir));
    key = *keys->GetOrCreateKey("case-1");
    ASSERT_TRUE(keys->GetOrCreateKey("case-2").ok());
    ASSERT_TRUE(keys->DestroyKey("case-2").ok());
  }
  const auto keys = OpenKeys(In(dir));
  EXPECT_EQ(*keys->GetKey("case-1"), key);
  EXPECT_EQ(keys->GetKey("case-2").status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(keys->GetOrCreateKey("case-2").status().code(), absl::StatusCode::kAborted);
}

TEST(LocalKeyStore, HasAKeyOnDiskBeforeItGivesItAway) {
  const TempDir dir;
  const auto keys = OpenKeys(In(dir));
  const std::string key = *keys->GetOrCreateKey("case-1");
  // As after a crash: nothing was flushed or closed.
  std::filesystem::copy(dir / "keys", dir / "crashed", std::filesystem::copy_options::recursive);
  LocalKeyStoreOptions crashed = In(dir);
  crashed.directory = dir / "crashed";
  EXPECT_EQ(*OpenKeys(crashed)->GetKey("case-1"), key);
}

TEST(DestroyKey, AnswersErasedForEverAndNeverMakesANewKey) {
  const TempDir dir;
  const auto keys = OpenKeys(In(dir));
  ASSERT_TRUE(keys->GetOrCreateKey("case-1").ok());
  ASSERT_TRUE(keys->DestroyKey("case-1").ok());
  ASSERT_TRUE(keys->DestroyKey("case-1").ok());
  for (const absl::Status& erased :
       {keys->GetOrCreateKey("case-1").status(), keys->GetKey("case-1").status(),
        keys->GetOrCreateKeys({"case-2", "case-1"}).status()}) {
    EXPECT_EQ(erased.code(), absl::StatusCode::kAborted);
    EXPECT_THAT(std::string(erased.message()), StartsWith("ERASED"));
    EXPECT_THAT(std::string(erased.message()), HasSubstr("case-1"));
  }
  EXPECT_EQ(keys->GetKey("case-2").status().code(), absl::StatusCode::kNotFound);
}

TEST(DestroyKey, BarsAnIdThatNeverHadAKey) {
  const TempDir dir;
  const auto keys = OpenKeys(In(dir));
  ASSERT_TRUE(keys->DestroyKey("case-1").ok());
  EXPECT_EQ(keys->GetOrCreateKey("case-1").status().code(), absl::StatusCode::kAborted);
}

TEST(DestroyKey, RemovesTheWrappedKeyFromTheFiles) {
  const TempDir dir;
  const std::string id = "case-to-be-erased";
  const auto keys = OpenKeys(In(dir));
  ASSERT_TRUE(keys->GetOrCreateKey(id).ok());
  // In the log, the wrapped key follows the id: length, 'K', nonce 12, ciphertext 32, tag 16.
  std::string wrapped;
  for (const auto& entry : std::filesystem::directory_iterator(dir / "keys")) {
    const std::string bytes = ReadAll(entry.path());
    const size_t at = bytes.find(id);
    if (at != std::string::npos) {
      wrapped = bytes.substr(at + id.size() + 2, 60);
    }
  }
  ASSERT_EQ(wrapped.size(), 60U);
  ASSERT_TRUE(AnyFileHolds(dir / "keys", wrapped));
  ASSERT_TRUE(keys->DestroyKey(id).ok());
  EXPECT_FALSE(AnyFileHolds(dir / "keys", wrapped));
  EXPECT_FALSE(AnyFileHolds(dir / "keys", wrapped.substr(20, 16)));
}

TEST(DestroyKey, RemovesAKeyThatHadReachedATableFile) {
  const TempDir dir;
  const std::string id = "case-to-be-erased";
  std::string wrapped;
  { ASSERT_TRUE(OpenKeys(In(dir))->GetOrCreateKey(id).ok()); }
  { ASSERT_TRUE(OpenKeys(In(dir))->DestroyKey("another").ok()); }  // Flushes and compacts.
  {
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::OpenForReadOnly(rocksdb::Options(), dir / "keys", &db).ok());
    ASSERT_TRUE(db->Get(rocksdb::ReadOptions(), "k" + id, &wrapped).ok());
    delete db;
  }
  const std::string part = wrapped.substr(10, 40);
  ASSERT_TRUE(AnyFileHolds(dir / "keys", part));
  const auto keys = OpenKeys(In(dir));
  ASSERT_TRUE(keys->DestroyKey(id).ok());
  EXPECT_FALSE(AnyFileHolds(dir / "keys", part));
}

TEST(GetOrCreateKeys, GivesKeysInTheOrderOfTheIdsAndOneForATwin) {
  const TempDir dir;
  const auto keys = OpenKeys(In(dir));
  const std::string old = *keys->GetOrCreateKey("b");
  const auto made = keys->GetOrCreateKeys({"a", "b", "a", "c"});
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_EQ(made->size(), 4U);
  EXPECT_EQ((*made)[0], (*made)[2]);
  EXPECT_EQ((*made)[1], old);
  EXPECT_EQ(std::set<std::string>(made->begin(), made->end()).size(), 3U);
  EXPECT_EQ(*keys->GetKey("c"), (*made)[3]);
  EXPECT_TRUE(keys->GetOrCreateKeys({})->empty());
}

TEST(LocalKeyStore, GivesTwoThreadsThatCreateTheSameKeyTheSameBytes) {
  const TempDir dir;
  const auto keys = OpenKeys(In(dir));
  constexpr int kIds = 100;
  std::vector<std::string> seen[2];
  std::vector<std::thread> threads;
  for (auto& mine : seen) {
    threads.emplace_back([&keys, &mine] {
      for (int i = 0; i < kIds; ++i) {
        mine.push_back(*keys->GetOrCreateKey("case-" + std::to_string(i)));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(std::set<std::string>(seen[0].begin(), seen[0].end()).size(), size_t{kIds});
}

TEST(LocalKeyStore, ReadsBackKeysThatLeftTheCache) {
  const TempDir dir;
  LocalKeyStoreOptions options = In(dir);
  options.cached_keys = 2;
  const auto keys = OpenKeys(options);
  std::vector<std::string> made;
  made.reserve(10);
  for (int i = 0; i < 10; ++i) {
    made.push_back(*keys->GetOrCreateKey(std::to_string(i)));
  }
  for (size_t i = 0; i < made.size(); ++i) {
    EXPECT_EQ(*keys->GetKey(std::to_string(i)), made[i]);
  }
}

TEST(LocalKeyStore, RefusesAWrongOrMissingOrOpenKeyFile) {
  const TempDir dir;
  { ASSERT_TRUE(OpenKeys(In(dir))->GetOrCreateKey("case-1").ok()); }
  LocalKeyStoreOptions other = In(dir);
  other.kek_file = dir / "other";
  EXPECT_EQ(OpenCode(other), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(std::filesystem::exists(other.kek_file));

  std::ofstream(other.kek_file) << std::string(32, 'x');
  ASSERT_EQ(::chmod(other.kek_file.c_str(), 0600), 0);
  const absl::Status wrong = OpenLocalKeyStore(other).status();
  EXPECT_EQ(wrong.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("another key file"));

  std::ofstream(other.kek_file) << "short";
  EXPECT_EQ(OpenCode(other), absl::StatusCode::kFailedPrecondition);

  ASSERT_EQ(::chmod(In(dir).kek_file.c_str(), 0644), 0);
  EXPECT_EQ(OpenCode(In(dir)), absl::StatusCode::kFailedPrecondition);
  ASSERT_EQ(::chmod(In(dir).kek_file.c_str(), 0640), 0);
  EXPECT_TRUE(OpenKeys(In(dir))->GetKey("case-1").ok());
}

TEST(LocalKeyStore, IsPrivateOnDisk) {
  const TempDir dir;
  ASSERT_EQ(::mkdir((dir / "keys").c_str(), 0755), 0);
  const auto keys = OpenKeys(In(dir));
  EXPECT_EQ(ModeOf(dir / "keys"), 0700U);
  EXPECT_EQ(ModeOf(dir / "kek"), 0600U);
}

TEST(LocalKeyStore, RefusesAPlaceInsideAStoreAndAKeyFileInsideItself) {
  const TempDir dir;
  const auto store = OpenStore(dir / "s");
  LocalKeyStoreOptions options = In(dir);
  options.directory = dir / "s/keys";
  EXPECT_EQ(OpenCode(options), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(std::filesystem::exists(options.directory));
  options = In(dir);
  options.kek_file = dir / "keys/kek";
  EXPECT_EQ(OpenCode(options), absl::StatusCode::kFailedPrecondition);
}

TEST(LocalKeyStore, RefusesADirectoryThatIsHeld) {
  const TempDir dir;
  const auto keys = OpenKeys(In(dir));
  EXPECT_EQ(OpenCode(In(dir)), absl::StatusCode::kFailedPrecondition);
}

TEST(LocalKeyStore, LeavesNoBytesOfAKeyInItsFiles) {
  const TempDir dir;
  std::vector<std::string> ids;
  ids.reserve(20);
  std::vector<std::string> made;
  for (int i = 0; i < 20; ++i) {
    ids.push_back("case-" + std::to_string(i));
  }
  {
    const auto keys = OpenKeys(In(dir));
    made = *keys->GetOrCreateKeys(ids);
    ASSERT_TRUE(keys->DestroyKey("case-0").ok());  // Brings the rest into table files.
    ASSERT_TRUE(keys->GetOrCreateKey("in the log").ok());
  }
  for (const std::string& key : made) {
    EXPECT_FALSE(AnyFileHolds(dir.path(), key.substr(0, 8)));
    EXPECT_FALSE(AnyFileHolds(dir.path(), key.substr(24)));
  }
  EXPECT_FALSE(AnyFileHolds(dir / "keys", ReadAll(dir / "kek")));
}

TEST(LocalKeyStore, AnswersDataLossForAKeyMovedToAnotherId) {
  const TempDir dir;
  { ASSERT_TRUE(OpenKeys(In(dir))->GetOrCreateKey("case-1").ok()); }
  {
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(rocksdb::Options(), dir / "keys", &db).ok());
    std::string row;
    ASSERT_TRUE(db->Get(rocksdb::ReadOptions(), "kcase-1", &row).ok());
    ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), "kcase-2", row).ok());
    delete db;
  }
  EXPECT_EQ(OpenKeys(In(dir))->GetKey("case-2").status().code(), absl::StatusCode::kDataLoss);
}

class LocalKeyStoreFullAt : public ::testing::TestWithParam<FullAt> {};

TEST_P(LocalKeyStoreFullAt, CreatesNothingThenAndGoesOnWhenThereIsRoom) {
  FaultEnv env;
  const TempDir dir;
  LocalKeyStoreOptions options = In(dir);
  options.env = &env;
  options.cached_keys = 1;  // Reads come from the disk.
  auto keys = OpenKeys(options);
  std::map<std::string, std::string> known;
  for (int round = 0; round < 3; ++round) {
    const std::string id = "case-" + std::to_string(round);
    known[id] = *keys->GetOrCreateKey(id);
    env.SetFault(GetParam().files, GetParam().fault);
    env.SetFreeSpace(0);
    // A flush meets a full table or manifest; destroying a key flushes.
    ASSERT_EQ(keys->DestroyKey("gone").code(), absl::StatusCode::kResourceExhausted);
    const std::string late = "late-" + std::to_string(round);
    EXPECT_EQ(keys->Health(), absl::OkStatus());
    EXPECT_EQ(keys->GetOrCreateKey(late).status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(keys->Health().code(), absl::StatusCode::kResourceExhausted);
    for (const auto& [known_id, key] : known) EXPECT_EQ(*keys->GetOrCreateKey(known_id), key);
    env.SetFault(GetParam().files, FaultEnv::Fault::kNone);
    env.SetFreeSpace(std::nullopt);
    const absl::StatusOr<std::string> made = keys->GetOrCreateKey(late);
    ASSERT_TRUE(made.ok()) << made.status();
    EXPECT_EQ(keys->Health(), absl::OkStatus());
    known[late] = *made;
    EXPECT_TRUE(keys->DestroyKey("gone").ok());
  }
  keys.reset();
  keys = OpenKeys(options);
  for (const auto& [id, key] : known) EXPECT_EQ(*keys->GetKey(id), key) << id;
  EXPECT_EQ(keys->GetKey("gone").status().code(), absl::StatusCode::kAborted);
}

INSTANTIATE_TEST_SUITE_P(, LocalKeyStoreFullAt, ::testing::ValuesIn(kFullAt), NameOf);

// The tombstone whose write failed may stand after all: nobody may get the key from memory then.
TEST(DestroyKey, ForgetsTheKeyEvenWhenTheDiskIsFull) {
  FaultEnv env;
  const TempDir dir;
  LocalKeyStoreOptions options = In(dir);
  options.env = &env;
  const auto keys = OpenKeys(options);
  ASSERT_TRUE(keys->GetOrCreateKey("case-1").ok());
  env.SetFault(FaultEnv::Files::kWriteAheadLogs, FaultEnv::Fault::kNoSpaceAtSync);
  EXPECT_EQ(keys->DestroyKey("case-1").code(), absl::StatusCode::kResourceExhausted);
  env.SetFault(FaultEnv::Files::kWriteAheadLogs, FaultEnv::Fault::kNone);
  ASSERT_TRUE(keys->GetOrCreateKey("case-2").ok());
  EXPECT_EQ(keys->GetKey("case-1").status().code(), absl::StatusCode::kAborted);
}

}  // namespace
}  // namespace trigpoint
