#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/message.h"
#include "trigpoint/policy/lint.h"

namespace trigpoint {

/// What was found so far.
class Findings {
 public:
  void Error(std::string rule, std::string what, std::string mend) {
    Add(PackFinding::Severity::kError, std::move(rule), std::move(what), std::move(mend));
  }
  void Warning(std::string rule, std::string what, std::string mend) {
    Add(PackFinding::Severity::kWarning, std::move(rule), std::move(what), std::move(mend));
  }
  void Note(std::string rule, std::string what, std::string mend) {
    Add(PackFinding::Severity::kNote, std::move(rule), std::move(what), std::move(mend));
  }
  std::vector<PackFinding>& all() { return all_; }

 private:
  void Add(PackFinding::Severity severity, std::string rule, std::string what, std::string mend) {
    all_.push_back({severity, std::move(rule), std::move(what), std::move(mend)});
  }

  std::vector<PackFinding> all_;
};

/// Calls `take` with the field and text of every string below a message, in order; `enter` says of
/// each message below it whether to look into it.
void EachText(const google::protobuf::Message& message,
              const std::function<bool(const google::protobuf::Message&)>& enter,
              const std::function<void(const std::string& field, const std::string& text)>& take);

/// Clauses, texts and citations.
void LintWords(const v1::PolicyPack& pack, Findings* out);
/// Numbers with name, unit and use.
void LintParameters(const v1::PolicyPack& pack, Findings* out);
/// States, moves between them, measures and cross-walk.
void LintStates(const v1::PolicyPack& pack, Findings* out);
/// What conditions can be. Only of a pack that compiles.
void LintConditions(const v1::PolicyPack& pack, Findings* out);

}  // namespace trigpoint
