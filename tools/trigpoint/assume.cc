#include "assume.h"

#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "print.h"
#include "progress.h"

namespace trigpoint {
namespace {

constexpr int kCallsAtATime = 4;

// The providers still to be assessed and what came of the others. Thread-safe.
class Work {
 public:
  Work(const std::set<std::string>& providers, AssumedLevels* levels)
      : next_(providers.begin()),
        end_(providers.end()),
        levels_(levels),
        progress_("assessed", providers.size()) {}

  bool Take(std::string* provider) {
    const absl::MutexLock lock(&mutex_);
    if (next_ == end_ || !status_.ok()) {
      return false;
    }
    *provider = *next_++;
    return true;
  }

  void Give(const grpc::Status& status, const v1::Assessment& assessment) {
    const absl::MutexLock lock(&mutex_);
    if (!status.ok()) {
      status_ = status_.ok() ? status : status_;
      return;
    }
    ++levels_->pairs[{assessment.floor(), assessment.ceiling()}];
    progress_.Show(++levels_->assessed);
  }

  grpc::Status Finish() {
    const absl::MutexLock lock(&mutex_);
    progress_.End();
    return status_;
  }

 private:
  absl::Mutex mutex_;
  std::set<std::string>::const_iterator next_ ABSL_GUARDED_BY(mutex_);
  const std::set<std::string>::const_iterator end_;
  AssumedLevels* const levels_ ABSL_PT_GUARDED_BY(mutex_);
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
  Progress progress_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

grpc::Status AssumePolicy(const Client& client, const std::string& policy,
                          const std::set<std::string>& providers, AssumedLevels* levels) {
  Work work(providers, levels);
  {
    std::vector<std::jthread> threads;
    threads.reserve(kCallsAtATime);
    for (int i = 0; i < kCallsAtATime; ++i) {
      threads.emplace_back([&] {
        v1::AssessProviderRequest request;
        request.set_policy_id(policy);
        request.set_assume_policy(true);
        while (work.Take(request.mutable_provider())) {
          v1::Assessment assessment;
          const auto context = client.NewContext();
          work.Give(client.providers().AssessProvider(context.get(), request, &assessment),
                    assessment);
        }
      });
    }
  }
  return work.Finish();
}

void PutAssumed(const std::string& policy, const AssumedLevels& levels) {
  Put('\n' + Wrap("If policy " + policy + " covered the " + Count(levels.assessed, "provider") +
                      " of this import: not below the first level whatever is missing, not above "
                      "the second on what is known.",
                  ""));
  Table table({"NOT BELOW", "NOT ABOVE", ">PROVIDERS"});
  for (const auto& [pair, providers] : levels.pairs) {
    table.AddRow({pair.first, pair.second, std::to_string(providers)});
  }
  Put(table.Text());
}

}  // namespace trigpoint
