#include "trigpoint/domain/duplicates.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "trigpoint/base/time.h"
#include "trigpoint/domain/clusters.h"
#include "trigpoint/domain/concern.h"

namespace trigpoint {
namespace {

/// An agreement: how many in a thousand reports of one incident agree, and how many of any two
/// reports do where nothing is known of the service yet.
struct Weight {
  int64_t same_incident;
  int64_t by_chance;
};

// What partners who report one incident agree on. The day is seldom wrong, the ward hardly ever;
// harm is graded anew by each of them; of the themes each names those that it cares for.
constexpr Weight kTheme = {.same_incident = 600, .by_chance = 100};
// Of a pair that reports name together: falls go with staffing, so the second says less.
constexpr Weight kThemePair = {.same_incident = 450, .by_chance = 30};
constexpr Weight kWard = {.same_incident = 900, .by_chance = 200};
constexpr Weight kAbuse = {.same_incident = 700, .by_chance = 200};
constexpr Weight kHarm = {.same_incident = 600, .by_chance = 250};
constexpr Weight kNeverEvent = {.same_incident = 950, .by_chance = 5};
constexpr Weight kOnePerson = {.same_incident = 850, .by_chance = 800};
constexpr Weight kSeveralPeople = {.same_incident = 600, .by_chance = 100};

// Differences, in hundredths of a bit.
constexpr int64_t kOtherWard = -300;   // One of a hundred names the wrong ward, nine of ten differ.
constexpr int64_t kOtherAbuse = -150;  // One calls it neglect, another physical.
constexpr int64_t kOtherPeople = -100;  // Who was affected is known late.
constexpr int64_t kOtherThemes = -150;
constexpr int64_t kOtherKey = -100;  // Often each numbers its own; a number for all would be equal.
constexpr std::array<int64_t, 5> kHarmApart = {0, 0, -100, -250, -350};  // By grades apart.

/// Of the reports of one incident by different partners 6 in 10 bear the same day, 3 the next or
/// the one before, 1 another; of unrelated ones within 2 days one in 5 the same, two each of the
/// others.
constexpr std::array<int64_t, 3> kDaysApart = {158, -42, -200};

/// Beliefs about a service weigh as much as so many of its reports.
constexpr int64_t kPriorReports = 10;
/// Of a hundred reports so many have a report of another partner beside them.
constexpr int64_t kReportedTwicePercent = 20;
/// Incidents a year where none is known yet.
constexpr int64_t kIncidentsAtLeast = 3;
constexpr int64_t kYear = 365;
/// Days on which a report may lie that is not too far from another.
constexpr int64_t kDaysAround = 2 * kDuplicateDaysApart + 1;

/// 100 * log2(x), rounded down; by integers alone, so that no compiler or processor shows.
int64_t Log2Hundredths(int64_t x) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(1, x));
  const int whole = static_cast<int>(std::bit_width(value)) - 1;
  uint64_t mantissa = whole >= 31 ? value >> (whole - 31) : value << (31 - whole);
  int64_t fraction = 0;
  for (int bit = 0; bit < 10; ++bit) {
    mantissa = (mantissa * mantissa) >> 31;
    fraction <<= 1;
    if (mantissa >= uint64_t{1} << 32) {
      mantissa >>= 1;
      fraction |= 1;
    }
  }
  return (whole * int64_t{1024} + fraction) * 100 / 1024;
}

uint64_t ThemesOf(const v1::Concern& report) {
  uint64_t themes = 0;
  for (const int theme : report.themes()) {
    // That both are about something else says nothing.
    if (theme != v1::THEME_OTHER) themes |= ThemeBit(theme);
  }
  return themes;
}

uint64_t AbusesOf(const v1::Concern& report) {
  uint64_t abuses = 0;
  for (const int type : report.abuse_types()) abuses |= uint64_t{1} << (type & 63);
  return abuses;
}

int64_t LondonDay(const v1::Concern& report) {
  return DaysFromCivil(LondonDate(report.occurred_us()));
}

/// Adds up what speaks for and against.
class Weighing {
 public:
  Weighing(const v1::Concern& a, const v1::Concern& b, const Rarity& rarity)
      : a_(a), b_(b), rarity_(rarity), others_(std::max<int64_t>(0, rarity.values.reports() - 1)) {}

  Match Weigh(int64_t days_apart) {
    const auto of_day = static_cast<size_t>(days_apart);
    match_.score = ByChance() + kDaysApart[of_day];
    if (days_apart == 0) match_.reasons |= kMatchSameDay;
    WeighThemes();
    WeighNeverEvent();
    WeighWard();
    WeighAbuse();
    WeighHarm();
    WeighPeople();
    if (!a_.incident_key().empty() && !b_.incident_key().empty() &&
        a_.incident_key() != b_.incident_key()) {
      match_.score += kOtherKey;
    }
    match_.probable = match_.score >= kDuplicateThreshold;
    return match_;
  }

 private:
  /// How likely a second report of the same incident is beside how many others are to be expected
  /// within these days: as many as in the year so far, and those that are known to be there.
  int64_t ByChance() const {
    const int64_t days = std::max<int64_t>(1, rarity_.days);
    const int64_t expected = others_ * kDaysAround * kYear +
                             kIncidentsAtLeast * kDaysAround * days + rarity_.nearby * kYear * days;
    return Log2Hundredths(kReportedTwicePercent * kYear * days) - Log2Hundredths(100 * expected);
  }
  /// Weight of an agreement on a value that `with` reports have, the earlier of the two among them.
  int64_t Agree(const Weight& weight, int64_t with) const {
    const int64_t others_with = std::max<int64_t>(0, with - 1);
    return Log2Hundredths(weight.same_incident * (others_ + kPriorReports)) -
           Log2Hundredths(1000 * others_with + weight.by_chance * kPriorReports);
  }
  void WeighThemes() {
    const uint64_t a = ThemesOf(a_);
    const uint64_t b = ThemesOf(b_);
    if (a == 0 || b == 0) return;
    if ((a & b) == 0) {
      match_.score += kOtherThemes;
      return;
    }
    if (std::has_single_bit(a & b)) {
      match_.score += Agree(kTheme, rarity_.values.theme(std::countr_zero(a & b)));
      match_.reasons |= kMatchTheme;
      return;
    }
    // Of more than two the rarest pair; a third theme says nothing new.
    int64_t rarest = INT64_MIN;
    for (uint64_t one = a & b; one != 0; one &= one - 1) {
      for (uint64_t other = one & (one - 1); other != 0; other &= other - 1) {
        const int64_t with = rarity_.values.themes(std::countr_zero(one), std::countr_zero(other));
        rarest = std::max(rarest, Agree(kThemePair, with));
      }
    }
    match_.score += rarest;
    match_.reasons |= kMatchThemes;
  }
  void WeighNeverEvent() {
    if (a_.never_event() == v1::NEVER_EVENT_TYPE_UNSPECIFIED ||
        a_.never_event() != b_.never_event()) {
      return;
    }
    match_.score += Agree(kNeverEvent, rarity_.values.never_event(a_.never_event()));
    match_.reasons |= kMatchNeverEvent;
  }
  void WeighWard() {
    if (a_.ward().empty() || b_.ward().empty()) return;
    if (a_.ward() != b_.ward()) {
      match_.score += kOtherWard;
      return;
    }
    match_.score += Agree(kWard, rarity_.values.ward(a_.ward()));
    match_.reasons |= kMatchWard;
  }
  void WeighAbuse() {
    const uint64_t a = AbusesOf(a_);
    const uint64_t b = AbusesOf(b_);
    if (a == 0 || b == 0) return;
    if ((a & b) == 0) {
      match_.score += kOtherAbuse;
      return;
    }
    int64_t rarest = INT64_MIN;
    for (uint64_t both = a & b; both != 0; both &= both - 1) {
      rarest = std::max(rarest, Agree(kAbuse, rarity_.values.abuse(std::countr_zero(both))));
    }
    match_.score += rarest;
    match_.reasons |= kMatchAbuse;
  }
  void WeighHarm() {
    if (a_.harm() == v1::HARM_UNSPECIFIED || b_.harm() == v1::HARM_UNSPECIFIED) return;
    const int apart = std::abs(static_cast<int>(a_.harm()) - static_cast<int>(b_.harm()));
    if (apart > 0) {
      match_.score +=
          kHarmApart[std::min<size_t>(static_cast<size_t>(apart), kHarmApart.size() - 1)];
      return;
    }
    match_.score += Agree(kHarm, rarity_.values.harm(a_.harm()));
    match_.reasons |= kMatchHarm;
  }
  void WeighPeople() {
    if (a_.people() == 0 || b_.people() == 0) return;
    if (a_.people() != b_.people()) {
      match_.score += kOtherPeople;
      return;
    }
    const Weight& weight = a_.people() == 1 ? kOnePerson : kSeveralPeople;
    match_.score += Agree(weight, rarity_.values.people(a_.people()));
    match_.reasons |= kMatchPeople;
  }

  const v1::Concern& a_;
  const v1::Concern& b_;
  const Rarity& rarity_;
  int64_t others_;
  Match match_;
};

/// Families that tell of things that happened to people; notices, ratings, money and the media do
/// not.
bool TellsOfIncidents(v1::SourceFamily family) {
  switch (family) {
    case v1::SOURCE_FAMILY_SAFEGUARDING:
    case v1::SOURCE_FAMILY_INCIDENT:
    case v1::SOURCE_FAMILY_COMPLAINT_EXPERIENCE:
    case v1::SOURCE_FAMILY_COMMISSIONER_OBSERVATION:
    case v1::SOURCE_FAMILY_CLINICAL_OUTCOME:
    case v1::SOURCE_FAMILY_PROVIDER_SELF_REPORT:
      return true;
    default:
      return false;
  }
}

}  // namespace

int64_t ValueCounts::ward(const std::string& ward) const {
  const auto it = wards_.find(ward);
  return it == wards_.end() ? 0 : it->second;
}

void ValueCounts::Count(const v1::Concern& report, int by) {
  reports_ += by;
  for (const int one : report.themes()) {
    themes_[Slot(one, themes_.size())] += by;
    for (const int other : report.themes()) {
      if (one < other) pairs_[Pair(one, other)] += by;
    }
  }
  harms_[Slot(report.harm(), harms_.size())] += by;
  never_events_[Slot(report.never_event(), never_events_.size())] += by;
  for (const int type : report.abuse_types()) abuses_[Slot(type, abuses_.size())] += by;
  people_[std::min<size_t>(report.people(), people_.size() - 1)] += by;
  if (!report.ward().empty()) wards_[report.ward()] += by;
}

bool MayBeMatched(const v1::Concern& report) {
  return Counts(report) && (report.flags() & (kConcernApart | kConcernVisitFinding)) == 0 &&
         TellsOfIncidents(report.family());
}

bool HaveSubstance(const v1::Concern& a, const v1::Concern& b) {
  if (a.source() == b.source() || !MayBeMatched(a) || !MayBeMatched(b)) return false;
  if (a.never_event() != v1::NEVER_EVENT_TYPE_UNSPECIFIED &&
      b.never_event() != v1::NEVER_EVENT_TYPE_UNSPECIFIED) {
    return a.never_event() == b.never_event();
  }
  const int themes = std::popcount(ThemesOf(a) & ThemesOf(b));
  return themes >= 2 || (themes == 1 && !a.ward().empty() && a.ward() == b.ward());
}

Match MatchReports(const v1::Concern& a, const v1::Concern& b, const Rarity& rarity) {
  if (!HaveSubstance(a, b)) return {};
  const int64_t days_apart = std::abs(LondonDay(a) - LondonDay(b));
  if (days_apart > kDuplicateDaysApart) return {};
  return Weighing(a, b, rarity).Weigh(days_apart);
}

std::string ReasonsText(uint32_t reasons) {
  static constexpr std::array<std::pair<uint32_t, const char*>, 8> kTexts = {{
      {kMatchNeverEvent, "same never event"},
      {kMatchThemes, "same themes"},
      {kMatchTheme, "same theme"},
      {kMatchWard, "same ward"},
      {kMatchAbuse, "same type of abuse"},
      {kMatchHarm, "same harm"},
      {kMatchPeople, "same number of people"},
      {kMatchSameDay, "same day"},
  }};
  std::string text;
  for (const auto& [reason, words] : kTexts) {
    if ((reasons & reason) != 0) text += (text.empty() ? "" : ", ") + std::string(words);
  }
  return text;
}

}  // namespace trigpoint
