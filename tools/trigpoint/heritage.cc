// inherit, siblings: what a service has of its predecessor, and who else belongs to its
// organisation.
#include "heritage.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "arguments.h"
#include "client.h"
#include "heritage_words.h"
#include "print.h"
#include "provider_words.h"

namespace trigpoint {
namespace {

constexpr int kPageOfAll = 500;
constexpr size_t kNameColumns = 36;
constexpr int kThemesNamed = 3;

struct InheritOptions {
  std::string provider;
  std::string predecessor;
  std::string rationale;
  std::string rationale_code;
  std::string meeting;
  bool accept = false;
  bool refuse = false;
};

struct SiblingsOptions {
  std::string provider;
  std::string page_token;
  int page_size = 0;
  bool all = false;
};

ExitCode Inherit(const Session& session, const Client& client, const InheritOptions& options) {
  v1::DecideInheritanceRequest request;
  request.set_provider(ProviderName(options.provider));
  if (!options.predecessor.empty()) request.set_predecessor(ProviderName(options.predecessor));
  request.set_accept(options.accept);
  request.set_rationale(options.rationale);
  request.set_rationale_code(options.rationale_code);
  request.set_meeting_id(options.meeting);
  v1::DecideInheritanceResponse response;
  const auto context = client.NewContext();
  const auto status = client.decisions().DecideInheritance(context.get(), request, &response);
  if (!status.ok()) return Fail(session, status);
  if (session.json) {
    PutJson(response);
    return ExitCode::kOk;
  }
  std::string text = options.accept ? "Recorded: what it inherits stands.\n"
                                    : "Recorded: nothing of it stands for this service.\n";
  for (const auto& link : response.provider().links()) text += Wrap(LinkInWords(link), "  ");
  for (const auto& level : response.provider().levels()) {
    text += Wrap(level.policy_id() + ": " + InWords(Clean(level.decided_state())), "  ");
  }
  Put(text);
  return ExitCode::kOk;
}

/// "falls 3, staffing 2 and 2 more".
std::string ThemesInOneCell(const v1::ListSiblingsResponse::Sibling& sibling) {
  std::string text;
  for (int i = 0; i < std::min(sibling.themes_size(), kThemesNamed); ++i) {
    text += (i == 0 ? "" : ", ") +
            InWords(WithoutPrefix(v1::Theme_Name(sibling.themes(i).theme()), "THEME_")) + ' ' +
            std::to_string(sibling.themes(i).incidents());
  }
  if (sibling.themes_size() > kThemesNamed)
    text += " and " + std::to_string(sibling.themes_size() - kThemesNamed) + " more";
  return text.empty() ? "-" : text;
}

void AddRow(const v1::ListSiblingsResponse::Sibling& sibling, Table* table) {
  const v1::Provider& provider = sibling.provider();
  table->AddRow(
      {FirstId(provider.ids(), provider.stream_id()), Clip(provider.display_name(), kNameColumns),
       sibling.same_organisation() ? "organisation" : "brand", Clip(provider.local_authority(), 20),
       provider.open_alerts() == 0 ? "-" : std::to_string(provider.open_alerts()),
       std::to_string(std::count_if(provider.levels().begin(), provider.levels().end(),
                                    [](const auto& level) { return level.awaiting_decision(); })),
       sibling.incidents_withheld() ? "not told" : std::to_string(sibling.incidents()),
       ThemesInOneCell(sibling), LevelsInOneCell(provider)});
}

ExitCode Siblings(const Session& session, const Client& client, const SiblingsOptions& options) {
  v1::ListSiblingsRequest request;
  request.set_provider(ProviderName(options.provider));
  request.set_page_token(options.page_token);
  request.set_page_size(options.page_size == 0 && options.all ? kPageOfAll : options.page_size);
  Table table({"PROVIDER", "NAME", "SAME", "AUTHORITY", ">ALERTS", ">TO DECIDE", ">INCIDENTS",
               "MOSTLY ABOUT", "LEVEL"});
  v1::ListSiblingsResponse response;
  bool one_page = true;
  do {
    const auto context = client.NewContext();
    const auto status = client.providers().ListSiblings(context.get(), request, &response);
    if (!status.ok()) return Fail(session, status);
    if (session.json && !options.all) {
      PutJson(response);
      return ExitCode::kOk;
    }
    for (const auto& sibling : response.siblings()) {
      if (session.json) {
        PutJsonLine(sibling);
      } else {
        AddRow(sibling, &table);
      }
    }
    one_page = request.page_token().empty() && response.next_page_token().empty();
    request.set_page_token(response.next_page_token());
  } while (options.all && !response.next_page_token().empty());
  if (session.json) return ExitCode::kOk;
  Put(table.empty() ? "No other service of its organisation or brand is known.\n"
                    : table.Text() +
                          "\nIncidents of the past year, reports of one counted once. No level of "
                          "theirs is copied to this service.\n");
  if (!table.empty() && one_page)
    Put("Together " + Count(response.incidents(), "incident") + ", a linked one counted once.\n");
  if (!response.next_page_token().empty())
    Put("More: --page-token " + Clean(response.next_page_token()) + ", or --all\n");
  return ExitCode::kOk;
}

void AddSiblingsCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<SiblingsOptions>();
  CLI::App* siblings = app.add_subcommand(
      "siblings", "Other services of the same organisation or brand, the highest level first");
  siblings->add_option("PROVIDER", options->provider, "Stream id, scheme/value or CQC location id")
      ->required();
  siblings->add_option("--page-size", options->page_size, "Services of a page");
  siblings->add_option("--page-token", options->page_token, "Continue where a page ended");
  siblings->add_flag("--all", options->all, "Every page; with --json one service a line");
  siblings->footer("Example: trigpoint siblings 1-545611283");
  siblings->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(session,
                        [&](const Client& client) { return Siblings(session, client, *options); });
    };
  });
}

}  // namespace

void AddHeritageCommands(CLI::App& app, Session& session) {
  auto options = std::make_shared<InheritOptions>();
  CLI::App* inherit = app.add_subcommand(
      "inherit", "Confirms or refuses what a service inherits of the one it follows");
  inherit->add_option("PROVIDER", options->provider, "Stream id, scheme/value or CQC location id")
      ->required();
  CLI::Option* accept =
      inherit->add_flag("--accept", options->accept, "Level, clocks and history stand");
  inherit->add_flag("--refuse", options->refuse, "Nothing of the predecessor stands")
      ->excludes(accept);
  inherit->add_option("--rationale", options->rationale, "Why; sealed where it is stored")
      ->required();
  inherit->add_option("--rationale-code", options->rationale_code, "Why, as a code");
  inherit->add_option("--predecessor", options->predecessor,
                      "Whom it follows, where there are several");
  inherit->add_option("--meeting", options->meeting, "Reference of the meeting that decided");
  inherit->footer(
      "Example: trigpoint inherit 1-545611283 --accept --meeting QAF-2026-03 \\\n"
      "           --rationale \"Same staff, same residents, same plan\"");
  inherit->callback([&session, options] {
    session.command = [&session, options] {
      if (options->accept == options->refuse) {
        return Fail(session, ExitCode::kUsage, "say --accept or --refuse");
      }
      return WithClient(session,
                        [&](const Client& client) { return Inherit(session, client, *options); });
    };
  });
  AddSiblingsCommand(app, session);
}

}  // namespace trigpoint
