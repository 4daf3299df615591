#include "services/query/duplicates.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "services/query/outside.h"
#include "services/query/paging.h"
#include "services/query/protected.h"
#include "services/query/resolve.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/clusters.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr char kListDuplicates[] = "trigpoint.v1.ProviderService/ListDuplicates";
constexpr double kHundredths = 100;

struct PairRow {
  std::string key;
  ClusterView::OpenPair pair;
};

std::string KeyOfPair(const ClusterView::OpenPair& pair) {
  const auto identity = [](const v1::Concern& report) {
    return '\0' + report.source() + '\0' + report.id();
  };
  return SortableNumber(pair.later->occurred_us(), true) + identity(*pair.later) +
         identity(*pair.earlier);
}

v1::ListDuplicatesResponse::Report PresentReport(const v1::Concern& concern) {
  v1::ListDuplicatesResponse::Report report;
  report.mutable_report()->set_source(concern.source());
  report.mutable_report()->set_id(concern.id());
  SetMicros(concern.occurred_us(), report.mutable_occurred_at());
  report.set_family(concern.family());
  *report.mutable_themes() = concern.themes();
  report.set_harm(concern.harm());
  return report;
}

v1::ListDuplicatesResponse::Pair PresentPair(const ClusterView::OpenPair& open) {
  v1::ListDuplicatesResponse::Pair pair;
  *pair.mutable_earlier() = PresentReport(*open.earlier);
  *pair.mutable_later() = PresentReport(*open.later);
  for (const auto reason : absl::StrSplit(ReasonsText(open.match.reasons), ", "))
    pair.add_reasons(std::string(reason));
  pair.set_weight(static_cast<double>(open.match.score) / kHundredths);
  return pair;
}

absl::Status ListPairs(QueryCore& core, const Principal& principal,
                       const v1::ListDuplicatesRequest& request,
                       v1::ListDuplicatesResponse* response) {
  TP_ASSIGN_OR_RETURN(const std::string stream_id,
                      ResolveProvider(core.projector(), request.provider()));
  TP_ASSIGN_OR_RETURN(StreamAsOf stream, core.projector().Read(stream_id));
  if (IsOutside(principal, stream.state)) {
    response->set_withheld(true);
    return absl::OkStatus();
  }
  TP_ASSIGN_OR_RETURN(const auto trace, core.traces.Of(stream_id, stream.state.revision()));
  LeaveOutProtected(*trace, &stream);
  std::vector<PairRow> rows;
  for (const auto& pair : ClusterView::OpenPairs(stream.state))
    rows.push_back({KeyOfPair(pair), pair});
  std::sort(rows.begin(), rows.end(),
            [](const PairRow& a, const PairRow& b) { return a.key < b.key; });
  TP_ASSIGN_OR_RETURN(const Page page,
                      PageOf(
                          rows, [](const PairRow& row) -> const std::string& { return row.key; },
                          core.deps.page_secret, "ListDuplicates\n" + stream_id,
                          request.page_size(), request.page_token()));
  for (size_t i = page.from; i < page.to; ++i) *response->add_pairs() = PresentPair(rows[i].pair);
  response->set_next_page_token(page.next_token);
  response->set_total_size(static_cast<int64_t>(rows.size()));
  return core.deps.auth->Disclose(
      principal, kListDuplicates, stream_id,
      rows.empty() ? v1::SENSITIVITY_C0_PUBLIC : v1::SENSITIVITY_C3_PSEUDONYMISED);
}

}  // namespace

grpc::Status ListDuplicates(QueryCore& core, const Principal& principal,
                            const v1::ListDuplicatesRequest& request,
                            v1::ListDuplicatesResponse* response) {
  const absl::Status listed = ListPairs(core, principal, request, response);
  if (!listed.ok()) response->Clear();
  return ToGrpc(listed);
}

}  // namespace trigpoint
