#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "trigpoint/v1/events.pb.h"
#include "trigpoint/v1/state.pb.h"

/// Which service follows which, and what is carried from one to the next. Rule: 3.9 Succession.
namespace trigpoint {

/// Predecessor and successor, by stream id.
using Heritage = std::pair<std::string, std::string>;

/// One service following another, with every statement of it.
struct Succession {
  Heritage pair;
  std::vector<v1::Event> stated;  ///< ServiceLinked facts; the one that counts first.
  bool ignored = false;           ///< It would make a service its own predecessor.

  /// Why; a link of two ids of one service is a move.
  v1::ServiceLinked::Reason Reason() const;
  /// As stated; none: the registration of the successor.
  std::optional<v1::Date> EffectiveOn() const;
};

/// The links of all services, from the facts in their streams. Two services may each state the same
/// one. Where links form a circle the one known last is ignored. Confined to one thread.
class Successions {
 public:
  /// The stream that an id is bound to.
  using StreamOf = std::function<std::optional<std::string>(const v1::SubjectRef&)>;

  /// Replaces what a stream states: its ServiceLinked facts. Gives the pairs that it concerns or
  /// concerned.
  std::vector<Heritage> Set(const std::string& stream_id, std::vector<v1::Event> facts,
                            const StreamOf& stream_of);
  /// An id was bound: gives the pairs that are known by that.
  std::vector<Heritage> Bound(const v1::SubjectRef& id, const StreamOf& stream_of);

  /// Whether a stream is linked with another that is known.
  bool Touches(const std::string& stream_id) const { return partners_.count(stream_id) > 0; }
  /// What a stream states, as set.
  const std::vector<v1::Event>* StatedBy(const std::string& stream_id) const;
  /// Every pair in which the stream is, on either side.
  std::vector<Heritage> PairsOf(const std::string& stream_id) const;
  /// One pair with its statements, or nothing where nobody states it.
  std::optional<Succession> Find(const Heritage& pair) const;
  /// Whether `predecessor` follows `successor` already, at whatever distance.
  bool WouldCircle(const std::string& predecessor, const std::string& successor) const;

 private:
  struct Stated {
    std::vector<v1::Event> facts;
    std::vector<std::optional<Heritage>> pairs;  ///< Of each fact, where its other id is bound.
  };
  /// Statements of a pair: from one or both of its streams.
  std::vector<v1::Event> StatementsOf(const Heritage& pair) const;
  void Relate(const Heritage& pair);
  bool IsIgnored(const Heritage& pair) const;

  std::map<std::string, Stated> stated_;
  std::map<std::pair<std::string, std::string>, std::set<std::string>> naming_;  ///< Id -> streams.
  std::map<std::string, std::set<std::string>> partners_;  ///< Of a stream, in either direction.
};

/// One side of a link, as folded.
struct LinkedStream {
  const v1::ProviderState& state;
  const v1::ProviderRecord& record;
  std::span<const v1::StoredEvent> events;
};

/// What was carried to a successor so far: enough to tell what is missing.
struct CarriedSoFar {
  std::map<std::pair<std::string, std::string>, std::pair<uint32_t, bool>>
      facts;         ///< Version, and whether taken away.
  std::string head;  ///< All but the facts, the revision and the cause; empty: nothing yet.
  bool undone = false;
  v1::EventRef link;

  void Take(const v1::MemoryCarried& memory);
};

/// Reads from the successor's own stream what was carried to it.
CarriedSoFar ReadCarried(const std::string& from_stream,
                         std::span<const v1::StoredEvent> successor_events);

/// What the successor lacks.
struct Carriage {
  std::vector<v1::Event>
      events;          ///< MemoryCarried, in order; known when the predecessor's last was.
  bool waits = false;  ///< The day of the link lies ahead, or history is being loaded.
};

/// Compares what a predecessor holds with what was carried. `link` null: nobody states it any more.
/// Takes what it gives into `so_far`. The same streams and the same `so_far` give the same bytes.
Carriage Carry(const Succession* link, const LinkedStream& predecessor,
               const v1::ProviderState& successor, CarriedSoFar* so_far);

}  // namespace trigpoint
