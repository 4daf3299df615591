#pragma once

#include <string>
#include <utility>

#include "trigpoint/base/time.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/reports/input.h"
#include "trigpoint/reports/report.h"

/// Small services to make reports of.
namespace trigpoint {

/// The start of a day of March 2026 in Europe/London, plus ten hours.
inline int64_t March(unsigned day) {
  return LondonMidnight({.year = 2026, .month = 3, .day = day}) + 10 * kMicrosPerHour;
}

/// A fact of a kind that became known at ten o'clock on a day of March 2026. Its payload is that of
/// `event`.
inline ReportedFact Fact(const std::string& source, const std::string& id, unsigned day,
                         v1::Event event) {
  event.set_source(source);
  event.set_id(id);
  ReportedFact fact{.occurred_us = March(day), .known_us = March(day)};
  fact.kind = std::string(KindOf(event)->name);
  fact.summary = fact.kind;
  fact.event = std::move(event);
  return fact;
}

inline v1::CriterionResult Criterion(const std::string& id, v1::TruthValue value,
                                     const std::string& evidence = "") {
  v1::CriterionResult criterion;
  criterion.set_id(id);
  criterion.set_value(value);
  criterion.set_clause("clause of " + id);
  if (evidence.empty()) return criterion;
  criterion.add_evidence()->set_source("council/reports");
  criterion.mutable_evidence(0)->set_id(evidence);
  return criterion;
}

/// A quiet care home under one policy at its lowest level.
inline ReportedService QuietHome(const std::string& name = "Elm Court") {
  ReportedService service{.name = name,
                          .type = v1::SERVICE_TYPE_CARE_HOME_NURSING,
                          .beds = 30,
                          .commissioners = {"herefordshire-council"},
                          .rating = v1::RATING_GOOD,
                          .rated_us = March(1)};
  auto& id = service.ids.emplace_back();
  id.set_scheme("cqc-location");
  id.set_value("1-900000001");
  service.policies.push_back({.policy_id = "herefordshire", .decided_state = "LEVEL_1"});
  service.themes.emplace();
  v1::Event registered;
  registered.mutable_service_registered()->set_name(name);
  service.facts.push_back(Fact("cqc/directory", "registration", 1, registered));
  return service;
}

/// The same with a rule met and a recommendation that awaits a decision.
inline ReportedService HomeOfConcern(const std::string& name = "Oak House") {
  ReportedService service = QuietHome(name);
  auto& policy = service.policies.front();
  policy.recommended_state = "LEVEL_2";
  policy.recommended_us = March(4);
  policy.criteria = {
      Criterion("H-L2-2", v1::TRUTH_VALUE_TRUE, "W-1"), Criterion("H-L1-1", v1::TRUTH_VALUE_TRUE),
      Criterion("H-L2-3", v1::TRUTH_VALUE_UNKNOWN), Criterion("H-L3-1", v1::TRUTH_VALUE_FALSE)};
  policy.bearing = {"H-L2-2", "H-L2-3", "H-L3-1"};
  policy.texts = {{"H-L2-2", "Warning notice"}};
  policy.near_misses = {"H-L3-1: one more"};
  policy.gaps = {"H-L2-3: not available"};
  policy.nqb.set_state("LEVEL_1");
  policy.nqb.set_nqb_state("ROUTINE");
  policy.nqb.set_note("Not a level of health services.");
  policy.nqb.set_clause("S2 1.5.1");
  return service;
}

inline ReportInput Asked(v1::Report::Kind kind, std::vector<ReportedService> services) {
  return {.kind = kind,
          .as_of_us = March(31),
          .from_us = March(1) - kMicrosPerDay,
          .services = std::move(services)};
}

/// The section with this heading; an empty one where there is none.
inline v1::Report::Section SectionOf(const v1::Report& report, const std::string& heading) {
  for (const auto& section : report.sections()) {
    if (section.heading() == heading) return section;
  }
  return {};
}

/// All sentences of a section in one text, and the cells of its tables.
inline std::string TextOf(const v1::Report::Section& section) {
  std::string text;
  for (const auto& sentence : section.sentences()) text += sentence.text() + '\n';
  for (const auto& table : section.tables()) {
    for (const auto& row : table.rows()) {
      for (const auto& cell : row.cells()) text += cell + " | ";
      text += '\n';
    }
  }
  return text;
}

}  // namespace trigpoint
