#include "cqc_vocabulary.h"

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
using CategoryWord = std::pair<std::string_view, v1::ServiceType>;

constexpr std::array<RatingWord, 11> kRatings = {{
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

}  // namespace trigpoint
