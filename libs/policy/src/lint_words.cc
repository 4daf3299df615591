// What a pack says in words: clauses, texts, numbers.
#include <array>
#include <cctype>
#include <cmath>
#include <set>
#include <string_view>

#include "google/protobuf/message.h"
#include "lint_checks.h"

namespace trigpoint {
namespace {

/// Parameters that the service reads by name.
constexpr std::array<std::string_view, 1> kReadByName = {"rqr_ack_hours"};

/// The parts of "S2 3.3.2; S2 App 2 Level 1".
std::vector<std::string_view> Citations(std::string_view clause) {
  std::vector<std::string_view> parts;
  while (!clause.empty()) {
    const size_t end = clause.find(';');
    std::string_view part = clause.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    if (!part.empty()) parts.push_back(part);
    clause = end == std::string_view::npos ? "" : clause.substr(end + 1);
  }
  return parts;
}

bool NamesDocument(std::string_view part) {
  return part.size() >= 2 && part[0] == 'S' && part[1] >= '0' && part[1] <= '4' &&
         (part.size() == 2 || std::isalnum(static_cast<unsigned char>(part[2])) == 0);
}

bool NamesParagraph(std::string_view part) {
  part.remove_prefix(2);
  return part.find_first_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string_view::npos;
}

void LintClause(const std::string& rule, const std::string& clause, Findings* out) {
  if (clause.empty()) return;
  bool named = clause.find("[D]") != std::string::npos;  // A default of ours cites nothing.
  for (const std::string_view part : Citations(clause)) {
    if (!NamesDocument(part)) continue;
    named = true;
    if (!NamesParagraph(part))
      out->Error(rule, "cites " + std::string(part) + " without a paragraph",
                 "say where in the document, e.g. \"S2 3.4.3\"");
  }
  if (!named)
    out->Warning(rule, "cites none of the documents S0 to S4: " + clause,
                 "cite document and paragraph, e.g. \"S2 3.4.3\", or mark a default with [D]");
}

void Needs(const std::string& rule, std::string_view field, const std::string& text,
           Findings* out) {
  if (text.empty())
    out->Error(rule, "has no " + std::string(field),
               field == "text" ? "give the document's own words, short"
                               : "cite document and paragraph, e.g. \"S2 3.4.3\"");
}

/// Whether a field holds names and numbers, not words for people.
bool HoldsNames(const std::string& field) {
  static const std::set<std::string> kWords = {"text",   "title", "reason",    "caveat",
                                               "clause", "note",  "near_miss", "source_document"};
  return kWords.count(field) == 0;
}

/// Every name in a text, e.g. "draft_days" in "WD(draft_days)".
void AddNames(const std::string& text, std::set<std::string>* names) {
  std::string name;
  for (const char c : text + ' ') {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      name += c;
    } else if (!name.empty()) {
      names->insert(name);
      name.clear();
    }
  }
}

/// Names in all fields below a message but those of the parameters themselves. Whatever a pack will
/// hold in future, a parameter that is named in it is used.
void AddNamesBelow(const google::protobuf::Message& message, std::set<std::string>* names) {
  EachText(
      message,
      [](const auto& below) { return below.GetDescriptor() != v1::Parameter::descriptor(); },
      [names](const std::string& field, const std::string& text) {
        if (HoldsNames(field)) AddNames(text, names);
      });
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): as deep as the message.
void EachText(const google::protobuf::Message& message,
              const std::function<bool(const google::protobuf::Message&)>& enter,
              const std::function<void(const std::string& field, const std::string& text)>& take) {
  using Field = google::protobuf::FieldDescriptor;
  const auto* reflection = message.GetReflection();
  std::vector<const Field*> fields;
  reflection->ListFields(message, &fields);
  for (const Field* field : fields) {
    const bool repeated = field->is_repeated();
    const int size = repeated ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      if (field->cpp_type() == Field::CPPTYPE_MESSAGE) {
        const auto& below = repeated ? reflection->GetRepeatedMessage(message, field, i)
                                     : reflection->GetMessage(message, field);
        if (enter(below)) EachText(below, enter, take);
      } else if (field->cpp_type() == Field::CPPTYPE_STRING) {
        take(std::string(field->name()), repeated ? reflection->GetRepeatedString(message, field, i)
                                                  : reflection->GetString(message, field));
      }
    }
  }
}

void LintWords(const v1::PolicyPack& pack, Findings* out) {
  // A criterion, urgent rule or feed without a clause does not compile.
  for (const auto& criterion : pack.criteria()) {
    Needs(criterion.id(), "text", criterion.text(), out);
    LintClause(criterion.id(), criterion.clause(), out);
  }
  for (const auto& rule : pack.states()) {
    Needs(rule.state(), "clause", rule.clause(), out);
    LintClause(rule.state(), rule.clause(), out);
  }
  for (const auto& rule : pack.urgent()) {
    Needs(rule.id(), "text", rule.text(), out);
    LintClause(rule.id(), rule.clause(), out);
  }
  for (const auto& feed : pack.expected()) {
    Needs("expected " + feed.id(), "text", feed.text(), out);
    LintClause("expected " + feed.id(), feed.clause(), out);
  }
  for (const auto& rule : pack.obligations()) {
    Needs(rule.id(), "text", rule.text(), out);
    LintClause(rule.id(), rule.clause(), out);
  }
  if (pack.has_applies_to()) Needs("applies_to", "clause", pack.applies_to_clause(), out);
  LintClause("applies_to", pack.applies_to_clause(), out);
  const auto& authority = pack.authority();
  for (const auto& move : authority.transitions())
    LintClause("move " + move.from_state() + " -> " + move.to_state(), move.clause(), out);
  if (!authority.decline_roles().empty())
    Needs("decline", "clause", authority.decline_clause(), out);
  LintClause("decline", authority.decline_clause(), out);
  for (const auto& bundle : pack.measures()) {
    for (const auto& item : bundle.items()) {
      Needs("measures " + bundle.state(), "clause", item.clause(), out);
      LintClause("measures " + bundle.state(), item.clause(), out);
    }
  }
}

void LintParameters(const v1::PolicyPack& pack, Findings* out) {
  std::set<std::string> used = {kReadByName.begin(), kReadByName.end()};
  AddNamesBelow(pack, &used);
  std::set<std::string> known;
  for (const auto& parameter : pack.parameters()) {
    const std::string rule = "parameter " + parameter.name();
    if (!known.insert(parameter.name()).second)
      out->Error(rule, "is there twice", "keep one: only the first would count");
    if (!std::isfinite(parameter.value())) out->Error(rule, "is no number", "write a number");
    if (parameter.unit().empty())
      out->Warning(rule, "has no unit", "say what it counts, e.g. days or reports");
    if (used.count(parameter.name()) == 0)
      out->Warning(rule, "is used by nothing", "remove it, or name it where the number is written");
  }
}

}  // namespace trigpoint
