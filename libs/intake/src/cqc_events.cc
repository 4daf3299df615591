#include "cqc_events.h"

#include <algorithm>
#include <utility>

#include "trigpoint/events/times.h"

namespace trigpoint {

uint32_t VersionOfEdition(CivilDate edition) {
  return static_cast<uint32_t>(std::max<int64_t>(1, DaysFromCivil(edition)));
}

v1::Event NewCqcEvent(const CqcRecord& record, std::string id) {
  v1::Event event;
  event.set_source(record.source);
  event.set_id(std::move(id));
  event.set_source_version(record.version);
  event.mutable_subject()->set_scheme(record.scheme);
  event.mutable_subject()->set_value(record.value);
  event.set_source_organisation("cqc");
  return event;
}

void SetDate(CivilDate date, v1::Date* to) {
  to->set_year(date.year);
  to->set_month(date.month);
  to->set_day(date.day);
}

void OccurOn(CivilDate date, v1::Event* event) {
  SetMicros(LondonMidnight(date), event->mutable_occurred_at());
  event->set_occurred_precision(v1::TIME_PRECISION_DAY);
}

void ReportOn(CivilDate date, v1::Event* event) {
  SetMicros(LondonMidnight(date), event->mutable_reported_at());
}

v1::Event RatingEvent(const CqcRecord& record, std::string id, const CqcReport& report) {
  v1::Event event = NewCqcEvent(record, std::move(id));
  OccurOn(report.date, &event);
  v1::CqcRatingPublished* published = event.mutable_cqc_rating_published();
  published->set_report_id(report.id);
  SetDate(report.date, published->mutable_report_date());
  published->set_overall(report.overall);
  published->set_inherited(report.inherited);
  if (report.inherited) published->set_inherited_from(report.inherited_from);
  for (const auto& [question, rating] : report.key_questions) {
    v1::KeyQuestionRating* answer = published->add_key_questions();
    answer->set_key_question(question);
    answer->set_rating(rating);
    const auto percentage = report.percentages.find(question);
    if (percentage != report.percentages.end()) answer->set_percentage(percentage->second);
  }
  return event;
}

v1::Event StatusEvent(const CqcRecord& record, std::string id,
                      v1::RegistrationChanged::Status status, const CivilDate* date) {
  v1::Event event = NewCqcEvent(record, std::move(id));
  event.mutable_registration_changed()->set_status(status);
  if (date != nullptr) {
    OccurOn(*date, &event);
    SetDate(*date, event.mutable_registration_changed()->mutable_effective_on());
  }
  return event;
}

}  // namespace trigpoint
