// disclose: what may be given out about a service, redacted for whom it is given to.
#include "disclose.h"

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <vector>

#include "client.h"
#include "instants.h"
#include "output_file.h"
#include "print.h"

namespace trigpoint {
namespace {

struct DiscloseOptions {
  std::string provider;
  std::string profile;  ///< One of Profiles().
  std::string basis;    ///< One of Bases().
  std::string to;
  std::string authority;
  std::string from;
  std::string until;
  std::vector<std::string> record;
  std::string output;
};

const std::map<std::string, v1::RedactionProfile>& Profiles() {
  static const auto* profiles = new std::map<std::string, v1::RedactionProfile>{
      {"public", v1::REDACTION_PROFILE_PUBLIC},
      {"provider", v1::REDACTION_PROFILE_PROVIDER},
      {"partner", v1::REDACTION_PROFILE_PARTNER},
      {"subject-access", v1::REDACTION_PROFILE_SUBJECT_ACCESS}};
  return *profiles;
}

const std::map<std::string, v1::LawfulBasis>& Bases() {
  static const auto* bases = new std::map<std::string, v1::LawfulBasis>{
      {"public-task", v1::LAWFUL_BASIS_PUBLIC_TASK},
      {"legal-obligation", v1::LAWFUL_BASIS_LEGAL_OBLIGATION},
      {"vital-interests", v1::LAWFUL_BASIS_VITAL_INTERESTS},
      {"consent", v1::LAWFUL_BASIS_CONSENT}};
  return *bases;
}

template <typename Value>
std::vector<std::string> NamesOf(const std::map<std::string, Value>& values) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.push_back(name);
  return names;
}

absl::StatusOr<v1::ExportDisclosureRequest> RequestOf(const DiscloseOptions& options) {
  v1::ExportDisclosureRequest request;
  request.set_provider(options.provider);
  request.set_profile(Profiles().at(options.profile));
  request.set_lawful_basis(Bases().at(options.basis));
  request.set_requester(options.to);
  request.set_authority_ref(options.authority);
  if (!options.from.empty()) {
    const auto from = ParseAsOf(options.from);
    if (!from.ok()) return from.status();
    *request.mutable_from() = ToTimestamp(*from);
  }
  if (!options.until.empty()) {
    const auto until = ParseAsOf(options.until);
    if (!until.ok()) return until.status();
    *request.mutable_until() = ToTimestamp(*until);
  }
  if (options.record.size() == 2) {
    request.mutable_record()->set_source(options.record[0]);
    request.mutable_record()->set_id(options.record[1]);
  }
  return request;
}

std::string HeaderText(const v1::ExportDisclosureResponse::Header& header) {
  std::string text = "Disclosure " + Clean(header.disclosure_id()) + " about " +
                     Clean(header.display_name()) + ", for " + Clean(header.requester()) + '\n';
  for (const auto& words : header.left_out()) text += "  left out: " + Clean(words) + '\n';
  return text;
}

std::string TrailerText(const v1::ExportDisclosureResponse::Trailer& trailer) {
  std::string text = Count(trailer.entries(), "entry", "entries");
  if (trailer.withheld_suppressed()) return text + "; withheld: none, or too few to be told\n";
  if (trailer.withheld() == 0) return text + '\n';
  return text + "; withheld: " + std::to_string(trailer.withheld()) + " or a few more\n";
}

ExitCode Disclose(const Session& session, const Client& client, const DiscloseOptions& options) {
  const auto request = RequestOf(options);
  if (!request.ok()) return Fail(session, request.status());
  OutputFile file(options.output);
  if (!options.output.empty()) {
    // Before the call: what cannot be written would be on record as given out.
    if (const auto opened = file.Open(); !opened.ok()) return Fail(session, opened);
  }
  const auto context = client.NewStreamContext();
  const auto stream = client.privacy().ExportDisclosure(context.get(), *request);
  v1::ExportDisclosureResponse part;
  Table table({"OCCURRED", "KIND", "SUMMARY", "SOURCE"});
  std::string head;
  std::string tail;
  while (stream->Read(&part)) {
    if (!options.output.empty()) {
      if (const auto written = file.Write(ToJson(part, JsonForm::kLine)); !written.ok()) {
        context->TryCancel();
        return Fail(session, written);
      }
    } else if (session.json) {
      PutJsonLine(part);
    }
    if (part.has_header()) head = HeaderText(part.header());
    if (part.has_entry()) {
      const auto& entry = part.entry();
      table.AddRow({Day(entry.occurred_at()), entry.kind(), entry.summary(), entry.source()});
    }
    if (part.has_trailer()) tail = TrailerText(part.trailer());
  }
  if (const auto status = stream->Finish(); !status.ok()) return Fail(session, status);
  if (tail.empty()) return Fail(session, absl::DataLossError("the export broke off"));
  if (!options.output.empty()) {
    if (const auto kept = file.Keep(); !kept.ok()) return Fail(session, kept);
  }
  if (session.json) return ExitCode::kOk;
  const bool to_terminal = options.output.empty() && !table.empty();
  Put(head + (to_terminal ? '\n' + table.Text() + '\n' : "") + tail);
  return ExitCode::kOk;
}

}  // namespace

void AddDiscloseCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<DiscloseOptions>();
  CLI::App* disclose = app.add_subcommand(
      "disclose", "What may be given out about a service, redacted and recorded as a disclosure");
  disclose->add_option("PROVIDER", options->provider, "The service it is about")->required();
  disclose
      ->add_option("--profile", options->profile,
                   "To whom: public, provider, partner, subject-access")
      ->check(CLI::IsMember(NamesOf(Profiles())))
      ->required();
  disclose->add_option("--to", options->to, "Who asked: an organisation, or a pseudonym")
      ->required();
  disclose
      ->add_option("--basis", options->basis,
                   "public-task, legal-obligation, vital-interests or consent")
      ->check(CLI::IsMember(NamesOf(Bases())))
      ->required();
  disclose
      ->add_option("--authority", options->authority, "The decision it rests on, by its reference")
      ->required();
  disclose->add_option("--from", options->from, "What occurred on this date or later");
  disclose->add_option("--until", options->until, "What occurred before this date");
  disclose->add_option("--record", options->record, "Source and id of one record")->expected(2);
  disclose->add_option("--output", options->output,
                       "A new file, one JSON object a line: header, entries, trailer");
  disclose->footer(
      "Example: trigpoint disclose 1-545611283 --profile provider --to \"Rose House Ltd\" \\\n"
      "  --basis legal-obligation --authority FOI-2026-012 --output rose-house.jsonl");
  disclose->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(session,
                        [&](const Client& client) { return Disclose(session, client, *options); });
    };
  });
}

}  // namespace trigpoint
