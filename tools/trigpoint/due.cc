// due: what is owed, of whom and by when; for people, for programs and for a calendar.
#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "arguments.h"
#include "client.h"
#include "due_words.h"
#include "icalendar.h"
#include "print.h"
#include "provider_words.h"

namespace trigpoint {
namespace {

using Items = std::vector<v1::ListObligationsResponse::Item>;

constexpr int kPage = 500;
constexpr size_t kWhatColumns = 52;
constexpr size_t kProviderColumns = 28;

struct DueOptions {
  std::string provider;
  std::string filter;
  std::string owner;
  std::string policy;
  std::string recipient;
  std::string before;
  std::string as_of;
  std::string ical;
  bool overdue = false;
  bool closed = false;
};

Micros Now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

absl::Status Fill(const DueOptions& options, v1::ListObligationsRequest* request) {
  request->set_page_size(kPage);
  if (!options.provider.empty()) request->set_provider(ProviderName(options.provider));
  request->set_filter(options.filter);
  request->set_owner(options.owner);
  request->set_policy_id(options.policy);
  request->set_recipient(options.recipient);
  request->set_overdue_only(options.overdue);
  request->set_include_closed(options.closed);
  if (!options.before.empty()) {
    const absl::StatusOr<Micros> before = ParseAsOf(options.before);
    if (!before.ok()) return before.status();
    // The whole of a day, of today, too.
    const auto day = ParseDate(options.before);
    *request->mutable_due_before() =
        ToTimestamp(day.ok() ? LondonMidnight(AddDays(*day, 1)) : *before + 1);
  }
  if (!options.as_of.empty()) {
    const absl::StatusOr<Micros> as_of = ParseAsOf(options.as_of);
    if (!as_of.ok()) return as_of.status();
    *request->mutable_as_of() = ToTimestamp(*as_of);
  }
  return absl::OkStatus();
}

/// "30 Dec": the day for what ends with it, else the time.
std::string DueCell(const v1::Obligation& owed) {
  if (!owed.has_due_at()) return "-";
  const Micros due = FromTimestamp(owed.due_at());
  const bool day = due == LondonEndOfDay(LondonDate(due));
  return (day ? Day(owed.due_at()) : When(owed.due_at())) + (owed.provisional() ? "?" : "");
}

std::string TableOf(const Items& items, Micros now) {
  Table table({"DUE", "BY", "WHAT", "OWNER", "PROVIDER", "CLAUSE"});
  bool provisional = false;
  for (const auto& item : items) {
    const v1::Obligation& owed = item.obligation();
    provisional = provisional || owed.provisional();
    const std::string name = item.provider_name().empty()
                                 ? FirstId(item.provider_ids(), owed.stream_id())
                                 : item.provider_name();
    table.AddRow({DueInWords(owed, now) + (owed.guidance() ? " (guidance)" : ""), DueCell(owed),
                  owed.rule() + ' ' + Clip(owed.text(), kWhatColumns),
                  owed.owner() + (owed.recipient().empty() ? "" : " to " + owed.recipient()),
                  Clip(name, kProviderColumns), owed.clause()});
  }
  return table.Text() +
         (provisional ? "\n?: the bank holidays of that year are not known yet\n" : "");
}

ExitCode PutCalendar(const Session& session, const Items& items, const std::string& path) {
  const std::string text = Calendar(items, Now());
  if (path == "-") {
    Put(text);
    return ExitCode::kOk;
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return Fail(session, absl::UnavailableError("cannot write " + path));
  if (!session.json) Put(Count(items.size(), "task") + " written to " + path + '\n');
  return ExitCode::kOk;
}

ExitCode Due(const Session& session, const Client& client, const DueOptions& options) {
  v1::ListObligationsRequest request;
  if (const absl::Status filled = Fill(options, &request); !filled.ok())
    return Fail(session, filled);
  Items items;
  v1::ListObligationsResponse response;
  do {
    const auto context = client.NewContext();
    const auto status = client.providers().ListObligations(context.get(), request, &response);
    if (!status.ok()) return Fail(session, status);
    items.insert(items.end(), response.obligations().begin(), response.obligations().end());
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  if (!options.ical.empty()) return PutCalendar(session, items, options.ical);
  if (session.json) {
    for (const auto& item : items) PutJsonLine(item);
    return ExitCode::kOk;
  }
  const Micros now = request.has_as_of() ? FromTimestamp(request.as_of()) : Now();
  Put(items.empty() ? "Nothing is owed.\n" : TableOf(items, now));
  return ExitCode::kOk;
}

}  // namespace

void AddDueCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<DueOptions>();
  CLI::App* due = app.add_subcommand(
      "due", "What is owed about a provider or all, of whom and by when; first due first");
  CLI::Option* provider =
      due->add_option("PROVIDER", options->provider, "Stream id, scheme/value or CQC location id");
  due->add_option("--filter", options->filter, "Of these services; as of 'providers'");
  due->add_flag("--overdue", options->overdue, "Only what is overdue");
  due->add_option("--owner", options->owner, "Only what this role owes, e.g. VISIT_LEAD");
  due->add_option("--policy", options->policy, "Of this policy only");
  due->add_option("--recipient", options->recipient, "Only what this organisation is to be told");
  due->add_option("--before", options->before,
                  "Due by the end of 2026-03-01, or by 2026-03-01T10:00:00Z");
  due->add_flag("--closed", options->closed, "What was done, or lapsed, as well; needs PROVIDER")
      ->needs(provider);
  due->add_option("--as-of", options->as_of, "With what was known then; needs PROVIDER")
      ->needs(provider);
  due->add_option("--ical", options->ical,
                  "Write tasks for a calendar (iCalendar) to this file; - is standard output");
  due->footer(
      "With --json one obligation a line. How clocks run: docs/obligations.md\n"
      "Example: trigpoint due --overdue --owner VISIT_LEAD");
  due->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(session,
                        [&](const Client& client) { return Due(session, client, *options); });
    };
  });
}

}  // namespace trigpoint
