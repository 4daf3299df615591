#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nlohmann/json_fwd.hpp"
#include "print.h"
#include "trigpoint/v1/api.pb.h"

/// Puts an assessment and its proof into words for the people who must decide on it. Pure.
namespace trigpoint {

/// Gives "source/id" of a cited event; the id alone where the source is that of the citing event.
std::string EventName(const v1::EventRef& event);

/// Gives "TRUE", "FALSE", "UNKNOWN" or "NOT_APPLICABLE".
std::string TruthWord(v1::TruthValue value);

/// Gives the figures of a criterion in words: "7 seen where 1.9 would be expected for a service of
/// its size and nature; chance alone gives this about 1 time in 250 (p = 0.004)". Figures that it
/// has no words for follow as "name value". Empty without figures.
std::string FiguresInWords(const v1::CriterionResult& criterion);

/// Gives where a state stands beside the ladder of the National Quality Board, and what it is not:
/// "Level 3 beside the NQB ladder: Intensive, not the same level. ... [S1 L170]". Ends with a line
/// feed; empty where the policy says nothing of the state.
std::string BesideNqb(std::string_view state, const v1::CrossWalk& entry);

/// Which evidence is of an incident that another service is told of, too; a line for each.
std::vector<std::string> LinkedInWords(const v1::Assessment& assessment);

/// How much of an assessment to tell.
enum class Detail { kWhatCounts, kEveryCriterion };

/// What the answer is about, as a person knows it.
struct ExplainedProvider {
  std::string argument;        ///< As the person typed it; used in the commands to type next.
  std::string name;            ///< Display name; may be empty.
  std::string place;           ///< Local authority; may be empty.
  std::string inherited = {};  ///< Whose level it is, where it is not its own; a sentence.
};

/// Gives the whole answer of `why` for one policy: the recommendation, each criterion that holds
/// with clause, figures and evidence, near misses, gaps, caveats, measures, and what to do next.
std::string Explain(const ExplainedProvider& provider, const v1::Assessment& assessment,
                    Detail detail, const Ink& ink);

/// Gives the JSON object that offline `assess` prints for one provider.
nlohmann::ordered_json AssessmentJson(std::string_view provider, const v1::Assessment& assessment);

}  // namespace trigpoint
