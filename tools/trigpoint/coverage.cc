// coverage: what is heard of a service, what is not, and what to look for next.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "arguments.h"
#include "client.h"
#include "print.h"

namespace trigpoint {
namespace {

constexpr size_t kSourceColumns = 32;

struct CoverageOptions {
  std::string provider;
  std::string as_of;  ///< What was known then; empty: now.
};

std::string CountOrDash(uint32_t count) { return count == 0 ? "-" : std::to_string(count); }

/// "monitoring return received", as people read a kind.
std::string KindWords(std::string kind) {
  for (char& c : kind) c = c == '_' ? ' ' : c;
  return kind;
}

std::string CategoryName(v1::EvidenceCategory category) {
  return InWords(WithoutPrefix(v1::EvidenceCategory_Name(category), "EVIDENCE_CATEGORY_"));
}

std::string Categories(const v1::Coverage& coverage) {
  Table table({"EVIDENCE", ">INSIDE", ">OUTSIDE", ">SOURCES", "LAST", ""});
  for (const auto& row : coverage.categories()) {
    table.AddRow({CategoryName(row.category()), CountOrDash(row.internal_reports()),
                  CountOrDash(row.external_reports()), CountOrDash(row.sources()),
                  Day(row.last_at()), row.blind() ? "BLIND" : ""});
  }
  return table.Text();
}

std::string Cadence(const v1::Coverage::Feed& feed) {
  if (feed.expected_every_days() == 0) return "-";
  return std::to_string(feed.expected_every_days()) + " days, " +
         (feed.learned() ? "as it used to" : feed.policy_id() + " " + feed.clause());
}

std::string Feeds(const v1::Coverage& coverage) {
  Table table({"FEED", "SOURCE", "EXPECTED EVERY", "LAST", "DUE", "SILENT SINCE"});
  for (const auto& feed : coverage.feeds()) {
    table.AddRow({KindWords(feed.kind()),
                  feed.source().empty() ? "-" : Clip(feed.source(), kSourceColumns), Cadence(feed),
                  Day(feed.last_at()) + (feed.nil_return() ? " (nil)" : ""), Day(feed.due_at()),
                  Day(feed.silent_since())});
  }
  return table.empty() ? "Nothing was ever delivered.\n" : table.Text();
}

void PutCoverage(const v1::Coverage& coverage) {
  const Ink ink = Ink::ForStandardOutput();
  std::string text = Categories(coverage) + '\n' + Feeds(coverage);
  if (!coverage.blind_spots().empty()) {
    text += '\n' + ink.Bold("Not seen") + '\n';
    for (const auto& spot : coverage.blind_spots()) text += Wrap(spot, "  - ");
  }
  if (!coverage.seek_next().empty()) {
    text += '\n' + ink.Bold("To look for next") + '\n';
    for (const auto& gap : coverage.seek_next()) {
      std::string criteria;
      for (const auto& criterion : gap.criteria())
        criteria += (criteria.empty() ? "" : ", ") + criterion;
      text += Wrap(gap.text() + " would settle " + criteria, "  - ");
    }
  }
  Put(text);
}

ExitCode ShowCoverage(const Session& session, const Client& client,
                      const CoverageOptions& options) {
  v1::GetCoverageRequest request;
  request.set_provider(ProviderName(options.provider));
  if (!options.as_of.empty()) {
    const auto as_of = ParseAsOf(options.as_of);
    if (!as_of.ok()) return Fail(session, as_of.status());
    *request.mutable_as_of() = ToTimestamp(*as_of);
  }
  v1::Coverage coverage;
  const auto context = client.NewContext();
  const auto status = client.providers().GetCoverage(context.get(), request, &coverage);
  if (!status.ok()) {
    return Fail(session, status);
  }
  if (session.json) {
    PutJson(coverage);
  } else {
    PutCoverage(coverage);
  }
  return ExitCode::kOk;
}

}  // namespace

void AddCoverageCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<CoverageOptions>();
  CLI::App* coverage = app.add_subcommand(
      "coverage", "What is heard of a provider, what is silent, and what to look for next");
  coverage->add_option("PROVIDER", options->provider, "Stream id, scheme/value or CQC location id")
      ->required();
  coverage->add_option("--as-of", options->as_of,
                       "With what was known at 2026-03-01 or 2026-03-01T10:00:00Z");
  coverage->footer(
      "Inside is what the provider tells of itself, outside what others do.\n"
      "Services with silent feeds: trigpoint providers --filter 'silent_feeds > 0'\n"
      "Example: trigpoint coverage 1-545611283 --as-of 2026-03-01");
  coverage->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(
          session, [&](const Client& client) { return ShowCoverage(session, client, *options); });
    };
  });
}

}  // namespace trigpoint
