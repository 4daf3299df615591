#pragma once

#include <map>
#include <memory>
#include <string>

#include "client.h"
#include "cqc_poll.h"
#include "record_versions.h"
#include "submit_stream.h"

namespace trigpoint {

/// Hands documents of CQC's API to the node. What the node knows of a record decides whether it is
/// a duplicate or a correction, so only what changed becomes news. Thread-compatible; the client
/// must outlive it.
class NodeTaker : public DocumentTaker {
 public:
  explicit NodeTaker(const Client& client) : client_(client) {}

  absl::Status Take(const CqcRecordId& record, const std::string& document,
                    CivilDate fetched_on) override;
  absl::Status Settle() override;

  /// How many events had an outcome, over all that is settled.
  uint64_t Count(v1::SubmissionOutcome outcome) const;

  /// What the node said where Take or Settle failed for it; else OK.
  const grpc::Status& node_status() const { return node_status_; }

  /// The account may not read what is known: a change within a day is a conflict, and a document
  /// that says the same another day counts as a correction.
  bool versions_unsettled() const { return versions_unsettled_; }

 private:
  // Documents that are acknowledged together.
  struct Batch {
    explicit Batch(const Client& client);

    RecordVersions versions;
    SubmitStream stream;
  };

  absl::Status Blame(const grpc::Status& status);

  const Client& client_;
  std::unique_ptr<Batch> batch_;
  std::map<v1::SubmissionOutcome, uint64_t> outcomes_;
  grpc::Status node_status_;
  bool versions_unsettled_ = false;
};

}  // namespace trigpoint
