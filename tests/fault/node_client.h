#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"
#include "support.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {

/// What a node acknowledged, by record: its answers in their order, and the provider. Threading:
/// thread-safe.
class Oracle {
 public:
  struct Entry {
    std::vector<v1::SubmissionOutcome> outcomes;
    std::string stream_id;
  };
  void Note(const RecordId& id, v1::SubmissionOutcome outcome, const std::string& stream_id);
  std::map<RecordId, Entry> entries() const;
  /// Waits until `more` further answers came, or the deadline.
  bool AwaitAnswers(size_t more, absl::Time deadline);

 private:
  mutable absl::Mutex mu_;
  std::map<RecordId, Entry> entries_;
  size_t answers_ = 0;
};

/// One partner: submits its load over one stream after another and keeps what is not acknowledged,
/// to send it again. Threading: one thread.
class Partner {
 public:
  Partner(EventLoad load, Oracle* oracle, uint64_t seed);
  /// Puts events in the queue, ahead of the load.
  void Queue(const std::vector<v1::Event>& events);
  /// Submits until the stream breaks: first what is unacknowledged, then new events and
  /// redeliveries.
  grpc::Status SubmitUntilBroken(grpc::Channel& channel);
  /// Submits what is unacknowledged and nothing else; OK when all of it is answered.
  grpc::Status SubmitRest(grpc::Channel& channel);
  const std::set<RecordId>& submitted() const { return submitted_; }

 private:
  grpc::Status Submit(grpc::Channel& channel, bool more);

  EventLoad load_;
  Oracle* oracle_;
  std::mt19937_64 random_;
  std::deque<v1::Event> unacknowledged_;
  std::set<RecordId> submitted_;
};

std::shared_ptr<grpc::Channel> Connect(const std::string& address);

/// The whole timeline of a provider, oldest first.
std::vector<v1::TimelineEntry> ReadTimeline(grpc::Channel& channel, const std::string& stream_id);
/// Every alert, acknowledged or not.
std::vector<v1::Alert> ReadAlerts(grpc::Channel& channel);
/// What Verify says; a broken call is a difference, too.
std::vector<std::string> ReadVerify(grpc::Channel& channel);
/// What a node answers about its providers, as name -> bytes: provider, timeline, assessments,
/// alerts.
Folded ReadAnswers(grpc::Channel& channel, const std::set<std::string>& stream_ids);

}  // namespace trigpoint
