// policy lint: what is wrong in a pack, without a server.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "client.h"
#include "policy.h"
#include "print.h"
#include "trigpoint/engine/pack_file.h"
#include "trigpoint/policy/lint.h"

namespace trigpoint {
namespace {

struct LintOptions {
  std::vector<std::string> files;
  std::string as_of;
};

struct Linted {
  std::string file{};
  std::string policy{};
  uint32_t version = 0;
  std::vector<PackFinding> findings{};
};

Linted LintFile(const std::string& file, CivilDate as_of) {
  Linted linted{.file = file};
  const auto pack = ReadPackFile(file);
  if (pack.ok()) {
    linted.policy = pack->id();
    linted.version = pack->version();
    linted.findings = LintPack(*pack, as_of);
  } else {
    linted.findings.push_back({.severity = PackFinding::Severity::kError,
                               .rule = "file",
                               .what = std::string(pack.status().message()),
                               .mend = "write it as the packs of deploy/policies are written"});
  }
  return linted;
}

void PutText(const Linted& linted) {
  size_t errors = 0;
  size_t warnings = 0;
  for (const PackFinding& finding : linted.findings) {
    errors += finding.severity == PackFinding::Severity::kError ? 1U : 0U;
    warnings += finding.severity == PackFinding::Severity::kWarning ? 1U : 0U;
    std::string lead = "  " + std::string(SeverityName(finding.severity));
    lead.resize(11, ' ');
    Put(Wrap(Clean(finding.rule + ": " + finding.what), lead));
    Put(Wrap(Clean(finding.mend), std::string(13, ' ')));
  }
  const std::string which = linted.policy.empty() ? ""
                                                  : " (" + linted.policy + " version " +
                                                        std::to_string(linted.version) + ")";
  Put(Clean(linted.file + which) + ": " +
      (errors + warnings == 0 ? "in order"
                              : Count(errors, "error") + ", " + Count(warnings, "warning")) +
      '\n');
}

void PutLine(const Linted& linted) {
  nlohmann::ordered_json json;
  json["file"] = linted.file;
  json["policy_id"] = linted.policy;
  json["version"] = linted.version;
  json["findings"] = nlohmann::ordered_json::array();
  for (const PackFinding& finding : linted.findings) {
    json["findings"].push_back({{"severity", SeverityName(finding.severity)},
                                {"rule", finding.rule},
                                {"what", finding.what},
                                {"mend", finding.mend}});
  }
  Put(json.dump() + '\n');
}

ExitCode Lint(const Session& session, const LintOptions& options) {
  CivilDate as_of = Today();
  if (!options.as_of.empty()) {
    const auto day = ParseDate(options.as_of);
    if (!day.ok()) return Fail(session, ExitCode::kUsage, "--as-of: write YYYY-MM-DD");
    as_of = *day;
  }
  bool errors = false;
  for (const std::string& file : options.files) {
    const Linted linted = LintFile(file, as_of);
    errors = errors || HasErrors(linted.findings);
    if (session.json) {
      PutLine(linted);
    } else {
      PutText(linted);
    }
  }
  return errors ? ExitCode::kNo : ExitCode::kOk;
}

}  // namespace

void AddPolicyLint(CLI::App& policy, Session& session) {
  auto options = std::make_shared<LintOptions>();
  CLI::App* lint = policy.add_subcommand(
      "lint", "Looks for mistakes in packs; needs no server and stores nothing");
  lint->add_option("FILE", options->files, "Packs in YAML")->required();
  lint->add_option("--as-of", options->as_of, "Day on which review dates are looked at; today");
  lint->footer(
      "It finds rules without clause or text, states that nobody can reach or leave, conditions\n"
      "that never or always hold, parameters without a use, and more. Exit code 1 when there is\n"
      "an error; warnings and notes are for whoever approves the pack. With --json one file a "
      "line.\nExample: trigpoint policy lint deploy/policies/*.yaml");
  lint->callback([&session, options] {
    session.command = [&session, options] { return Lint(session, *options); };
  });
}

}  // namespace trigpoint
