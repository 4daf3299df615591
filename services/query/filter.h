#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// A filter over providers: a subset of AIP-160.
///
///     local_authority = "Halton" AND (level = LEVEL_3 OR urgent = true) AND NOT name : "closed*"
///
/// Fields: name, local_authority, organisation, service_type, rating, commissioner, open_alerts,
/// silent_feeds, inheritance_open and duplicates_open (true where a person is to confirm what the
/// service inherits, or whether reports are of one incident); and of one policy of the provider:
/// policy, level (decided), recommended, awaiting, urgent. Conditions on the latter are about one
/// and the same policy. Operators: = and != (whole value, `*` stands for any text), : (contains;
/// `:*` is any value), for open_alerts and silent_feeds also < <= > >=. All without regard to case.
/// OR binds tighter than AND; NOT or - negates; parentheses. Immutable.
class Filter {
 public:
  /// Reads a filter; an empty one matches everything.
  /// Errors: InvalidArgument, which says where a mistake is and what there is instead of an unknown
  /// field, rating or service type.
  static absl::StatusOr<Filter> Parse(std::string_view text);

  /// Tells whether a provider matches; to a reader outside it no report is a duplicate: that there
  /// are two would be a small number.
  bool Matches(const v1::ProviderSummary& provider, bool outside) const;
  /// The same, with the conditions on a policy about this one of its levels.
  bool Matches(const v1::ProviderSummary& provider, const v1::ProviderSummary::Level& level,
               bool outside) const;

 private:
  friend class FilterParser;
  Filter() = default;

  enum class Kind : uint8_t { kAnd, kOr, kNot, kTest };
  enum class Field : uint8_t {
    kName,
    kLocalAuthority,
    kOrganisation,
    kServiceType,
    kRating,
    kCommissioner,
    kOpenAlerts,
    kInheritanceOpen,
    kDuplicatesOpen,
    kSilentFeeds,
    kPolicy,
    kLevel,
    kRecommended,
    kAwaiting,
    kUrgent,
  };
  enum class Op : uint8_t { kEqual, kNotEqual, kHas, kLess, kLessEqual, kGreater, kGreaterEqual };
  struct Node {
    Kind kind = Kind::kTest;
    std::vector<size_t> children{};
    Field field = Field::kName;
    Op op = Op::kEqual;
    std::string value{};  ///< Lower case.
    int64_t number = 0;   ///< Of kOpenAlerts and kSilentFeeds.
  };

  /// What a filter is asked of.
  struct Asked {
    const v1::ProviderSummary& provider;
    const v1::ProviderSummary::Level& level;
    bool outside;
  };
  bool Holds(size_t node, const Asked& asked) const;
  static bool Test(const Node& node, const Asked& asked);

  std::vector<Node> nodes_;  ///< The last one is the root; empty: everything matches.
};

/// Reads the field `filter` of a request. Errors: a FieldError.
absl::StatusOr<Filter> FilterOf(const std::string& text);

/// Whether `text` matches a pattern in which `*` stands for any text; both in lower case.
bool MatchesPattern(std::string_view pattern, std::string_view text);

}  // namespace trigpoint
