#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "csv_table.h"

namespace trigpoint {

/// What a column of a directory holds.
enum class DirectoryColumn : uint8_t {
  kNotRead,  ///< Known, and of no use here; columns with names of persons are never read.
  kLocationId,
  kName,
  kCareHome,
  kBeds,
  kStarted,
  kEnded,
  kDormant,
  kSector,
  kCategory,
  kLocalAuthority,
  kProviderId,
  kBrandId,
  kRating,
  kRatedOn,
  kInherited,
  kCheckedOn,
  kServiceTypes,     ///< A list in a cell.
  kActivities,       ///< A list in a cell, among other words.
  kServiceTypeFlag,  ///< The type is the name of the column behind "Service type - ".
  kActivityFlag,     ///< The activity is the name of the column behind "Regulated activity - ".
};

/// One spelling of a column of an edition. Two rows of one edition with the same purpose, flags
/// apart, are two spellings of one column.
struct KnownColumn {
  std::string_view name;
  DirectoryColumn column;
};

/// One edition of a directory, as data. A new one is a row here.
struct DirectoryEdition {
  std::string_view name;
  std::string_view family;  ///< Editions of one family correct each other.
  std::span<const KnownColumn> columns;
  bool complete = true;         ///< False: only the first columns are known; others are left out.
  bool deregistered = false;    ///< Of locations that are registered no more.
  bool may_lack_names = false;  ///< Was also published without names of columns.
};

/// All editions that are known.
std::span<const DirectoryEdition> DirectoryEditions();

/// The edition that a file is of, and where the columns stand that are read.
struct DirectoryLayout {
  const DirectoryEdition* edition = nullptr;
  CsvHeader header;
  std::vector<KnownColumn> columns;  ///< One for each place of the header.
  size_t not_known = 0;              ///< Columns of an edition that is not known completely.
};

/// Finds the edition by the names of the columns in one row; an empty layout (no edition) when the
/// row is no such row. A row of data is the first of a file without names, where an edition was
/// published so; `first` says whether it can be.
/// Errors: InvalidArgument, with the line, when a name is not known in the edition, when a column
/// that is read is missing, or when one is there twice; it says what was expected.
absl::StatusOr<DirectoryLayout> FindDirectoryLayout(const std::vector<std::string>& cells,
                                                    uint64_t line, bool first);

/// The word of a flag: what stands behind the first " - " of the name of its column.
std::string_view FlagWord(std::string_view column_name);

}  // namespace trigpoint
