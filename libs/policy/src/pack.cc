#include "trigpoint/policy/pack.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "obligation_rules.h"
#include "pack_length.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/feeds.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/policy/cross_walk.h"

namespace trigpoint {
namespace {

/// Longer than any cadence of a source: a number beyond is a slip.
constexpr int kExpectedDaysMax = 3660;
/// More triggers or families than any framework names.
constexpr int kCombinationMax = 100;
/// Conditions that name one another are walked as deep as there are criteria.
constexpr int kCriteriaMax = 1'000;

}  // namespace

/// Turns the conditions of one pack into nodes.
class PackCompiler {
 public:
  explicit PackCompiler(v1::PolicyPack pack) { out_->pack_ = std::move(pack); }

  absl::StatusOr<std::shared_ptr<const CompiledPack>> Run() {
    TP_RETURN_IF_ERROR(CheckHeader());
    TP_RETURN_IF_ERROR(IndexCriteria());
    if (out_->pack_.has_applies_to()) {
      TP_ASSIGN_OR_RETURN(out_->applies_to_, Add(out_->pack_.applies_to(), "applies_to"));
    }
    for (const auto& criterion : out_->pack_.criteria()) {
      TP_ASSIGN_OR_RETURN(int node, Add(criterion.when(), criterion.id()));
      out_->criterion_nodes_.push_back(node);
      int decisive = -1;
      if (criterion.has_decisive_when()) {
        TP_ASSIGN_OR_RETURN(decisive, Add(criterion.decisive_when(), criterion.id()));
      }
      out_->decisive_nodes_.push_back(decisive);
    }
    for (const auto& rule : out_->pack_.urgent()) {
      if (rule.clause().empty()) return Wrong(rule.id(), "has no clause");
      TP_ASSIGN_OR_RETURN(int node, Add(rule.when(), rule.id()));
      out_->urgent_nodes_.push_back(node);
    }
    in_state_rule_ = true;
    for (const auto& rule : out_->pack_.states()) {
      if (out_->Rank(rule.state()) <= 0) {
        return Wrong(rule.state(), "is not one of authority.states above the lowest");
      }
      TP_ASSIGN_OR_RETURN(int node, Add(rule.when(), rule.state()));
      out_->state_nodes_.push_back(node);
    }
    in_state_rule_ = false;
    TP_RETURN_IF_ERROR(AddExpected());
    TP_RETURN_IF_ERROR(AddObligations());
    TP_RETURN_IF_ERROR(CheckCircles());
    if (const auto rule = FindTooLong(out_->pack_); rule.has_value())
      return Wrong(*rule, "is too long once the criteria that it names are written out");
    TP_RETURN_IF_ERROR(CheckAuthority());
    TP_RETURN_IF_ERROR(CheckCrossWalk(out_->pack_));
    NoteReads();
    TP_RETURN_IF_ERROR(CheckCombinations());
    // Time alone brings nothing to say where nothing is recommended.
    if (out_->pack_.states().empty() && out_->pack_.urgent().empty()) out_->windows_.clear();
    return std::shared_ptr<const CompiledPack>(std::move(out_));
  }

 private:
  absl::Status Wrong(const std::string& where, const std::string& what) const {
    return absl::InvalidArgumentError("policy " + out_->pack_.id() + ": " + where + " " + what);
  }

  absl::Status CheckHeader() const {
    const auto& pack = out_->pack_;
    if (pack.id().empty()) return Wrong("id", "is missing");
    if (pack.version() == 0) return Wrong("version", "must be at least 1");
    if (pack.source_document().empty()) return Wrong("source_document", "is missing");
    if (pack.authority().states_size() == 0) return Wrong("authority.states", "is empty");
    if (!pack.review_due().empty() && !ParseDate(pack.review_due()).ok())
      return Wrong("review_due", "is no date (YYYY-MM-DD): " + pack.review_due());
    if (pack.criteria_size() > kCriteriaMax) return Wrong("criteria", "are more than 1,000");
    for (const auto& parameter : pack.parameters()) {
      if (parameter.reason().empty()) {
        return Wrong("parameter " + parameter.name(), "has no reason");
      }
    }
    return absl::OkStatus();
  }

  absl::Status IndexCriteria() {
    for (int i = 0; i < out_->pack_.criteria_size(); ++i) {
      const auto& criterion = out_->pack_.criteria(i);
      if (criterion.clause().empty()) return Wrong(criterion.id(), "has no clause");
      if (!criteria_.emplace(criterion.id(), i).second) {
        return Wrong(criterion.id(), "is there twice");
      }
    }
    out_->supports_.assign(static_cast<size_t>(out_->pack_.criteria_size()), false);
    return absl::OkStatus();
  }

  absl::Status CheckAuthority() const {
    for (const auto& transition : out_->pack_.authority().transitions()) {
      if (transition.clause().empty()) return Wrong("a transition", "has no clause");
      if (transition.roles_size() == 0) return Wrong("a transition", "names no role");
      if (out_->Rank(transition.to_state()) < 0) {
        return Wrong("a transition to " + transition.to_state(), "leads to no state of the pack");
      }
      const std::string where = "the transition to " + transition.to_state();
      v1::QualityReviewMeetingHeld::Outcome outcome;
      const std::string& needed = transition.needs_meeting_outcome();
      if (!needed.empty() && !v1::QualityReviewMeetingHeld::Outcome_Parse(needed, &outcome)) {
        return Wrong(where, "needs an outcome that no quality review meeting has: " + needed);
      }
      if (transition.assurance_hold_months() > 0 && transition.hold_clause().empty()) {
        return Wrong(where, "has a hold without a clause");
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<int> Days(const std::string& text, int least, const std::string& where) const {
    return Whole(text, least, kExpectedDaysMax, where);
  }

  /// A parameter or number that is whole and within bounds.
  absl::StatusOr<int> Whole(const std::string& text, int least, int most,
                            const std::string& where) const {
    TP_ASSIGN_OR_RETURN(const double number, Resolve(text, where));
    if (number != std::floor(number) || number < least || number > most) {
      return Wrong(where, "is no whole number from " + std::to_string(least) + " to " +
                              std::to_string(most) + ": " + text);
    }
    return static_cast<int>(number);
  }

  /// A kind of which a source can send one, e.g. "monitoring_return_received".
  absl::StatusOr<int> ReportKind(const std::string& name, const std::string& where) const {
    const KindInfo* kind = KindOfName(name);
    if (kind == nullptr || kind->role != v1::EVENT_ROLE_FACT) {
      return Wrong(where, "names an unknown kind: " + name);
    }
    if (!TellsOfCare(*kind) || IsHiddenKind(*kind)) {
      return Wrong(where, "names a kind of which nobody can wait for one: " + name);
    }
    return kind->number;
  }

  absl::Status CheckSources(const v1::ExpectedFeed& feed, const std::string& where) const {
    std::set<std::string> sources;
    for (const auto& source : feed.sources()) {
      if (source.empty()) return Wrong(where, "names a source without a name");
      if (!sources.insert(source).second) return Wrong(where, "names a source twice: " + source);
    }
    return absl::OkStatus();
  }

  absl::Status AddExpected() {
    std::set<std::string> ids;
    for (const auto& feed : out_->pack_.expected()) {
      if (feed.id().empty()) return Wrong("an entry of expected", "has no id");
      const std::string where = "expected " + feed.id();
      if (!ids.insert(feed.id()).second) return Wrong(where, "is there twice");
      if (feed.clause().empty()) return Wrong(where, "has no clause");
      if (feed.kinds().empty()) return Wrong(where, "names no kind");
      ExpectedDeliveries expected;
      for (const auto& name : feed.kinds()) {
        TP_ASSIGN_OR_RETURN(const int kind, ReportKind(name, where));
        expected.kinds.push_back(kind);
      }
      TP_RETURN_IF_ERROR(CheckSources(feed, where));
      TP_ASSIGN_OR_RETURN(expected.every_days, Days(feed.every_days(), 1, where + ": every_days"));
      TP_ASSIGN_OR_RETURN(expected.grace_days, Days(feed.grace_days(), 0, where + ": grace_days"));
      TP_ASSIGN_OR_RETURN(expected.missed, Days(feed.missed(), 1, where + ": missed"));
      if (feed.has_applies_to()) {
        TP_ASSIGN_OR_RETURN(expected.applies, Add(feed.applies_to(), where));
      }
      out_->expected_.push_back(std::move(expected));
    }
    return absl::OkStatus();
  }

  absl::Status AddObligations() {
    std::set<std::string> ids;
    for (const auto& rule : out_->pack_.obligations()) {
      const std::string where = "obligation " + rule.id();
      if (!ids.insert(rule.id()).second) return Wrong(where, "is there twice");
      auto terms = TermsOf(rule, out_->pack_);
      if (!terms.ok()) return Wrong(where, std::string(terms.status().message()));
      if (rule.has_applies_to()) {
        TP_ASSIGN_OR_RETURN(terms->applies, Add(rule.applies_to(), where));
      }
      out_->obligations_.push_back(*std::move(terms));
    }
    return absl::OkStatus();
  }

  static int FormsSet(const v1::Expression& e) {
    return static_cast<int>(e.any_size() > 0) + static_cast<int>(e.all_size() > 0) +
           static_cast<int>(e.has_not_()) + static_cast<int>(e.has_at_least()) +
           static_cast<int>(!e.measure().empty()) + static_cast<int>(!e.criterion().empty()) +
           static_cast<int>(!e.decisive().empty()) + static_cast<int>(e.has_combination());
  }

  absl::StatusOr<int> Criterion(const std::string& id, const std::string& where) {
    const auto it = criteria_.find(id);
    if (it == criteria_.end()) return Wrong(where, "names a criterion that is not there: " + id);
    if (in_state_rule_) out_->supports_[static_cast<size_t>(it->second)] = true;
    return it->second;
  }

  // NOLINTNEXTLINE(misc-no-recursion): as deep as the condition is written.
  absl::StatusOr<int> Add(const v1::Expression& e, const std::string& where) {
    if (FormsSet(e) != 1) {
      return Wrong(where,
                   "has a condition that is not exactly one of any, all, not, at_least, "
                   "measure, criterion, decisive, combination");
    }
    Node node;
    if (!e.measure().empty()) {
      node.kind = Node::Kind::kLeaf;
      TP_ASSIGN_OR_RETURN(node.index, AddLeaf(e, where));
    } else if (!e.criterion().empty() || !e.decisive().empty()) {
      const bool plain = !e.criterion().empty();
      node.kind = plain ? Node::Kind::kCriterion : Node::Kind::kDecisive;
      TP_ASSIGN_OR_RETURN(node.index, Criterion(plain ? e.criterion() : e.decisive(), where));
    } else if (e.has_at_least()) {
      node.kind = Node::Kind::kAtLeast;
      node.count = static_cast<int>(e.at_least().count());
      for (const auto& id : e.at_least().of()) {
        TP_ASSIGN_OR_RETURN(int criterion, Criterion(id, where));
        node.children.push_back(criterion);
      }
    } else if (e.has_combination()) {
      TP_RETURN_IF_ERROR(AddCombination(e.combination(), where, &node));
    } else if (e.has_not_()) {
      node.kind = Node::Kind::kNot;
      TP_ASSIGN_OR_RETURN(int child, Add(e.not_(), where));
      node.children.push_back(child);
    } else {
      node.kind = e.any_size() > 0 ? Node::Kind::kAny : Node::Kind::kAll;
      for (const auto& child : e.any_size() > 0 ? e.any() : e.all()) {
        TP_ASSIGN_OR_RETURN(int index, Add(child, where));
        node.children.push_back(index);
      }
    }
    out_->nodes_.push_back(std::move(node));
    return static_cast<int>(out_->nodes_.size()) - 1;
  }

  absl::StatusOr<double> Resolve(const std::string& text, const std::string& where) const {
    for (const auto& parameter : out_->pack_.parameters()) {
      if (parameter.name() == text) return parameter.value();
    }
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    if (text.empty() || end != text.c_str() + text.size()) {
      return Wrong(where, "uses a parameter that is not there: " + text);
    }
    return number;
  }

  /// A criterion that names no weight is a full trigger.
  absl::StatusOr<double> WeightOf(const v1::Criterion& criterion) const {
    if (criterion.weight().empty()) return 1;
    return Resolve(criterion.weight(), criterion.id());
  }

  absl::Status AddCombination(const v1::Combination& said, const std::string& where, Node* node) {
    if (criteria_.count(where) == 0) return Wrong(where, "has a combination outside a criterion");
    CompiledCombination combination;
    TP_ASSIGN_OR_RETURN(combination.least_triggers,
                        Whole(said.min_triggers(), 1, kCombinationMax, where + ": min_triggers"));
    TP_ASSIGN_OR_RETURN(combination.least_families,
                        Whole(said.min_families(), 0, kCombinationMax, where + ": min_families"));
    node->kind = Node::Kind::kCombination;
    node->index = static_cast<int>(out_->combinations_.size());
    for (const auto& id : said.of()) {
      TP_ASSIGN_OR_RETURN(const int criterion, Criterion(id, where));
      TP_ASSIGN_OR_RETURN(const double weight, WeightOf(out_->pack_.criteria(criterion)));
      if (weight < 1) {
        combination.soft.push_back(criterion);
        continue;
      }
      out_->supports_[static_cast<size_t>(criterion)] = true;
      node->children.push_back(criterion);
    }
    if (node->children.empty()) return Wrong(where, "has a combination of no full trigger");
    combination.triggers = node->children;
    out_->combinations_.push_back(std::move(combination));
    return absl::OkStatus();
  }

  absl::StatusOr<int> AddLeaf(const v1::Expression& e, const std::string& where) {
    const Measure* measure = FindMeasure(e.measure());
    if (measure == nullptr) return Wrong(where, "uses an unknown measure: " + e.measure());
    if (measure->needs_families == e.families().empty()) {
      return Wrong(where, measure->needs_families ? e.measure() + " needs families"
                                                  : e.measure() + " takes no families");
    }
    if (measure->needs_values == e.values().empty()) {
      return Wrong(where, measure->needs_values ? e.measure() + " needs values"
                                                : e.measure() + " takes no values");
    }
    if (measure->values_are_kinds) {
      for (const auto& value : e.values()) TP_RETURN_IF_ERROR(ReportKind(value, where).status());
    }
    Leaf leaf;
    leaf.measure = measure;
    leaf.arguments.values = {e.values().begin(), e.values().end()};
    for (int family : e.families()) {
      leaf.arguments.families.push_back(static_cast<v1::SourceFamily>(family));
    }
    for (const auto& [name, text] : e.with()) {
      if (std::find(measure->numbers.begin(), measure->numbers.end(), name) ==
          measure->numbers.end()) {
        return Wrong(where, e.measure() + " has no argument " + name);
      }
      TP_ASSIGN_OR_RETURN(double number, Resolve(text, where));
      leaf.arguments.numbers.emplace_back(name, number);
    }
    std::sort(leaf.arguments.numbers.begin(), leaf.arguments.numbers.end());
    if (leaf.arguments.numbers.size() != measure->numbers.size()) {
      return Wrong(where, e.measure() + " lacks an argument");
    }
    int64_t reach = 0;
    for (const auto& window : measure->windows) {
      reach += leaf.arguments.Integer(window);
      out_->windows_.insert(reach);  // A rate reads its window and, before it, its baseline.
    }
    return Intern(std::move(leaf));
  }

  static Truth ValueWhenEmpty(const Leaf& leaf) {
    const v1::ProviderState state;
    const v1::ProviderRecord record;
    return leaf.measure
        ->evaluate(leaf.arguments, {.state = state,
                                    .record = record,
                                    .baselines = {},
                                    .policy_id = {},
                                    .decided_state = {},
                                    .detail = Detail::kValue})
        .value;
  }

  int Intern(Leaf leaf) {
    for (size_t i = 0; i < out_->leaves_.size(); ++i) {
      Leaf& known = out_->leaves_[i];
      if (known.measure == leaf.measure && known.arguments.values == leaf.arguments.values &&
          known.arguments.families == leaf.arguments.families &&
          known.arguments.numbers == leaf.arguments.numbers) {
        ++known.uses;
        return static_cast<int>(i);
      }
    }
    leaf.uses = 1;
    leaf.when_empty = ValueWhenEmpty(leaf);
    out_->leaves_.push_back(std::move(leaf));
    return static_cast<int>(out_->leaves_.size()) - 1;
  }

  absl::Status CheckCircles() const {
    enum class Mark : uint8_t { kNone, kOpen, kDone };
    std::vector<Mark> marks(criteria_.size(), Mark::kNone);
    std::function<bool(int)> circle_from_criterion;
    // NOLINTNEXTLINE(misc-no-recursion)
    const std::function<bool(int)> circle_from_node = [&](int index) -> bool {
      const Node& node = out_->nodes_[static_cast<size_t>(index)];
      if (node.kind == Node::Kind::kCriterion || node.kind == Node::Kind::kDecisive) {
        return circle_from_criterion(node.index);
      }
      const bool to_criteria =
          node.kind == Node::Kind::kAtLeast || node.kind == Node::Kind::kCombination;
      return std::any_of(node.children.begin(), node.children.end(), [&](int child) {
        return to_criteria ? circle_from_criterion(child) : circle_from_node(child);
      });
    };
    circle_from_criterion = [&](int criterion) -> bool {
      Mark& mark = marks[static_cast<size_t>(criterion)];
      if (mark == Mark::kOpen) return true;
      if (mark == Mark::kDone) return false;
      mark = Mark::kOpen;
      const int decisive = out_->decisive_nodes_[static_cast<size_t>(criterion)];
      const bool circle =
          circle_from_node(out_->criterion_nodes_[static_cast<size_t>(criterion)]) ||
          (decisive >= 0 && circle_from_node(decisive));
      mark = Mark::kDone;
      return circle;
    };
    for (const auto& [id, index] : criteria_) {
      if (circle_from_criterion(index)) return Wrong(id, "depends on itself");
    }
    return absl::OkStatus();
  }

  /// Combinations are computed one after the other, over criteria that rest on measures alone.
  absl::Status CheckCombinations() const {
    for (const auto& combination : out_->combinations_) {
      for (const int trigger : combination.triggers) {
        if (!out_->ReadsCombination(trigger)) continue;
        return Wrong(out_->pack_.criteria(trigger).id(),
                     "is a trigger of a combination and reads one itself");
      }
    }
    // What a policy applies to and what is urgent is told without them.
    if (NodeReadsCombination(out_->applies_to_)) {
      return Wrong("applies_to", "depends on a combination");
    }
    for (size_t i = 0; i < out_->urgent_nodes_.size(); ++i) {
      if (!NodeReadsCombination(out_->urgent_nodes_[i])) continue;
      return Wrong(out_->pack_.urgent(static_cast<int>(i)).id(), "depends on a combination");
    }
    for (size_t i = 0; i < out_->expected_.size(); ++i) {
      if (!NodeReadsCombination(out_->expected_[i].applies)) continue;
      return Wrong("expected " + out_->pack_.expected(static_cast<int>(i)).id(),
                   "depends on a combination");
    }
    return absl::OkStatus();
  }

  bool NodeReadsCombination(int node) const {
    if (node < 0) return false;
    const auto& reads = out_->reads_[static_cast<size_t>(node)];
    return std::any_of(reads.begin() + static_cast<std::ptrdiff_t>(out_->leaves_.size()),
                       reads.end(), [](bool read) { return read; });
  }

  /// Which leaves the value of each node depends on, by way of criteria, too.
  void NoteReads() {
    auto& reads = out_->reads_;
    reads.assign(out_->nodes_.size(),
                 std::vector<bool>(out_->leaves_.size() + out_->combinations_.size()));
    const auto join = [&reads](int from, size_t to) {
      bool more = false;
      for (size_t leaf = 0; from >= 0 && leaf < reads[to].size(); ++leaf) {
        if (!reads[static_cast<size_t>(from)][leaf] || reads[to][leaf]) continue;
        reads[to][leaf] = true;
        more = true;
      }
      return more;
    };
    // A criterion may be named before its own node: until nothing changes.
    for (bool more = true; more;) {
      more = false;
      for (size_t i = 0; i < out_->nodes_.size(); ++i) {
        const Node& node = out_->nodes_[i];
        const auto of_criterion = [&](int criterion) {
          const auto index = static_cast<size_t>(criterion);
          more = join(out_->criterion_nodes_[index], i) || more;
        };
        switch (node.kind) {
          case Node::Kind::kLeaf:
            more = more || !reads[i][static_cast<size_t>(node.index)];
            reads[i][static_cast<size_t>(node.index)] = true;
            break;
          case Node::Kind::kCriterion:
            of_criterion(node.index);
            break;
          case Node::Kind::kDecisive:
            more = join(out_->decisive_nodes_[static_cast<size_t>(node.index)], i) || more;
            break;
          case Node::Kind::kCombination: {
            const size_t place = out_->leaves_.size() + static_cast<size_t>(node.index);
            more = more || !reads[i][place];
            reads[i][place] = true;
            for (int criterion : node.children) of_criterion(criterion);
            break;
          }
          case Node::Kind::kAtLeast:
            for (int criterion : node.children) of_criterion(criterion);
            break;
          default:
            for (int child : node.children) more = join(child, i) || more;
        }
      }
    }
    for (size_t leaf = 0; leaf < out_->leaves_.size(); ++leaf) {
      const auto read_by = [&](int node) {
        return node >= 0 && out_->Reads(node, static_cast<int>(leaf));
      };
      out_->leaves_[leaf].scope =
          read_by(out_->applies_to_) ||
          std::any_of(out_->expected_.begin(), out_->expected_.end(),
                      [&](const ExpectedDeliveries& feed) { return read_by(feed.applies); });
      if (out_->leaves_[leaf].scope && !out_->leaves_[leaf].measure->of_service) {
        out_->scope_follows_service_ = false;
      }
      out_->leaves_[leaf].urgent =
          std::any_of(out_->urgent_nodes_.begin(), out_->urgent_nodes_.end(), read_by);
    }
  }

  std::shared_ptr<CompiledPack> out_{new CompiledPack()};
  std::map<std::string, int> criteria_;
  bool in_state_rule_ = false;
};

absl::StatusOr<std::shared_ptr<const CompiledPack>> CompiledPack::Compile(v1::PolicyPack pack) {
  return PackCompiler(std::move(pack)).Run();
}

bool CompiledPack::ReadsCombination(int criterion) const {
  const auto& reads = reads_[static_cast<size_t>(criterion_nodes_[static_cast<size_t>(criterion)])];
  return std::any_of(reads.begin() + static_cast<std::ptrdiff_t>(leaves_.size()), reads.end(),
                     [](bool read) { return read; });
}

double CompiledPack::Parameter(const std::string& name) const {
  for (const auto& parameter : pack_.parameters()) {
    if (parameter.name() == name) return parameter.value();
  }
  return 0;
}

int CompiledPack::Rank(const std::string& state) const {
  const auto& states = pack_.authority().states();
  const auto it = std::find(states.begin(), states.end(), state);
  return it == states.end() ? -1 : static_cast<int>(it - states.begin());
}

}  // namespace trigpoint
