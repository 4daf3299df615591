#include "complaints_layout.h"

#include <algorithm>

#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

struct Measure {
  std::string_view ko41a;  // Column.
  std::string_view ko41b;
  std::string_view slug;
};

constexpr Measure kTotals[] = {
    {"Complaints_Total_Brought_Forward", "1.3 Total Brought Forward", "brought-forward"},
    {"Complaints_Total_New", "1.4 Total New", "new"},
    {"Complaints_Total_Resolved", "1.5 Total Resolved", "resolved"},
    {"Complaints_Number_Upheld", "1.6 Number Upheld", "upheld"},
    {"Complaints_Number_Partially_Upheld", "1.7 Number Partially Upheld", "partially-upheld"},
    {"Complaints_Number_Not_Upheld", "1.8 Number Not Upheld", "not-upheld"},
    {"Complaints_Total_Carried_Forward", "1.9 Total Carried Forward", "carried-forward"},
};

// Columns of KO41a; CL-07 has no official codes.
constexpr std::string_view kSubjectAreas[] = {
    "Subject_Area_Access_To_Treatment_Or_Drugs",
    "Subject_Area_Admissions_Discharge_And_Transfers",
    "Subject_Area_Appointments",
    "Subject_Area_Commissioning_Services",
    "Subject_Area_Communications",
    "Subject_Area_Consent_To_Treatment",
    "Subject_Area_End_Of_Life_Care",
    "Subject_Area_Facilities_Services",
    "Subject_Area_Integrated_Care",
    "Subject_Area_Patient_Care_Including_Nutrition_Hydration",
    "Subject_Area_Mortuary_And_Post_Mortem_Arrangements",
    "Subject_Area_Prescribing_Errors",
    "Subject_Area_Privacy_Dignity_And_Wellbeing",
    "Subject_Area_Restraint",
    "Subject_Area_Staffing_Numbers",
    "Subject_Area_Transport",
    "Subject_Area_Trust_Administration",
    "Subject_Area_Values_And_Behaviours",
    "Subject_Area_Waiting_Times",
    "Subject_Area_Other",
};

constexpr std::string_view kSubjectPrefix = "Subject_Area_";

std::string SlugOf(std::string_view column) {
  std::string slug = "subject/";
  for (const char c : column.substr(kSubjectPrefix.size())) {
    slug.push_back(c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return slug;
}

ComplaintsLayout LayoutOf(ComplaintsFile file) {
  const bool hospital = file == ComplaintsFile::kOrganisations || file == ComplaintsFile::kSites;
  ComplaintsLayout layout{.file = file, .columns = {}, .slugs = {}};
  switch (file) {
    case ComplaintsFile::kOrganisations:
      layout.columns = {"Year", "Organisation_Type", "Organisation_Code", "Organisation_Name"};
      break;
    case ComplaintsFile::kSites:
      layout.columns = {"Year", "Organisation_Code", "Site_Code", "Site_Name"};
      break;
    case ComplaintsFile::kPractices:
      layout.columns = {"Year", "Return", "Organisation Code", "Contract Number"};
      break;
    case ComplaintsFile::kSubIcbs:
      layout.columns = {"Year", "Return", "Sub ICB Code", "ICS Code"};
      break;
  }
  for (const Measure& measure : kTotals) {
    layout.columns.push_back(hospital ? measure.ko41a : measure.ko41b);
    layout.slugs.emplace_back(measure.slug);
  }
  if (file == ComplaintsFile::kOrganisations) {
    for (const std::string_view column : kSubjectAreas) {
      layout.columns.push_back(column);
      layout.slugs.push_back(SlugOf(column));
    }
  }
  return layout;
}

}  // namespace

absl::StatusOr<ComplaintsLayout> ComplaintsLayoutOf(std::string_view first_line) {
  const auto has = [first_line](std::string_view column) {
    return first_line.find(column) != std::string_view::npos;
  };
  if (has("Site_Code")) return LayoutOf(ComplaintsFile::kSites);
  if (has("Organisation_Code")) return LayoutOf(ComplaintsFile::kOrganisations);
  if (has("Organisation Code")) return LayoutOf(ComplaintsFile::kPractices);
  if (has("Sub ICB Code")) return LayoutOf(ComplaintsFile::kSubIcbs);
  return absl::InvalidArgumentError(
      "line 1: none of the columns \"Organisation_Code\", \"Site_Code\", \"Organisation Code\" and "
      "\"Sub ICB Code\" is there: it is none of the four files of written complaints");
}

}  // namespace trigpoint
