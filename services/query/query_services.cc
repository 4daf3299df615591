#include "services/query/query_services.h"

#include <algorithm>

#include "services/query/query_core.h"
#include "trigpoint/v1/api.grpc.pb.h"

namespace trigpoint {

QueryCore::QueryCore(QueryDeps given)
    : deps(std::move(given)),
      traces(deps.projector),
      veil(deps.page_secret),
      pool(std::max<size_t>(2, std::thread::hardware_concurrency())) {}

QueryCore::Summaries QueryCore::AllSummaries() {
  const absl::MutexLock lock(&mu_);
  // Read before the copy: what is folded in between is in the copy, and costs one more copy next
  // time.
  std::vector<int64_t> folded = projector().Folded();
  if (summaries_ == nullptr || folded != folded_) {
    summaries_ = std::make_shared<const std::vector<v1::ProviderSummary>>(projector().Summaries());
    folded_ = std::move(folded);
  }
  return summaries_;
}

QueryServices MakeQueryServices(const QueryDeps& deps) {
  const auto core = std::make_shared<QueryCore>(deps);
  QueryServices made;
  auto& services = made.services;
  services.push_back(MakeProviderService(core));
  services.push_back(MakeDecisionService(core));
  services.push_back(MakeAlertService(core));
  services.push_back(MakePolicyService(core));
  services.push_back(MakeReportService(core));
  services.push_back(MakePrivacyService(core));
  services.push_back(MakeOperationService(core));
  made.names = {v1::ProviderService::service_full_name(), v1::DecisionService::service_full_name(),
                v1::AlertService::service_full_name(),    v1::PolicyService::service_full_name(),
                v1::ReportService::service_full_name(),   v1::PrivacyService::service_full_name(),
                v1::OperationService::service_full_name()};
  made.drain = [core] { core->drain(); };
  return made;
}

QueryServices MakeOperationServices(const QueryDeps& deps) {
  QueryServices made;
  made.services.push_back(MakeOperationService(std::make_shared<QueryCore>(deps)));
  made.names = {v1::OperationService::service_full_name()};
  made.drain = [] {};
  return made;
}

}  // namespace trigpoint
