#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/base/duration.h"
#include "trigpoint/policy/measure.h"
#include "trigpoint/v1/policy.pb.h"

namespace trigpoint {

/// One use of a measure in a pack; uses with the same measure and arguments are one leaf.
struct Leaf {
  const Measure* measure = nullptr;
  MeasureArguments arguments;
  int uses = 0;
  Truth when_empty = Truth::kUnknown;  ///< Value where the state holds nothing that it reads.
  bool scope = false;                  ///< applies_to reads it, of the pack or of what it expects.
  bool urgent = false;                 ///< An urgent rule reads it.
};

/// A condition compiled to an index into CompiledPack::nodes.
struct Node {
  enum class Kind : uint8_t { kAny, kAll, kNot, kAtLeast, kLeaf, kCriterion, kDecisive };
  Kind kind = Kind::kAny;
  std::vector<int> children;  ///< Nodes; for kAtLeast criteria.
  int index = 0;              ///< Leaf or criterion.
  int count = 0;              ///< kAtLeast.
};

/// An entry of PolicyPack.expected, resolved.
struct ExpectedDeliveries {
  std::vector<int> kinds;  ///< Payload field numbers.
  int every_days = 0;      ///< At least 1.
  int grace_days = 0;
  int missed = 0;    ///< At least 1.
  int applies = -1;  ///< Node; -1: wherever the policy applies.
};

/// An entry of PolicyPack.obligations, resolved; kinds are payload field numbers.
struct ObligationTerms {
  std::vector<int> started_by;
  std::vector<int> discharged_by;
  std::vector<int> lapsed_by;
  std::vector<int> paused_by;
  std::vector<int> resumed_by;
  int criterion = -1;           ///< That starts it; -1: none does.
  std::optional<Duration> due;  ///< None: `due_field`, or no time is stated.
  int applies = -1;             ///< Node; -1: wherever the policy applies.
};

/// A pack that was checked and is ready to assess with. Immutable.
class CompiledPack {
 public:
  /// Checks the pack: ids unique, measures and their arguments known, criteria named in conditions
  /// exist and do not go in circles, every criterion with a clause, every parameter with a reason,
  /// expected feeds of known kinds of reports with clause and cadence, obligations with clause,
  /// owner, one start and an end, of kinds, fields, codes, criteria and states that exist, states
  /// consistent with the authority matrix. INVALID_ARGUMENT names the rule id and what is wrong
  /// with it.
  static absl::StatusOr<std::shared_ptr<const CompiledPack>> Compile(v1::PolicyPack pack);

  const v1::PolicyPack& pack() const { return pack_; }
  const std::vector<Leaf>& leaves() const { return leaves_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  int applies_to() const { return applies_to_; }
  const std::vector<int>& criterion_nodes() const { return criterion_nodes_; }
  const std::vector<int>& decisive_nodes() const {
    return decisive_nodes_;
  }  ///< -1: no decisive part.
  const std::vector<int>& urgent_nodes() const { return urgent_nodes_; }
  const std::vector<int>& state_nodes() const {
    return state_nodes_;
  }  ///< As in pack().states(): highest first.
  /// As in pack().expected().
  const std::vector<ExpectedDeliveries>& expected() const { return expected_; }
  /// As in pack().obligations().
  const std::vector<ObligationTerms>& obligations() const { return obligations_; }
  /// Whether what the pack applies to and expects follows from the registration alone.
  bool ScopeFollowsService() const { return scope_follows_service_; }
  /// Whether a criterion takes part in a level: those stay TRUE when only their window empties.
  bool Supports(int criterion) const { return supports_[static_cast<size_t>(criterion)]; }
  /// Lengths of time after which a report can leave a window, days.
  const std::set<int64_t>& windows() const { return windows_; }
  /// Whether the value of a node depends on a leaf.
  bool Reads(int node, int leaf) const {
    return reads_[static_cast<size_t>(node)][static_cast<size_t>(leaf)];
  }
  /// Value of a parameter; the pack must have it.
  double Parameter(const std::string& name) const;
  /// Whether people move services between levels by it; a pack with one state has none.
  bool HasLevels() const { return pack_.authority().states_size() > 1; }
  /// The lowest state.
  const std::string& LowestState() const { return pack_.authority().states(0); }
  /// 0 for the lowest state, rising; -1 for a state the pack does not have.
  int Rank(const std::string& state) const;

 private:
  friend class PackCompiler;
  CompiledPack() = default;

  v1::PolicyPack pack_;
  std::vector<Leaf> leaves_;
  std::vector<Node> nodes_;
  std::vector<int> criterion_nodes_;
  std::vector<int> decisive_nodes_;
  std::vector<int> urgent_nodes_;
  std::vector<int> state_nodes_;
  std::vector<bool> supports_;
  std::set<int64_t> windows_;
  std::vector<std::vector<bool>> reads_;  ///< By node, then leaf.
  int applies_to_ = -1;
  std::vector<ExpectedDeliveries> expected_;
  std::vector<ObligationTerms> obligations_;
  bool scope_follows_service_ = true;
};

}  // namespace trigpoint
