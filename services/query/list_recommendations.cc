#include <algorithm>

#include "services/query/filter.h"
#include "services/query/outside.h"
#include "services/query/paging.h"
#include "services/query/present.h"
#include "services/query/query_core.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/record.h"

namespace trigpoint {
namespace {

struct Row {
  std::string key;
  const v1::ProviderSummary* summary = nullptr;
  const v1::ProviderSummary::Level* level = nullptr;
};

/// Urgent first, then the highest level, then what has waited longest.
std::string KeyOf(const v1::ProviderSummary& summary, const v1::ProviderSummary::Level& level) {
  std::string key = level.urgent() ? "0" : "1";
  // By the day: the place between two others of known time would be a time.
  key +=
      SortableNumber(level.rank(), true) + SortableNumber(DayStart(level.recommended_us()), false);
  return key + '\0' + summary.stream_id() + '\0' + level.policy_id();
}

std::vector<Row> RowsOf(const Principal& principal, const std::vector<v1::ProviderSummary>& all,
                        const v1::ListRecommendationsRequest& request, const Filter& filter) {
  std::vector<Row> rows;
  for (const auto& summary : all) {
    const bool outside = IsOutside(principal, summary);
    for (const auto& level : summary.levels()) {
      if (level.recommendation_id().empty()) continue;
      if (!level.awaiting_decision() && !request.include_decided()) continue;
      if (!request.policy_id().empty() && level.policy_id() != request.policy_id()) continue;
      if (!filter.Matches(summary, level, outside)) continue;
      rows.push_back({KeyOf(summary, level), &summary, &level});
    }
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
  return rows;
}

absl::Status Fill(QueryCore& core, const Row& row, v1::OpenRecommendation* out) {
  TP_ASSIGN_OR_RETURN(const StreamAsOf stream, core.projector().Read(row.summary->stream_id()));
  const v1::PolicyRecord* policy = FindPolicyRecord(stream.record, row.level->policy_id());
  if (policy == nullptr) return absl::InternalError("a listed recommendation is not in its record");
  TP_ASSIGN_OR_RETURN(const auto trace,
                      core.traces.Of(row.summary->stream_id(), stream.state.revision()));
  *out = PresentRecommendation(*row.summary, *policy, row.level->decided_state(),
                               {.trace = *trace, .veil = core.veil});
  return absl::OkStatus();
}

}  // namespace

grpc::Status ListRecommendations(QueryCore& core, const Principal& principal,
                                 const v1::ListRecommendationsRequest& request,
                                 v1::ListRecommendationsResponse* response) {
  const absl::StatusOr<Filter> filter = FilterOf(request.filter());
  if (!filter.ok()) return ToGrpc(filter.status());
  const QueryCore::Summaries all = core.AllSummaries();
  const std::vector<Row> rows = RowsOf(principal, *all, request, *filter);
  const std::string scope = "ListRecommendations\n" + request.policy_id() +
                            (request.include_decided() ? "\nall\n" : "\nawaiting\n") +
                            request.filter();
  const auto page = PageOf(
      rows, [](const Row& row) -> const std::string& { return row.key; }, core.deps.page_secret,
      scope, request.page_size(), request.page_token());
  if (!page.ok()) return ToGrpc(page.status());
  for (size_t i = page->from; i < page->to; ++i) {
    const absl::Status filled = Fill(core, rows[i], response->add_recommendations());
    if (!filled.ok()) return ToGrpc(filled);
  }
  response->set_next_page_token(page->next_token);
  response->set_total_size(static_cast<int64_t>(rows.size()));
  return grpc::Status::OK;
}

}  // namespace trigpoint
