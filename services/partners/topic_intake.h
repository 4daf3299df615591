#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "services/partners/partner_intake.h"
#include "services/partners/topic_turn.h"
#include "trigpoint/access/principal.h"

namespace trigpoint {

/// One topic of a partner: read in order, taken, answered, committed, on a thread of its own.
/// Threading: thread-safe.
class TopicIntake {
 public:
  TopicIntake(const PartnerIntakeDeps& deps, TopicWriter* writer, PartnerTopic topic,
              Principal partner);
  ~TopicIntake();

  /// Errors: those of TopicReader::Open.
  absl::Status Start();
  void BeginStop();
  void Stop();

 private:
  void Run();
  /// Takes what was read, answers it and commits it; ends early when this is to stop, or when the
  /// partitions are others' by now.
  void TakeAll(std::vector<TopicRecord> records);
  /// Writes what became of records; false when this is to stop or the partitions are others'.
  bool Tell(const std::vector<AnsweredRecord>& answered);
  /// Writes messages in their order and waits for all; gives how many from the first on are there,
  /// and why the next is not.
  std::pair<size_t, absl::Status> WriteAll(const std::vector<TopicMessage>& messages, size_t from);
  /// Says once what keeps the topic back, and that it goes on.
  void Note(const absl::Status& status);
  /// Waits longer each time; false when this is to stop, or the partitions are others'.
  bool RestAfter(const absl::Status& trouble, uint32_t failed);
  bool stopping() const { return stop_->requested(); }

  const PartnerIntakeDeps deps_;
  TopicWriter* const writer_;
  const PartnerTopic topic_;
  const Principal partner_;
  const std::shared_ptr<TurnStop> stop_;
  std::unique_ptr<TopicReader> reader_;             // Confined to the thread.
  absl::StatusCode noted_ = absl::StatusCode::kOk;  // Confined to the thread.
  std::thread thread_;
};

}  // namespace trigpoint
