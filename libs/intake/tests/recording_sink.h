#pragma once

#include <utility>
#include <vector>

#include "trigpoint/intake/feed_adapter.h"

namespace trigpoint {

/// Keeps what an adapter reads.
class RecordingSink : public RowSink {
 public:
  absl::Status OnEvent(v1::Event event, uint64_t line) override {
    events.push_back(std::move(event));
    lines.push_back(line);
    return absl::OkStatus();
  }
  absl::Status OnRefused(RefusedRow row) override {
    refused.push_back(std::move(row));
    return absl::OkStatus();
  }

  std::vector<v1::Event> events;
  std::vector<uint64_t> lines;
  std::vector<RefusedRow> refused;
};

}  // namespace trigpoint
