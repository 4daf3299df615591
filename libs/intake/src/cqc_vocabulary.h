#pragma once

#include <optional>
#include <string_view>

#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Reads CQC's word for a rating, or for why there is none; letters of either case. Nothing for
/// other words.
std::optional<v1::Rating> RatingOfCqc(std::string_view text);

/// Tells a rating from a value that says why there is none.
bool IsRatingValue(v1::Rating rating);

/// Reads a key question ("Safe", "Well-led"); letters of either case. Nothing for other words.
std::optional<v1::KeyQuestion> KeyQuestionOfCqc(std::string_view text);

/// Gives the type of service for CQC's primary inspection category; SERVICE_TYPE_UNSPECIFIED for a
/// category that is not known here. The file does not tell nursing homes from other care homes.
v1::ServiceType ServiceTypeOfCqc(std::string_view category, std::string_view care_home);

}  // namespace trigpoint
