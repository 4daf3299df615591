#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "trigpoint/base/time.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// What every event of one location, or provider organisation, of one feed shares.
struct CqcRecord {
  std::string source;
  std::string scheme;  ///< "cqc-location" or "cqc-provider".
  std::string value;
  uint32_t version = 1;
};

/// Version of a record that is stated anew with every edition of a file: the days from 1970 to the
/// edition, so that a later edition corrects an earlier one.
uint32_t VersionOfEdition(CivilDate edition);

/// Begins an event about the record.
v1::Event NewCqcEvent(const CqcRecord& record, std::string id);

/// Sets a day as day.
void SetDate(CivilDate date, v1::Date* to);

/// States when it happened: a day of the regulator's, without an hour.
void OccurOn(CivilDate date, v1::Event* event);

/// States of which day the record speaks.
void ReportOn(CivilDate date, v1::Event* event);

/// What one report says of a location: the overall rating, where there is one, and key questions.
struct CqcReport {
  std::string id;
  CivilDate date;
  v1::Rating overall = v1::RATING_UNSPECIFIED;
  std::map<v1::KeyQuestion, v1::Rating> key_questions;
  bool inherited = false;                           ///< Earned by a predecessor registration.
  std::string inherited_from{};                     ///< Its id, where the feed names it.
  std::map<v1::KeyQuestion, double> percentages{};  ///< As published, of this report alone.
};

/// Makes the event of a report.
v1::Event RatingEvent(const CqcRecord& record, std::string id, const CqcReport& report);

/// Makes the event of a status; `date`, where given, is its effective date and when it occurred.
v1::Event StatusEvent(const CqcRecord& record, std::string id,
                      v1::RegistrationChanged::Status status, const CivilDate* date);

}  // namespace trigpoint
