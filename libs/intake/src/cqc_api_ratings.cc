#include "cqc_api_ratings.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <set>
#include <tuple>
#include <utility>

#include "cells.h"
#include "cqc_vocabulary.h"

namespace trigpoint {
namespace {

// What one report says of the whole location (KEY_QUESTION_UNSPECIFIED) or of a key question.
struct Statement {
  v1::Rating rating = v1::RATING_UNSPECIFIED;
  bool conflicting = false;
  std::optional<double> percentage{};
};

struct Report {
  std::string id;
  CivilDate date;
  bool inherited = false;
  std::string inherited_from{};
  std::map<v1::KeyQuestion, Statement> statements;

  v1::Rating Overall() const {
    const auto found = statements.find(v1::KEY_QUESTION_UNSPECIFIED);
    return found == statements.end() ? v1::RATING_UNSPECIFIED : found->second.rating;
  }
};

CqcReport Finished(const Report& report) {
  CqcReport finished{.id = report.id,
                     .date = report.date,
                     .overall = report.Overall(),
                     .key_questions = {},
                     .inherited = report.inherited,
                     .inherited_from = report.inherited_from};
  for (const auto& [question, statement] : report.statements) {
    if (question == v1::KEY_QUESTION_UNSPECIFIED) continue;
    finished.key_questions[question] = statement.rating;
    if (statement.percentage) finished.percentages[question] = *statement.percentage;
  }
  return finished;
}

class Collector {
 public:
  Collector(const JsonFields& document, const RatedSubject& subject, CqcApiCounts* counts)
      : document_(document), subject_(subject), counts_(counts) {}

  std::vector<CqcReport> Run() {
    for (const JsonFields& entry : document_.List("historicRatings")) {
      TakeHistoric(entry);
    }
    if (const auto current = document_.Object("currentRatings")) {
      TakeCurrent(*current);
    }
    TakeAssessments();
    RefuseConflicts();
    std::sort(reports_.begin(), reports_.end(), [](const Report& a, const Report& b) {
      return std::tie(a.date, a.id) < std::tie(b.date, b.id);
    });
    std::vector<CqcReport> finished;
    for (const Report& report : reports_) {
      if (!report.statements.empty()) finished.push_back(Finished(report));
    }
    CarryForward(&finished);
    Count(finished);
    return finished;
  }

 private:
  // An entry earned by another registration names it.
  bool Inherits(const JsonFields& entry) const {
    const std::string organisation = entry.Text("organisationId");
    return !organisation.empty() && organisation != subject_.id;
  }

  // Known by its link, else by its date.
  Report& ReportOf(const std::string& link, CivilDate date) {
    const std::string id = IsUsableId(link) ? link : FormatDate(date);
    for (Report& report : reports_) {
      if (report.id == id) return report;
    }
    Report& report = reports_.emplace_back();
    report.id = id;
    report.date = date;
    report.inherited = subject_.registered_on && date < *subject_.registered_on;
    return report;
  }

  // A rating beats what says why there is none; of two ratings neither will be used.
  void State(const JsonFields& entry, v1::Rating rating, Statement* stated) {
    if (stated->rating == v1::RATING_UNSPECIFIED ||
        (IsRatingValue(rating) && !IsRatingValue(stated->rating))) {
      stated->rating = rating;
    } else if (IsRatingValue(rating) && rating != stated->rating) {
      entry.Refuse("rating", "CONFLICTING_RATINGS", "the same report says another rating, too");
      stated->conflicting = true;
    }
  }

  std::optional<v1::Rating> RatingOf(const JsonFields& entry) const {
    const std::string word = entry.Text("rating");
    if (word.empty()) {
      return std::nullopt;
    }
    const std::optional<v1::Rating> rating = RatingOfCqc(word);
    if (!rating) {
      // A rating is no personal data: showing it says which word to teach.
      entry.Refuse("rating", "RATING_NOT_KNOWN", "\"" + word.substr(0, 60) + "\" is not known");
    }
    return rating;
  }

  void StateOf(const JsonFields& entry, v1::KeyQuestion question, v1::Rating rating,
               Report* report) {
    Statement& stated = report->statements[question];
    State(entry, rating, &stated);
    if (const auto percentage = PercentageOf(entry)) stated.percentage = percentage;
    NoteInherited(entry, report);
  }

  // The published score; the rating is never computed from it (CL-05).
  static std::optional<double> PercentageOf(const JsonFields& entry) {
    const std::string text = entry.Text("percentageScore");
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty()) return std::nullopt;
    if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > 100) {
      entry.Refuse("percentageScore", "PERCENTAGE_NOT_READ", "must be a number from 0 to 100");
      return std::nullopt;
    }
    return value;
  }

  void NoteInherited(const JsonFields& entry, Report* report) const {
    if (!Inherits(entry)) return;
    report->inherited = true;
    if (const std::string from = entry.Text("organisationId"); IsUsableId(from))
      report->inherited_from = from;
  }

  // The overall value, and each key question, which goes to the report that its own link and date
  // name. `date`: of the group; what has no date at all was never published.
  void TakeGroup(const JsonFields& group, const std::string& link, std::optional<CivilDate> date) {
    const std::optional<v1::Rating> overall = RatingOf(group);
    if (overall && date) {
      StateOf(group, v1::KEY_QUESTION_UNSPECIFIED, *overall, &ReportOf(link, *date));
    }
    for (const JsonFields& entry : group.List("keyQuestionRatings")) {
      const std::optional<v1::KeyQuestion> question = KeyQuestionOfCqc(entry.Text("name"));
      const std::optional<v1::Rating> rating = RatingOf(entry);
      const std::optional<CivilDate> own = entry.Date("reportDate");
      if (!question) {
        entry.Refuse("name", "QUESTION_NOT_KNOWN", "is no key question");
      } else if (rating && own) {
        StateOf(entry, *question, *rating, &ReportOf(entry.Text("reportLinkId"), *own));
      } else if (rating && date) {
        StateOf(entry, *question, *rating, &ReportOf(link, *date));
      }
    }
  }

  void TakeHistoric(const JsonFields& entry) {
    counts_->service_ratings += entry.List("serviceRatings").size();
    const std::optional<CivilDate> date = entry.Date("reportDate");
    const std::optional<JsonFields> overall = entry.Object("overall");
    if (!date) {
      if (!entry.Has("reportDate")) {
        entry.Refuse("reportDate", "REPORT_DATE_MISSING", "a report must have its date");
      }
      return;
    }
    Report& report = ReportOf(entry.Text("reportLinkId"), *date);
    NoteInherited(entry, &report);
    if (overall) {
      TakeGroup(*overall, report.id, date);
    } else {
      ++counts_->without_overall;
    }
  }

  void TakeCurrent(const JsonFields& current) {
    counts_->service_ratings += current.List("serviceRatings").size();
    const std::optional<JsonFields> overall = current.Object("overall");
    if (!overall) {
      return;
    }
    std::optional<CivilDate> date = overall->Date("reportDate");
    if (!date) {
      date = current.Date("reportDate");
    }
    if (const std::string word = overall->Text("rating"); !date && !word.empty()) {
      if (IsRatingValue(RatingOfCqc(word).value_or(v1::RATING_UNSPECIFIED))) {
        overall->Refuse("reportDate", "REPORT_DATE_MISSING", "a rating must have its date");
      } else {
        ++counts_->nothing_published;
      }
    }
    TakeGroup(*overall, overall->Text("reportLinkId"), date);
  }

  // The single assessment framework rates service groups. Of a location with one, its rating is the
  // location's; how CQC sums up several is not in the document.
  void TakeAssessments() {
    struct Assessed {
      std::optional<CivilDate> published;
      JsonFields group;
    };
    std::vector<Assessed> assessed;
    std::set<std::string> names;
    for (const JsonFields& assessment : document_.List("assessment")) {
      const auto published = assessment.Date("assessmentPlanPublishedDateTime");
      const auto ratings = assessment.Object("ratings");
      if (!ratings) {
        continue;
      }
      for (JsonFields& group : ratings->List("asgRatings")) {
        names.insert(group.Text("name"));
        if (!published && !assessment.Has("assessmentPlanPublishedDateTime")) {
          assessment.Refuse("assessmentPlanPublishedDateTime", "REPORT_DATE_MISSING",
                            "an assessment must have the date of its publication");
        }
        assessed.push_back({.published = published, .group = std::move(group)});
      }
    }
    if (names.size() > 1) {
      counts_->service_ratings += assessed.size();
      return;
    }
    for (const auto& [published, group] : assessed) {
      if (!published) {
        continue;
      }
      TakeGroup(group, group.Text("assessmentPlanId"), published);
    }
  }

  // Which of two reports of one day is the later cannot be known.
  void RefuseConflicts() {
    for (size_t i = 0; i < reports_.size(); ++i) {
      for (size_t j = i + 1; j < reports_.size(); ++j) {
        const v1::Rating a = reports_[i].Overall();
        const v1::Rating b = reports_[j].Overall();
        if (reports_[i].date == reports_[j].date && IsRatingValue(a) && IsRatingValue(b) &&
            a != b) {
          document_.Refuse("historicRatings", "CONFLICTING_RATINGS",
                           "two reports of " + FormatDate(reports_[i].date) + " rate differently");
          reports_[i].statements[v1::KEY_QUESTION_UNSPECIFIED].conflicting = true;
          reports_[j].statements[v1::KEY_QUESTION_UNSPECIFIED].conflicting = true;
        }
      }
    }
    for (Report& report : reports_) {
      std::erase_if(report.statements, [](const auto& entry) { return entry.second.conflicting; });
    }
  }

  // What a report does not rate anew stands as it was.
  static void CarryForward(std::vector<CqcReport>* reports) {
    std::map<v1::KeyQuestion, v1::Rating> standing;
    for (CqcReport& report : *reports) {
      for (const auto& [question, rating] : report.key_questions) {
        if (IsRatingValue(rating)) standing[question] = rating;
      }
      if (!IsRatingValue(report.overall)) {
        continue;
      }
      for (const auto& [question, rating] : standing) {
        report.key_questions[question] = rating;
      }
    }
  }

  void Count(const std::vector<CqcReport>& reports) const {
    for (const CqcReport& report : reports) {
      ++counts_->ratings;
      counts_->inherited += report.inherited ? 1U : 0U;
      if (report.overall != v1::RATING_UNSPECIFIED && !IsRatingValue(report.overall)) {
        ++counts_->not_a_rating;
      }
    }
  }

  const JsonFields& document_;
  const RatedSubject& subject_;
  CqcApiCounts* counts_;
  std::deque<Report> reports_;  // They are referred to while others are added.
};

}  // namespace

std::vector<CqcReport> ReportsOf(const JsonFields& document, const RatedSubject& subject,
                                 CqcApiCounts* counts) {
  return Collector(document, subject, counts).Run();
}

}  // namespace trigpoint
