#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Settles the versions of records whose source states only how they are, not how often they
/// changed: a record that says what it said before gets the version it had, so it counts as a
/// duplicate; one that says something else gets a higher one, so it counts as a correction.
///
/// Of two states the one that comes later is the newer, save where a service's registration says
/// that it speaks of an earlier day (reported_at): then its records stay below what is known.
/// Thread-compatible.
class RecordVersions {
 public:
  /// Gives every version that is known of every record about a subject; NotFound: of nobody.
  using Ask = std::function<absl::StatusOr<std::vector<v1::Event>>(const v1::SubjectRef&)>;

  explicit RecordVersions(Ask ask) : ask_(std::move(ask)) {}

  /// Settles one event. What it says of a record is what is known of it from now on. Changes
  /// nothing once a question was not answered.
  void Settle(v1::Event* event);

  /// OK, or why a question was not answered.
  const absl::Status& status() const { return status_; }

 private:
  using Record = std::pair<std::string, std::string>;  // Source and id.
  struct Latest {
    uint32_t version = 0;
    std::string content;  // Digest of what it says.
    int64_t reported_us = 0;
  };

  void Learn(const v1::SubjectRef& subject);
  void Take(const v1::Event& event);

  Ask ask_;
  absl::Status status_;
  std::set<std::string> asked_;  // Subjects.
  std::map<Record, Latest> latest_;
  std::string subject_;  // Of the event before.
  bool stale_ = false;   // What is said of it is older than what is known.
};

}  // namespace trigpoint
