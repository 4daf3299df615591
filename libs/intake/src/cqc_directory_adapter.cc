#include "trigpoint/intake/cqc_directory_adapter.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <unordered_map>

#include "cells.h"
#include "cqc_date_order.h"
#include "cqc_directory_editions.h"
#include "cqc_events.h"
#include "cqc_vocabulary.h"
#include "csv_table.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

using Column = DirectoryColumn;

constexpr std::string_view kSource = "cqc/care-directory";
constexpr size_t kColumns = static_cast<size_t>(Column::kActivityFlag) + 1;

bool IsDateColumn(Column column) {
  return column == Column::kStarted || column == Column::kEnded || column == Column::kRatedOn ||
         column == Column::kCheckedOn;
}

// "This data was produced on 19 August 2026"; nothing for other lines.
std::optional<CivilDate> ProducedOn(std::string_view line) {
  static constexpr std::array<std::string_view, 12> kMonths = {
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  constexpr std::string_view kWords = "produced on ";
  const size_t at = line.find(kWords);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view date = Trim(line.substr(at + kWords.size()));
  const size_t month_at = date.find(' ');
  const size_t year_at =
      month_at == std::string_view::npos ? month_at : date.find(' ', month_at + 1);
  if (year_at == std::string_view::npos) {
    return std::nullopt;
  }
  CivilDate produced{.year = 0, .month = 0, .day = 0};
  std::from_chars(date.data(), date.data() + month_at, produced.day);
  std::from_chars(date.data() + year_at + 1, date.data() + date.size(), produced.year);
  const std::string_view month = date.substr(month_at + 1, year_at - month_at - 1);
  const auto found = std::find(kMonths.begin(), kMonths.end(), month);
  produced.month = static_cast<unsigned>(found - kMonths.begin()) + 1;
  const bool valid = found != kMonths.end() && produced.year > 1900 && IsValidDate(produced);
  return valid ? std::optional(produced) : std::nullopt;
}

// "45", "45.0"; nothing for what is no whole number.
std::optional<uint32_t> BedsOf(std::string_view text) {
  uint32_t beds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), beds);
  const std::string_view rest = text.substr(static_cast<size_t>(end - text.data()));
  const bool whole = rest.empty() || (rest.starts_with('.') &&
                                      rest.find_first_not_of('0', 1) == std::string_view::npos);
  return error == std::errc() && whole ? std::optional(beds) : std::nullopt;
}

std::vector<std::string_view> Split(std::string_view list, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!list.empty()) {
    const size_t end = list.find_first_of(separators);
    if (const std::string_view part = Trim(list.substr(0, end)); !part.empty()) {
      parts.push_back(part);
    }
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  }
  return parts;
}

class Import {
 public:
  Import(const CsvTable& table, const DirectoryLayout& layout, RowSink& sink,
         CqcDirectoryCounts* counts)
      : table_(table), layout_(layout), sink_(sink), counts_(counts) {
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      known_[static_cast<size_t>(layout_.columns[i].column)] = &layout_.columns[i];
    }
  }

  absl::Status Run(const CqcDirectoryOptions& options, std::optional<CivilDate> produced_on) {
    TP_RETURN_IF_ERROR(DecideDates(options, produced_on));
    counts_->rows = table_.rows.size();
    for (const CsvRow& row : table_.rows) {
      row_ = &row;
      problems_.clear();
      if (IsUsable()) {
        TP_RETURN_IF_ERROR(Emit());
      }
      if (!problems_.empty()) {
        TP_RETURN_IF_ERROR(Refuse());
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status DecideDates(const CqcDirectoryOptions& options,
                           std::optional<CivilDate> produced_on) {
    std::vector<DateCell> cells;
    for (const CsvRow& row : table_.rows) {
      for (size_t i = 0; i < row.cells.size(); ++i) {
        if (!IsDateColumn(layout_.columns[i].column)) continue;
        cells.push_back({.text = NotFiller(Trim(row.cells[i])), .line = row.line});
      }
    }
    TP_ASSIGN_OR_RETURN(date_order_, DecideDateOrder(cells, options.date_order));
    edition_ = options.edition ? options.edition : produced_on;
    if (!edition_) {
      for (const DateCell& cell : cells) {
        edition_ = std::max(edition_, ReadDateCell(cell.text, date_order_));
      }
    }
    return absl::OkStatus();
  }

  bool Has(Column column) const { return known_[static_cast<size_t>(column)] != nullptr; }

  // Empty where the file has no such column, or filler in it.
  std::string_view Cell(Column column) const {
    const KnownColumn* known = known_[static_cast<size_t>(column)];
    return known == nullptr
               ? std::string_view()
               : NotFiller(Trim(row_->cells[static_cast<size_t>(known - layout_.columns.data())]));
  }

  void Problem(Column column, std::string_view rule, std::string_view description) {
    problems_.push_back(Violation(known_[static_cast<size_t>(column)]->name, rule, description));
  }

  bool IsUsable() {
    if (row_->problem != CsvProblem::kNone) {
      problems_.push_back(ViolationOf(table_, *row_));
      return false;
    }
    for (size_t i = 0; i < row_->cells.size(); ++i) {
      if (Trim(row_->cells[i]).starts_with('=')) {
        problems_.push_back(
            Violation(layout_.columns[i].name, "FORMULA_IN_CELL", "begins with an equals sign"));
        return false;
      }
    }
    const std::string_view id = Cell(Column::kLocationId);
    if (!IsUsableId(id)) {
      problems_.push_back(IdNotUsable(known_[static_cast<size_t>(Column::kLocationId)]->name));
      return false;
    }
    const auto [first, added] = rows_.try_emplace(std::string(id), row_);
    if (!added && first->second->cells == row_->cells) {
      ++counts_->repeated;
      return false;
    }
    if (!added) {
      Problem(
          Column::kLocationId, "REPEATED_LOCATION",
          "line " + std::to_string(first->second->line) + " says otherwise of the same location");
    }
    return added;
  }

  std::optional<CivilDate> Date(Column column) {
    const std::string_view text = Cell(column);
    const std::optional<CivilDate> date = ReadDateCell(text, date_order_);
    if (!date && !text.empty()) {
      Problem(column, "DATE_NOT_READ", "is not a date of the file's form");
    }
    return date;
  }

  bool Flag(std::string_view text, std::string_view name) {
    if (!text.empty() && text != "Y" && text != "N") {
      problems_.push_back(Violation(name, "FLAG_NOT_KNOWN", "must be Y, N or empty"));
    }
    return text == "Y";
  }

  bool Flag(Column column) {
    return Has(column) && Flag(Cell(column), known_[static_cast<size_t>(column)]->name);
  }

  CqcServiceEvidence Evidence() {
    CqcServiceEvidence evidence{.service_types = Split(Cell(Column::kServiceTypes), "|;,"),
                                .activities = Split(Cell(Column::kActivities), "|"),
                                .category = Cell(Column::kCategory),
                                .sector = Cell(Column::kSector),
                                .care_home = Flag(Column::kCareHome)};
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      const KnownColumn& known = layout_.columns[i];
      const bool type = known.column == Column::kServiceTypeFlag;
      if ((type || known.column == Column::kActivityFlag) &&
          Flag(NotFiller(Trim(row_->cells[i])), known.name)) {
        (type ? evidence.service_types : evidence.activities).push_back(FlagWord(known.name));
      }
    }
    return evidence;
  }

  uint32_t Beds() {
    const std::string_view text = Cell(Column::kBeds);
    const std::optional<uint32_t> beds = BedsOf(text);
    if (!beds && !text.empty()) {
      Problem(Column::kBeds, "BEDS_NOT_READ", "must be a whole number that is not negative");
    }
    return beds.value_or(0);
  }

  absl::Status Give(v1::Event event) { return sink_.OnEvent(std::move(event), row_->line); }

  absl::Status Emit() {
    record_ = {.source = std::string(kSource),
               .scheme = "cqc-location",
               .value = std::string(Cell(Column::kLocationId)),
               .version = edition_ ? VersionOfEdition(*edition_) : 1};
    id_ = record_.value + "/" + std::string(layout_.edition->family);
    const std::optional<CivilDate> started = Date(Column::kStarted);
    TP_RETURN_IF_ERROR(EmitService(started));
    TP_RETURN_IF_ERROR(EmitRegistration(started));
    return EmitRating();
  }

  void Count(const CqcServiceEvidence& evidence, const v1::ServiceRegistered& service) {
    ++counts_->locations;
    counts_->with_beds += service.beds() > 0 ? 1U : 0U;
    counts_->unknown_service_types += HasUnknownServiceType(evidence) ? 1U : 0U;
    const auto is = [&evidence](std::string_view type) {
      return std::find(evidence.service_types.begin(), evidence.service_types.end(), type) !=
             evidence.service_types.end();
    };
    if (is("Care home service with nursing") && is("Care home service without nursing")) {
      ++counts_->nursing_and_residential;
    }
    if (Has(Column::kBeds) && evidence.care_home && service.beds() == 0) {
      ++counts_->care_homes_without_beds;
    }
  }

  absl::Status EmitService(std::optional<CivilDate> started) {
    v1::Event event = NewCqcEvent(record_, id_);
    if (started) OccurOn(*started, &event);
    if (edition_) ReportOn(*edition_, &event);
    const CqcServiceEvidence evidence = Evidence();
    v1::ServiceRegistered* service = event.mutable_service_registered();
    service->set_name(std::string(Cell(Column::kName)));
    service->set_service_type(ServiceTypeOfCqc(evidence));
    service->set_beds(Beds());
    service->set_organisation(std::string(Cell(Column::kProviderId)));
    service->set_brand(std::string(Cell(Column::kBrandId)));
    service->set_local_authority(std::string(Cell(Column::kLocalAuthority)));
    if (started) SetDate(*started, service->mutable_registered_on());
    Count(evidence, *service);
    return Give(std::move(event));
  }

  absl::Status EmitRegistration(std::optional<CivilDate> started) {
    const std::string id = id_ + "/registration";
    if (layout_.edition->deregistered) {
      ++counts_->deregistered;
      const std::optional<CivilDate> ended = Date(Column::kEnded);
      return Give(StatusEvent(record_, id, v1::RegistrationChanged::STATUS_DEREGISTERED,
                              ended ? &*ended : nullptr));
    }
    if (Flag(Column::kDormant)) {
      ++counts_->dormant;
      return Give(StatusEvent(record_, id, v1::RegistrationChanged::STATUS_DORMANT, nullptr));
    }
    if (!started) {
      return absl::OkStatus();
    }
    return Give(StatusEvent(record_, id, v1::RegistrationChanged::STATUS_REGISTERED, &*started));
  }

  absl::Status EmitRating() {
    const std::string_view word = Cell(Column::kRating);
    const std::optional<CivilDate> date = Date(Column::kRatedOn);
    if (word.empty()) {
      return absl::OkStatus();
    }
    const std::optional<v1::Rating> rating = RatingOfCqc(word);
    if (!rating) {
      Problem(Column::kRating, "RATING_NOT_KNOWN",
              "\"" + std::string(word.substr(0, 60)) + "\" is not known");
      return absl::OkStatus();
    }
    if (!date) {
      if (IsRatingValue(*rating) && Cell(Column::kRatedOn).empty()) {
        Problem(Column::kRatedOn, "REPORT_DATE_MISSING", "a rating must have its date");
      }
      return absl::OkStatus();
    }
    const CqcReport report{.id = "",
                           .date = *date,
                           .overall = *rating,
                           .key_questions = {},
                           .inherited = Flag(Column::kInherited)};
    ++counts_->ratings;
    counts_->inherited += report.inherited ? 1U : 0U;
    return Give(RatingEvent(record_, id_ + "/rating/" + FormatDate(*date), report));
  }

  // The columns that are read: the others may name persons.
  std::string Original() const {
    std::string text;
    for (const std::string& cell : row_->cells) {
      text += text.empty() ? "\"" : ",\"";
      for (const char c : cell) text.append(c == '"' ? 2 : 1, c);
      text += '"';
    }
    return text;
  }

  absl::Status Refuse() {
    ++counts_->refused;
    return sink_.OnRefused(
        {.line = row_->line, .original = Original(), .violations = std::move(problems_)});
  }

  const CsvTable& table_;
  const DirectoryLayout& layout_;
  RowSink& sink_;
  CqcDirectoryCounts* counts_;
  std::array<const KnownColumn*, kColumns> known_{};  // By what they hold; flags: one of them.
  std::optional<DateOrder> date_order_;
  std::optional<CivilDate> edition_;
  std::unordered_map<std::string, const CsvRow*> rows_;  // By location.
  const CsvRow* row_ = nullptr;                          // The one that is read.
  std::vector<v1::FieldViolation> problems_;             // Of that row.
  CqcRecord record_;
  std::string id_;
};

}  // namespace

std::vector<std::pair<std::string, uint64_t>> CqcDirectoryAdapter::Found() const {
  std::vector<std::pair<std::string, uint64_t>> found = {
      {"rows of the edition: " + counts_.edition, counts_.rows},
      {"locations", counts_.locations},
      {"locations with beds", counts_.with_beds},
      {"care homes without a bed", counts_.care_homes_without_beds},
      {"both nursing and residential, taken as nursing homes", counts_.nursing_and_residential},
      {"deregistered", counts_.deregistered},
      {"dormant", counts_.dormant},
      {"ratings", counts_.ratings},
      {"of these inherited from a predecessor", counts_.inherited},
      {"locations with a type of service not known here", counts_.unknown_service_types},
      {"rows that repeat another", counts_.repeated},
      {"columns not known here and not read", counts_.columns_not_known},
      {"rows of which something was refused", counts_.refused}};
  std::erase_if(found, [](const auto& figure) { return figure.second == 0; });
  return found;
}

absl::Status CqcDirectoryAdapter::Read(std::istream& input, RowSink& sink) {
  constexpr size_t kLinesBeforeNames = 20;
  counts_ = {};
  DirectoryLayout layout;
  std::optional<CivilDate> produced_on;
  size_t rows = 0;
  const auto find = [&](const std::vector<std::string>& cells,
                        uint64_t line) -> absl::StatusOr<std::optional<CsvHeader>> {
    TP_ASSIGN_OR_RETURN(layout, FindDirectoryLayout(cells, line, ++rows == 1));
    if (layout.edition != nullptr) {
      return std::optional<CsvHeader>(layout.header);
    }
    if (rows == kLinesBeforeNames) {
      return absl::InvalidArgumentError(
          "lines 1 to " + std::to_string(line) +
          " hold no names of columns of a known edition, such as \"Location ID\" or \"CQC Location "
          "ID (for office use only)\"");
    }
    if (!cells.empty() && !produced_on) produced_on = ProducedOn(cells.front());
    return std::optional<CsvHeader>();
  };
  TP_ASSIGN_OR_RETURN(const CsvTable table, ReadCsvTable(input, find));
  counts_.edition = std::string(layout.edition->name);
  counts_.columns_not_known = layout.not_known;
  return Import(table, layout, sink, &counts_).Run(options_, produced_on);
}

}  // namespace trigpoint
