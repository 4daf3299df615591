#include "trigpoint/engine/succession.h"

#include <algorithm>
#include <deque>
#include <tuple>

#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

/// From whom to whom a stated link leads; nothing for a site, which inherits nothing.
std::optional<Heritage> PairOf(const std::string& stream_id, const v1::ServiceLinked& link,
                               const std::string& other) {
  switch (link.link()) {
    case v1::ServiceLinked::LINK_PREDECESSOR:
    case v1::ServiceLinked::LINK_SAME_SERVICE:
      return Heritage(other, stream_id);
    case v1::ServiceLinked::LINK_SUCCESSOR:
      return Heritage(stream_id, other);
    default:
      return std::nullopt;
  }
}

/// The order in which statements of one link count: the successor's own first, which knows the day.
auto Weight(const v1::Event& fact) {
  const v1::ServiceLinked& link = fact.service_linked();
  const int side = link.link() == v1::ServiceLinked::LINK_PREDECESSOR    ? 0
                   : link.link() == v1::ServiceLinked::LINK_SAME_SERVICE ? 1
                                                                         : 2;
  return std::make_tuple(side, std::string_view(fact.source()), std::string_view(fact.id()));
}

}  // namespace

v1::ServiceLinked::Reason Succession::Reason() const {
  for (const auto& fact : stated) {
    if (fact.service_linked().link() == v1::ServiceLinked::LINK_SAME_SERVICE)
      return v1::ServiceLinked::REASON_LOCATION_MOVE;
    if (fact.service_linked().reason() != v1::ServiceLinked::REASON_UNSPECIFIED)
      return fact.service_linked().reason();
  }
  return v1::ServiceLinked::REASON_UNSPECIFIED;
}

std::optional<v1::Date> Succession::EffectiveOn() const {
  for (const auto& fact : stated) {
    if (fact.service_linked().has_effective_on()) return fact.service_linked().effective_on();
  }
  return std::nullopt;
}

std::vector<Heritage> Successions::Set(const std::string& stream_id, std::vector<v1::Event> facts,
                                       const StreamOf& stream_of) {
  std::set<Heritage> concerned;
  Stated& stated = stated_[stream_id];
  for (const auto& pair : stated.pairs) {
    if (pair.has_value()) concerned.insert(*pair);
  }
  stated.facts = std::move(facts);
  stated.pairs.clear();
  for (const auto& fact : stated.facts) {
    const v1::SubjectRef& other = fact.service_linked().other();
    naming_[{other.scheme(), other.value()}].insert(stream_id);
    const auto stream = stream_of(other);
    auto& pair = stated.pairs.emplace_back();
    // Two ids of one stream are one service already.
    if (!stream.has_value() || *stream == stream_id) continue;
    pair = PairOf(stream_id, fact.service_linked(), *stream);
    if (!pair.has_value()) continue;
    concerned.insert(*pair);
    Relate(*pair);
  }
  if (stated.facts.empty()) stated_.erase(stream_id);
  return {concerned.begin(), concerned.end()};
}

std::vector<Heritage> Successions::Bound(const v1::SubjectRef& id, const StreamOf& stream_of) {
  std::vector<Heritage> concerned;
  const auto naming = naming_.find({id.scheme(), id.value()});
  if (naming == naming_.end()) return concerned;
  for (const auto& stream_id : naming->second) {
    const auto stated = stated_.find(stream_id);
    if (stated == stated_.end()) continue;
    for (auto& pair : Set(stream_id, std::vector(stated->second.facts), stream_of))
      concerned.push_back(std::move(pair));
  }
  return concerned;
}

void Successions::Relate(const Heritage& pair) {
  partners_[pair.first].insert(pair.second);
  partners_[pair.second].insert(pair.first);
}

const std::vector<v1::Event>* Successions::StatedBy(const std::string& stream_id) const {
  const auto found = stated_.find(stream_id);
  return found == stated_.end() ? nullptr : &found->second.facts;
}

std::vector<v1::Event> Successions::StatementsOf(const Heritage& pair) const {
  std::vector<v1::Event> statements;
  for (const auto& side : {pair.first, pair.second}) {
    const auto stated = stated_.find(side);
    if (stated == stated_.end()) continue;
    for (size_t i = 0; i < stated->second.facts.size(); ++i) {
      if (stated->second.pairs[i] == pair) statements.push_back(stated->second.facts[i]);
    }
  }
  std::sort(statements.begin(), statements.end(),
            [](const auto& a, const auto& b) { return Weight(a) < Weight(b); });
  return statements;
}

std::vector<Heritage> Successions::PairsOf(const std::string& stream_id) const {
  std::vector<Heritage> pairs;
  const auto partners = partners_.find(stream_id);
  if (partners == partners_.end()) return pairs;
  for (const auto& partner : partners->second) {
    pairs.emplace_back(stream_id, partner);
    pairs.emplace_back(partner, stream_id);
  }
  return pairs;
}

std::optional<Succession> Successions::Find(const Heritage& pair) const {
  Succession found{.pair = pair, .stated = StatementsOf(pair)};
  if (found.stated.empty()) return std::nullopt;
  found.ignored = IsIgnored(pair);
  return found;
}

bool Successions::WouldCircle(const std::string& predecessor, const std::string& successor) const {
  if (predecessor == successor) return true;
  std::set<std::string> seen = {successor};
  std::deque<std::string> next = {successor};
  while (!next.empty()) {
    const std::string at = next.front();
    next.pop_front();
    const auto partners = partners_.find(at);
    if (partners == partners_.end()) continue;
    for (const auto& partner : partners->second) {
      if (seen.count(partner) > 0 || StatementsOf({at, partner}).empty()) continue;
      if (partner == predecessor) return true;
      seen.insert(partner);
      next.push_back(partner);
    }
  }
  return false;
}

/// Looks at all that hangs together, in the order in which it became known.
bool Successions::IsIgnored(const Heritage& pair) const {
  std::set<std::string> seen = {pair.first};
  std::deque<std::string> next = {pair.first};
  std::vector<std::tuple<int64_t, Heritage>> links;
  while (!next.empty()) {
    const std::string at = next.front();
    next.pop_front();
    const auto partners = partners_.find(at);
    if (partners == partners_.end()) continue;
    for (const auto& partner : partners->second) {
      int64_t known_us = INT64_MAX;
      const Heritage onward(at, partner);
      for (const auto& fact : StatementsOf(onward))
        known_us = std::min(known_us, ToMicros(fact.received_at()));
      if (known_us != INT64_MAX) links.emplace_back(known_us, onward);
      if (seen.insert(partner).second) next.push_back(partner);
    }
  }
  std::sort(links.begin(), links.end());
  std::map<std::string, std::set<std::string>> after;  // Of a stream, all that follow it.
  for (const auto& [known_us, link] : links) {
    const auto& [from, to] = link;
    const bool circle = from == to || after[to].count(from) > 0;
    if (link == pair) return circle;
    if (circle) continue;
    std::set<std::string> gained = after[to];
    gained.insert(to);
    after[from].insert(gained.begin(), gained.end());
    for (auto& [stream, followers] : after) {
      if (followers.count(from) > 0) followers.insert(gained.begin(), gained.end());
    }
  }
  return false;
}

}  // namespace trigpoint
