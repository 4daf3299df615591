#include "trigpoint/intake/mapped_adapter.h"

#include <unordered_map>

#include "mapped_row.h"
#include "sheet_table.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/violation.h"

namespace trigpoint {
namespace {

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + '"';
}

class Import {
 public:
  Import(const FeedMapping& mapping, RowSink& sink, MappedCounts* counts)
      : mapping_(mapping), sink_(sink), counts_(counts) {}

  absl::Status TakeRow(const SheetRow& row) {
    ++counts_->rows;
    if (row.problem) return Refuse(row, {*row.problem});
    MappedRow mapped(mapping_, row);
    const bool wanted = mapped.Holds(mapping_.only_if);
    std::vector<v1::Event> events;
    for (const MappedEvent& event : mapping_.events) {
      if (wanted && mapped.Holds(event.only_if)) events.push_back(mapped.Make(event));
    }
    if (!mapped.violations().empty()) return Refuse(row, mapped.violations());
    if (!wanted) {
      ++counts_->left_out;
      return absl::OkStatus();
    }
    if (events.empty()) {
      ++counts_->no_events;
      return absl::OkStatus();
    }
    return TakeEvents(row, std::move(events));
  }

 private:
  struct Seen {
    Sha256Digest digest;
    uint64_t line;
  };

  // All of a row's events are given, or none.
  absl::Status TakeEvents(const SheetRow& row, std::vector<v1::Event> events) {
    std::vector<std::pair<std::string, Sha256Digest>> keys;
    for (const v1::Event& event : events) {
      keys.emplace_back(event.id() + '\n' + std::to_string(event.source_version()),
                        Sha256(event.SerializeAsString()));
      const auto seen = seen_.find(keys.back().first);
      if (seen != seen_.end() && seen->second.digest != keys.back().second) {
        return Refuse(row, {Violation("id", "CONFLICTING_ROWS",
                                      "line " + std::to_string(seen->second.line) +
                                          " has the same id and version and says otherwise")});
      }
    }
    ++counts_->used;
    for (size_t i = 0; i < events.size(); ++i) {
      if (!seen_.try_emplace(keys[i].first, Seen{.digest = keys[i].second, .line = row.line})
               .second) {
        ++counts_->repeated;
        continue;
      }
      ++counts_->events;
      TP_RETURN_IF_ERROR(sink_.OnEvent(std::move(events[i]), row.line));
    }
    return absl::OkStatus();
  }

  absl::Status Refuse(const SheetRow& row, std::vector<v1::FieldViolation> violations) {
    ++counts_->refused;
    return sink_.OnRefused(
        {.line = row.line, .original = Original(row), .violations = std::move(violations)});
  }

  // Columns that the mapping does not read may hold names: they are not kept of a refused row.
  std::string Original(const SheetRow& row) const {
    std::string names;
    std::string cells;
    for (size_t i = 0; i < row.cells.size(); ++i) {
      names += (i == 0 ? "" : ",") + Quoted(mapping_.columns[i]);
      cells += (i == 0 ? "" : ",") + Quoted(row.cells[i].text);
    }
    return names + "\n" + cells + "\n";
  }

  const FeedMapping& mapping_;
  RowSink& sink_;
  MappedCounts* counts_;
  std::unordered_map<std::string, Seen> seen_;
};

}  // namespace

std::vector<std::pair<std::string, uint64_t>> MappedAdapter::Found() const {
  return {{"rows in the table", counts_.rows},
          {"rows that gave events", counts_.used},
          {"events", counts_.events},
          {"events that repeat one above", counts_.repeated},
          {"rows that only_if leaves out", counts_.left_out},
          {"rows of which no event is wanted", counts_.no_events},
          {"rows refused", counts_.refused}};
}

absl::Status MappedAdapter::Read(std::istream& input, RowSink& sink) {
  counts_ = {};
  TP_ASSIGN_OR_RETURN(const SheetTable table,
                      ReadSheetTable(input, mapping_.table, mapping_.columns));
  counts_.empty = table.empty_rows;
  Import import(mapping_, sink, &counts_);
  for (const SheetRow& row : table.rows) TP_RETURN_IF_ERROR(import.TakeRow(row));
  return absl::OkStatus();
}

}  // namespace trigpoint
