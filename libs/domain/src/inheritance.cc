#include "trigpoint/domain/inheritance.h"

#include <algorithm>
#include <map>
#include <set>

#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

/// The level that no merger brings about by itself (3.9).
constexpr std::string_view kIntensive = "INTENSIVE";

int RankOf(const v1::AuthorityMatrix* authority, const std::string& state) {
  if (authority == nullptr) return 0;
  const auto& states = authority->states();
  const auto it = std::find(states.begin(), states.end(), state);
  return it == states.end() ? -1 : static_cast<int>(it - states.begin());
}

v1::Inheritance* MutableInheritance(v1::ProviderRecord* record, const std::string& from_stream) {
  auto* all = record->mutable_inheritances();
  int at = 0;
  while (at < all->size() && all->Get(at).memory().from_stream() < from_stream) ++at;
  if (at < all->size() && all->Get(at).memory().from_stream() == from_stream)
    return all->Mutable(at);
  all->Add()->mutable_memory()->set_from_stream(from_stream);
  for (int i = all->size() - 1; i > at; --i) all->SwapElements(i, i - 1);
  return all->Mutable(at);
}

bool SharesRole(const v1::Actor& actor,
                const google::protobuf::RepeatedPtrField<std::string>& roles) {
  return std::any_of(roles.begin(), roles.end(), [&actor](const auto& role) {
    return std::find(actor.roles().begin(), actor.roles().end(), role) != actor.roles().end();
  });
}

/// Whether the actor may move a service into or out of a level; an empty one: any move.
bool MayMove(const v1::Actor& actor, const v1::AuthorityMatrix& authority,
             const std::string& level) {
  const bool any = level.empty() || RankOf(&authority, level) <= 0;
  return std::any_of(
      authority.transitions().begin(), authority.transitions().end(), [&](const auto& move) {
        const bool about = any || move.to_state() == level || move.from_state() == level;
        return about && SharesRole(actor, move.roles());
      });
}

bool MayDecide(const v1::InheritanceDecided& decided, std::span<const PolicyAuthority> policies,
               const v1::MemoryCarried& memory) {
  bool inherited = false;
  for (const auto& level : memory.levels()) {
    for (const auto& policy : policies) {
      if (policy.policy_id != level.policy_id() || level.decided_state().empty()) continue;
      inherited = true;
      if (MayMove(decided.actor(), *policy.authority, level.decided_state())) return true;
    }
  }
  if (inherited) return false;
  return std::any_of(policies.begin(), policies.end(), [&decided](const auto& policy) {
    return MayMove(decided.actor(), *policy.authority, "");
  });
}

/// A level that may stand for the service.
struct Candidate {
  std::string state;
  std::string from;
  int rank = -1;
  int64_t decided_us = 0;
};

/// What one predecessor offers under a policy, or nothing.
std::optional<Candidate> OfferOf(const v1::Inheritance& inheritance, const v1::PolicyRecord& policy,
                                 const v1::AuthorityMatrix* authority) {
  if (!Counts(inheritance.standing())) return std::nullopt;
  const bool merger = inheritance.memory().reason() == v1::ServiceLinked::REASON_MERGER;
  const bool decided_here = !policy.decided_state().empty();
  if (decided_here && (!merger || policy.decided_us() >= inheritance.carried_us())) {
    return std::nullopt;
  }
  for (const auto& level : inheritance.memory().levels()) {
    if (level.policy_id() != policy.policy_id() || level.decided_state().empty()) continue;
    Candidate offer{.state = level.decided_state(),
                    .from = inheritance.memory().from_stream(),
                    .rank = RankOf(authority, level.decided_state()),
                    .decided_us = ToMicros(level.decided_at())};
    if (merger && offer.state == kIntensive && offer.rank > 0) {
      offer.state = authority->states(--offer.rank);
    }
    // It joins two services: what stands higher already goes on.
    if (merger && decided_here && offer.rank <= RankOf(authority, policy.decided_state())) {
      return std::nullopt;
    }
    return offer;
  }
  return std::nullopt;
}

/// What was recommended and is the level already awaits nobody.
void CloseIfReached(const v1::AuthorityMatrix* authority, v1::PolicyRecord* policy) {
  if (authority == nullptr || !policy->awaiting_decision()) return;
  const auto& recommended = policy->recommendation();
  if (!recommended.urgent() && recommended.target_state() == DecidedState(*policy, *authority)) {
    policy->set_awaiting_decision(false);
  }
}

}  // namespace

v1::InheritanceStanding StandingOf(v1::ServiceLinked::Reason reason) {
  switch (reason) {
    case v1::ServiceLinked::REASON_LOCATION_MOVE:
      return v1::INHERITANCE_STANDING_CONTINUES;
    case v1::ServiceLinked::REASON_CHANGE_OF_OWNERSHIP:
    case v1::ServiceLinked::REASON_CHANGE_OF_LEGAL_ENTITY:
    case v1::ServiceLinked::REASON_CHANGE_OF_PARTNERSHIP:
    case v1::ServiceLinked::REASON_NEW_PROVIDER:
    case v1::ServiceLinked::REASON_MERGER:
      return v1::INHERITANCE_STANDING_TO_BE_CONFIRMED;
    default:  // An NHS transfer, a reason not stated, and what a later version may say.
      return v1::INHERITANCE_STANDING_ASKED;
  }
}

bool Counts(v1::InheritanceStanding standing) {
  return standing == v1::INHERITANCE_STANDING_CONTINUES ||
         standing == v1::INHERITANCE_STANDING_TO_BE_CONFIRMED ||
         standing == v1::INHERITANCE_STANDING_CONFIRMED;
}

bool IsOpen(v1::InheritanceStanding standing) {
  return standing == v1::INHERITANCE_STANDING_TO_BE_CONFIRMED ||
         standing == v1::INHERITANCE_STANDING_ASKED;
}

bool AwaitsPerson(const v1::Inheritance& inheritance) {
  if (IsOpen(inheritance.standing())) return true;
  return Counts(inheritance.standing()) && inheritance.memory().open_size() > 0;
}

bool IsToBeConfirmed(const v1::ProviderRecord& record, const v1::PolicyRecord& policy) {
  if (policy.inherited_state().empty()) return false;
  const v1::Inheritance* kept = FindInheritance(record, policy.inherited_from());
  if (kept == nullptr) return false;
  if (IsOpen(kept->standing())) return true;
  const auto& levels = kept->memory().levels();
  return std::any_of(levels.begin(), levels.end(), [&policy](const auto& level) {
    return level.policy_id() == policy.policy_id() && level.to_be_confirmed();
  });
}

std::vector<v1::MemoryCarried::OpenInheritance> OpenInheritances(const v1::ProviderRecord& record,
                                                                 const std::string& stream_id) {
  std::map<std::pair<std::string, std::string>, v1::InheritanceStanding> open;
  for (const auto& inheritance : record.inheritances()) {
    if (IsOpen(inheritance.standing()))
      open[{stream_id, inheritance.memory().from_stream()}] = inheritance.standing();
    if (!Counts(inheritance.standing())) continue;
    for (const auto& before : inheritance.memory().open())
      open.try_emplace({before.at_stream(), before.from_stream()}, before.standing());
  }
  std::vector<v1::MemoryCarried::OpenInheritance> sorted;
  for (const auto& [where, standing] : open) {
    auto& one = sorted.emplace_back();
    one.set_at_stream(where.first);
    one.set_from_stream(where.second);
    one.set_standing(standing);
  }
  return sorted;
}

const v1::Inheritance* FindInheritance(const v1::ProviderRecord& record,
                                       std::string_view from_stream) {
  for (const auto& inheritance : record.inheritances()) {
    if (inheritance.memory().from_stream() == from_stream) return &inheritance;
  }
  return nullptr;
}

void FoldMemory(const v1::MemoryCarried& memory, int64_t known_us, const ContextOf& context,
                v1::ProviderRecord* record) {
  v1::Inheritance* kept = MutableInheritance(record, memory.from_stream());
  if (kept->carried_us() != 0 && memory.from_revision() < kept->memory().from_revision()) return;
  const bool anew = kept->carried_us() == 0 || kept->standing() == v1::INHERITANCE_STANDING_UNDONE;
  *kept->mutable_memory() = memory;
  kept->mutable_memory()->clear_facts();
  if (anew) kept->set_carried_us(known_us);
  if (memory.undone()) {
    kept->set_standing(v1::INHERITANCE_STANDING_UNDONE);
    kept->clear_decided_by();
    kept->clear_decided_us();
  } else if (kept->decided_us() == 0) {
    kept->set_standing(StandingOf(memory.reason()));
  }
  SettleInherited(context, record);
}

InheritanceVerdict JudgeInheritance(const v1::InheritanceDecided& decided,
                                    std::span<const PolicyAuthority> policies,
                                    const v1::ProviderRecord& record) {
  const v1::Inheritance* kept = FindInheritance(record, decided.from_stream());
  if (kept == nullptr || kept->standing() == v1::INHERITANCE_STANDING_UNDONE) {
    return InheritanceVerdict::kNoPredecessor;
  }
  if (kept->standing() == v1::INHERITANCE_STANDING_CONTINUES) {
    return InheritanceVerdict::kNothingToDecide;
  }
  if (decided.rationale().form_case() == v1::SealableText::FORM_NOT_SET &&
      decided.rationale_code().empty()) {
    return InheritanceVerdict::kRationaleMissing;
  }
  return MayDecide(decided, policies, kept->memory()) ? InheritanceVerdict::kRecorded
                                                      : InheritanceVerdict::kNoAuthority;
}

InheritanceVerdict FoldInheritance(const v1::InheritanceDecided& decided, int64_t known_us,
                                   std::span<const PolicyAuthority> policies,
                                   const ContextOf& context, v1::ProviderRecord* record) {
  const InheritanceVerdict verdict = JudgeInheritance(decided, policies, *record);
  if (verdict != InheritanceVerdict::kRecorded) return verdict;
  v1::Inheritance* kept = MutableInheritance(record, decided.from_stream());
  kept->set_standing(decided.accepted() ? v1::INHERITANCE_STANDING_CONFIRMED
                                        : v1::INHERITANCE_STANDING_REFUSED);
  *kept->mutable_decided_by() = decided.actor();
  kept->set_decided_us(known_us);
  SettleInherited(context, record);
  return verdict;
}

void SettleInherited(const ContextOf& context, v1::ProviderRecord* record) {
  std::set<std::string> policies;
  for (const auto& inheritance : record->inheritances()) {
    for (const auto& level : inheritance.memory().levels()) policies.insert(level.policy_id());
  }
  for (const auto& policy : record->policies()) {
    if (!policy.inherited_state().empty()) policies.insert(policy.policy_id());
  }
  for (const auto& policy_id : policies) {
    const v1::AuthorityMatrix* authority = context(policy_id).authority;
    v1::PolicyRecord* policy = MutablePolicyRecord(record, policy_id);
    std::optional<Candidate> best;
    for (const auto& inheritance : record->inheritances()) {
      const auto offer = OfferOf(inheritance, *policy, authority);
      if (!offer.has_value()) continue;
      // Where no policy in force tells the order of levels, the latest decision.
      if (!best.has_value() || std::make_pair(offer->rank, offer->decided_us) >
                                   std::make_pair(best->rank, best->decided_us)) {
        best = offer;
      }
    }
    policy->set_inherited_state(best.has_value() ? best->state : "");
    policy->set_inherited_from(best.has_value() ? best->from : "");
    CloseIfReached(authority, policy);
  }
}

std::vector<int64_t> EpisodeStarts(const v1::ProviderRecord& record, const std::string& policy_id) {
  std::vector<int64_t> starts;
  if (const auto* policy = FindPolicyRecord(record, policy_id); policy != nullptr) {
    starts.assign(policy->entered_enhanced_us().begin(), policy->entered_enhanced_us().end());
  }
  for (const auto& inheritance : record.inheritances()) {
    if (!Counts(inheritance.standing())) continue;
    std::vector<int64_t> theirs;
    for (const auto& level : inheritance.memory().levels()) {
      if (level.policy_id() != policy_id) continue;
      for (const auto& entered : level.entered_enhanced_at()) theirs.push_back(ToMicros(entered));
    }
    if (theirs.empty()) continue;
    if (inheritance.memory().reason() != v1::ServiceLinked::REASON_MERGER) {
      starts.insert(starts.end(), theirs.begin(), theirs.end());
    } else if (starts.empty() || *std::max_element(theirs.begin(), theirs.end()) >
                                     *std::max_element(starts.begin(), starts.end())) {
      starts = std::move(theirs);
    }
  }
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  return starts;
}

}  // namespace trigpoint
