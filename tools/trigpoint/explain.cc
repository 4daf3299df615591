#include "explain.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "arguments.h"
#include "trigpoint/base/time.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr size_t kEvidenceShown = 12;

bool Holds(const v1::CriterionResult& criterion) {
  return criterion.value() == v1::TRUTH_VALUE_TRUE;
}

std::string ChanceInWords(double p) {
  if (p <= 0 || p > 1) {
    return "p = " + Number(p);
  }
  if (p >= 0.5) {
    return "no more than chance would give (p = " + Number(p) + ")";
  }
  const double odds = 1 / p;
  const double rounded = odds < 100 ? std::round(odds)
                         : odds < 1e6
                             ? std::pow(10, std::floor(std::log10(odds)) - 1) *
                                   std::round(odds / std::pow(10, std::floor(std::log10(odds)) - 1))
                             : 0;
  if (rounded == 0) {
    return "chance alone gives this less than 1 time in a million (p = " + Number(p) + ")";
  }
  return "chance alone gives this about 1 time in " + Number(rounded) + " (p = " + Number(p) + ")";
}

std::string Headline(const v1::Assessment& assessment, const Ink& ink) {
  const std::string decided = InWords(assessment.decided_state());
  const std::string target = InWords(assessment.target_state());
  if (assessment.applies() == v1::TRUTH_VALUE_FALSE) {
    return ink.Bold("This policy does not apply to the service") +
           "; what follows is what it would say.\n";
  }
  if (assessment.urgent()) {
    return ink.Red("URGENT: " + target + " recommended") +
           (assessment.level().empty() ? "" : "; level " + InWords(assessment.level())) +
           (decided.empty() ? "" : " (decided today: " + decided + ")") + '\n';
  }
  if (target.empty() && decided.empty())
    return ink.Bold("This policy has no levels") + "; what it owes: trigpoint due PROVIDER\n";
  if (target.empty() || assessment.target_state() == assessment.decided_state()) {
    return ink.Bold("No move recommended") +
           (decided.empty() ? "" : "; the decided level is " + decided) + '\n';
  }
  return ink.Amber("Recommended: " + target) +
         (decided.empty() ? "" : " (decided today: " + decided + ")") +
         (assessment.declined() ? "; people declined it" : "") + '\n';
}

std::string Range(const v1::Assessment& assessment) {
  if (assessment.floor().empty() && assessment.ceiling().empty()) {
    return {};
  }
  if (assessment.floor() == assessment.ceiling()) {
    return Wrap("What is not known would not change this: " + InWords(assessment.floor()) + '.',
                "");
  }
  return Wrap("Not below " + InWords(assessment.floor()) +
                  ", whatever the missing information says. Up to " +
                  InWords(assessment.ceiling()) +
                  " is not excluded by what is known; see \"Not known\".",
              "");
}

std::string Evidence(const v1::CriterionResult& criterion) {
  if (criterion.evidence().empty()) {
    return criterion.protected_source()
               ? Wrap("Evidence of a protected source; it is counted but not shown.", "      ")
               : std::string{};
  }
  std::string text = "Evidence: ";
  const auto shown = std::min(kEvidenceShown, static_cast<size_t>(criterion.evidence_size()));
  for (size_t i = 0; i < shown; ++i) {
    text += (i == 0 ? "" : ", ") + EventName(criterion.evidence(static_cast<int>(i)));
  }
  const size_t total = static_cast<size_t>(criterion.evidence_size());
  if (total > shown) {
    text += " and " + std::to_string(total - shown) + " more (--json lists all)";
  }
  if (criterion.protected_source()) {
    text += "; some of it is of a protected source and not shown";
  }
  return Wrap(text, "      ");
}

std::string CriterionText(const v1::Assessment& assessment, const v1::CriterionResult& criterion,
                          const Ink& ink) {
  std::string head = "  " + ink.Bold(Clean(criterion.id()));
  if (!Holds(criterion)) {
    head += ' ' + TruthWord(criterion.value());
  }
  if (!criterion.clause().empty()) {
    head += "  " + ink.Dim("[" + Clean(criterion.clause()) + "]");
  }
  if (criterion.decisive()) {
    head += "  decides the level";
  }
  std::string out = head + '\n';
  for (const auto& words : assessment.criterion_texts()) {
    if (words.id() == criterion.id()) {
      out += Wrap('"' + words.text() + '"', "      ");
    }
  }
  if (!criterion.note().empty()) {
    out += Wrap(criterion.note(), "      ");
  }
  if (const std::string figures = FiguresInWords(criterion); !figures.empty()) {
    out += Wrap(figures + '.', "      ");
  }
  out += Evidence(criterion);
  if (criterion.evidence_ageing()) {
    out += Wrap(
        "The evidence is ageing: its window has emptied, and it still stands until people close "
        "it.",
        "      ");
  }
  return out;
}

std::string Section(std::string_view title, const std::string& body, const Ink& ink) {
  return body.empty() ? std::string{} : '\n' + ink.Bold(title) + '\n' + body;
}

template <typename Lines>
std::string Bullets(const Lines& lines) {
  std::string out;
  for (const std::string& line : lines) {
    out += Wrap(line, "  - ");
  }
  return out;
}

std::string ConfidenceText(const v1::Assessment& assessment) {
  std::string out;
  for (const auto& theme : assessment.confidence()) {
    out += Wrap(InWords(WithoutPrefix(v1::Theme_Name(theme.theme()), "THEME_")) + ": " +
                    WithoutPrefix(v1::ThemeConfidence::Grade_Name(theme.grade()), "GRADE_") + " (" +
                    std::to_string(theme.families()) +
                    (theme.families() == 1 ? " family of sources" : " independent families") +
                    (theme.regulator() ? ", the regulator among them)" : ")"),
                "  - ");
  }
  return out;
}

std::string HoldText(const v1::AssuranceHold& hold) {
  const auto day = [](const v1::Date& date) { return FormatDate(ToCivil(date)); };
  std::string roles;
  for (const std::string& role : hold.override_roles()) {
    roles += (roles.empty() ? "" : " or ") + Clean(role);
  }
  return Wrap(
      (hold.has_until()
           ? "The decided level is held until " + day(hold.until()) + ": assurance was gained on " +
                 day(hold.since())
           : std::string(
                 "The decided level is held: its quality risk profile gained no assurance")) +
          (roles.empty() ? "" : "; " + roles + " may override with a rationale") + " [" +
          Clean(hold.clause()) + "]",
      "");
}

std::string CriteriaText(const v1::Assessment& assessment, Detail detail, const Ink& ink) {
  std::string holding;
  std::string others;
  int64_t not_met = 0;
  int64_t unknown = 0;
  for (const auto& criterion : assessment.criteria()) {
    if (Holds(criterion)) {
      holding += CriterionText(assessment, criterion, ink);
      continue;
    }
    not_met += criterion.value() == v1::TRUTH_VALUE_FALSE ? 1 : 0;
    unknown += criterion.value() == v1::TRUTH_VALUE_UNKNOWN ? 1 : 0;
    others += CriterionText(assessment, criterion, ink);
  }
  if (holding.empty()) {
    holding = "  No criterion of this policy is met on what is known.\n";
  }
  std::string out = Section("Why: criteria that are met", holding, ink);
  if (detail == Detail::kEveryCriterion) {
    return out + Section("The other criteria", others, ink);
  }
  if (not_met + unknown > 0) {
    out += Wrap(std::to_string(not_met) + " more not met, " + std::to_string(unknown) +
                    " cannot be told from what is known; --full lists them.",
                "  ");
  }
  return out;
}

// What a move must have, as options of 'decide'.
std::string NeedsAsOptions(const v1::Move& move) {
  static const std::map<std::string, std::string> kOptions = {
      {"meeting_id", " --meeting MEETING"},
      {"risk_profile_ref", " --risk-profile-ref PROFILE"},
      {"sqg_ref", " --sqg-ref REFERENCE"}};
  std::string options;
  for (const std::string& field : move.needs()) {
    const auto option = kOptions.find(field);
    options += option == kOptions.end() ? "" : option->second;
  }
  return options;
}

// Each move, who may decide it and by which clause.
std::string WhoDecides(const v1::Assessment& assessment) {
  std::string out;
  const bool several = assessment.moves_size() > 1;
  if (several) {
    out +=
        Wrap("The policy has no move from " + InWords(Clean(assessment.decided_state())) + " to " +
                 InWords(Clean(assessment.level())) + " in one decision; they are, in order:",
             "  ");
  }
  for (const auto& move : assessment.moves()) {
    std::string roles;
    for (const std::string& role : move.roles()) {
      roles += (roles.empty() ? "" : " or ") + Clean(role);
    }
    out += Wrap("Who may decide the move to " + InWords(Clean(move.to_state())) + ": " + roles +
                    (move.joint() ? "; every commissioner must concur" : "") + " [" +
                    Clean(move.clause()) + "]",
                several ? "    - " : "  ");
  }
  return out;
}

std::string NextStepText(const ExplainedProvider& provider, const v1::Assessment& assessment) {
  const bool to_decide = !assessment.target_state().empty() &&
                         assessment.target_state() != assessment.decided_state() &&
                         assessment.applies() != v1::TRUTH_VALUE_FALSE;
  if (!to_decide) {
    return {};
  }
  const std::string subject =
      Clean(provider.argument) + " --policy " + Clean(assessment.policy_id());
  std::string to = assessment.level().empty() ? assessment.target_state() : assessment.level();
  std::string needs;
  if (!assessment.moves().empty()) {
    to = assessment.moves(0).to_state();
    needs = NeedsAsOptions(assessment.moves(0));
  }
  std::string out;
  if (assessment.urgent()) {
    out =
        "  'trigpoint alerts' says who leads and by when; 'trigpoint ack' answers it. What to do "
        "first is\n"
        "  above: convene the rapid quality review.\n";
    if (to == assessment.decided_state()) {
      return out + "  If people decide that none is needed:\n    trigpoint decide " + subject +
             " --decline --rationale \"...\"\n";
    }
  }
  out += assessment.declined()
             ? Wrap(
                   "People declined this; it is recommended again only with new evidence. If they "
                   "decide otherwise now:",
                   "  ")
             : "  People decide. To record the decision:\n";
  out += "    trigpoint decide " + subject + " --to " + Clean(to) + needs + " --rationale \"...\"" +
         (assessment.declined() ? " --override\n" : "\n");
  if (!assessment.declined()) {
    out += "    trigpoint decide " + subject + " --decline --rationale \"...\"\n";
  }
  return out + WhoDecides(assessment);
}

}  // namespace

std::string EventName(const v1::EventRef& event) {
  return event.source().empty() ? event.id() : event.source() + '/' + event.id();
}

std::string BesideNqb(std::string_view state, const v1::CrossWalk& entry) {
  if (entry.state().empty()) return {};
  const std::string place =
      entry.nqb_state().empty() ? "nowhere on it" : InWords(entry.nqb_state());
  return Wrap(std::string(state) + " beside the NQB ladder (for display only): " + place + ". " +
                  entry.note() + " [" + entry.clause() + ']',
              "");
}

std::string TruthWord(v1::TruthValue value) {
  return WithoutPrefix(v1::TruthValue_Name(value), "TRUTH_VALUE_");
}

std::string FiguresInWords(const v1::CriterionResult& criterion) {
  std::map<std::string, double> known;
  std::string rest;
  for (const auto& figure : criterion.figures()) {
    if (figure.name() == "observed" || figure.name() == "expected" || figure.name() == "p") {
      known[figure.name()] = figure.value();
    } else {
      rest += (rest.empty() ? "" : ", ") + InWords(figure.name()) + ' ' + Number(figure.value());
    }
  }
  std::string text;
  const auto observed = known.find("observed");
  const auto expected = known.find("expected");
  if (observed != known.end()) {
    text = Number(observed->second) + " seen";
  }
  if (expected != known.end()) {
    text += (text.empty() ? "" : " where ") + Number(expected->second) +
            (text.empty() ? " expected" : " would be expected") +
            " for a service of its size and nature";
  }
  if (const auto p = known.find("p"); p != known.end()) {
    text += (text.empty() ? "" : "; ") + ChanceInWords(p->second);
  }
  if (!rest.empty()) {
    text += (text.empty() ? "" : "; ") + rest;
  }
  return text;
}

std::vector<std::string> LinkedInWords(const v1::Assessment& assessment) {
  std::vector<std::string> lines;
  for (const auto& linked : assessment.linked_incidents()) {
    const v1::SubjectRef& id = linked.provider_id();
    std::string where = "another service";
    if (linked.has_provider_id()) {
      const std::string as = id.scheme() + '/' + id.value();
      where = (linked.provider_name().empty() ? as : linked.provider_name() + " (" + as + ')') +
              ": " + EventName(linked.other_report());
    }
    lines.push_back(EventName(linked.report()) + ": the same incident is known at " + where);
  }
  return lines;
}

std::string Explain(const ExplainedProvider& provider, const v1::Assessment& assessment,
                    Detail detail, const Ink& ink) {
  std::string out = ink.Bold(Clean(provider.name.empty() ? provider.argument : provider.name));
  if (!provider.name.empty()) {
    out += " (" + Clean(provider.argument) + ')';
  }
  if (!provider.place.empty()) {
    out += ", " + Clean(provider.place);
  }
  out += '\n';
  std::string source = "Policy " + assessment.policy_id() + " version " +
                       std::to_string(assessment.policy_version());
  if (!assessment.source_document().empty()) {
    source += " (" + assessment.source_document() + ')';
  }
  source += assessment.has_valid_at()
                ? "; as things were on " + When(assessment.valid_at()) + ", as far as is known"
                : "; as known on " + When(assessment.as_of());
  out += Wrap(source, "") + '\n' + Headline(assessment, ink) + Range(assessment);
  if (!assessment.recorded() && !assessment.target_state().empty() &&
      assessment.target_state() != assessment.decided_state()) {
    out += Wrap("Computed now from what is known at that time; not a recorded recommendation.", "");
  }
  out += BesideNqb(InWords(Clean(assessment.level())), assessment.nqb());
  if (!provider.inherited.empty()) out += Wrap(Clean(provider.inherited), "");
  if (assessment.has_hold()) out += HoldText(assessment.hold());
  out += CriteriaText(assessment, detail, ink);
  out += Section("How well each theme of it is borne out", ConfidenceText(assessment), ink);
  out += Section("Nearly met", Bullets(assessment.near_misses()), ink);
  out += Section("Known elsewhere", Bullets(LinkedInWords(assessment)), ink);
  out += Section("Not known", Bullets(assessment.gaps()), ink);
  out += Section("Read with care", Bullets(assessment.caveats()), ink);
  const std::string at =
      assessment.target_state().empty() ? assessment.decided_state() : assessment.target_state();
  out += Section(at.empty() ? "What the policy says happens"
                            : "What the policy says happens at " + InWords(Clean(at)),
                 Bullets(assessment.measures()), ink);
  return out + Section("Next", NextStepText(provider, assessment), ink);
}

}  // namespace trigpoint
