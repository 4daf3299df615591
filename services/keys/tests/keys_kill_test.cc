// What a SIGKILL of the process that keeps the keys leaves.
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <atomic>
#include <map>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "services/keys/admission.h"
#include "services/keys/key_client.h"
#include "services/keys/revocations.h"
#include "temp_dir.h"

extern char** environ;

namespace trigpoint {
namespace {

class KeysProcess {
 public:
  explicit KeysProcess(const std::string& directory) {
    std::string program = KEYS_PROCESS;
    std::string argument = directory;
    char* const argv[] = {program.data(), argument.data(), nullptr};
    EXPECT_EQ(::posix_spawn(&pid_, program.c_str(), nullptr, nullptr, argv, environ), 0);
  }
  ~KeysProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  void Signal(int signal) const { ASSERT_EQ(::kill(pid_, signal), 0); }

 private:
  pid_t pid_ = -1;
};

class KeysKill : public testing::Test {
 protected:
  KeysKill() {
    EXPECT_TRUE(ReadSecretOf(directory_ / "secret", true).ok());
    options_.address = "unix:" + (directory_ / "keys.socket");
    options_.secret_file = directory_ / "secret";
  }

  TempDir directory_;
  KeyClientOptions options_;
};

TEST_F(KeysKill, KeepsEveryKeyThatAClientSaw) {
  auto process = std::make_unique<KeysProcess>(directory_.path());
  auto connected = ConnectKeys(options_);
  ASSERT_TRUE(connected.ok()) << connected.status();
  constexpr int kThreads = 4;
  constexpr int kKills = 5;
  constexpr size_t kBetween = 40;
  absl::Mutex mutex;
  std::map<std::string, std::string> seen;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; !stop; ++i) {
        const std::string a = "case-" + std::to_string(t) + "-" + std::to_string(i);
        const auto made = connected->keys->GetOrCreateKeys({a, a + "-b"});
        if (!made.ok()) continue;
        const absl::MutexLock lock(&mutex);
        seen[a] = made->at(0);
        seen[a + "-b"] = made->at(1);
      }
    });
  }
  for (int kill = 0; kill < kKills; ++kill) {
    {
      absl::MutexLock lock(&mutex);
      const size_t enough = seen.size() + kBetween;
      const auto more = [&] { return seen.size() >= enough; };
      EXPECT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&more), absl::Seconds(60)));
    }
    process.reset();
    process = std::make_unique<KeysProcess>(directory_.path());
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  const auto fresh = ConnectKeys(options_);
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  EXPECT_GE(seen.size(), kKills * kBetween);
  for (const auto& [key_id, key] : seen) {
    const auto kept = fresh->keys->GetKey(key_id);
    ASSERT_TRUE(kept.ok()) << kept.status();
    EXPECT_TRUE(*kept == key) << key_id;
  }
}

TEST_F(KeysKill, LetsNobodyUseAKeyThatWasDestroyedAfterARestart) {
  auto process = std::make_unique<KeysProcess>(directory_.path());
  const auto one = ConnectKeys(options_);
  const auto other = ConnectKeys(options_);
  ASSERT_TRUE(one.ok() && other.ok());
  ASSERT_TRUE(other->keys->GetOrCreateKey("case-1").ok());
  process.reset();
  process = std::make_unique<KeysProcess>(directory_.path());
  const absl::Status destroyed = one->keys->DestroyKey("case-1");
  ASSERT_TRUE(destroyed.ok()) << destroyed;
  EXPECT_EQ(other->keys->GetKey("case-1").status().code(), absl::StatusCode::kAborted);
}

TEST_F(KeysKill, RemembersNoKeyForLongWhenTheServerIsSilent) {
  KeysProcess process(directory_.path());
  options_.call_timeout = absl::Milliseconds(100);
  const auto client = ConnectKeys(options_);
  ASSERT_TRUE(client.ok()) << client.status();
  ASSERT_TRUE(client->keys->GetOrCreateKey("case-1").ok());
  process.Signal(SIGSTOP);
  const absl::Duration stopped = SinceBoot();
  absl::StatusOr<std::string> key;
  do {
    key = client->keys->GetKey("case-1");
  } while (key.ok() && SinceBoot() - stopped < absl::Seconds(30));
  EXPECT_EQ(key.status().code(), absl::StatusCode::kUnavailable);
  process.Signal(SIGCONT);
  do {
    key = client->keys->GetKey("case-1");
  } while (!key.ok() && SinceBoot() - stopped < absl::Seconds(30));
  EXPECT_TRUE(key.ok()) << key.status();
}

}  // namespace
}  // namespace trigpoint
