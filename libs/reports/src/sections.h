#pragma once

#include <string>
#include <string_view>

#include "facts.h"
#include "trigpoint/reports/input.h"
#include "writer.h"

/// Sections that several kinds of reports have. Each is written by one function, so that the same
/// thing is said in the same words everywhere.
namespace trigpoint {

/// Who it is, and its rating.
void AddService(const ReportedService& service, std::string_view basis, v1::Report* report);
/// Decided and recommended levels, and where they stand beside the NQB ladder.
void AddLevels(const ReportInput& input, const ReportedService& service, std::string_view basis,
               v1::Report* report);
/// Alerts and the urgent path; `heading` says for what.
void AddUrgency(const ReportInput& input, const ReportedService& service, std::string_view heading,
                std::string_view basis, v1::Report* report);
/// Every criterion that holds, with its evidence.
void AddCriteria(const ReportInput& input, const ReportedService& service, std::string_view basis,
                 v1::Report* report);
/// Near misses, gaps, blind spots.
void AddNotKnown(const ReportInput& input, const ReportedService& service, std::string_view basis,
                 v1::Report* report);
/// Themes of the period with how many independent families speak of them.
void AddThemes(const ReportInput& input, const ReportedService& service, v1::Report* report);
/// What became known in the period: reports, recommendations, decisions; oldest first.
void AddTimeline(const ReportInput& input, const ReportedService& service, std::string_view basis,
                 v1::Report* report);
/// Improvement plans, suspension and what of it is late.
void AddPlans(const ReportInput& input, const ReportedService& service, std::string_view basis,
              v1::Report* report);
/// What is owed and overdue; nothing where obligations were not asked for.
void AddOverdue(const ReportInput& input, const ReportedService& service, std::string_view basis,
                v1::Report* report);

/// Says each criterion that holds, with its evidence.
void SayCriteria(const ReportedPolicy& policy, SectionWriter* section);
/// Says near misses and gaps.
void SayNotKnown(const ReportedPolicy& policy, SectionWriter* section);
/// Says which feeds are silent; each sentence begins with `lead`.
void SaySilence(const ReportedService& service, const std::string& lead, SectionWriter* section);
/// Says each obligation that is overdue; nothing where obligations were not asked for.
void SayOverdue(const ReportedService& service, SectionWriter* section);

/// "Elm Court (cqc-location/1-900000001)".
std::string NameWords(const ReportedService& service);
/// "Requires improvement, published on 3 March 2026"; "no published rating is known".
std::string RatingWords(const ReportedService& service);
/// What is decided and recommended under each policy, in a cell.
std::string LevelsWords(const ReportInput& input, const ReportedService& service);
/// Which feeds are silent, in a cell.
std::string SilentWords(const ReportInput& input, const ReportedService& service);
/// How many reports there are, as far as it may be told.
std::string CountTold(const ReportInput& input, const ReportedService& service,
                      const Facts& reports);
/// One sentence on what is decided and recommended under a policy.
std::string LevelWords(const ReportedPolicy& policy);
/// Whether a criterion holds and a level or the urgent path rests on it.
bool HoldsForLevel(const ReportedPolicy& policy, const v1::CriterionResult& criterion);
/// Those rules, with their evidence.
Citations CiteWhatHolds(const ReportedPolicy& policy);
/// Says what people are told of an alert.
void SayAlert(const ReportedAlert& alert, std::string_view lead, SectionWriter* section);
/// Says of a policy whose urgent path holds which rules hold.
void SayUrgent(const ReportedPolicy& policy, std::string_view lead, SectionWriter* section);

}  // namespace trigpoint
