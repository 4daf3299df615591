#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "services/query/inheritance.h"
#include "services/query/paging.h"
#include "services/query/present.h"
#include "services/query/resolve.h"
#include "services/query/sibling_incidents.h"
#include "trigpoint/base/status.h"
#include "trigpoint/domain/inheritance.h"
#include "trigpoint/domain/record.h"

namespace trigpoint {
namespace {

using Link = v1::ServiceLinked;

/// The link as the other service would state it.
Link::Link Reversed(Link::Link link) {
  switch (link) {
    case Link::LINK_PREDECESSOR:
      return Link::LINK_SUCCESSOR;
    case Link::LINK_SUCCESSOR:
      return Link::LINK_PREDECESSOR;
    default:
      return link;
  }
}

void NameOther(const Projector& projector, const std::string& stream_id, v1::ProviderLink* link) {
  link->set_other_provider("providers/" + stream_id);
  const auto summary = projector.ReadSummary(stream_id);
  if (!summary.ok()) return;
  link->set_other_name(summary->display_name());
  if (!link->has_other() && summary->ids_size() > 0) *link->mutable_other() = summary->ids(0);
}

v1::ProviderLink PresentLink(const v1::Event& fact) {
  v1::ProviderLink link;
  const Link& stated = fact.service_linked();
  *link.mutable_other() = stated.other();
  link.set_link(stated.link());
  link.set_reason(stated.reason());
  if (stated.has_effective_on()) *link.mutable_effective_on() = stated.effective_on();
  link.mutable_evidence()->set_source(fact.source());
  link.mutable_evidence()->set_id(fact.id());
  return link;
}

void PresentStanding(const Projector& projector, const v1::Inheritance& kept,
                     v1::ProviderLink* link) {
  link->set_standing(kept.standing());
  if (!Counts(kept.standing())) return;
  for (const auto& before : kept.memory().open()) {
    auto* open = link->add_open();
    open->set_provider("providers/" + before.at_stream());
    open->set_predecessor("providers/" + before.from_stream());
    open->set_standing(before.standing());
    const auto summary = projector.ReadSummary(before.at_stream());
    if (!summary.ok()) continue;
    open->set_name(summary->display_name());
    if (summary->ids_size() > 0) *open->mutable_id() = summary->ids(0);
  }
}

void AddStanding(const Projector& projector, const v1::ProviderRecord& record,
                 const std::string& stream_id, v1::ProviderLink* link) {
  if (link->link() == Link::LINK_SUCCESSOR) return;  // Its own predecessor has nothing of it.
  const v1::Inheritance* kept = FindInheritance(record, stream_id);
  if (kept == nullptr) return;
  PresentStanding(projector, *kept, link);
  if (!link->has_effective_on() && kept->memory().has_effective_on())
    *link->mutable_effective_on() = kept->memory().effective_on();
}

/// Links that the service states itself. Gives the streams that they name.
std::set<std::string> AddOwnLinks(const Projector& projector, const StreamAsOf& stream,
                                  v1::Provider* provider) {
  std::set<std::string> named;
  for (const auto& fact : stream.state.facts()) {
    if (!fact.has_service_linked()) continue;
    v1::ProviderLink link = PresentLink(fact);
    const auto other = projector.StreamOf(link.other().scheme(), link.other().value());
    if (other.has_value()) {
      NameOther(projector, *other, &link);
      AddStanding(projector, stream.record, *other, &link);
      named.insert(*other);
    }
    *provider->add_links() = std::move(link);
  }
  return named;
}

/// Links that only the other service states.
void AddLinksOfOthers(const Projector& projector, const StreamAsOf& stream,
                      std::set<std::string>* named, v1::Provider* provider) {
  const std::string& own = stream.state.stream_id();
  for (const auto& succession : projector.LinksOf(own)) {
    const bool follows = succession.pair.second == own;
    const std::string& other = follows ? succession.pair.first : succession.pair.second;
    if (!named->insert(other).second) continue;
    v1::ProviderLink link = PresentLink(succession.stated.front());
    link.clear_other();
    link.set_link(Reversed(link.link()));
    NameOther(projector, other, &link);
    AddStanding(projector, stream.record, other, &link);
    *provider->add_links() = std::move(link);
  }
}

/// What was carried in though nobody states it now, or then.
void AddCarriedLinks(const Projector& projector, const StreamAsOf& stream,
                     const std::set<std::string>& named, v1::Provider* provider) {
  for (const auto& kept : stream.record.inheritances()) {
    const v1::MemoryCarried& memory = kept.memory();
    if (named.count(memory.from_stream()) > 0) continue;
    auto* link = provider->add_links();
    link->set_link(Link::LINK_PREDECESSOR);
    link->set_reason(memory.reason());
    if (memory.has_effective_on()) *link->mutable_effective_on() = memory.effective_on();
    PresentStanding(projector, kept, link);
    *link->mutable_evidence() = memory.link();
    if (memory.from_ids_size() > 0) *link->mutable_other() = memory.from_ids(0);
    NameOther(projector, memory.from_stream(), link);
  }
}

void AddLevels(const v1::ProviderRecord& record, v1::Provider* provider) {
  for (auto& level : *provider->mutable_levels()) {
    const auto* policy = FindPolicyRecord(record, level.policy_id());
    if (policy == nullptr) continue;
    level.set_not_agreed_state(policy->not_agreed_state());
    if (policy->inherited_state().empty()) continue;
    level.set_inherited_from(policy->inherited_from());
    level.set_to_be_confirmed(IsToBeConfirmed(record, *policy));
  }
}

struct SiblingRow {
  std::string key{};
  const v1::ProviderSummary* summary = nullptr;
  bool organisation = false;
  bool brand = false;
};

std::string KeyOf(const v1::ProviderSummary& summary) {
  int64_t rank = 0;
  for (const auto& level : summary.levels()) rank = std::max<int64_t>(rank, level.rank());
  return SortableNumber(rank, true) + '\0' + absl::AsciiStrToLower(summary.display_name()) + '\0' +
         summary.stream_id();
}

std::vector<SiblingRow> SiblingsOf(const v1::ProviderSummary& own,
                                   const std::vector<v1::ProviderSummary>& all) {
  std::vector<SiblingRow> rows;
  for (const auto& other : all) {
    if (other.stream_id() == own.stream_id()) continue;
    SiblingRow row{
        .summary = &other,
        .organisation = !own.organisation().empty() && other.organisation() == own.organisation(),
        .brand = !own.brand().empty() && other.brand() == own.brand()};
    if (!row.organisation && !row.brand) continue;
    row.key = KeyOf(other);
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return rows;
}

}  // namespace

void AddHeritage(const Projector& projector, const StreamAsOf& stream, bool present,
                 v1::Provider* provider) {
  std::set<std::string> named = AddOwnLinks(projector, stream, provider);
  if (present) AddLinksOfOthers(projector, stream, &named, provider);
  AddCarriedLinks(projector, stream, named, provider);
  AddLevels(stream.record, provider);
}

void AddInheritedLevels(const Projector& projector, v1::Provider* provider) {
  if (!projector.IsLinked(provider->stream_id())) return;
  const auto stream = projector.Read(provider->stream_id());
  if (stream.ok()) AddLevels(stream->record, provider);
}

grpc::Status ListSiblings(QueryCore& core, const Principal& principal,
                          const v1::ListSiblingsRequest& request,
                          v1::ListSiblingsResponse* response) {
  const Projector& projector = core.projector();
  const auto list = [&]() -> absl::Status {
    TP_ASSIGN_OR_RETURN(const std::string stream_id,
                        ResolveProvider(projector, request.provider()));
    TP_ASSIGN_OR_RETURN(const v1::ProviderSummary own, projector.ReadSummary(stream_id));
    const QueryCore::Summaries all = core.AllSummaries();
    const std::vector<SiblingRow> rows = SiblingsOf(own, *all);
    TP_ASSIGN_OR_RETURN(const Page page,
                        PageOf(
                            rows, [](const auto& row) -> const std::string& { return row.key; },
                            core.deps.page_secret, "ListSiblings\n" + stream_id,
                            request.page_size(), request.page_token()));
    const auto in_force = core.InForceNow();
    for (size_t i = page.from; i < page.to; ++i) {
      const v1::ProviderSummary& summary = *rows[i].summary;
      TP_ASSIGN_OR_RETURN(const auto trace,
                          core.traces.Of(summary.stream_id(), summary.revision()));
      auto* sibling = response->add_siblings();
      *sibling->mutable_provider() =
          PresentProvider(summary, *in_force, {.trace = *trace, .veil = core.veil});
      AddInheritedLevels(projector, sibling->mutable_provider());
      sibling->set_same_organisation(rows[i].organisation);
      sibling->set_same_brand(rows[i].brand);
    }
    response->set_next_page_token(page.next_token);
    response->set_total_size(static_cast<int64_t>(rows.size()));
    return AddSiblingIncidents(core, principal, response);
  };
  const absl::Status listed = list();
  if (!listed.ok()) response->Clear();
  return ToGrpc(listed);
}

}  // namespace trigpoint
