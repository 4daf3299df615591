#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// Reports further apart than this are never taken for one incident by rule (3.8 (3)); counted in
/// days of Europe/London, for many reports know no more than the day.
inline constexpr int64_t kDuplicateDaysApart = 2;

/// From this score on two reports are probably of one incident, in hundredths of a bit: 1.5 bits,
/// odds of 3 to 1 in a model that believes in few duplicates. Chosen so that of the pairs it links
/// clearly more than 95 of 100 are of one incident, for a wrong link hides a report from the rates;
/// measured on other services (docs/duplicates.md).
inline constexpr int64_t kDuplicateThreshold = 150;

/// Why two reports agree. Bits of Match.reasons, for texts.
enum MatchReason : uint32_t {
  kMatchNeverEvent = 1U << 0,
  kMatchThemes = 1U << 1,  ///< Two or more.
  kMatchTheme = 1U << 2,
  kMatchWard = 1U << 3,
  kMatchAbuse = 1U << 4,
  kMatchHarm = 1U << 5,
  kMatchPeople = 1U << 6,
  kMatchSameDay = 1U << 7,
};

/// How often each value stands in the reports of a service: how rare an agreement on it is.
class ValueCounts {
 public:
  void Add(const v1::Concern& report) { Count(report, 1); }
  void Remove(const v1::Concern& report) { Count(report, -1); }
  int64_t reports() const { return reports_; }
  int64_t theme(int theme) const { return themes_[Slot(theme, themes_.size())]; }
  /// Reports about both; `one` is the smaller.
  int64_t themes(int one, int other) const { return pairs_[Pair(one, other)]; }
  int64_t harm(int harm) const { return harms_[Slot(harm, harms_.size())]; }
  int64_t never_event(int type) const { return never_events_[Slot(type, never_events_.size())]; }
  int64_t abuse(int type) const { return abuses_[Slot(type, abuses_.size())]; }
  int64_t people(uint32_t people) const {
    return people_[Slot(static_cast<int>(people < 8 ? people : 7), people_.size())];
  }
  int64_t ward(const std::string& ward) const;

 private:
  static size_t Slot(int value, size_t size) {
    return value >= 0 && static_cast<size_t>(value) < size ? static_cast<size_t>(value) : size - 1;
  }
  static size_t Pair(int one, int other) {
    return Slot(one, kThemes) * kThemes + Slot(other, kThemes);
  }
  void Count(const v1::Concern& report, int by);

  static constexpr size_t kThemes = v1::Theme_MAX + 2;  // One more, for what is not known here.

  int32_t reports_ = 0;
  std::array<int32_t, kThemes> themes_ = {};
  std::array<int32_t, kThemes* kThemes> pairs_ = {};
  std::array<int32_t, v1::Harm_MAX + 2> harms_ = {};
  std::array<int32_t, v1::NeverEventType_MAX + 2> never_events_ = {};
  std::array<int32_t, v1::AbuseType_MAX + 2> abuses_ = {};
  std::array<int32_t, 8> people_ = {};
  std::map<std::string, int32_t> wards_;
};

/// What else is known of the service at the time of two reports.
struct Rarity {
  /// Over the reports that MayBeMatched of the year before the later one; the earlier one among
  /// them, the later one not.
  const ValueCounts& values;
  int64_t days = 365;  ///< Days that `values` was gathered in.
  int64_t nearby = 0;  ///< Other incidents that are known to have happened within the days apart.
};

/// What the rule says of two reports.
struct Match {
  bool probable = false;
  int64_t score = 0;     ///< Hundredths of a bit of evidence.
  uint32_t reasons = 0;  ///< MatchReason bits.
};

/// Whether the rule may take a report for one of an incident that others report, too: a report of
/// something that happened; not a finding of a visit; never one of sensitivity C4 or C5 (3.8 (3)).
bool MayBeMatched(const v1::Concern& report);

/// Whether two such reports come from two sources, have something of substance in common (two
/// themes, a theme and the ward, or the never event), and nothing that rules it out: "a fall on the
/// same day" is never enough, however rare falls are here.
bool HaveSubstance(const v1::Concern& a, const v1::Concern& b);

/// Whether two reports of one service are probably of one incident: they HaveSubstance, are at most
/// kDuplicateDaysApart days apart, and all agreements and differences together, each weighed by how
/// rare it is here, reach kDuplicateThreshold. Symmetric; integers only: the same everywhere. That
/// incident keys are equal is not its business; two different ones speak against it.
/// Rule: 3.8 (3); the weights are those of Fellegi and Sunter (docs/duplicates.md).
Match MatchReports(const v1::Concern& a, const v1::Concern& b, const Rarity& rarity);

/// "same never event, same ward, same day".
std::string ReasonsText(uint32_t reasons);

}  // namespace trigpoint
