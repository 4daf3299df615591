#include "trigpoint/intake/coroners_reports_adapter.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "cells.h"
#include "cqc_date_order.h"
#include "cqc_events.h"
#include "csv_table.h"
#include "names.h"
#include "table_rows.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr std::string_view kSource = "judiciary/coroners-reports";
constexpr int64_t kDaysToAnswer = 56;
constexpr size_t kNameBytesMax = 120;
constexpr size_t kAreaBytesMax = 60;

// Order of the wanted columns; the reference is not in every file.
enum Column : size_t { kDate, kArea, kSentTo, kReference };

absl::StatusOr<std::optional<CsvHeader>> FindHeader(const std::vector<std::string>& cells,
                                                    uint64_t line) {
  static constexpr std::string_view kNames[] = {"date_of_report", "coroner_area", "sent_to", "ref"};
  CsvHeader header{.columns = cells.size(), .places = {}, .is_data = false};
  for (const std::string_view name : kNames) {
    std::optional<size_t> place;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (Trim(cells[i]) == name) place = i;
    }
    if (place) {
      header.places.push_back(*place);
    } else if (name != "ref") {
      return absl::InvalidArgumentError("line " + std::to_string(line) + ": the column \"" +
                                        std::string(name) + "\" is missing");
    }
  }
  return std::optional<CsvHeader>(std::move(header));
}

// What a row says, once it was read.
struct Report {
  CivilDate date;
  std::string area;
  std::string reference;
  std::vector<std::string> recipients;
};

class Import {
 public:
  Import(const CsvTable& table, CoronersReportsCounts* counts) : table_(table), counts_(counts) {}

  absl::Status Run(RowSink& sink) {
    counts_->rows = table_.rows.size();
    for (const CsvRow& row : table_.rows) {
      Report report;
      if (auto problem = ReadRow(row, &report)) {
        ++counts_->refused;
        CsvRow kept = row;
        if (!kept.cells.empty()) kept.cells[kSentTo].clear();  // It may name persons.
        TP_RETURN_IF_ERROR(GiveRefused(kept, {*std::move(problem)}, sink));
        continue;
      }
      counts_->without_recipients += report.recipients.empty() ? 1U : 0U;
      for (const std::string& recipient : report.recipients) {
        ++counts_->notices;
        names_.insert(recipient);
        TP_RETURN_IF_ERROR(sink.OnEvent(EventOf(report, recipient), row.line));
      }
    }
    counts_->names = names_.size();
    return absl::OkStatus();
  }

 private:
  std::optional<v1::FieldViolation> ReadRow(const CsvRow& row, Report* report) {
    if (auto problem = RowProblem(table_, row)) return problem;
    if (auto problem = ReadRecipients(row.cells[kSentTo], report)) return problem;
    if (report->recipients.empty()) return std::nullopt;  // Nobody to tell of it.
    report->area = Trim(row.cells[kArea]);
    if (report->area.size() > kAreaBytesMax) {
      return Violation("coroner_area", "NAME_TOO_LONG", "has more than 60 bytes");
    }
    if (row.cells.size() > kReference) report->reference = Trim(row.cells[kReference]);
    if (!report->reference.empty() && !IsUsableId(report->reference)) return IdNotUsable("ref");
    const std::string_view date = Trim(row.cells[kDate]);
    if (date.empty()) {
      // Without a day it would count as served on the day of the import.
      return Violation("date_of_report", "DATE_MISSING", "is empty");
    }
    const auto day = ReadDateCell(date, DateOrder::kDayFirst);
    if (!day) return Violation("date_of_report", "DATE_NOT_READ", "must be as 27/03/2024");
    report->date = *day;
    return std::nullopt;
  }

  std::optional<v1::FieldViolation> ReadRecipients(std::string_view cell, Report* report) {
    std::set<std::string> seen;
    while (!cell.empty()) {
      const size_t end = std::min(cell.find('|'), cell.size());
      std::string name = NormalName(cell.substr(0, end));
      cell.remove_prefix(std::min(end + 1, cell.size()));
      if (name.empty()) continue;
      if (name.size() > kNameBytesMax) {
        return Violation("sent_to", "NAME_TOO_LONG", "a recipient has more than 120 bytes");
      }
      if (NamesPerson(name)) {
        ++counts_->persons;
      } else if (!seen.insert(name).second) {
        ++counts_->repeated_recipients;
      } else {
        report->recipients.push_back(std::move(name));
      }
    }
    return std::nullopt;
  }

  std::string IdOf(const Report& report, const std::string& recipient) {
    if (!report.reference.empty()) return report.reference + "/" + recipient;
    std::string id = FormatDate(report.date) + "/" + NormalName(report.area) + "/" + recipient;
    const int count = ++reports_[id];
    return count == 1 ? id : id + "/" + std::to_string(count);
  }

  v1::Event EventOf(const Report& report, const std::string& recipient) {
    v1::Event event;
    event.set_source(std::string(kSource));
    event.set_id(IdOf(report, recipient));
    event.set_source_version(1);
    event.mutable_subject()->set_scheme("organisation-name");
    event.mutable_subject()->set_value(recipient);
    event.set_source_organisation("judiciary");
    OccurOn(report.date, &event);
    v1::StatutoryNoticeReceived* notice = event.mutable_statutory_notice_received();
    notice->set_notice(v1::StatutoryNoticeReceived::NOTICE_PREVENTION_OF_FUTURE_DEATHS);
    SetDate(report.date, notice->mutable_served_on());
    SetDate(AddDays(report.date, kDaysToAnswer), notice->mutable_response_due_on());
    notice->set_reference(report.reference);
    notice->set_issued_by(report.area);
    return event;
  }

  const CsvTable& table_;
  CoronersReportsCounts* counts_;
  std::map<std::string, int> reports_;  // By day, area and recipient.
  std::set<std::string> names_;
};

}  // namespace

std::vector<std::pair<std::string, uint64_t>> CoronersReportsAdapter::Found() const {
  return {{"reports in the file", counts_.rows},
          {"of these without a recipient that is an organisation", counts_.without_recipients},
          {"notices to an organisation", counts_.notices},
          {"names of organisations", counts_.names},
          {"recipients that a report names twice", counts_.repeated_recipients},
          {"recipients named as a person, left out", counts_.persons},
          {"rows refused", counts_.refused}};
}

absl::Status CoronersReportsAdapter::Read(std::istream& input, RowSink& sink) {
  counts_ = {};
  TP_ASSIGN_OR_RETURN(const CsvTable table, ReadCsvTable(input, FindHeader));
  return Import(table, &counts_).Run(sink);
}

}  // namespace trigpoint
