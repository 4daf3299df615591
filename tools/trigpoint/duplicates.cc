// duplicates: which reports may be of one incident, and what people find about them.
#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "arguments.h"
#include "client.h"
#include "print.h"

namespace trigpoint {
namespace {

struct DuplicatesOptions {
  std::string provider;
  std::vector<std::string> confirm;
  std::vector<std::string> split;
  std::vector<std::string> link;
  std::vector<std::string> unlink;
  std::string at;
  std::string rationale;
  std::string request_id;
  std::string page_token;
  int page_size = 0;
};

std::string RefText(const v1::EventRef& ref) { return Clean(ref.source() + '/' + ref.id()); }

std::string ReportInWords(const v1::ListDuplicatesResponse::Report& report) {
  std::string text = RefText(report.report()) + ", " + Day(report.occurred_at());
  std::string themes;
  for (const int theme : report.themes())
    themes += (themes.empty() ? ": " : ", ") +
              InWords(WithoutPrefix(v1::Theme_Name(static_cast<v1::Theme>(theme)), "THEME_"));
  return text + themes;
}

void PutPair(const v1::ListDuplicatesResponse::Pair& pair) {
  std::string reasons;
  for (const auto& reason : pair.reasons()) reasons += (reasons.empty() ? "" : ", ") + reason;
  Put(ReportInWords(pair.later()) + '\n' + ReportInWords(pair.earlier()) + '\n' +
      Wrap(Clean(reasons) + "; " + Number(pair.weight()) + " bits", "  "));
}

ExitCode List(const Session& session, const Client& client, const DuplicatesOptions& options) {
  v1::ListDuplicatesRequest request;
  request.set_provider(ProviderName(options.provider));
  request.set_page_size(options.page_size);
  request.set_page_token(options.page_token);
  v1::ListDuplicatesResponse response;
  const auto context = client.NewContext();
  const auto status = client.providers().ListDuplicates(context.get(), request, &response);
  if (!status.ok()) return Fail(session, status);
  if (session.json) {
    PutJson(response);
    return ExitCode::kOk;
  }
  if (response.withheld()) {
    Put("Not told: your organisation neither commissions nor hosts the service.\n");
    return ExitCode::kOk;
  }
  if (response.pairs().empty()) {
    Put("No reports wait for a person: none are of one incident by rule alone.\n");
    return ExitCode::kOk;
  }
  for (const auto& pair : response.pairs()) PutPair(pair);
  Put('\n' + Wrap("Each pair is probably one incident: counted once for rates, twice for urgent "
                  "measures, until a person says. --confirm A B, or --split A B, with --rationale.",
                  ""));
  if (!response.next_page_token().empty())
    Put("More: --page-token " + Clean(response.next_page_token()) + '\n');
  return ExitCode::kOk;
}

/// The reports that were named, whichever way.
const std::vector<std::string>& Named(const DuplicatesOptions& options) {
  for (const auto* named : {&options.confirm, &options.split, &options.link})
    if (!named->empty()) return *named;
  return options.unlink;
}

ExitCode Decide(const Session& session, const Client& client, const DuplicatesOptions& options) {
  v1::DecideDuplicatesRequest request;
  request.set_provider(ProviderName(options.provider));
  request.set_one_incident(!options.confirm.empty() || !options.link.empty());
  request.set_rationale(options.rationale);
  request.set_request_id(options.request_id.empty() ? NewRequestId() : options.request_id);
  const std::vector<std::string>& named = Named(options);
  if (options.at.empty()) {
    for (const auto& report : named) request.add_reports(report);
  } else {
    request.add_reports(named.front());
    request.set_other_provider(ProviderName(options.at));
    request.add_other_reports(named.back());
  }
  v1::DecideDuplicatesResponse response;
  const auto context = client.NewContext();
  const auto status = client.decisions().DecideDuplicates(context.get(), request, &response);
  if (!status.ok()) return FailUncertain(session, status, request.request_id());
  if (session.json) {
    PutJson(response);
    return ExitCode::kOk;
  }
  std::string said = request.one_incident() ? "of one incident" : "of different incidents";
  if (!options.at.empty())
    said = request.one_incident() ? "linked; each service counts its own" : "linked no more";
  Put("Recorded: " + said + ".\n" +
      (response.duplicates_open() == 0
           ? std::string("No pair of reports waits for a person.\n")
           : Count(response.duplicates_open(), "pair") + " of reports still to be looked at.\n"));
  return ExitCode::kOk;
}

/// What is wrong with the combination; empty: nothing.
std::string Mistake(const DuplicatesOptions& options) {
  const bool across = !options.link.empty() || !options.unlink.empty();
  const size_t asked = (options.confirm.empty() ? 0U : 1U) + (options.split.empty() ? 0U : 1U) +
                       (options.link.empty() ? 0U : 1U) + (options.unlink.empty() ? 0U : 1U);
  if (asked > 1) return "say one of --confirm, --split, --link and --unlink";
  if (across == options.at.empty()) return "--link and --unlink need --at, and only they";
  if (asked == 0 && !options.request_id.empty()) return "--request-id goes with what is recorded";
  if (asked == 1 && options.rationale.empty()) return "say why: --rationale";
  return "";
}

}  // namespace

void AddDuplicatesCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<DuplicatesOptions>();
  CLI::App* duplicates = app.add_subcommand(
      "duplicates", "Reports that are probably of one incident; confirms, splits or links them");
  duplicates
      ->add_option("PROVIDER", options->provider, "Stream id, scheme/value or CQC location id")
      ->required();
  constexpr int kSeveral = 20;
  duplicates->add_option("--confirm", options->confirm, "SOURCE/ID of reports of one incident")
      ->expected(2, kSeveral);
  duplicates->add_option("--split", options->split, "SOURCE/ID of reports of different incidents")
      ->expected(2, kSeveral);
  duplicates
      ->add_option("--link", options->link,
                   "A report of this service and one of another that are of one incident")
      ->expected(2);
  duplicates->add_option("--unlink", options->unlink, "Two that are not, after all")->expected(2);
  duplicates->add_option("--at", options->at, "The other service, of --link and --unlink");
  duplicates->add_option("--rationale", options->rationale, "Why; shown, so without personal data");
  duplicates->add_option("--request-id", options->request_id,
                         "UUID of an earlier try, to repeat it");
  duplicates->add_option("--page-size", options->page_size, "Pairs of a page");
  duplicates->add_option("--page-token", options->page_token, "Continue where a page ended");
  duplicates->footer(
      "Example: trigpoint duplicates 1-545611283 --confirm council/safeguarding/SG-1 \\\n"
      "           home/incidents/I-7 --rationale \"One fall, told twice\"");
  duplicates->callback([&session, options] {
    session.command = [&session, options] {
      if (const std::string mistake = Mistake(*options); !mistake.empty())
        return Fail(session, ExitCode::kUsage, mistake);
      return WithClient(session, [&](const Client& client) {
        return Named(*options).empty() ? List(session, client, *options)
                                       : Decide(session, client, *options);
      });
    };
  });
}

}  // namespace trigpoint
