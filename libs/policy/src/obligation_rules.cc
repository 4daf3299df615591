#include "obligation_rules.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "fact_fields.h"
#include "google/protobuf/timestamp.pb.h"
#include "trigpoint/base/status.h"
#include "trigpoint/events/catalogue.h"

namespace trigpoint {
namespace {

using google::protobuf::FieldDescriptor;
using Names = google::protobuf::RepeatedPtrField<std::string>;
using FieldMatches = google::protobuf::RepeatedPtrField<v1::FieldMatch>;

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

absl::StatusOr<std::vector<int>> KindsNamed(const Names& names, const std::string& field) {
  std::vector<int> kinds;
  for (const auto& name : names) {
    const KindInfo* kind = KindOfName(name);
    if (kind == nullptr || kind->role != v1::EVENT_ROLE_FACT)
      return Wrong(field + " names an unknown kind: " + name);
    if (!StandsInState(*kind)) {
      return Wrong(field + " names a kind that does not stand in the state of a service: " + name +
                   " (its `effect` in events.proto)");
    }
    kinds.push_back(kind->number);
  }
  return kinds;
}

absl::Status CheckValues(const FieldDescriptor& field, const Names& values,
                         const std::string& where) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_BOOL:
      for (const auto& value : values) {
        if (value != "true" && value != "false")
          return Wrong(where + " is \"true\" or \"false\", not " + value);
      }
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_ENUM:
      for (const auto& value : values) {
        if (field.enum_type()->FindValueByName(value) == nullptr)
          return Wrong(where + " has no value " + value);
      }
      return absl::OkStatus();
    default:
      return Wrong(where + " is neither text nor a code nor true or false");
  }
}

/// A kind that has no such field is not asked for it, but one of them must have it.
absl::Status CheckMatches(const FieldMatches& matches, const std::vector<int>& kinds,
                          const std::string& name) {
  for (const auto& match : matches) {
    const std::string where = name + ": " + match.field();
    if (match.values().empty()) return Wrong(where + " names no value");
    bool known = false;
    for (const int kind : kinds) {
      const FieldDescriptor* field = FieldOfKind(kind, match.field());
      if (field == nullptr) continue;
      known = true;
      TP_RETURN_IF_ERROR(CheckValues(*field, match.values(), where));
    }
    if (!known) return Wrong(where + " is no field of its kinds");
  }
  return absl::OkStatus();
}

absl::Status CheckDate(const std::string& field, const std::vector<int>& kinds,
                       const std::string& name) {
  if (field.empty()) return absl::OkStatus();
  if (kinds.empty()) return Wrong(name + " needs start.kinds");
  for (const int kind : kinds) {
    const FieldDescriptor* found = FieldOfKind(kind, field);
    const auto* type = found == nullptr || found->is_repeated() ? nullptr : found->message_type();
    if (type != v1::Date::descriptor() && type != google::protobuf::Timestamp::descriptor()) {
      return Wrong(name + ": " + std::string(KindOfNumber(kind)->name) + " has no date " + field);
    }
  }
  return absl::OkStatus();
}

const v1::Parameter* FindParameter(const v1::PolicyPack& pack, const std::string& name) {
  const auto& parameters = pack.parameters();
  const auto it = std::find_if(parameters.begin(), parameters.end(),
                               [&name](const auto& one) { return one.name() == name; });
  return it == parameters.end() ? nullptr : &*it;
}

/// "WD(10)", "WD(draft_report_days)", or the name of a parameter whose unit says what it counts.
absl::StatusOr<Duration> DurationOf(const std::string& text, const v1::PolicyPack& pack) {
  static const std::map<std::string, std::string> kUnits = {
      {"working days", "WD"}, {"calendar days", "CD"}, {"calendar months", "CM"}, {"hours", "H"}};
  if (auto literal = ParseDuration(text); literal.ok()) return *literal;
  const size_t open = text.find('(');
  const bool unit_given = open != std::string::npos && text.ends_with(")");
  const v1::Parameter* parameter =
      FindParameter(pack, unit_given ? text.substr(open + 1, text.size() - open - 2) : text);
  if (parameter == nullptr) {
    return Wrong("due is neither WD(n), CD(n), CM(n) or H(n) nor a parameter that is there: " +
                 text);
  }
  std::string unit = text.substr(0, open);
  if (!unit_given) {
    const auto it = kUnits.find(parameter->unit());
    if (it == kUnits.end()) {
      return Wrong(
          "due is a parameter whose unit is none of working days, calendar days, "
          "calendar months, hours: " +
          text);
    }
    unit = it->second;
  }
  if (parameter->value() != std::floor(parameter->value()) || parameter->value() < 0)
    return Wrong("due is no whole number: " + parameter->name());
  auto resolved =
      ParseDuration(unit + "(" + std::to_string(static_cast<int64_t>(parameter->value())) + ")");
  if (!resolved.ok()) return Wrong("due: " + std::string(resolved.status().message()));
  return *resolved;
}

absl::Status CheckStart(const v1::ObligationRule& rule, const v1::PolicyPack& pack,
                        ObligationTerms* terms) {
  const auto& start = rule.start();
  const bool by_kinds = !start.kinds().empty();
  const bool by_criterion = !start.criterion().empty();
  const bool by_state = !start.state().empty();
  // A recurring one may go on for as long as a criterion or a state holds.
  const int starts =
      static_cast<int>(by_kinds) + static_cast<int>(by_criterion) + static_cast<int>(by_state);
  if (starts > 1 || (starts == 0 && !start.recurring()) || (by_kinds && start.recurring())) {
    return Wrong("has a start that is not exactly one of kinds, criterion, state, recurring");
  }
  TP_ASSIGN_OR_RETURN(terms->started_by, KindsNamed(start.kinds(), "start.kinds"));
  TP_RETURN_IF_ERROR(CheckMatches(start.where(), terms->started_by, "start.where"));
  TP_RETURN_IF_ERROR(CheckDate(start.date_field(), terms->started_by, "start.date_field"));
  if (by_criterion) {
    const auto& criteria = pack.criteria();
    const auto it = std::find_if(criteria.begin(), criteria.end(), [&start](const auto& one) {
      return one.id() == start.criterion();
    });
    if (it == criteria.end())
      return Wrong("names a criterion that is not there: " + start.criterion());
    terms->criterion = static_cast<int>(it - criteria.begin());
  }
  const auto& states = pack.authority().states();
  if (by_state && std::find(states.begin(), states.end(), start.state()) == states.end())
    return Wrong("names a state that is not there: " + start.state());
  return absl::OkStatus();
}

absl::Status CheckEnd(const v1::ObligationRule& rule, ObligationTerms* terms) {
  TP_ASSIGN_OR_RETURN(terms->discharged_by, KindsNamed(rule.discharged_by(), "discharged_by"));
  TP_ASSIGN_OR_RETURN(terms->lapsed_by, KindsNamed(rule.lapsed_by(), "lapsed_by"));
  TP_ASSIGN_OR_RETURN(terms->paused_by, KindsNamed(rule.paused_by(), "paused_by"));
  TP_ASSIGN_OR_RETURN(terms->resumed_by, KindsNamed(rule.resumed_by(), "resumed_by"));
  TP_RETURN_IF_ERROR(
      CheckMatches(rule.discharged_where(), terms->discharged_by, "discharged_where"));
  if (terms->paused_by.empty() != terms->resumed_by.empty())
    return Wrong("has only one of paused_by and resumed_by");
  if (rule.start().recurring() && terms->discharged_by.empty())
    return Wrong("is recurring, and discharged_by nothing");
  const bool ends = !terms->discharged_by.empty() || !terms->lapsed_by.empty();
  if (!terms->started_by.empty() && !ends)
    return Wrong("is discharged_by nothing and lapsed_by nothing");
  const bool per = rule.per() != v1::ObligationRule::PER_RECIPIENT_UNSPECIFIED;
  for (const int kind : terms->discharged_by) {
    if (per && !NamesOrganisations(kind)) {
      return Wrong("is one for each organisation, but discharged_by " +
                   std::string(KindOfNumber(kind)->name) + " names none");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ObligationTerms> TermsOf(const v1::ObligationRule& rule,
                                        const v1::PolicyPack& pack) {
  if (rule.id().empty()) return Wrong("has no id");
  if (rule.clause().empty()) return Wrong("has no clause");
  if (rule.text().empty()) return Wrong("has no text");
  if (rule.owner().empty()) return Wrong("has no owner");
  ObligationTerms terms;
  TP_RETURN_IF_ERROR(CheckStart(rule, pack, &terms));
  TP_RETURN_IF_ERROR(CheckEnd(rule, &terms));
  TP_RETURN_IF_ERROR(CheckDate(rule.due_field(), terms.started_by, "due_field"));
  if (rule.due().empty()) return terms;
  if (!rule.due_field().empty()) return Wrong("has both due and due_field");
  TP_ASSIGN_OR_RETURN(terms.due, DurationOf(rule.due(), pack));
  return terms;
}

}  // namespace trigpoint
