#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "cells.h"
#include "cqc_directory_editions.h"

namespace trigpoint {
namespace {

constexpr size_t kNamesMin = 4;  // That make a row the names of columns.

const KnownColumn* Find(const DirectoryEdition& edition, std::string_view name) {
  const auto found = std::find_if(edition.columns.begin(), edition.columns.end(),
                                  [name](const KnownColumn& known) { return known.name == name; });
  return found == edition.columns.end() ? nullptr : &*found;
}

size_t Matches(const DirectoryEdition& edition, const std::vector<std::string>& cells) {
  return static_cast<size_t>(std::count_if(
      cells.begin(), cells.end(),
      [&edition](const std::string& cell) { return Find(edition, Trim(cell)) != nullptr; }));
}

// Spellings of one column count as one; every flag is a column of its own.
using Purpose = std::pair<DirectoryColumn, std::string_view>;

Purpose PurposeOf(const KnownColumn& known) {
  const bool flag = known.column == DirectoryColumn::kServiceTypeFlag ||
                    known.column == DirectoryColumn::kActivityFlag ||
                    known.column == DirectoryColumn::kNotRead;
  return {known.column, flag ? known.name : std::string_view()};
}

absl::Status Wrong(uint64_t line, const DirectoryEdition& edition, const std::string& what) {
  return absl::InvalidArgumentError("line " + std::to_string(line) + ": " + what +
                                    " (edition: " + std::string(edition.name) + ")");
}

std::string Quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

// Names of the edition that the file does not have.
std::vector<std::string> NotInFile(const DirectoryEdition& edition, const std::set<Purpose>& seen) {
  std::vector<std::string> names;
  for (const KnownColumn& known : edition.columns) {
    if (seen.count(PurposeOf(known)) == 0) names.emplace_back(known.name);
  }
  return names;
}

absl::Status NotKnown(uint64_t line, const DirectoryEdition& edition, std::string_view name,
                      const std::vector<std::string>& not_in_file) {
  std::string what = "the column " + Quoted(name.substr(0, 120)) + " is not known; expected ";
  if (const std::string nearest = NearestName(name, not_in_file); !nearest.empty()) {
    return Wrong(line, edition, what + Quoted(nearest));
  }
  constexpr size_t kShown = 5;
  if (not_in_file.empty()) {
    what += "no further column";
  }
  for (size_t i = 0; i < std::min(kShown, not_in_file.size()); ++i) {
    what += (i == 0 ? "one of " : ", ") + Quoted(not_in_file[i]);
  }
  return Wrong(line, edition, what + (not_in_file.size() > kShown ? ", ..." : ""));
}

absl::StatusOr<DirectoryLayout> LayoutOf(const DirectoryEdition& edition,
                                         const std::vector<std::string>& cells, uint64_t line) {
  DirectoryLayout layout;
  layout.edition = &edition;
  layout.header.columns = cells.size();
  std::set<Purpose> seen;
  std::vector<std::string_view> unknown;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string_view name = Trim(cells[i]);
    const KnownColumn* known = Find(edition, name);
    if (known == nullptr) {
      unknown.push_back(name);
    } else if (!seen.insert(PurposeOf(*known)).second) {
      return Wrong(line, edition, "the column " + Quoted(name) + " is there twice");
    } else if (known->column != DirectoryColumn::kNotRead) {
      layout.header.places.push_back(i);
      layout.columns.push_back(*known);
    }
  }
  const std::vector<std::string> not_in_file = NotInFile(edition, seen);
  if (!unknown.empty() && edition.complete) {
    return NotKnown(line, edition, unknown.front(), not_in_file);
  }
  layout.not_known = unknown.size();
  for (const std::string& name : not_in_file) {
    if (Find(edition, name)->column != DirectoryColumn::kNotRead) {
      return Wrong(line, edition, "the column " + Quoted(name) + " is missing");
    }
  }
  return layout;
}

// A row of data says so itself: its address on the web ends with its location id.
bool IsWebRow(const std::vector<std::string>& cells, const DirectoryEdition& edition) {
  constexpr size_t kUrl = 12;
  constexpr size_t kId = 13;
  return cells.size() == 15 && edition.may_lack_names && IsUsableId(Trim(cells[kId])) &&
         Trim(cells[kUrl]).ends_with("/" + std::string(Trim(cells[kId])));
}

// As if the names of the columns stood above the row.
DirectoryLayout LayoutWithoutNames(const DirectoryEdition& edition) {
  DirectoryLayout layout;
  layout.edition = &edition;
  layout.header.is_data = true;
  std::set<Purpose> seen;
  for (const KnownColumn& known : edition.columns) {
    if (!seen.insert(PurposeOf(known)).second) {
      continue;  // Another spelling.
    }
    if (known.column != DirectoryColumn::kNotRead) {
      layout.header.places.push_back(layout.header.columns);
      layout.columns.push_back(known);
    }
    ++layout.header.columns;
  }
  return layout;
}

}  // namespace

absl::StatusOr<DirectoryLayout> FindDirectoryLayout(const std::vector<std::string>& cells,
                                                    uint64_t line, bool first) {
  const DirectoryEdition* best = nullptr;
  size_t matches = 0;
  size_t length = 0;
  for (const DirectoryEdition& edition : DirectoryEditions()) {
    if (first && IsWebRow(cells, edition)) {
      return LayoutWithoutNames(edition);
    }
    // Of two with as many names the one that expects no more.
    const size_t found = Matches(edition, cells);
    if (found > matches || (found == matches && found > 0 && edition.columns.size() < length)) {
      best = &edition;
      matches = found;
      length = edition.columns.size();
    }
  }
  return matches < kNamesMin ? DirectoryLayout() : LayoutOf(*best, cells, line);
}

std::string_view FlagWord(std::string_view column_name) {
  constexpr std::string_view kBetween = " - ";
  const size_t at = column_name.find(kBetween);
  return at == std::string_view::npos ? column_name : column_name.substr(at + kBetween.size());
}

}  // namespace trigpoint
