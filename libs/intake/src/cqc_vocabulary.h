#pragma once

#include <optional>
#include <string_view>
#include <vector>

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

/// What a document or a row says of what a location is. Lifetime: of the texts it points into.
struct CqcServiceEvidence {
  std::vector<std::string_view> service_types;  ///< "Care home service with nursing", or "Nursing
                                                ///< homes": either of CQC's two vocabularies.
  std::vector<std::string_view> activities;     ///< Regulated activities.
  std::string_view category;                    ///< Primary inspection category; may be empty.
  std::string_view sector;                      ///< "NHS Healthcare Organisation"; may be empty.
  bool care_home = false;
};

/// Gives the type of service. A location may be several things: a health service that is no care
/// home is what its primary inspection category says; else nursing home, care home, home care,
/// supported living, in this order, and health services after them; regulated activities decide
/// where no type is named.
/// SERVICE_TYPE_OTHER where nothing tells.
v1::ServiceType ServiceTypeOfCqc(const CqcServiceEvidence& evidence);

/// Gives why one registration follows another, for a `reason` of CQC's `relationships`;
/// REASON_UNSPECIFIED, on which a person is asked, for one that is not known here.
v1::ServiceLinked::Reason LinkReasonOfCqc(std::string_view reason);

/// Whether a type of service is named that is not known here.
bool HasUnknownServiceType(const CqcServiceEvidence& evidence);

}  // namespace trigpoint
