#include "services/query/list_obligations.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "services/common/field_error.h"
#include "services/query/filter.h"
#include "services/query/outside.h"
#include "services/query/paging.h"
#include "services/query/protected.h"
#include "services/query/resolve.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/service.h"
#include "trigpoint/engine/obligations.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

bool IsClosed(const v1::Obligation& owed) {
  return owed.status() == v1::Obligation::STATUS_DISCHARGED ||
         owed.status() == v1::Obligation::STATUS_DISCHARGED_LATE ||
         owed.status() == v1::Obligation::STATUS_LAPSED;
}

/// An item without what is owed.
v1::ListObligationsResponse::Item Named(const v1::ProviderState& state) {
  v1::ListObligationsResponse::Item item;
  item.set_provider_name(DisplayName(state));
  *item.mutable_provider_ids() = state.ids();
  return item;
}

void Add(const v1::ListObligationsResponse::Item& named, std::vector<v1::Obligation> owed,
         OwedItems* items) {
  for (auto& one : owed) *items->emplace_back(named).mutable_obligation() = std::move(one);
}

absl::StatusOr<std::vector<v1::Obligation>> OwedOf(QueryCore& core, StreamAsOf* stream,
                                                   int64_t as_of_us) {
  const std::string stream_id = stream->state.stream_id();
  TP_ASSIGN_OR_RETURN(const auto trace, core.traces.Of(stream_id));
  return OwedAsShown(*core.projector().ControlsFor(stream_id), {.trace = *trace, .veil = core.veil},
                     as_of_us, stream);
}

absl::StatusOr<OwedItems> OfOne(QueryCore& core, const v1::ListObligationsRequest& request) {
  const Projector& projector = core.projector();
  TP_ASSIGN_OR_RETURN(const std::string stream_id, ResolveProvider(projector, request.provider()));
  TP_ASSIGN_OR_RETURN(
      const Instants asked,
      InstantsOf(request.has_as_of() ? &request.as_of() : nullptr, nullptr, core.Now()));
  TP_ASSIGN_OR_RETURN(const auto trace, core.traces.Of(stream_id));
  const Instants instants = SnapToDays(*trace, asked, core.Now());
  TP_ASSIGN_OR_RETURN(StreamAsOf stream, ReadStreamAt(projector, stream_id, instants));
  // The present is never before what is known already, whatever the clocks say.
  const int64_t as_of_us =
      instants.past ? instants.assess_us : std::max(instants.assess_us, stream.state.known_us());
  const auto named = Named(stream.state);
  TP_ASSIGN_OR_RETURN(std::vector<v1::Obligation> owed, OwedOf(core, &stream, as_of_us));
  OwedItems items;
  Add(named, std::move(owed), &items);
  return items;
}

std::string KeyOf(const v1::Obligation& owed) {
  const int64_t due_us =
      owed.has_due_at() ? ToMicros(owed.due_at()) : std::numeric_limits<int64_t>::max();
  return SortableNumber(due_us, false) + owed.stream_id() + '\0' + owed.policy_id() + '\0' +
         owed.rule() + '\0' + owed.obligation_id();
}

bool IsAskedFor(const v1::Obligation& owed, const v1::ListObligationsRequest& request) {
  if (IsClosed(owed) && !request.include_closed()) return false;
  if (!request.policy_id().empty() && owed.policy_id() != request.policy_id()) return false;
  if (!request.owner().empty() && owed.owner() != request.owner()) return false;
  if (!request.recipient().empty() && owed.recipient() != request.recipient()) return false;
  if (request.overdue_only() && owed.status() != v1::Obligation::STATUS_OVERDUE) return false;
  return !request.has_due_before() ||
         (owed.has_due_at() && ToMicros(owed.due_at()) < ToMicros(request.due_before()));
}

struct Row {
  std::string key;
  const v1::ListObligationsResponse::Item* item = nullptr;
};

/// What a page token belongs to.
std::string ScopeOf(const v1::ListObligationsRequest& request) {
  v1::ListObligationsRequest scope = request;
  scope.clear_page_size();
  scope.clear_page_token();
  return "ListObligations\n" + scope.SerializeAsString();
}

absl::Status Check(const v1::ListObligationsRequest& request) {
  if (!request.provider().empty()) return absl::OkStatus();
  if (request.include_closed())
    return FieldError("include_closed", "NEEDS_PROVIDER", "is for one provider: name it");
  if (request.has_as_of())
    return FieldError("as_of", "NEEDS_PROVIDER", "is for one provider: name it");
  return absl::OkStatus();
}

void CutForOutside(v1::Obligation* owed) {
  owed->clear_started_by();
  owed->clear_discharged_by();
}

/// What a reader outside a service is shown: no event, for it may be one of few reports about
/// people, and what is to be told to organisations that placed somebody here only to its own.
class Outside {
 public:
  Outside(const QueryCore& core, const Principal& principal) : core_(core), principal_(principal) {}

  // Errors of both: those of Projector::ReadSummary.
  absl::StatusOr<bool> Sees(const v1::Obligation& owed) {
    if (IsToldTo(principal_.organisation, true, owed)) return true;
    TP_ASSIGN_OR_RETURN(const bool outside, Is(owed.stream_id()));
    return IsToldTo(principal_.organisation, outside, owed);
  }
  absl::Status Cut(v1::Obligation* owed) {
    TP_ASSIGN_OR_RETURN(const bool outside, Is(owed->stream_id()));
    if (outside) CutForOutside(owed);
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<bool> Is(const std::string& stream_id) {
    if (const auto it = known_.find(stream_id); it != known_.end()) return it->second;
    TP_ASSIGN_OR_RETURN(const v1::ProviderSummary summary,
                        core_.projector().ReadSummary(stream_id));
    v1::Provider provider;
    *provider.mutable_commissioners() = summary.commissioners();
    provider.set_host(summary.host());
    return known_[stream_id] = IsOutside(principal_, provider);
  }

  const QueryCore& core_;
  const Principal& principal_;
  std::map<std::string, bool> known_;
};

absl::StatusOr<std::vector<Row>> RowsOf(const OwedItems& items,
                                        const v1::ListObligationsRequest& request,
                                        const std::set<std::string>& others, Outside* outside) {
  std::vector<Row> rows;
  for (const auto& item : items) {
    if (!IsAskedFor(item.obligation(), request)) continue;
    if (others.contains(item.obligation().stream_id())) continue;
    TP_ASSIGN_OR_RETURN(const bool seen, outside->Sees(item.obligation()));
    if (seen) rows.push_back({KeyOf(item.obligation()), &item});
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
  return rows;
}

}  // namespace

std::vector<v1::Obligation> OwedAsShown(const Controls& controls, const Protection& protection,
                                        int64_t as_of_us, StreamAsOf* stream) {
  std::vector<v1::Obligation> owed =
      ObligationsOfService(controls, stream->state, stream->record, as_of_us);
  if (!owed.empty() && LeaveOutProtected(protection.trace, stream)) {
    HideProtected(protection,
                  ObligationsOfService(controls, stream->state, stream->record, as_of_us), as_of_us,
                  &owed);
  }
  return owed;
}

absl::StatusOr<std::shared_ptr<const OwedItems>> ObligationBook::Get(QueryCore& core) {
  const absl::MutexLock lock(&mu_);  // One looks; the others wait for its result.
  std::vector<int64_t> folded = core.projector().Folded();
  const int64_t minute = core.Now() / kMicrosPerMinute;
  if (kept_ != nullptr && folded == folded_ && minute == minute_) return kept_;
  auto items = std::make_shared<OwedItems>();
  for (const auto& summary : *core.AllSummaries()) {
    TP_ASSIGN_OR_RETURN(StreamAsOf stream, core.projector().Read(summary.stream_id()));
    const auto named = Named(stream.state);
    TP_ASSIGN_OR_RETURN(std::vector<v1::Obligation> owed,
                        OwedOf(core, &stream, std::max(core.Now(), stream.state.known_us())));
    std::erase_if(owed, IsClosed);
    Add(named, std::move(owed), items.get());
  }
  kept_ = std::move(items);
  folded_ = std::move(folded);
  minute_ = minute;
  return kept_;
}

absl::StatusOr<std::set<std::string>> NotAskedFor(QueryCore& core, const Principal& principal,
                                                  const std::string& text) {
  TP_ASSIGN_OR_RETURN(const Filter filter, FilterOf(text));
  std::set<std::string> others;
  if (text.empty()) return others;
  for (const auto& summary : *core.AllSummaries())
    if (!filter.Matches(summary, IsOutside(principal, summary))) others.insert(summary.stream_id());
  return others;
}

bool IsToldTo(const std::string& organisation, bool outside, const v1::Obligation& owed) {
  return !outside || owed.recipient().empty() || owed.recipient() == organisation;
}

absl::StatusOr<std::vector<v1::Obligation>> OpenObligations(QueryCore& core, StreamAsOf stream,
                                                            int64_t as_of_us, bool outside,
                                                            const Principal& principal,
                                                            const std::string& policy_id) {
  TP_ASSIGN_OR_RETURN(std::vector<v1::Obligation> owed, OwedOf(core, &stream, as_of_us));
  std::erase_if(owed, [&](const v1::Obligation& one) {
    return IsClosed(one) || !IsToldTo(principal.organisation, outside, one) ||
           (!policy_id.empty() && one.policy_id() != policy_id);
  });
  if (outside) std::for_each(owed.begin(), owed.end(), [](auto& one) { CutForOutside(&one); });
  return owed;
}

grpc::Status ListObligations(QueryCore& core, ObligationBook& book, const Principal& principal,
                             const v1::ListObligationsRequest& request,
                             v1::ListObligationsResponse* response) {
  if (const absl::Status bad = Check(request); !bad.ok()) return ToGrpc(bad);
  std::shared_ptr<const OwedItems> items;
  if (request.provider().empty()) {
    auto all = book.Get(core);
    if (!all.ok()) return ToGrpc(all.status());
    items = *std::move(all);
  } else {
    auto one = OfOne(core, request);
    if (!one.ok()) return ToGrpc(one.status());
    items = std::make_shared<const OwedItems>(*std::move(one));
  }
  Outside outside(core, principal);
  const auto others = NotAskedFor(core, principal, request.filter());
  if (!others.ok()) return ToGrpc(others.status());
  const auto rows = RowsOf(*items, request, *others, &outside);
  if (!rows.ok()) return ToGrpc(rows.status());
  const auto page = PageOf(
      *rows, [](const Row& row) -> const std::string& { return row.key; }, core.deps.page_secret,
      ScopeOf(request), request.page_size(), request.page_token());
  if (!page.ok()) return ToGrpc(page.status());
  for (size_t i = page->from; i < page->to; ++i) {
    auto* item = response->add_obligations();
    *item = *(*rows)[i].item;
    const absl::Status cut = outside.Cut(item->mutable_obligation());
    if (!cut.ok()) {
      response->Clear();
      return ToGrpc(cut);
    }
  }
  response->set_next_page_token(page->next_token);
  response->set_total_size(static_cast<int64_t>(rows->size()));
  return grpc::Status::OK;
}

}  // namespace trigpoint
