#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "trigpoint/reports/input.h"

/// Finds facts of a service for a section.
namespace trigpoint {

using Facts = std::vector<const ReportedFact*>;

/// Whether a fact became known in the period of the report.
inline bool InPeriod(const ReportInput& input, const ReportedFact& fact) {
  return fact.known_us > input.from_us && fact.known_us <= input.as_of_us;
}

/// What stands (not replaced, not taken back) of one of these kinds, oldest first.
Facts FactsOf(const ReportedService& service, std::initializer_list<std::string_view> kinds);
Facts FactsOf(const ReportedService& service, const std::vector<std::string_view>& kinds);
/// Those of them that became known in the period.
Facts OfPeriod(const ReportInput& input, const Facts& facts);
/// The latest of one of these kinds, or null.
const ReportedFact* Latest(const ReportedService& service,
                           std::initializer_list<std::string_view> kinds);
/// Whether a fact is about the one with this source and id; an empty source is its own.
bool IsAbout(const ReportedFact& fact, const v1::EventRef& ref, const ReportedFact& other);
/// Reports that may raise a concern and became known in (from, to].
Facts ReportsIn(const ReportedService& service, int64_t from_us, int64_t to_us);
/// What says that a plan action was completed; null: nothing does.
const ReportedFact* CompletionOf(const ReportedService& service, const ReportedFact& action);
/// Whether another party asked for a plan action and its owner has not taken it on (S3 App 1).
bool IsOnlyAsked(const ReportedService& service, const ReportedFact& action);
/// Plan actions whose due date has passed and that nobody completed; what is only asked is none.
Facts OverdueActions(const ReportInput& input, const ReportedService& service);
/// A suspension that was not lifted; null: none is known.
const ReportedFact* OpenSuspension(const ReportedService& service);
/// "3 March 2026": when it happened, else when it became known.
std::string WhenWords(const ReportedFact& fact);
/// Whether the reader is outside the organisations that commission or host the service, and there
/// are so few reports about people that they were left out (domain.md 2.2, C3).
bool IsCutForOutside(const ReportedService& service);
/// Whether these are reports about people, and fewer than such a reader may be told of.
bool IsTooFewToTell(const ReportedService& service, const Facts& facts);
inline constexpr char kFewerThanFive[] = "fewer than five reports about people: not told outside";
/// Who tells: "from outside the provider", "by the provider itself"; empty: neither.
std::string IndependenceWords(std::string_view kind);
/// "complaint received".
std::string KindInWords(std::string_view kind);

}  // namespace trigpoint
