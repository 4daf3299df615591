// erase, hold, holds, release-hold, identity: personal data, what stands against its erasure, and
// whom the vault protects.
#include <CLI/CLI.hpp>
#include <memory>

#include "client.h"
#include "disclose.h"
#include "instants.h"
#include "print.h"

namespace trigpoint {
namespace {

struct PrivacyOptions {
  std::string provider;
  std::string hold_id;
  std::vector<std::string> record;
  std::string before;
  std::string authority;
  bool by_rule = false;
  bool check_only = false;
};

template <typename Request>
void SetRecord(const PrivacyOptions& options, Request* request) {
  if (options.record.size() != 2) return;
  request->mutable_record()->set_source(options.record[0]);
  request->mutable_record()->set_id(options.record[1]);
}

std::string RecordsInWords(const google::protobuf::RepeatedPtrField<v1::EventRef>& records) {
  std::string text;
  for (const auto& record : records) {
    text += "  " + Clean(record.source()) + "  " + Clean(record.id()) + '\n';
  }
  return text;
}

void PutErasure(const PrivacyOptions& options, const v1::ErasePersonalDataResponse& response) {
  if (response.keys() == 0) {
    Put("There is nothing to erase.\n");
  } else {
    // Records of protected sources, and what was only refused, are keys without a name.
    Put((options.check_only ? "Would erase" : "Erased, for ever,") +
        std::string(" what lies under ") + Count(response.keys(), "key") +
        (response.records().empty() ? ".\n" : ", of these records:\n") +
        RecordsInWords(response.records()));
  }
  if (response.held_size() > 0) {
    Put("Spared, for a legal hold:\n" + RecordsInWords(response.held()));
  }
  if (options.by_rule && !response.erasure_id().empty()) {
    Put("Each service has its proof in its timeline, with the rule as authority.\n"
        "Copies of the key store still hold these keys: erase there, too.\n");
  } else if (!response.erasure_id().empty()) {
    Put("Proof: trigpoint/privacy  erasure/" + Clean(response.erasure_id()) +
        " in the timeline.\nCopies of the key store still hold these keys: erase there, too.\n");
  }
}

ExitCode Erase(const Session& session, const Client& client, const PrivacyOptions& options) {
  const bool names_what = !options.provider.empty() || !options.authority.empty();
  if (options.by_rule ? names_what : options.provider.empty()) {
    return Fail(session, ExitCode::kUsage,
                "name a PROVIDER and --authority, or --retention: then the rules of the node's "
                "configuration decide");
  }
  v1::ErasePersonalDataRequest request;
  request.set_provider(options.provider);
  SetRecord(options, &request);
  if (!options.before.empty()) {
    const auto before = ParseAsOf(options.before);
    if (!before.ok()) return Fail(session, before.status());
    *request.mutable_received_before() = ToTimestamp(*before);
  }
  request.set_authority_ref(options.by_rule ? "retention" : options.authority);
  request.set_validate_only(options.check_only);
  v1::ErasePersonalDataResponse response;
  const auto context = client.NewContext();
  const auto status = client.privacy().ErasePersonalData(context.get(), request, &response);
  if (!status.ok()) return Fail(session, status);
  if (session.json) {
    PutJson(response);
  } else {
    PutErasure(options, response);
  }
  return ExitCode::kOk;
}

ExitCode Identity(const Session& session, const Client& client, const PrivacyOptions& options) {
  v1::ReadProtectedIdentityRequest request;
  request.set_provider(options.provider);
  SetRecord(options, &request);
  request.set_authority_ref(options.authority);
  v1::ReadProtectedIdentityResponse response;
  const auto context = client.NewContext();
  const auto status = client.privacy().ReadProtectedIdentity(context.get(), request, &response);
  if (!status.ok()) return Fail(session, status);
  if (session.json) {
    PutJson(response);
  } else {
    Put(Clean(response.identity()) + '\n');
  }
  return ExitCode::kOk;
}

ExitCode Hold(const Session& session, const Client& client, const PrivacyOptions& options) {
  v1::PlaceLegalHoldRequest request;
  request.set_provider(options.provider);
  SetRecord(options, &request);
  request.set_authority_ref(options.authority);
  v1::PlaceLegalHoldResponse response;
  const auto context = client.NewContext();
  const auto status = client.privacy().PlaceLegalHold(context.get(), request, &response);
  if (!status.ok()) return Fail(session, status);
  if (session.json) {
    PutJson(response);
  } else {
    Put("In force: " + Clean(response.hold_id()) + '\n');
  }
  return ExitCode::kOk;
}

ExitCode Release(const Session& session, const Client& client, const PrivacyOptions& options) {
  v1::LiftLegalHoldRequest request;
  request.set_provider(options.provider);
  request.set_hold_id(options.hold_id);
  request.set_authority_ref(options.authority);
  v1::LiftLegalHoldResponse response;
  const auto context = client.NewContext();
  const auto status = client.privacy().LiftLegalHold(context.get(), request, &response);
  if (!status.ok()) return Fail(session, status);
  if (!session.json) Put("Lifted.\n");
  return ExitCode::kOk;
}

ExitCode Holds(const Session& session, const Client& client, const PrivacyOptions& options) {
  v1::ListLegalHoldsRequest request;
  request.set_provider(options.provider);
  request.set_page_size(500);
  v1::ListLegalHoldsResponse all;
  do {
    v1::ListLegalHoldsResponse response;
    const auto context = client.NewContext();
    const auto status = client.privacy().ListLegalHolds(context.get(), request, &response);
    if (!status.ok()) return Fail(session, status);
    all.mutable_holds()->MergeFrom(response.holds());
    all.set_total_size(response.total_size());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (session.json) {
    PutJson(all);
    return ExitCode::kOk;
  }
  if (all.holds().empty()) {
    Put("No legal hold is in force.\n");
    return ExitCode::kOk;
  }
  Table table({"HOLD", "KEEPS", "BY", "AUTHORITY"});
  for (const auto& hold : all.holds()) {
    table.AddRow(
        {hold.hold_id(),
         hold.has_record() ? hold.record().source() + "  " + hold.record().id() : "everything",
         hold.actor().principal(), hold.authority_ref()});
  }
  Put(table.Text());
  return ExitCode::kOk;
}

using Work = ExitCode (*)(const Session&, const Client&, const PrivacyOptions&);

CLI::App* AddOne(CLI::App& app, Session& session, const std::pair<const char*, const char*>& names,
                 Work work) {
  auto options = std::make_shared<PrivacyOptions>();
  CLI::App* one = app.add_subcommand(names.first, names.second);
  const std::string name = names.first;
  const bool erases = name == "erase";
  one->add_option("PROVIDER", options->provider, "The service it is about")->required(!erases);
  if (name == "release-hold") {
    one->add_option("HOLD", options->hold_id, "Of trigpoint holds")->required();
  }
  if (erases || name == "hold" || name == "identity") {
    one->add_option("--record", options->record, "Source and id of one record")
        ->expected(2)
        ->required(name == "identity");
  }
  if (erases) {
    one->add_option("--before", options->before, "Everything received before this date or instant");
    one->add_flag("--retention", options->by_rule,
                  "By the rules of the node's configuration, of every service");
    one->add_flag("--check", options->check_only, "Say what would be erased; destroy nothing");
  }
  if (name != "holds") {
    one->add_option("--authority", options->authority, "The decision it rests on, by its reference")
        ->required(!erases);
  }
  one->callback([&session, options, work] {
    session.command = [&session, options, work] {
      return WithClient(session,
                        [&](const Client& client) { return work(session, client, *options); });
    };
  });
  return one;
}

}  // namespace

void AddPrivacyCommands(CLI::App& app, Session& session) {
  AddOne(app, session,
         {"erase", "Destroys the keys of personal texts, for ever; what was counted stays counted"},
         Erase)
      ->footer(
          "Example: trigpoint erase 1-545611283 --record home/incidents I-17 \\\n"
          "  --authority IG-2026-031 --check\n"
          "         trigpoint erase --retention --check");
  AddOne(app, session,
         {"identity", "Who a protected source is, from the vault; for an intake officer, recorded"},
         Identity)
      ->footer(
          "Example: trigpoint identity 1-545611283 --record council/concerns W-7 \\\n"
          "  --authority SAB-2026-004");
  AddOne(app, session, {"hold", "Keeps personal texts from being erased"}, Hold);
  AddOne(app, session, {"holds", "Legal holds in force about a service"}, Holds);
  AddOne(app, session, {"release-hold", "Lifts a legal hold"}, Release);
  AddDiscloseCommand(app, session);
}

}  // namespace trigpoint
