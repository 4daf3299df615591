#include "cqc_vocabulary.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace trigpoint {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  for (size_t i = 0; i < a.size(); ++i) {
    if (Lower(a[i]) != Lower(b[i])) {
      return false;
    }
  }
  return true;
}

template <typename Value, size_t N>
std::optional<Value> Find(const std::array<std::pair<std::string_view, Value>, N>& words,
                          std::string_view text) {
  for (const auto& [word, value] : words) {
    if (EqualsIgnoringCase(word, text)) {
      return value;
    }
  }
  return std::nullopt;
}

using RatingWord = std::pair<std::string_view, v1::Rating>;
using QuestionWord = std::pair<std::string_view, v1::KeyQuestion>;
using ReasonWord = std::pair<std::string_view, v1::ServiceLinked::Reason>;
using CategoryWord = std::pair<std::string_view, v1::ServiceType>;

// The first five stand in documents of 2025; the others in CQC's guidance and older documents.
constexpr std::array<ReasonWord, 14> kReasons = {{
    {"Location Move", v1::ServiceLinked::REASON_LOCATION_MOVE},
    {"Legal Entity Change", v1::ServiceLinked::REASON_CHANGE_OF_LEGAL_ENTITY},
    {"New Provider", v1::ServiceLinked::REASON_NEW_PROVIDER},
    {"NHS Transfer", v1::ServiceLinked::REASON_NHS_TRANSFER},
    {"Partnership Change", v1::ServiceLinked::REASON_CHANGE_OF_PARTNERSHIP},
    {"Change of Location", v1::ServiceLinked::REASON_LOCATION_MOVE},
    {"Change of Legal Entity", v1::ServiceLinked::REASON_CHANGE_OF_LEGAL_ENTITY},
    {"Change of ownership", v1::ServiceLinked::REASON_CHANGE_OF_OWNERSHIP},
    {"Ownership Change", v1::ServiceLinked::REASON_CHANGE_OF_OWNERSHIP},
    {"Change of Partnership", v1::ServiceLinked::REASON_CHANGE_OF_PARTNERSHIP},
    {"Partnership", v1::ServiceLinked::REASON_CHANGE_OF_PARTNERSHIP},
    {"Change of Provider", v1::ServiceLinked::REASON_NEW_PROVIDER},
    {"Merger", v1::ServiceLinked::REASON_MERGER},
    {"Provider Merger", v1::ServiceLinked::REASON_MERGER},
}};

constexpr std::array<RatingWord, 17> kRatings = {{
    {"Outstanding", v1::RATING_OUTSTANDING},
    {"Good", v1::RATING_GOOD},
    {"Requires improvement", v1::RATING_REQUIRES_IMPROVEMENT},
    {"Inadequate", v1::RATING_INADEQUATE},
    {"Insufficient evidence to rate", v1::RATING_INSUFFICIENT_EVIDENCE},
    {"Inspected but not rated", v1::RATING_INSPECTED_BUT_NOT_RATED},
    {"Inspected but not formally rated", v1::RATING_INSPECTED_BUT_NOT_RATED},
    {"No published rating", v1::RATING_NO_PUBLISHED_RATING},
    {"Not rated", v1::RATING_NO_PUBLISHED_RATING},
    {"Not formally rated", v1::RATING_NO_PUBLISHED_RATING},
    {"Under review", v1::RATING_UNDER_REVIEW},
    // Services that are inspected and never rated, such as dentists.
    {"Regulations met", v1::RATING_INSPECTED_BUT_NOT_RATED},
    {"Regulations not met", v1::RATING_INSPECTED_BUT_NOT_RATED},
    {"Not all regulations met", v1::RATING_INSPECTED_BUT_NOT_RATED},
    {"Not applicable", v1::RATING_NO_PUBLISHED_RATING},
    {"Not yet inspected", v1::RATING_NO_PUBLISHED_RATING},
    {"Not assessed", v1::RATING_NO_PUBLISHED_RATING},
}};

constexpr std::array<QuestionWord, 5> kQuestions = {{
    {"Safe", v1::KEY_QUESTION_SAFE},
    {"Effective", v1::KEY_QUESTION_EFFECTIVE},
    {"Caring", v1::KEY_QUESTION_CARING},
    {"Responsive", v1::KEY_QUESTION_RESPONSIVE},
    {"Well-led", v1::KEY_QUESTION_WELL_LED},
}};

// The 22 categories of the edition of 2021-02.
constexpr std::array<CategoryWord, 22> kCategories = {{
    {"Residential social care", v1::SERVICE_TYPE_OTHER},  // Care homes are told by "Care Home?".
    {"Community based adult social care services", v1::SERVICE_TYPE_HOME_CARE},
    {"GP Practices", v1::SERVICE_TYPE_GENERAL_PRACTICE},
    {"Out of hours", v1::SERVICE_TYPE_GENERAL_PRACTICE},
    {"Urgent care services & mobile doctors", v1::SERVICE_TYPE_COMMUNITY_HEALTH},
    {"Remote clinical advice", v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Independent consulting doctors", v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Slimming Clinics", v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Hospice services", v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Acute hospital - NHS non-specialist", v1::SERVICE_TYPE_ACUTE},
    {"Acute hospital - NHS specialist", v1::SERVICE_TYPE_ACUTE},
    {"Acute hospital - Independent non-specialist", v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Acute hospital - Independent specialist", v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Acute Services - Non Hospital", v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Mental health - community & hospital - independent", v1::SERVICE_TYPE_MENTAL_HEALTH},
    {"Mental health - community & residential - NHS", v1::SERVICE_TYPE_MENTAL_HEALTH},
    {"Community health - NHS & Independent", v1::SERVICE_TYPE_COMMUNITY_HEALTH},
    {"Ambulance service", v1::SERVICE_TYPE_AMBULANCE},
    {"Dentists", v1::SERVICE_TYPE_DENTIST},
    {"Residential substance misuse", v1::SERVICE_TYPE_OTHER},
    {"Community substance misuse", v1::SERVICE_TYPE_OTHER},
    {"Unspecified", v1::SERVICE_TYPE_OTHER},
}};

struct ServiceTypeWords {
  std::string_view description;  // Of the API, and of the files' columns "Service type - ...".
  std::string_view name;         // Of the API and of the directory on the web.
  v1::ServiceType type;
};

// In the order in which one of several is chosen.
constexpr std::array<ServiceTypeWords, 34> kServiceTypes = {{
    {"Care home service with nursing", "Nursing homes", v1::SERVICE_TYPE_CARE_HOME_NURSING},
    {"Care home service without nursing", "Residential homes",
     v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL},
    {"Domiciliary care service", "Homecare agencies", v1::SERVICE_TYPE_HOME_CARE},
    {"Supported living service", "Supported living", v1::SERVICE_TYPE_SUPPORTED_LIVING},
    {"Extra Care housing services", "Supported housing", v1::SERVICE_TYPE_SUPPORTED_LIVING},
    {"Shared Lives", "Shared lives", v1::SERVICE_TYPE_OTHER},
    {"Hospital services for people with mental health needs, learning disabilities and problems "
     "with substance misuse",
     "Hospitals - Mental health/capacity", v1::SERVICE_TYPE_MENTAL_HEALTH},
    {"Acute services with overnight beds", "Hospital", v1::SERVICE_TYPE_ACUTE},
    {"Acute services without overnight beds / listed acute services with or without overnight beds",
     "Clinic", v1::SERVICE_TYPE_ACUTE},
    {"Ambulance service", "Ambulances", v1::SERVICE_TYPE_AMBULANCE},
    {"Community based services for people with mental health needs",
     "Community services - Mental Health", v1::SERVICE_TYPE_MENTAL_HEALTH},
    {"Community healthcare service", "Community services - Healthcare",
     v1::SERVICE_TYPE_COMMUNITY_HEALTH},
    {"Community based services for people with a learning disability",
     "Community services - Learning disabilities", v1::SERVICE_TYPE_COMMUNITY_HEALTH},
    {"Community health care services - Nurses Agency only", "Community services - Nursing",
     v1::SERVICE_TYPE_COMMUNITY_HEALTH},
    {"Community health care services - Independent Midwives", "Midwives",
     v1::SERVICE_TYPE_COMMUNITY_HEALTH},
    {"Urgent care services", "Urgent care centres", v1::SERVICE_TYPE_COMMUNITY_HEALTH},
    {"Doctors treatment service", "Doctors/GPs", v1::SERVICE_TYPE_GENERAL_PRACTICE},
    {"Doctors consultation service", "Doctors/GPs", v1::SERVICE_TYPE_GENERAL_PRACTICE},
    {"Mobile doctors service", "Mobile doctors", v1::SERVICE_TYPE_GENERAL_PRACTICE},
    {"Dental service", "Dentist", v1::SERVICE_TYPE_DENTIST},
    {"Hospice services", "Hospice", v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Hospice services at home", "Home hospice care", v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Diagnostic and/or screening service", "Diagnosis/screening",
     v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Diagnostic and/or screening service - single handed sessional providers",
     "Diagnosis/screening", v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Remote clinical advice service", "Phone/online advice", v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Hyperbaric Chamber", "Hyperbaric chamber services", v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Long term conditions services", "Long-term conditions", v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Rehabilitation services", "Rehabilitation (illness/injury)",
     v1::SERVICE_TYPE_INDEPENDENT_HEALTH},
    {"Blood and Transplant service", "Blood and transplant service", v1::SERVICE_TYPE_OTHER},
    {"Prison Healthcare Services", "Prison healthcare", v1::SERVICE_TYPE_OTHER},
    {"Community based services for people who misuse substances",
     "Community services - Substance abuse", v1::SERVICE_TYPE_OTHER},
    {"Residential substance misuse treatment and/or rehabilitation service",
     "Rehabilitation (substance abuse)", v1::SERVICE_TYPE_OTHER},
    {"Specialist college service", "Education disability services", v1::SERVICE_TYPE_OTHER},
    {"Specialist college service", "Specialist college service", v1::SERVICE_TYPE_OTHER},
}};

// Place in kServiceTypes; its size: not known.
size_t PlaceOf(std::string_view word) {
  for (size_t i = 0; i < kServiceTypes.size(); ++i) {
    if (EqualsIgnoringCase(kServiceTypes[i].description, word) ||
        EqualsIgnoringCase(kServiceTypes[i].name, word)) {
      return i;
    }
  }
  return kServiceTypes.size();
}

// What the category says of a health service; social care is told by types of service.
v1::ServiceType HealthTypeOf(const CqcServiceEvidence& evidence) {
  const v1::ServiceType type =
      Find(kCategories, evidence.category).value_or(v1::SERVICE_TYPE_UNSPECIFIED);
  const bool social = type == v1::SERVICE_TYPE_HOME_CARE || type == v1::SERVICE_TYPE_OTHER;
  return social ? v1::SERVICE_TYPE_UNSPECIFIED : type;
}

v1::ServiceType TypeOfActivities(const std::vector<std::string_view>& activities) {
  v1::ServiceType type = v1::SERVICE_TYPE_OTHER;
  for (const std::string_view activity : activities) {
    if (EqualsIgnoringCase(activity,
                           "Accommodation for persons who require nursing or personal care")) {
      return v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL;
    }
    if (EqualsIgnoringCase(activity, "Personal care")) type = v1::SERVICE_TYPE_HOME_CARE;
  }
  return type;
}

}  // namespace

std::optional<v1::Rating> RatingOfCqc(std::string_view text) { return Find(kRatings, text); }

bool IsRatingValue(v1::Rating rating) {
  return rating >= v1::RATING_OUTSTANDING && rating <= v1::RATING_INADEQUATE;
}

std::optional<v1::KeyQuestion> KeyQuestionOfCqc(std::string_view text) {
  return Find(kQuestions, text);
}

v1::ServiceType ServiceTypeOfCqc(std::string_view category, std::string_view care_home) {
  if (EqualsIgnoringCase(care_home, "Y")) {
    return v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL;
  }
  return Find(kCategories, category).value_or(v1::SERVICE_TYPE_UNSPECIFIED);
}

v1::ServiceType ServiceTypeOfCqc(const CqcServiceEvidence& evidence) {
  const v1::ServiceType health =
      evidence.care_home ? v1::SERVICE_TYPE_UNSPECIFIED : HealthTypeOf(evidence);
  if (health != v1::SERVICE_TYPE_UNSPECIFIED) {
    return health;
  }
  size_t first = kServiceTypes.size();
  for (const std::string_view word : evidence.service_types) {
    first = std::min(first, PlaceOf(word));
  }
  if (first < kServiceTypes.size()) {
    const v1::ServiceType type = kServiceTypes[first].type;
    const bool independent = EqualsIgnoringCase(evidence.sector, "Independent Healthcare Org");
    return type == v1::SERVICE_TYPE_ACUTE && independent ? v1::SERVICE_TYPE_INDEPENDENT_HEALTH
                                                         : type;
  }
  return evidence.care_home ? v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL
                            : TypeOfActivities(evidence.activities);
}

bool HasUnknownServiceType(const CqcServiceEvidence& evidence) {
  return std::any_of(
      evidence.service_types.begin(), evidence.service_types.end(),
      [](std::string_view word) { return !word.empty() && PlaceOf(word) == kServiceTypes.size(); });
}

v1::ServiceLinked::Reason LinkReasonOfCqc(std::string_view reason) {
  return Find(kReasons, reason).value_or(v1::ServiceLinked::REASON_UNSPECIFIED);
}

}  // namespace trigpoint
