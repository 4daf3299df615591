#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// The regulator's ratings as they stand: overall and per key question.
///
/// Values that are not ratings ("Insufficient evidence to rate", "Inspected but not rated", ...)
/// never overwrite one (CL-04). A withdrawn report reinstates the earlier rating (A45); an
/// amendment replaces the ratings of its report (A44). Key questions count only from reports not
/// older than the one that gave the overall rating.
struct CurrentRating {
  v1::Rating overall = v1::RATING_UNSPECIFIED;  ///< RATING_UNSPECIFIED: no rating is known.
  std::array<v1::Rating, 5> key_questions{};    ///< Safe, Effective, Caring, Responsive, Well-led.
  CivilDate report_date{};
  v1::EventRef overall_evidence;
  std::vector<v1::EventRef> evidence;  ///< Every report (and amendment) that contributed.
  bool inherited = false;
  bool under_review = false;  ///< A review was requested; the rating applies meanwhile.
  bool reinstated = false;    ///< A later report was withdrawn.
  v1::Rating last_unrated =
      v1::RATING_UNSPECIFIED;  ///< The latest value that is no rating, if it is newer.
};

/// Ratings in force, of reports published on or before `as_of_us` (microseconds UTC).
CurrentRating CurrentRatingOf(const v1::ProviderState& state, int64_t as_of_us);

/// Whether `rating` is one of the four ratings.
inline bool IsRating(v1::Rating rating) {
  return rating >= v1::RATING_OUTSTANDING && rating <= v1::RATING_INADEQUATE;
}

/// "Requires improvement" and the like, as the regulator writes it.
std::string RatingText(v1::Rating rating);

}  // namespace trigpoint
