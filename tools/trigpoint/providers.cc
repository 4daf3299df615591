// providers, show, timeline, recommendations.
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "arguments.h"
#include "client.h"
#include "explain.h"
#include "heritage_words.h"
#include "instants.h"
#include "print.h"
#include "provider_words.h"
#include "trigpoint/events/times.h"

namespace trigpoint {
namespace {

constexpr size_t kNameColumns = 36;
constexpr size_t kSummaryColumns = 60;
constexpr int kPageOfAll = 500;

struct ProvidersOptions {
  std::string filter;
  std::string order_by;
  std::string page_token;
  int page_size = 0;
  bool all = false;
  bool silent = false;
};

struct OneProviderOptions {
  std::string provider;
  InstantOptions instants;
  int page_size = 0;
  std::string page_token;
  bool all = false;
};

struct RecommendationsOptions {
  std::string policy;
  std::string filter;
  bool all = false;
};

std::string RatingWord(v1::Rating rating) {
  return WithoutPrefix(v1::Rating_Name(rating), "RATING_");
}

void PutProviders(const std::vector<v1::Provider>& providers) {
  Table table({"PROVIDER", "NAME", "AUTHORITY", ">BEDS", "RATING", ">ALERTS", "LEVEL"});
  for (const auto& provider : providers) {
    table.AddRow({FirstId(provider.ids(), provider.stream_id()),
                  Clip(provider.display_name(), kNameColumns), Clip(provider.local_authority(), 20),
                  provider.beds() == 0 ? "-" : std::to_string(provider.beds()),
                  RatingWord(provider.overall_rating()),
                  provider.open_alerts() == 0 ? "-" : std::to_string(provider.open_alerts()),
                  LevelsInOneCell(provider)});
  }
  Put(table.Text());
}

ExitCode ListProviders(const Session& session, const Client& client,
                       const ProvidersOptions& options) {
  v1::ListProvidersRequest request;
  constexpr char kSilent[] = "silent_feeds > 0";
  request.set_filter(!options.silent          ? options.filter
                     : options.filter.empty() ? kSilent
                                              : "(" + options.filter + ") AND " + kSilent);
  request.set_order_by(options.order_by);
  request.set_page_token(options.page_token);
  request.set_page_size(options.page_size == 0 && options.all ? kPageOfAll : options.page_size);
  std::vector<v1::Provider> providers;
  v1::ListProvidersResponse response;
  do {
    const auto context = client.NewContext();
    const auto status = client.providers().ListProviders(context.get(), request, &response);
    if (!status.ok()) {
      return Fail(session, status);
    }
    if (session.json && !options.all) {
      PutJson(response);
      return ExitCode::kOk;
    }
    for (const auto& provider : response.providers()) {
      if (session.json) {
        PutJsonLine(provider);
      } else {
        providers.push_back(provider);
      }
    }
    request.set_page_token(response.next_page_token());
  } while (options.all && !response.next_page_token().empty());
  if (session.json) {
    return ExitCode::kOk;
  }
  if (providers.empty()) {
    Put("No provider matches.\n");
    return ExitCode::kOk;
  }
  PutProviders(providers);
  Put('\n' + std::to_string(providers.size()) + " of " +
      Count(static_cast<uint64_t>(response.total_size()), "provider") + '\n');
  if (!response.next_page_token().empty()) {
    Put("More: --page-token " + Clean(response.next_page_token()) + ", or --all\n");
  }
  return ExitCode::kOk;
}

/// "Commissioner 16C, from 2020-04-01 to 2026-06-30".
std::string AffiliationInWords(const v1::Affiliation& one) {
  std::string text =
      InWords(WithoutPrefix(v1::Affiliation::Relation_Name(one.relation()), "RELATION_"));
  if (one.relation() == v1::Affiliation::RELATION_ICB) text = "ICB";
  if (one.relation() == v1::Affiliation::RELATION_ODS_PARENT) text = "ODS parent";
  text += ' ' + Clean(one.organisation());
  if (one.has_starts_on()) text += ", from " + FormatDate(ToCivil(one.starts_on()));
  if (one.has_ends_on())
    text += (one.has_starts_on() ? "" : ",") + (" to " + FormatDate(ToCivil(one.ends_on())));
  return text;
}

void PutProvider(const v1::Provider& provider, const std::string& owed) {
  const Ink ink = Ink::ForStandardOutput();
  std::string text = ink.Bold(Clean(provider.display_name().empty() ? provider.stream_id()
                                                                    : provider.display_name())) +
                     '\n';
  const auto line = [&text](std::string_view name, const std::string& value) {
    if (!value.empty() && value != "-" && value != "0") {
      std::string lead = "  " + std::string(name);
      lead.resize(20, ' ');
      text += Wrap(value, lead);
    }
  };
  std::string ids;
  for (const auto& id : provider.ids()) {
    ids += (ids.empty() ? "" : ", ") + id.scheme() + '/' + id.value();
  }
  std::string commissioners;
  for (const auto& commissioner : provider.commissioners()) {
    commissioners += (commissioners.empty() ? "" : ", ") + commissioner;
  }
  line("Known as", ids);
  line("Stream", provider.stream_id());
  line("Service",
       InWords(WithoutPrefix(v1::ServiceType_Name(provider.service_type()), "SERVICE_TYPE_")));
  line("Beds", std::to_string(provider.beds()));
  line("Organisation", provider.organisation());
  line("Local authority", provider.local_authority());
  line("Host", provider.host());
  line("Commissioners", commissioners);
  for (const auto& one : provider.affiliations()) line("Belongs to", AffiliationInWords(one));
  line("Overall rating", provider.overall_rating() == v1::RATING_UNSPECIFIED
                             ? ""
                             : InWords(RatingWord(provider.overall_rating())) + " (" +
                                   Day(provider.rated_on()) + ')');
  line("Open alerts", std::to_string(provider.open_alerts()));
  line("Silent feeds", std::to_string(provider.silent_feeds()));
  if (provider.duplicates_open() > 0)
    line("Duplicates", Count(provider.duplicates_open(), "pair") + " to confirm or split");
  line("Owed", owed);
  line("Last event", When(provider.last_event_at()));
  line("Revision", std::to_string(provider.revision()));
  line("Brand", provider.brand());
  for (const auto& link : provider.links()) line("Link", LinkInWords(link));
  text += '\n';
  Table table({"POLICY", "DECIDED", "RECOMMENDED", "SINCE", "STATUS"});
  for (const auto& level : provider.levels()) {
    std::string status = level.urgent() ? "URGENT" : "";
    status += level.awaiting_decision()
                  ? (status.empty() ? "" : ", ") + std::string("awaiting a decision")
                  : "";
    const std::string inherited = InheritedInWords(provider, level);
    status += (status.empty() || inherited.empty() ? "" : ", ") + inherited;
    if (!level.not_agreed_state().empty()) {
      status += (status.empty() ? "" : ", ") + std::string("not agreed: ") +
                Clean(level.not_agreed_state());
    }
    table.AddRow({level.policy_id(), level.decided_state().empty() ? "-" : level.decided_state(),
                  level.recommended_state().empty() ? "-" : level.recommended_state(),
                  When(level.recommended_at()), status});
  }
  std::string beside;
  for (const auto& level : provider.levels())
    beside += BesideNqb(InWords(level.decided_state()), level.nqb());
  Put(text + (table.empty() ? "No policy applies to this service.\n" : table.Text()) +
      (beside.empty() ? "" : '\n' + beside));
}

/// "3, of which 1 overdue"; empty where nothing is, or it cannot be told for that instant.
std::string OwedInWords(const Client& client, const v1::GetProviderRequest& asked) {
  if (asked.has_valid_at()) return "";
  v1::ListObligationsRequest request;
  request.set_provider(asked.provider());
  request.set_page_size(1);
  if (asked.has_as_of()) *request.mutable_as_of() = asked.as_of();
  const auto count = [&client, &request]() -> int64_t {
    v1::ListObligationsResponse response;
    const auto context = client.NewContext();
    const auto status = client.providers().ListObligations(context.get(), request, &response);
    return status.ok() ? response.total_size() : 0;
  };
  const int64_t owed = count();
  if (owed == 0) return "";
  request.set_overdue_only(true);
  return std::to_string(owed) + ", of which " + std::to_string(count()) + " overdue";
}

ExitCode ShowProvider(const Session& session, const Client& client,
                      const OneProviderOptions& options) {
  v1::GetProviderRequest request;
  request.set_provider(ProviderName(options.provider));
  if (const auto set = SetInstants(options.instants, &request); !set.ok()) {
    return Fail(session, set);
  }
  v1::Provider provider;
  const auto context = client.NewContext();
  const auto status = client.providers().GetProvider(context.get(), request, &provider);
  if (!status.ok()) {
    return Fail(session, status);
  }
  if (session.json) {
    PutJson(provider);
  } else {
    PutProvider(provider, OwedInWords(client, request));
  }
  return ExitCode::kOk;
}

void AddTimelineRow(Table& table, const v1::TimelineEntry& entry) {
  const bool others = entry.kind() == "other_sources" || entry.kind() == "few_reports";
  // What rests on a protected source has no place between the others.
  const bool unplaced = others || (entry.revision() == 0 && entry.source() == "trigpoint/engine");
  std::string summary = entry.hidden() && !others ? "(above your clearance)" : entry.summary();
  if (entry.superseded()) {
    summary += " [superseded]";
  }
  table.AddRow({unplaced ? "-" : std::to_string(entry.revision()), When(entry.known_at()),
                When(entry.occurred_at()), entry.kind(), Clip(summary, kSummaryColumns),
                entry.source().empty() ? entry.id() : entry.source() + '/' + entry.id()});
}

ExitCode ShowTimeline(const Session& session, const Client& client,
                      const OneProviderOptions& options) {
  v1::ListTimelineRequest request;
  request.set_provider(ProviderName(options.provider));
  request.set_page_size(options.page_size == 0 && options.all ? kPageOfAll : options.page_size);
  request.set_page_token(options.page_token);
  if (const auto set = SetInstants(options.instants, &request); !set.ok()) {
    return Fail(session, set);
  }
  Table table({">REV", "KNOWN", "OCCURRED", "KIND", "SUMMARY", "EVENT"});
  v1::ListTimelineResponse response;
  do {
    const auto context = client.NewContext();
    const auto status = client.providers().ListTimeline(context.get(), request, &response);
    if (!status.ok()) {
      return Fail(session, status);
    }
    if (session.json && !options.all) {
      PutJson(response);
      return ExitCode::kOk;
    }
    for (const auto& entry : response.entries()) {
      if (session.json) {
        PutJsonLine(entry);
      } else {
        AddTimelineRow(table, entry);
      }
    }
    request.set_page_token(response.next_page_token());
  } while (options.all && !response.next_page_token().empty());
  if (!session.json) {
    Put(table.empty() ? "Nothing is known yet.\n" : table.Text());
    if (!response.next_page_token().empty()) {
      Put("\nOlder: --page-token " + Clean(response.next_page_token()) + ", or --all\n");
    }
  }
  return ExitCode::kOk;
}

void AddRecommendationRow(Table& table, const v1::OpenRecommendation& open) {
  const auto& recommendation = open.recommendation();
  size_t met = 0;
  for (const auto& criterion : recommendation.criteria()) {
    met += criterion.value() == v1::TRUTH_VALUE_TRUE ? 1U : 0U;
  }
  table.AddRow({FirstId(open.ids(), open.provider()), Clip(open.display_name(), kNameColumns),
                recommendation.policy_id(),
                open.decided_state().empty() ? "-" : open.decided_state(),
                recommendation.urgent() ? recommendation.urgent_target() + " URGENT"
                                        : recommendation.target_state(),
                std::to_string(met), When(open.recommended_at()),
                open.awaiting_decision() ? "awaiting" : "decided"});
}

ExitCode ListRecommendations(const Session& session, const Client& client,
                             const RecommendationsOptions& options) {
  v1::ListRecommendationsRequest request;
  request.set_page_size(kPageOfAll);
  request.set_policy_id(options.policy);
  request.set_include_decided(options.all);
  request.set_filter(options.filter);
  Table table(
      {"PROVIDER", "NAME", "POLICY", "DECIDED", "RECOMMENDED", ">MET", "SINCE", "DECISION"});
  v1::ListRecommendationsResponse response;
  do {
    const auto context = client.NewContext();
    const auto status = client.providers().ListRecommendations(context.get(), request, &response);
    if (!status.ok()) {
      return Fail(session, status);
    }
    for (const auto& open : response.recommendations()) {
      if (session.json) {
        PutJsonLine(open);
      } else {
        AddRecommendationRow(table, open);
      }
    }
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  if (!session.json) {
    Put(table.empty() ? "No recommendation awaits a decision.\n"
                      : table.Text() + "\nThe proof of one: trigpoint why PROVIDER\n");
  }
  return ExitCode::kOk;
}

void AddTimelineCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<OneProviderOptions>();
  CLI::App* timeline =
      app.add_subcommand("timeline", "Everything known about a provider, newest first");
  timeline->add_option("PROVIDER", options->provider, "Stream id, scheme/value or CQC location id")
      ->required();
  AddInstantOptions(timeline, &options->instants);
  timeline->add_option("--page-size", options->page_size, "Entries of a page");
  timeline->add_option("--page-token", options->page_token, "Continue where a page ended");
  timeline->add_flag("--all", options->all, "Every page; with --json one entry a line");
  timeline->footer("Example: trigpoint timeline 1-545611283 --as-of 2026-03-01");
  timeline->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(
          session, [&](const Client& client) { return ShowTimeline(session, client, *options); });
    };
  });
}

void AddRecommendationsCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<RecommendationsOptions>();
  CLI::App* list = app.add_subcommand("recommendations", "Recommendations that await a decision");
  list->add_option("--policy", options->policy, "Of this policy only");
  list->add_option("--filter", options->filter, "Of these services and levels; as of 'providers'");
  list->add_flag("--all", options->all, "Those that were decided as well");
  list->footer("With --json one recommendation a line.\nExample: trigpoint recommendations --all");
  list->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(session, [&](const Client& client) {
        return ListRecommendations(session, client, *options);
      });
    };
  });
}

}  // namespace

void AddProviderCommands(CLI::App& app, Session& session) {
  auto list_options = std::make_shared<ProvidersOptions>();
  CLI::App* list = app.add_subcommand("providers", "The monitored services and their levels");
  list->add_option("--filter", list_options->filter,
                   "e.g. 'level = \"LEVEL_3\" AND policy = \"herefordshire\"'");
  list->add_flag("--silent", list_options->silent,
                 "Only those with silent feeds (silent_feeds > 0)");
  list->add_option("--order-by", list_options->order_by,
                   "name, \"level desc\" or \"recommended_at desc\"");
  list->add_option("--page-size", list_options->page_size,
                   "Providers of a page; the server's choice is 50");
  list->add_option("--page-token", list_options->page_token, "Continue where a page ended");
  list->add_flag("--all", list_options->all, "Every page; with --json one provider a line");
  list->footer(
      "Example: trigpoint providers --filter 'local_authority = \"Halton\"' --order-by 'level "
      "desc'");
  list->callback([&session, list_options] {
    session.command = [&session, list_options] {
      return WithClient(session, [&](const Client& client) {
        return ListProviders(session, client, *list_options);
      });
    };
  });

  auto show_options = std::make_shared<OneProviderOptions>();
  CLI::App* show = app.add_subcommand("show", "One provider: who it is, its levels, its rating");
  show->add_option("PROVIDER", show_options->provider, "Stream id, scheme/value or CQC location id")
      ->required();
  AddInstantOptions(show, &show_options->instants);
  show->footer("Example: trigpoint show cqc-location/1-545611283");
  show->callback([&session, show_options] {
    session.command = [&session, show_options] {
      return WithClient(session, [&](const Client& client) {
        return ShowProvider(session, client, *show_options);
      });
    };
  });
  AddTimelineCommand(app, session);
  AddRecommendationsCommand(app, session);
}

}  // namespace trigpoint
