// report: what a meeting reads, with what every sentence rests on.
#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>

#include "arguments.h"
#include "client.h"
#include "output_file.h"
#include "print.h"
#include "trigpoint/base/status.h"
#include "trigpoint/reports/render.h"
#include "trigpoint/reports/report.h"

namespace trigpoint {
namespace {

struct ReportOptions {
  std::string kind;
  std::string provider;
  std::string as_of;
  std::string from;
  std::string policy;
  std::string redaction;
  std::string format = "markdown";
  std::string output;
};

const std::map<std::string, v1::Report::Kind>& Kinds() {
  static const std::map<std::string, v1::Report::Kind> kKinds = {
      {"triple-a", v1::Report::KIND_TRIPLE_A},
      {"rapid-quality-review", v1::Report::KIND_RAPID_QUALITY_REVIEW},
      {"panel-list", v1::Report::KIND_PANEL_LIST},
      {"risk-summit", v1::Report::KIND_RISK_SUMMIT},
      {"pre-visit", v1::Report::KIND_PRE_VISIT_BRIEF},
      {"dashboard", v1::Report::KIND_MONTHLY_DASHBOARD},
      {"tracker", v1::Report::KIND_SURVEILLANCE_TRACKER}};
  return kKinds;
}

const std::map<std::string, v1::RedactionProfile>& Profiles() {
  static const std::map<std::string, v1::RedactionProfile> kProfiles = {
      {"public", v1::REDACTION_PROFILE_PUBLIC},
      {"provider", v1::REDACTION_PROFILE_PROVIDER},
      {"partner", v1::REDACTION_PROFILE_PARTNER}};
  return kProfiles;
}

absl::StatusOr<v1::ProduceReportRequest> RequestOf(const ReportOptions& options) {
  v1::ProduceReportRequest request;
  request.set_kind(Kinds().at(options.kind));
  const bool one = IsAboutOneService(request.kind());
  if (one && options.provider.empty())
    return MakeStatus(absl::StatusCode::kInvalidArgument,
                      "the report " + options.kind + " is about one provider: trigpoint report " +
                          options.kind + " PROVIDER");
  if (!one && !options.provider.empty())
    return MakeStatus(absl::StatusCode::kInvalidArgument,
                      "the report " + options.kind + " is about every provider: leave out '" +
                          options.provider + "', or choose --policy");
  if (one) request.set_provider(ProviderName(options.provider));
  request.set_policy_id(options.policy);
  if (!options.redaction.empty()) request.set_redaction(Profiles().at(options.redaction));
  if (!options.as_of.empty()) {
    TP_ASSIGN_OR_RETURN(const auto as_of, ParseAsOf(options.as_of));
    *request.mutable_as_of() = ToTimestamp(as_of);
  }
  if (!options.from.empty()) {
    const auto date = ParseDate(options.from);
    if (date.ok()) {
      *request.mutable_from() = ToTimestamp(LondonMidnight(*date));
    } else {
      TP_ASSIGN_OR_RETURN(const auto from, ParseAsOf(options.from));
      *request.mutable_from() = ToTimestamp(from);
    }
  }
  return request;
}

std::string Rendered(const v1::Report& report, const std::string& format) {
  if (format == "html") return RenderHtml(report);
  if (format == "json") return ToJson(report, JsonForm::kDocument) + '\n';
  return RenderMarkdown(report);
}

ExitCode Produce(const Session& session, const Client& client, const ReportOptions& options) {
  const auto request = RequestOf(options);
  if (!request.ok()) return Fail(session, request.status());
  OutputFile file(options.output);
  if (!options.output.empty()) {
    if (const auto opened = file.Open(); !opened.ok()) return Fail(session, opened);
  }
  v1::Report report;
  const auto context = client.NewContext();
  const auto status = client.reports().ProduceReport(context.get(), *request, &report);
  if (!status.ok()) return Fail(session, status);
  const std::string text = Rendered(report, session.json ? "json" : options.format);
  if (options.output.empty()) {
    Put(text);
    return ExitCode::kOk;
  }
  absl::Status written = file.Write(text);
  if (written.ok()) written = file.Keep();
  if (!written.ok()) return Fail(session, written);
  Put("Written to " + options.output + "; fingerprint " + report.fingerprint() + '\n');
  return ExitCode::kOk;
}

}  // namespace

void AddReportCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* report =
      app.add_subcommand("report", "A report for a meeting: every sentence with what it rests on");
  report->add_option("KIND", options->kind, "Which report")
      ->required()
      ->check(CLI::IsMember({"triple-a", "panel-list", "dashboard", "tracker",
                             "rapid-quality-review", "risk-summit", "pre-visit"}));
  report->add_option("PROVIDER", options->provider,
                     "For rapid-quality-review, risk-summit and pre-visit: stream id, scheme/value "
                     "or CQC location id");
  report->add_option("--as-of", options->as_of,
                     "As known at 2026-03-01 or 2026-03-01T10:00:00Z; otherwise now");
  report->add_option("--from", options->from,
                     "Start of the period looked back on; otherwise a month before --as-of");
  report->add_option("--policy", options->policy, "This policy; otherwise each that applies");
  report
      ->add_option("--redaction", options->redaction,
                   "For whom: public, provider or partner; otherwise what you may see")
      ->check(CLI::IsMember({"public", "provider", "partner"}));
  report->add_option("--format", options->format, "markdown, html or json")
      ->check(CLI::IsMember({"markdown", "html", "json"}))
      ->capture_default_str();
  report->add_option("--output", options->output, "A new file to write it to, whole or not at all");
  report->footer(
      "The same --as-of gives the same report, whatever became known later.\n"
      "Example: trigpoint report pre-visit 1-545611283 --as-of 2026-03-01 --format html "
      "--output brief.html");
  report->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(session,
                        [&](const Client& client) { return Produce(session, client, *options); });
    };
  });
}

}  // namespace trigpoint
