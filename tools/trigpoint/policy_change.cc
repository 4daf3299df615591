// policy dry-run, activate, retire: what a new version changes, and the decisions to put a policy
// in force and to take it out.
#include <CLI/CLI.hpp>
#include <memory>

#include "arguments.h"
#include "client.h"
#include "policy.h"
#include "print.h"
#include "provider_words.h"
#include "trigpoint/engine/pack_file.h"
#include "trigpoint/policy/lint.h"

namespace trigpoint {
namespace {

constexpr size_t kNameColumns = 36;
constexpr int kEvidenceShown = 5;

struct ActivateOptions {
  std::string file;  ///< Of a policy that is retired: its id.
  std::string approved_by;
  std::string authority;
  std::string reason;
  std::string from;
  bool check_only = false;
};

std::string Target(const std::string& target, bool urgent) {
  return (target.empty() ? "nothing" : target) + (urgent ? " URGENT" : "");
}

std::string TruthWord(v1::TruthValue value) {
  if (value == v1::TRUTH_VALUE_UNSPECIFIED) return "not there";
  return WithoutPrefix(v1::TruthValue_Name(value), "TRUTH_VALUE_");
}

std::string EvidenceOf(const v1::DryRunPolicyResponse::CriterionChange& criterion) {
  std::string text;
  for (int i = 0; i < criterion.evidence_size() && i < kEvidenceShown; ++i) {
    const auto& ref = criterion.evidence(i);
    text += (text.empty() ? "; rests on " : ", ") + ref.source() + '/' + ref.id();
  }
  if (criterion.evidence_size() > kEvidenceShown)
    text += " and " + std::to_string(criterion.evidence_size() - kEvidenceShown) + " more";
  return text;
}

void PutChange(const v1::DryRunPolicyResponse::Change& change) {
  const std::string before = Target(change.target_before(), change.urgent_before());
  const std::string after = Target(change.target_after(), change.urgent_after());
  Put(Clean(FirstId(change.provider_ids(), change.provider())) + "  " +
      Clip(change.provider_name(), kNameColumns) + "  " +
      Clean(before == after ? after + " as before" : before + " -> " + after) + '\n');
  for (const auto& criterion : change.criteria()) {
    Put(Wrap(Clean(criterion.id() + "  " + TruthWord(criterion.before()) + " -> " +
                   TruthWord(criterion.after()) + "  [" + criterion.clause() + "]" +
                   EvidenceOf(criterion)),
             "    "));
  }
}

void PutSummary(const v1::PolicyPack& pack, const v1::DryRunPolicyResponse::Summary& summary) {
  const auto count = [](int64_t n) { return std::to_string(n); };
  const std::string which =
      pack.id() + " version " + std::to_string(pack.version()) +
      (summary.version_before() == 0
           ? ", a policy that is not in force yet"
           : " instead of version " + std::to_string(summary.version_before()));
  std::string text = "\n" + Clean(which) + ": ";
  if (summary.changed() == 0) {
    text += "nothing changes for any of " +
            Count(static_cast<uint64_t>(summary.providers()), "service") + ".\n";
  } else {
    text += count(summary.changed()) + " of " +
            Count(static_cast<uint64_t>(summary.providers()), "service") +
            " would be assessed otherwise today: " + count(summary.higher()) + " higher, " +
            count(summary.lower()) + " lower.\n";
  }
  for (const std::string& parameter : summary.parameters())
    text += "  parameter " + Clean(parameter) + '\n';
  Put(text + "Nothing was stored. What protected sources reported is left out on both sides.\n");
}

ExitCode DryRun(const Session& session, const Client& client, const v1::PolicyPack& pack) {
  v1::DryRunPolicyRequest request;
  *request.mutable_pack() = pack;
  const auto context = client.NewStreamContext();
  const auto stream = client.policies().DryRunPolicy(context.get(), request);
  v1::DryRunPolicyResponse part;
  bool whole = false;
  while (stream->Read(&part)) {
    whole = part.has_summary();
    if (session.json) {
      PutJsonLine(part);
    } else if (part.has_change()) {
      PutChange(part.change());
    } else if (part.has_summary()) {
      PutSummary(pack, part.summary());
    }
  }
  if (const auto status = stream->Finish(); !status.ok()) return Fail(session, status);
  return whole ? ExitCode::kOk
               : Fail(session, ExitCode::kData, "the dry run ended before it was complete");
}

// A date is the beginning of that day in London: from then on the version holds.
absl::StatusOr<Micros> ParseFrom(const std::string& text) {
  if (const auto day = ParseDate(text); day.ok()) return LondonMidnight(*day);
  return ParseInstant(text);
}

void PutActivation(const v1::ActivatePolicyResponse& response, bool check_only) {
  Put(Clean(response.policy_id()) + " version " + std::to_string(response.version()) +
      (check_only ? " would hold from " : " holds from ") + When(response.effective_from()) +
      (check_only ? " on. Nothing was recorded.\n"
                  : " on; what it changes is recommended about a minute later.\nRecommendations "
                    "made before keep the version that they cite.\n"));
}

// Who decided it, why, and from when on.
template <typename Request>
absl::Status PutDecision(const ActivateOptions& options, Request* request) {
  request->set_approved_by(options.approved_by);
  request->set_authority_ref(options.authority);
  request->set_reason(options.reason);
  request->set_validate_only(options.check_only);
  if (options.from.empty()) return absl::OkStatus();
  const auto from = ParseFrom(options.from);
  if (!from.ok())
    return absl::InvalidArgumentError(
        "--from: write a date (YYYY-MM-DD) or an instant (2026-12-01T09:00:00Z)");
  *request->mutable_effective_from() = ToTimestamp(*from);
  return absl::OkStatus();
}

ExitCode Retire(const Session& session, const Client& client, const ActivateOptions& options) {
  v1::RetirePolicyRequest request;
  request.set_policy_id(options.file);
  if (const auto put = PutDecision(options, &request); !put.ok())
    return Fail(session, ExitCode::kUsage, std::string(put.message()));
  v1::RetirePolicyResponse response;
  const auto context = client.NewContext();
  const auto status = client.policies().RetirePolicy(context.get(), request, &response);
  if (!status.ok()) return Fail(session, status);
  if (session.json) {
    PutJson(response);
  } else {
    Put(Clean(response.policy_id()) +
        (options.check_only ? " would be out of force from " : " is out of force from ") +
        When(response.effective_from()) +
        (options.check_only ? " on. Nothing was recorded.\n"
                            : " on. What was recommended and decided under it stays on record.\n"));
  }
  return ExitCode::kOk;
}

ExitCode Activate(const Session& session, const Client& client, const v1::PolicyPack& pack,
                  const ActivateOptions& options) {
  v1::ActivatePolicyRequest request;
  *request.mutable_pack() = pack;
  if (const auto put = PutDecision(options, &request); !put.ok())
    return Fail(session, ExitCode::kUsage, std::string(put.message()));
  v1::ActivatePolicyResponse response;
  const auto context = client.NewContext();
  const auto status = client.policies().ActivatePolicy(context.get(), request, &response);
  if (!status.ok()) return Fail(session, status);
  if (session.json) {
    PutJson(response);
  } else {
    PutActivation(response, options.check_only);
  }
  return ExitCode::kOk;
}

// Reads the pack, then runs `command(client, pack)`.
template <typename Command>
ExitCode WithPack(const Session& session, const std::string& file, Command command) {
  const auto pack = ReadPackFile(file);
  if (!pack.ok()) return Fail(session, ExitCode::kData, std::string(pack.status().message()));
  return WithClient(session, [&](const Client& client) { return command(client, *pack); });
}

ExitCode LintThenActivate(const Session& session, const ActivateOptions& options) {
  return WithPack(session, options.file, [&](const Client& client, const v1::PolicyPack& pack) {
    const auto findings = LintPack(pack);
    if (!HasErrors(findings)) return Activate(session, client, pack, options);
    return Fail(session, ExitCode::kNo,
                findings.front().rule + ": " + findings.front().what +
                    "; all that is wrong: trigpoint policy lint " + options.file);
  });
}

void AddDecision(CLI::App* command, const std::shared_ptr<ActivateOptions>& options) {
  command
      ->add_option("--approved-by", options->approved_by,
                   "Body that approved it, e.g. a committee (S0 9.2)")
      ->required();
  command->add_option("--authority", options->authority, "Its decision, e.g. a minute")->required();
  command->add_option("--reason", options->reason, "What changes and why")->required();
  command->add_option("--from", options->from,
                      "Day or instant from which it holds; otherwise in two seconds");
  command->add_flag("--check", options->check_only, "Check only; record nothing");
}

void AddRetire(CLI::App& policy, Session& session) {
  auto options = std::make_shared<ActivateOptions>();
  CLI::App* retire =
      policy.add_subcommand("retire", "Takes a policy out of force, and says who decided");
  retire->add_option("POLICY", options->file, "Its id, e.g. herefordshire")->required();
  AddDecision(retire, options);
  retire->footer(
      "For role OPERATOR. Nothing is assessed under it any more; what was recommended and decided\n"
      "stays on record. A higher version puts it in force again.\n"
      "Example: trigpoint policy retire herefordshire --approved-by \"Quality Committee\" \\\n"
      "           --authority QC-2027-02/3 --reason \"Replaced by the county's new framework\"");
  retire->callback([&session, options] {
    session.command = [&session, options] {
      return WithClient(session,
                        [&](const Client& client) { return Retire(session, client, *options); });
    };
  });
}

}  // namespace

void AddPolicyChange(CLI::App& policy, Session& session) {
  auto file = std::make_shared<std::string>();
  CLI::App* dry_run = policy.add_subcommand(
      "dry-run", "Whose recommendation a new version would change today, and why");
  dry_run->add_option("FILE", *file, "The new version, in YAML")->required();
  dry_run->footer(
      "Every service that your organisation commissions or hosts is assessed under the version in\n"
      "force and under the new one. Nothing is stored. With --json one service a line, the "
      "summary last.\nExample: trigpoint policy dry-run herefordshire-v5.yaml");
  dry_run->callback([&session, file] {
    session.command = [&session, file] {
      return WithPack(session, *file, [&](const Client& client, const v1::PolicyPack& pack) {
        return DryRun(session, client, pack);
      });
    };
  });

  auto options = std::make_shared<ActivateOptions>();
  CLI::App* activate = policy.add_subcommand(
      "activate", "Puts a version of a policy in force, and says who decided");
  activate->add_option("FILE", options->file, "The new version, in YAML")->required();
  AddDecision(activate, options);
  activate->footer(
      "For role OPERATOR. `version` in the file must be above every one that was ever activated.\n"
      "Example: trigpoint policy activate herefordshire-v5.yaml --approved-by \"Quality "
      "Committee\" \\\n           --authority QC-2026-11/7 --reason \"Three never events, not "
      "two\" --from 2026-12-01");
  activate->callback([&session, options] {
    session.command = [&session, options] { return LintThenActivate(session, *options); };
  });
  AddRetire(policy, session);
}

}  // namespace trigpoint
