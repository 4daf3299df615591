#include "trigpoint/intake/cqc_rating_history_adapter.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "cells.h"
#include "cqc_date_order.h"
#include "cqc_events.h"
#include "cqc_vocabulary.h"
#include "csv_table.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr std::string_view kSource = "cqc/rating-history";

// Order of the wanted columns.
enum Column : size_t { kDate, kRating, kLocationId, kStart, kEnd };

// The names of start and end carry the year of the extract.
struct Wanted {
  std::string_view name;
  bool with_year;
};
constexpr Wanted kWanted[] = {{"reportdate", false},
                              {"overall", false},
                              {"locationid", false},
                              {"location_start", true},
                              {"location_end", true}};

bool Names(std::string_view cell, const Wanted& wanted) {
  cell = Trim(cell);
  if (!wanted.with_year) {
    return cell == wanted.name;
  }
  constexpr size_t kYearBytes = 5;  // "_2025"
  return cell.size() == wanted.name.size() + kYearBytes && cell.starts_with(wanted.name) &&
         cell.find_first_not_of("0123456789", wanted.name.size() + 1) == std::string_view::npos;
}

absl::StatusOr<std::optional<CsvHeader>> FindHeader(const std::vector<std::string>& cells,
                                                    uint64_t line) {
  CsvHeader header{.columns = cells.size(), .places = {}, .is_data = false};
  const auto wrong = [line](const Wanted& wanted, const std::string& what) {
    return absl::InvalidArgumentError("line " + std::to_string(line) + ": the column \"" +
                                      std::string(wanted.name) + (wanted.with_year ? "_2025" : "") +
                                      "\" is " + what);
  };
  for (const Wanted& wanted : kWanted) {
    std::optional<size_t> place;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (!Names(cells[i], wanted)) continue;
      if (place) return wrong(wanted, "there twice");
      place = i;
    }
    if (!place) {
      const std::string nearest = NearestName(wanted.name, cells);
      return wrong(wanted,
                   "missing" + (nearest.empty() ? "" : "; the file has \"" + nearest + "\""));
    }
    header.places.push_back(*place);
  }
  return std::optional<CsvHeader>(std::move(header));
}

// Stata counts days from 1960.
std::optional<CivilDate> StataDay(std::string_view text) {
  constexpr int64_t kDaysMax = 60'000;  // In the year 2124.
  static const int64_t kEpoch = DaysFromCivil({.year = 1960, .month = 1, .day = 1});
  int64_t day = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), day);
  const std::string_view rest = text.substr(static_cast<size_t>(end - text.data()));
  if (error != std::errc() || !(rest.empty() || rest == ".0") || day < 0 || day > kDaysMax) {
    return std::nullopt;
  }
  return CivilFromDays(kEpoch + day);
}

struct Location {
  CivilDate start;
  std::optional<CivilDate> end;
  uint64_t line = 0;                                           // Of the row that said so.
  std::map<CivilDate, std::pair<v1::Rating, size_t>> ratings;  // With the row.
};

class Import {
 public:
  Import(const CsvTable& table, RowSink& sink, CqcRatingHistoryCounts* counts)
      : table_(table), sink_(sink), counts_(counts) {}

  absl::Status Run() {
    counts_->rows = table_.rows.size();
    for (size_t i = 0; i < table_.rows.size(); ++i) {
      TakeRow(i);
    }
    for (size_t i = 0; i < table_.rows.size(); ++i) {
      TP_RETURN_IF_ERROR(EmitRow(i));
    }
    return absl::OkStatus();
  }

 private:
  std::string_view Cell(size_t row, Column column) const {
    return Trim(table_.rows[row].cells[column]);
  }

  void Refuse(size_t row, v1::FieldViolation violation) {
    used_.erase(row);
    refused_[row].push_back(std::move(violation));
  }

  bool CheckRow(size_t i) {
    const CsvRow& row = table_.rows[i];
    if (row.problem != CsvProblem::kNone) {
      Refuse(i, ViolationOf(table_, row));
      return false;
    }
    for (const std::string& cell : row.cells) {
      if (Trim(cell).starts_with('=')) {
        Refuse(i, Violation("", "FORMULA_IN_CELL", "begins with an equals sign"));
        return false;
      }
    }
    if (!IsUsableId(Cell(i, kLocationId))) {
      Refuse(i, IdNotUsable("locationid"));
      return false;
    }
    return true;
  }

  void TakeRow(size_t i) {
    if (!CheckRow(i)) {
      return;
    }
    const std::optional<v1::Rating> rating = RatingOfCqc(Cell(i, kRating));
    if (!rating) {
      Refuse(i, Violation("overall", "RATING_NOT_KNOWN",
                          "\"" + std::string(Cell(i, kRating).substr(0, 60)) + "\" is not known"));
      return;
    }
    const std::optional<CivilDate> date = ReadDateCell(Cell(i, kDate), std::nullopt);
    const std::optional<CivilDate> start = StataDay(Cell(i, kStart));
    const std::string_view end_text = NotFiller(Cell(i, kEnd));
    const std::optional<CivilDate> end = StataDay(end_text);
    if (!date || !start || (!end && !end_text.empty())) {
      Refuse(i, Violation(!date    ? "reportdate"
                          : !start ? "location_start"
                                   : "location_end",
                          "DATE_NOT_READ",
                          !date ? "must be as 2024-09-17" : "must be days since 1960-01-01"));
      return;
    }
    const auto [it, added] = locations_.try_emplace(
        std::string(Cell(i, kLocationId)),
        Location{.start = *start, .end = end, .line = table_.rows[i].line, .ratings = {}});
    Location& location = it->second;
    if (location.start != *start || location.end != end) {
      Refuse(i,
             Violation(
                 location.start != *start ? "location_start" : "location_end", "CONFLICTING_ROWS",
                 "line " + std::to_string(location.line) + " says otherwise of the location"));
      return;
    }
    TakeRating(i, *date, *rating, &location);
  }

  void TakeRating(size_t i, CivilDate date, v1::Rating rating, Location* location) {
    const auto [it, added] = location->ratings.try_emplace(date, rating, i);
    if (added) {
      used_[i] = {date, rating};
    } else if (it->second.first == rating) {
      ++counts_->duplicates;
    } else {
      RefuseAsConflict(i, it->second.second);
      RefuseAsConflict(it->second.second, i);
    }
  }

  void RefuseAsConflict(size_t row, size_t other) {
    Refuse(row, Violation("overall", "CONFLICTING_ROWS",
                          "line " + std::to_string(table_.rows[other].line) +
                              " rates the same location otherwise on the same date"));
  }

  CqcRecord RecordOf(const std::string& location) const {
    return {
        .source = std::string(kSource), .scheme = "cqc-location", .value = location, .version = 1};
  }

  absl::Status EmitRow(size_t i) {
    if (const auto refused = refused_.find(i); refused != refused_.end()) {
      ++counts_->refused;
      return sink_.OnRefused({.line = table_.rows[i].line,
                              .original = std::string(table_.Original(table_.rows[i])),
                              .violations = std::move(refused->second)});
    }
    const auto used = used_.find(i);
    if (used == used_.end()) {
      return absl::OkStatus();  // Repeats another.
    }
    const std::string id(Cell(i, kLocationId));
    const Location& location = locations_.at(id);
    if (emitted_.try_emplace(id).second) {
      TP_RETURN_IF_ERROR(EmitLocation(id, location, table_.rows[i].line));
    }
    const auto& [date, rating] = used->second;
    const CqcReport report{.id = "",
                           .date = date,
                           .overall = rating,
                           .key_questions = {},
                           .inherited = date < location.start};
    ++counts_->ratings;
    counts_->before_registration += report.inherited ? 1U : 0U;
    counts_->after_deregistration += location.end && date > *location.end ? 1U : 0U;
    return sink_.OnEvent(RatingEvent(RecordOf(id), id + "/" + FormatDate(date), report),
                         table_.rows[i].line);
  }

  absl::Status EmitLocation(const std::string& id, const Location& location, uint64_t line) {
    ++counts_->locations;
    CqcRecord record = RecordOf(id);
    record.version = VersionOfEdition(Edition());
    v1::Event event = NewCqcEvent(record, id);
    OccurOn(location.start, &event);
    SetDate(location.start, event.mutable_service_registered()->mutable_registered_on());
    TP_RETURN_IF_ERROR(sink_.OnEvent(std::move(event), line));
    if (!location.end) {
      return absl::OkStatus();
    }
    ++counts_->deregistered;
    return sink_.OnEvent(StatusEvent(record, id + "/registration",
                                     v1::RegistrationChanged::STATUS_DEREGISTERED, &*location.end),
                         line);
  }

  CivilDate Edition() {
    if (!edition_) {
      edition_ = CivilDate();
      for (const auto& [row, used] : used_) {
        edition_ = std::max(*edition_, used.first);
      }
    }
    return *edition_;
  }

  const CsvTable& table_;
  RowSink& sink_;
  CqcRatingHistoryCounts* counts_;
  std::optional<CivilDate> edition_;
  std::unordered_map<std::string, Location> locations_;
  std::unordered_map<std::string, bool> emitted_;
  std::unordered_map<size_t, std::pair<CivilDate, v1::Rating>> used_;  // By row.
  std::unordered_map<size_t, std::vector<v1::FieldViolation>> refused_;
};

}  // namespace

std::vector<std::pair<std::string, uint64_t>> CqcRatingHistoryAdapter::Found() const {
  return {{"rows in the file", counts_.rows},
          {"locations", counts_.locations},
          {"of these deregistered", counts_.deregistered},
          {"ratings of a location and date", counts_.ratings},
          {"of these before the registration, inherited", counts_.before_registration},
          {"of these after its end, published late", counts_.after_deregistration},
          {"rows that repeat another", counts_.duplicates},
          {"rows refused", counts_.refused}};
}

absl::Status CqcRatingHistoryAdapter::Read(std::istream& input, RowSink& sink) {
  counts_ = {};
  TP_ASSIGN_OR_RETURN(const CsvTable table, ReadCsvTable(input, FindHeader));
  return Import(table, sink, &counts_).Run();
}

}  // namespace trigpoint
