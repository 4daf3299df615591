#include "poll_report.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "print.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

using nlohmann::ordered_json;

// Of records and entries named one by one for people; programs get all.
constexpr size_t kNamedMax = 20;

uint64_t NotUsed(const PollReport& report) { return report.refused + report.counts.refused.size(); }

void PutJsonReport(const PollReport& report) {
  const CqcPollCounts& counts = report.counts;
  ordered_json json = {{"listed", counts.listed},       {"fetched", counts.fetched},
                       {"elsewhere", counts.elsewhere}, {"new_events", report.new_events},
                       {"unchanged", report.unchanged}, {"refused", NotUsed(report)},
                       {"gone", counts.gone.size()},    {"failed", counts.failed.size()},
                       {"requests", report.requests},   {"still_to_fetch", counts.still_to_fetch}};
  if (counts.until) json["until"] = FormatInstant(*counts.until);
  if (report.versions_unsettled) json["versions_unsettled"] = true;
  json["gone_records"] = ordered_json::array();
  for (const CqcRecordId& record : counts.gone) {
    json["gone_records"].push_back(CqcRecordName(record));
  }
  json["failed_records"] = ordered_json::array();
  for (const auto& [record, reason] : counts.failed) {
    json["failed_records"].push_back({{"record", CqcRecordName(record)}, {"reason", reason}});
  }
  json["refused_entries"] = ordered_json::array();
  for (const auto& violation : counts.refused) {
    json["refused_entries"].push_back({{"field", violation.field()}, {"rule", violation.rule()}});
  }
  Put(json.dump(report.repeats ? -1 : 2, ' ', false, ordered_json::error_handler_t::replace) +
      '\n');
}

void PutNamed(const CqcPollCounts& counts) {
  size_t named = 0;
  for (const CqcRecordId& record : counts.gone) {
    if (named++ == kNamedMax) break;
    Put(Wrap(CqcRecordName(record) +
                 " is no longer in the register (404). What is known of it stays as it is.",
             "gone: "));
  }
  named = 0;
  for (const auto& [record, reason] : counts.failed) {
    if (named++ == kNamedMax) break;
    Put(Wrap(CqcRecordName(record) + ": " + Clean(reason) + ". The next poll asks again.",
             "failed: "));
  }
  named = 0;
  for (const auto& violation : counts.refused) {
    if (named++ == kNamedMax) break;
    Put("refused in a list:\n" + FieldLine(violation));
  }
}

void PutTextReport(const PollReport& report) {
  const CqcPollCounts& counts = report.counts;
  Table table({"", ">COUNT"});
  const auto add = [&table](const char* what, uint64_t count) {
    table.AddRow({what, std::to_string(count)});
  };
  add("records listed", counts.listed);
  if (counts.elsewhere > 0) add("of other local authorities", counts.elsewhere);
  add("documents taken", counts.fetched);
  add("new events", report.new_events);
  add("unchanged (duplicate)", report.unchanged);
  add("refused", NotUsed(report));
  add("gone (404)", counts.gone.size());
  add("failed", counts.failed.size());
  Put(table.Text());
  PutNamed(counts);
  if (report.refused > 0) Put("See refused rows: trigpoint refused\n");
  if (report.versions_unsettled) {
    Put(
        Wrap("What is known of these records could not be read, so what did not change counts as "
             "new each day. Give the account the role QUALITY_READER.",
             ""));
  }
  if (counts.still_to_fetch > 0) {
    Put(Count(counts.still_to_fetch, "document") + " still to fetch: poll again.\n");
  }
  if (counts.until) Put("Asked for everything up to " + FormatInstant(*counts.until) + ".\n");
}

}  // namespace

void PollReport::TakeOutcomes(const NodeTaker& taker) {
  new_events =
      taker.Count(v1::SUBMISSION_OUTCOME_ACCEPTED) + taker.Count(v1::SUBMISSION_OUTCOME_WAITING);
  unchanged = taker.Count(v1::SUBMISSION_OUTCOME_DUPLICATE) +
              taker.Count(v1::SUBMISSION_OUTCOME_SUPERSEDED);
  refused =
      taker.Count(v1::SUBMISSION_OUTCOME_REFUSED) + taker.Count(v1::SUBMISSION_OUTCOME_CONFLICT);
  versions_unsettled = taker.versions_unsettled();
  node_status = taker.node_status();
}

ExitCode FailPoll(const Session& session, const absl::Status& status) {
  const std::string_view message = FromAbsl(status.message());
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnauthenticated:  // The API's certificate is not trusted.
      return Fail(session, ExitCode::kUnreachable, message);
    case absl::StatusCode::kPermissionDenied:
      return Fail(session, ExitCode::kPermission, message);
    case absl::StatusCode::kNotFound:
      return Fail(session, ExitCode::kNotFound,
                  std::string(message) + ": there is no such list; is --base-url right?");
    default:
      return Fail(session, status);
  }
}

ExitCode PutPollReport(const Session& session, const PollReport& report) {
  // A poll that was stopped has done its work.
  const bool over = report.status.ok() || absl::IsCancelled(report.status);
  if (session.json) {
    PutJsonReport(report);
  } else if (over || report.counts.listed > 0 || report.counts.fetched > 0) {
    PutTextReport(report);
  }
  if (!report.node_status.ok()) return Fail(session, report.node_status);
  if (!over) return FailPoll(session, report.status);
  if (!report.counts.failed.empty()) return ExitCode::kUnreachable;
  return NotUsed(report) > 0 ? ExitCode::kNo : ExitCode::kOk;
}

}  // namespace trigpoint
