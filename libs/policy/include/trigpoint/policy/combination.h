#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "trigpoint/base/tri.h"
#include "trigpoint/v1/options.pb.h"

namespace trigpoint {

/// A report that a trigger rests on.
struct TriggerReport {
  int incident = 0;                        ///< Equal for reports of one incident; at least 0.
  std::vector<v1::SourceFamily> families;  ///< Families that it may fill by way of its trigger.
};

/// A trigger that holds, or that may hold when more is known.
struct CombinedTrigger {
  std::vector<TriggerReport> reports;   ///< What it rests on; none where it does not hold yet.
  std::vector<v1::SourceFamily> fills;  ///< Families that reports of it may fill.
  bool open = false;                    ///< What is unknown may bring further reports of it.
};

/// What fills a combination. Each incident stands at most once in `triggers` and once in
/// `families`.
struct CombinationResult {
  struct Trigger {
    size_t trigger = 0;  ///< Index into the triggers.
    int incident = 0;
  };
  struct Family {
    v1::SourceFamily family = v1::SOURCE_FAMILY_UNSPECIFIED;
    int incident = 0;
  };
  Truth value = Truth::kFalse;
  std::vector<Trigger> triggers;  ///< By index.
  std::vector<Family> families;   ///< By number.
};

/// Whether so many triggers hold, each by an incident of its own, and so many families are filled,
/// each by an incident of its own: two maximum matchings, so that one incident fills at most one
/// trigger and one family, whoever reported it. UNKNOWN where what is unknown may complete it.
/// Rule: S3 5.2.1 ("a combination of these factors rather than any single one"); domain.md 3.4, 3.8
/// (4). `least_triggers` and `least_families` are at least 0.
CombinationResult Combine(std::span<const CombinedTrigger> triggers, int least_triggers,
                          int least_families);

}  // namespace trigpoint
