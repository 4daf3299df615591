#include "trigpoint/intake/cqc_latest_ratings_adapter.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cells.h"
#include "cqc_date_order.h"
#include "cqc_vocabulary.h"
#include "csv_table.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

// Order of kColumns.
enum Column : size_t {
  kLocationId,
  kLocationName,
  kCareHome,
  kCategory,
  kLocalAuthority,
  kGroup,
  kDomain,
  kRating,
  kDate,
  kInherited,
  kProviderId,
  kBrandId,
};

// Provider Name is left where it is: it may be a person.
const std::vector<std::string_view>& Columns() {
  static const auto* const kColumns = new std::vector<std::string_view>{
      "Location ID",
      "Location Name",
      "Care Home?",
      "Location Primary Inspection Category",
      "Location Local Authority",
      "Service / Population Group",
      "Domain",
      "Latest Rating",
      "Publication Date",
      "Inherited Rating (Y/N)",
      "Provider ID",
      "Brand ID",
  };
  return *kColumns;
}

constexpr std::string_view kRatingSource = "cqc/latest-ratings";
constexpr std::string_view kDirectorySource = "cqc/directory";
constexpr std::string_view kScheme = "cqc-location";

// One statement about a location on a date: overall (KEY_QUESTION_UNSPECIFIED) or a key question.
struct Statement {
  v1::Rating rating = v1::RATING_UNSPECIFIED;
  bool inherited = false;
  std::vector<size_t> rows;    // Indices of the rows that state this rating.
  std::vector<size_t> rivals;  // Indices of rows that state another one.
};

using Statements = std::map<v1::KeyQuestion, Statement>;

struct Location {
  size_t first_row = 0;
  std::map<CivilDate, Statements> by_date;
};

class Import {
 public:
  Import(const CsvTable& table, const CqcLatestRatingsOptions& options, RowSink& sink,
         CqcLatestRatingsCounts* counts)
      : table_(table), options_(options), sink_(sink), counts_(counts) {}

  absl::Status Run() {
    TP_RETURN_IF_ERROR(DecideDates());
    counts_->rows = table_.rows.size();
    for (size_t i = 0; i < table_.rows.size(); ++i) {
      TakeRow(i);
    }
    for (Location& location : locations_) {
      RefuseConflicts(&location);
    }
    counts_->locations = locations_.size();
    for (const Location& location : locations_) {
      TP_RETURN_IF_ERROR(Emit(location));
    }
    return EmitRefused();
  }

 private:
  absl::Status DecideDates() {
    std::vector<DateCell> cells;
    for (const CsvRow& row : table_.rows) {
      if (row.problem == CsvProblem::kNone) {
        cells.push_back({.text = Trim(row.cells[kDate]), .line = row.line});
      }
    }
    TP_ASSIGN_OR_RETURN(date_order_, DecideDateOrder(cells, options_.date_order));
    edition_ = options_.edition;
    if (!edition_) {
      for (const DateCell& cell : cells) {
        edition_ = std::max(edition_, ReadDateCell(cell.text, date_order_));
      }
    }
    return absl::OkStatus();
  }

  std::string_view Cell(size_t row, Column column) const {
    return Trim(table_.rows[row].cells[column]);
  }

  void Refuse(size_t row, v1::FieldViolation violation) {
    refused_[row].push_back(std::move(violation));
  }

  // Gives false when the row cannot be looked into at all.
  bool CheckRow(size_t i) {
    const CsvRow& row = table_.rows[i];
    if (row.problem != CsvProblem::kNone) {
      Refuse(i, ViolationOf(table_, row));
      return false;
    }
    for (size_t column = 0; column < Columns().size(); ++column) {
      if (Trim(row.cells[column]).starts_with('=')) {
        Refuse(i, Violation(Columns()[column], "FORMULA_IN_CELL", "begins with an equals sign"));
        return false;
      }
    }
    if (!IsUsableId(Cell(i, kLocationId))) {
      Refuse(i, IdNotUsable("Location ID"));
      return false;
    }
    return true;
  }

  void TakeRow(size_t i) {
    if (!CheckRow(i)) {
      return;
    }
    const auto [it, added] =
        location_of_.try_emplace(std::string(Cell(i, kLocationId)), locations_.size());
    if (added) {
      locations_.emplace_back().first_row = i;
    }
    const std::optional<v1::Rating> rating = RatingOfCqc(Cell(i, kRating));
    if (!rating) {
      // A rating is no personal data: showing it says which word to teach.
      Refuse(i, Violation("Latest Rating", "RATING_NOT_KNOWN",
                          "\"" + std::string(Cell(i, kRating).substr(0, 60)) + "\" is not known"));
      return;
    }
    const std::optional<CivilDate> date = ReadDateCell(Cell(i, kDate), date_order_);
    if (!date) {
      Refuse(i, Violation("Publication Date", "DATE_NOT_READ", "is not a date of the file's form"));
      return;
    }
    if (Cell(i, kGroup) != "Overall") {
      CountGroupRow(i, *rating);
      return;
    }
    TakeRating(i, it->second, *rating, *date);
  }

  void CountGroupRow(size_t i, v1::Rating rating) {
    ++counts_->not_the_location_rating;
    std::string key;
    for (const Column column : {kLocationId, kGroup, kDomain, kDate}) {
      key.append(Cell(i, column)).push_back('\n');
    }
    const auto [it, added] = group_ratings_.try_emplace(std::move(key), rating);
    if (!added && it->second != rating) {
      ++counts_->service_group_conflicts;
    }
  }

  void TakeRating(size_t i, size_t location, v1::Rating rating, CivilDate date) {
    v1::KeyQuestion question = v1::KEY_QUESTION_UNSPECIFIED;
    if (const std::string_view domain = Cell(i, kDomain); domain != "Overall") {
      const std::optional<v1::KeyQuestion> named = KeyQuestionOfCqc(domain);
      if (!named) {
        Refuse(i, Violation("Domain", "DOMAIN_NOT_KNOWN", "is no key question and not Overall"));
        return;
      }
      question = *named;
    }
    const std::string_view inherited = Cell(i, kInherited);
    if (inherited != "Y" && inherited != "N" && !inherited.empty()) {
      Refuse(i, Violation("Inherited Rating (Y/N)", "INHERITED_NOT_KNOWN", "must be Y or N"));
      return;
    }
    if (!IsRatingValue(rating)) {
      ++counts_->not_a_rating;
    }
    Statement& statement = locations_[location].by_date[date][question];
    Merge(i, rating, &statement);
    statement.inherited = statement.inherited || inherited == "Y";
  }

  // What says why there is no rating gives way to a rating, whichever comes first.
  void Merge(size_t i, v1::Rating rating, Statement* statement) {
    const bool nothing_yet = statement->rating == v1::RATING_UNSPECIFIED;
    if (nothing_yet || (IsRatingValue(rating) && !IsRatingValue(statement->rating))) {
      statement->rating = rating;
      statement->rows = {i};
      statement->rivals.clear();
    } else if (rating == statement->rating) {
      statement->rows.push_back(i);
      ++counts_->duplicates;
    } else if (IsRatingValue(rating) == IsRatingValue(statement->rating)) {
      statement->rivals.push_back(i);
    }
  }

  // Which of two ratings is right cannot be known here, so none is used.
  void RefuseConflicts(Location* location) {
    for (auto& [date, statements] : location->by_date) {
      std::erase_if(statements, [this](const auto& entry) {
        const Statement& statement = entry.second;
        if (statement.rivals.empty()) {
          return false;
        }
        for (const size_t row : statement.rows) {
          RefuseAsConflict(row, statement.rivals.front());
        }
        for (const size_t row : statement.rivals) {
          RefuseAsConflict(row, statement.rows.front());
        }
        return true;
      });
    }
    std::erase_if(location->by_date, [](const auto& entry) { return entry.second.empty(); });
  }

  void RefuseAsConflict(size_t row, size_t other) {
    ++counts_->conflicts;
    Refuse(row, Violation("Latest Rating", "CONFLICTING_ROWS",
                          "line " + std::to_string(table_.rows[other].line) +
                              " rates the same location and domain otherwise on the same date"));
  }

  absl::Status Emit(const Location& location) {
    TP_RETURN_IF_ERROR(EmitService(location));
    bool overall = false;
    for (const auto& [date, statements] : location.by_date) {
      overall = overall || statements.contains(v1::KEY_QUESTION_UNSPECIFIED);
      TP_RETURN_IF_ERROR(EmitRating(location, date, statements));
    }
    if (!overall) {
      ++counts_->locations_without_overall;
    }
    return absl::OkStatus();
  }

  v1::Event NewEvent(const Location& location, std::string_view source) const {
    v1::Event event;
    event.set_source(std::string(source));
    event.set_source_version(1);
    event.mutable_subject()->set_scheme(std::string(kScheme));
    event.mutable_subject()->set_value(std::string(Cell(location.first_row, kLocationId)));
    event.set_source_organisation("cqc");
    return event;
  }

  absl::Status EmitService(const Location& location) {
    const size_t row = location.first_row;
    v1::Event event = NewEvent(location, kDirectorySource);
    event.set_id(event.subject().value());
    if (edition_) {
      event.set_source_version(
          static_cast<uint32_t>(std::max<int64_t>(1, DaysFromCivil(*edition_))));
      SetMicros(LondonMidnight(*edition_), event.mutable_reported_at());
    }
    v1::ServiceRegistered* service = event.mutable_service_registered();
    service->set_name(std::string(Cell(row, kLocationName)));
    service->set_service_type(ServiceTypeOfCqc(Cell(row, kCategory), Cell(row, kCareHome)));
    if (service->service_type() == v1::SERVICE_TYPE_UNSPECIFIED) {
      ++counts_->unknown_categories;
      service->set_service_type(v1::SERVICE_TYPE_OTHER);
    }
    service->set_organisation(std::string(NotDash(Cell(row, kProviderId))));
    service->set_brand(std::string(NotDash(Cell(row, kBrandId))));
    service->set_local_authority(std::string(Cell(row, kLocalAuthority)));
    return sink_.OnEvent(std::move(event), table_.rows[row].line);
  }

  static std::string_view NotDash(std::string_view text) {
    return text == "-" ? std::string_view() : text;
  }

  absl::Status EmitRating(const Location& location, CivilDate date, const Statements& statements) {
    v1::Event event = NewEvent(location, kRatingSource);
    event.set_id(event.subject().value() + "/" + FormatDate(date));
    SetMicros(LondonMidnight(date), event.mutable_occurred_at());
    event.set_occurred_precision(v1::TIME_PRECISION_DAY);
    v1::CqcRatingPublished* published = event.mutable_cqc_rating_published();
    published->mutable_report_date()->set_year(date.year);
    published->mutable_report_date()->set_month(date.month);
    published->mutable_report_date()->set_day(date.day);
    size_t first_row = table_.rows.size();
    for (const auto& [question, statement] : statements) {
      first_row = std::min(first_row, statement.rows.front());
      if (statement.inherited) {
        published->set_inherited(true);
      }
      if (question == v1::KEY_QUESTION_UNSPECIFIED) {
        published->set_overall(statement.rating);
        continue;
      }
      v1::KeyQuestionRating* rating = published->add_key_questions();
      rating->set_key_question(question);
      rating->set_rating(statement.rating);
    }
    ++counts_->ratings;
    counts_->inherited += published->inherited() ? 1U : 0U;
    return sink_.OnEvent(std::move(event), table_.rows[first_row].line);
  }

  absl::Status EmitRefused() {
    counts_->refused = refused_.size();
    for (auto& [row, violations] : refused_) {
      TP_RETURN_IF_ERROR(
          sink_.OnRefused({.line = table_.rows[row].line,
                           .original = std::string(table_.Original(table_.rows[row])),
                           .violations = std::move(violations)}));
    }
    return absl::OkStatus();
  }

  const CsvTable& table_;
  const CqcLatestRatingsOptions& options_;
  RowSink& sink_;
  CqcLatestRatingsCounts* counts_;
  std::optional<DateOrder> date_order_;
  std::optional<CivilDate> edition_;
  std::vector<Location> locations_;  // In the order of the file.
  std::unordered_map<std::string, size_t> location_of_;
  std::unordered_map<std::string, v1::Rating> group_ratings_;
  std::map<size_t, std::vector<v1::FieldViolation>> refused_;  // By row.
};

}  // namespace

std::vector<std::pair<std::string, uint64_t>> CqcLatestRatingsAdapter::Found() const {
  return {{"rows in the file", counts_.rows},
          {"locations", counts_.locations},
          {"ratings of a location and date", counts_.ratings},
          {"of these inherited from a predecessor", counts_.inherited},
          {"rows of a service or population group, not the location's rating",
           counts_.not_the_location_rating},
          {"of these at odds with another row of the group", counts_.service_group_conflicts},
          {"values that are not ratings and overwrite none", counts_.not_a_rating},
          {"rows that repeat another", counts_.duplicates},
          {"rows refused as conflicting", counts_.conflicts},
          {"rows refused in all", counts_.refused},
          {"locations without an overall rating", counts_.locations_without_overall}};
}

absl::Status CqcLatestRatingsAdapter::Read(std::istream& input, RowSink& sink) {
  counts_ = {};
  TP_ASSIGN_OR_RETURN(const CsvTable table, ReadCsvTable(input, Columns()));
  return Import(table, options_, sink, &counts_).Run();
}

}  // namespace trigpoint
