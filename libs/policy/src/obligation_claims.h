#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fact_fields.h"
#include "trigpoint/policy/assess.h"
#include "trigpoint/policy/pack.h"

namespace trigpoint {

/// Facts of a state, which must outlive them.
using Facts = std::vector<const v1::Event*>;

/// When a fact became known; where that is not kept, when it happened.
int64_t KnownMicros(const v1::Event& fact);

/// One obligation as it is worked out; points into the state.
struct Claim {
  std::optional<v1::EventRef> started_by;
  std::string start_key;                  ///< What it started with, as part of its id.
  std::optional<int64_t> start_us;        ///< None: it holds, but since when is not known.
  const v1::Event* start_fact = nullptr;  ///< Of a starting kind.
  std::string recipient;
  std::set<EventKey> names;  ///< A fact that names one of these means this one.
  const v1::Event* discharged = nullptr;
  const v1::Event* lapsed = nullptr;

  bool Open() const { return discharged == nullptr && lapsed == nullptr; }
};

/// One pause of a clock.
struct Pause {
  int64_t from_us = 0;
  std::optional<int64_t> to_us;  ///< None: it stands still.
};

/// What one rule of a pack starts and what ends it, by the facts of one service.
class ClaimsOfRule {
 public:
  /// `assessment` is read where the rule starts with a criterion. All must outlive it.
  ClaimsOfRule(const CompiledPack& pack, size_t rule, const MeasureContext& context,
               const AssessmentResult* assessment);

  /// All of them, open and closed: for each organisation concerned, by start.
  std::vector<Claim> All() const;
  /// When its clock stood still, in order.
  std::vector<Pause> PausesOf(const Claim& claim) const;

 private:
  enum class Bearing : uint8_t { kNamed, kOfTime, kAnother };

  Facts FactsOf(const std::vector<int>& kinds) const;
  std::vector<std::string> Recipients() const;
  std::set<std::string> PlacingNow() const;
  std::vector<Claim> Started() const;
  std::vector<Claim> StartedByFacts() const;
  std::vector<Claim> StartedByCriterion() const;
  std::vector<Claim> StartedByState() const;
  std::vector<Claim> SinceRegistered() const;
  std::optional<int64_t> InstantOfEvidence(const v1::EventRef& ref) const;
  Bearing BearingOf(const v1::Event& fact, const std::vector<Claim>& claims,
                    std::vector<size_t>* named) const;
  bool IsOfStartingKind(const EventKey& key) const;
  bool Discharges(const v1::Event& fact, const std::string& recipient) const;
  void End(std::vector<Claim>* claims) const;
  std::vector<size_t> EndedBy(const v1::Event& fact, const std::vector<Claim>& claims) const;
  void Recur(std::vector<Claim>* claims) const;

  const CompiledPack& pack_;
  const v1::ObligationRule& rule_;
  const ObligationTerms& terms_;
  const MeasureContext& context_;
  const AssessmentResult* assessment_;
};

}  // namespace trigpoint
