#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trigpoint {

/// The four files of written complaints.
enum class ComplaintsFile {
  kOrganisations,
  kSites,
  kPractices,
  kSubIcbs,
};

/// Which columns of a file are read. Before the measures stand the year; the organisation of a site
/// or the return of a practice; the code; and what tells the parts of a sum: the name of a site, a
/// contract (of a sub-ICB: the ICB, which is the subject where there is no sub-ICB).
struct ComplaintsLayout {
  ComplaintsFile file = ComplaintsFile::kOrganisations;
  std::vector<std::string_view> columns;
  std::vector<std::string> slugs;  ///< Of the measures: "new", "subject/communications".
};

/// Tells the file by the line with the names of its columns.
/// Errors: InvalidArgument when it is none of the four.
absl::StatusOr<ComplaintsLayout> ComplaintsLayoutOf(std::string_view first_line);

}  // namespace trigpoint
