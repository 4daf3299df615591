#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// What a rule of `retention` is about beside kinds and classes: submissions that were refused.
inline constexpr std::string_view kRetentionOfRefused = "refused";

/// One rule of the configuration: personal data of these records is erased so many years after they
/// were received.
struct RetentionRule {
  std::string of;     ///< A kind ("incident_reported"), a class ("C3"), or kRetentionOfRefused.
  int64_t years = 0;  ///< 1 to 100; whole years of the calendar in London.
};

/// Whether a rule may be about this.
bool IsRetentionSubject(std::string_view of);

/// The rules in force. Immutable.
class RetentionRules {
 public:
  RetentionRules() = default;
  explicit RetentionRules(std::vector<RetentionRule> rules) : rules_(std::move(rules)) {}

  bool empty() const { return rules_.empty(); }
  /// The rule for an event: that of its kind, else that of its class. Null: it is kept for ever.
  const RetentionRule* For(const v1::Event& event) const;
  /// The rule for submissions that were refused. Null: they are kept for ever.
  const RetentionRule* ForRefused() const { return Find(kRetentionOfRefused); }

 private:
  const RetentionRule* Find(std::string_view of) const;

  std::vector<RetentionRule> rules_;
};

/// Whether what was received then is past the rule now. False where there is no rule.
bool IsPast(const RetentionRule* rule, int64_t received_us, int64_t now_us);

}  // namespace trigpoint
