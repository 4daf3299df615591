#include "services/query/filter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "google/protobuf/descriptor.h"
#include "services/common/field_error.h"
#include "services/common/rpc_status.h"
#include "services/query/present.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

constexpr size_t kLengthMax = 4096;
constexpr int kDepthMax = 32;

struct Token {
  enum class Kind : uint8_t { kEnd, kWord, kQuoted, kOperator, kOpen, kClose, kMinus };
  Kind kind = Kind::kEnd;
  std::string text{};
  size_t at = 0;  ///< Character, from 1.
};

absl::Status Wrong(size_t at, std::string_view what) {
  return MakeStatus(absl::StatusCode::kInvalidArgument,
                    "character " + std::to_string(at) + ": " + std::string(what));
}

bool IsWordCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-' ||
         c == '*' || c == '/' || c == '+' || static_cast<unsigned char>(c) >= 0x80;
}

std::string Lower(std::string_view text) { return absl::AsciiStrToLower(ToAbsl(text)); }

/// Cuts one quoted string; a backslash keeps the next character.
absl::StatusOr<Token> Quoted(std::string_view text, size_t* at) {
  const size_t start = *at;
  Token token{.kind = Token::Kind::kQuoted, .at = start + 1};
  for (size_t i = start + 1; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      token.text.push_back(text[++i]);
    } else if (text[i] == text[start]) {
      *at = i + 1;
      return token;
    } else {
      token.text.push_back(text[i]);
    }
  }
  return Wrong(start + 1, "the quoted text has no end");
}

absl::StatusOr<std::vector<Token>> Cut(std::string_view text) {
  std::vector<Token> tokens;
  size_t i = 0;
  while (i < text.size()) {
    const char c = text[i];
    const size_t at = i + 1;
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
      ++i;
    } else if (c == '"' || c == '\'') {
      TP_ASSIGN_OR_RETURN(Token token, Quoted(text, &i));
      tokens.push_back(std::move(token));
    } else if (c == '(' || c == ')') {
      tokens.push_back(
          {c == '(' ? Token::Kind::kOpen : Token::Kind::kClose, std::string(1, c), at});
      ++i;
    } else if (c == '=' || c == ':' || c == '!' || c == '<' || c == '>') {
      const bool two = c != '=' && c != ':' && i + 1 < text.size() && text[i + 1] == '=';
      if (c == '!' && !two) return Wrong(at, "\"!\" stands only in \"!=\"");
      tokens.push_back({Token::Kind::kOperator, std::string(text.substr(i, two ? 2 : 1)), at});
      i += two ? 2 : 1;
    } else if (c == '-' && (tokens.empty() || tokens.back().kind != Token::Kind::kOperator)) {
      tokens.push_back({Token::Kind::kMinus, "-", at});
      ++i;
    } else if (IsWordCharacter(c)) {
      const size_t start = i;
      while (i < text.size() && IsWordCharacter(text[i])) ++i;
      tokens.push_back({Token::Kind::kWord, std::string(text.substr(start, i - start)), at});
    } else {
      return Wrong(at, "this character has no meaning here; put values in quotes");
    }
  }
  tokens.push_back({Token::Kind::kEnd, "", text.size() + 1});
  return tokens;
}

/// "Requires improvement", "RATING_REQUIRES_IMPROVEMENT" -> "requires_improvement".
std::string EnumValue(std::string value, std::string_view prefix) {
  std::replace(value.begin(), value.end(), ' ', '_');
  return value.starts_with(prefix) ? value.substr(prefix.size()) : value;
}

/// The values of an enum as filters write them.
std::vector<std::string> ValuesOf(const google::protobuf::EnumDescriptor* values,
                                  std::string_view prefix) {
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(values->value_count()));
  for (int i = 0; i < values->value_count(); ++i)
    names.push_back(EnumValue(Lower(values->value(i)->name()), prefix));
  return names;
}

}  // namespace

bool MatchesPattern(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  std::optional<size_t> star;
  size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star.has_value()) {
      p = *star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(p), pattern.end(),
                     [](char c) { return c == '*'; });
}

/// Recursive descent: expression = or_group {AND or_group}; or_group = unary {OR unary}.
class FilterParser {
 public:
  explicit FilterParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  absl::StatusOr<Filter> Run() {
    if (Next().kind == Token::Kind::kEnd) return std::move(filter_);
    TP_RETURN_IF_ERROR(Conjunction(0).status());
    if (Next().kind != Token::Kind::kEnd) return Wrong(Next().at, "AND or OR is missing here");
    return std::move(filter_);
  }

 private:
  using Node = Filter::Node;
  using Field = Filter::Field;
  using Op = Filter::Op;

  const Token& Next() const { return tokens_[at_]; }
  bool TakeKeyword(std::string_view word) {
    if (Next().kind != Token::Kind::kWord || Next().text != word) return false;
    ++at_;
    return true;
  }
  size_t Add(Node node) {
    filter_.nodes_.push_back(std::move(node));
    return filter_.nodes_.size() - 1;
  }

  absl::StatusOr<size_t> Conjunction(int depth) {
    if (depth > kDepthMax) return Wrong(Next().at, "too deeply nested");
    Node all{.kind = Filter::Kind::kAnd};
    do {
      TP_ASSIGN_OR_RETURN(const size_t child, Disjunction(depth));
      all.children.push_back(child);
    } while (TakeKeyword("AND"));
    return Add(std::move(all));
  }

  absl::StatusOr<size_t> Disjunction(int depth) {
    Node any{.kind = Filter::Kind::kOr};
    do {
      TP_ASSIGN_OR_RETURN(const size_t child, Unary(depth));
      any.children.push_back(child);
    } while (TakeKeyword("OR"));
    return Add(std::move(any));
  }

  absl::StatusOr<size_t> Unary(int depth) {
    if (depth > kDepthMax) return Wrong(Next().at, "too deeply nested");
    if (Next().kind == Token::Kind::kMinus ||
        (Next().kind == Token::Kind::kWord && Next().text == "NOT")) {
      ++at_;
      TP_ASSIGN_OR_RETURN(const size_t child, Unary(depth + 1));
      return Add({.kind = Filter::Kind::kNot, .children = {child}});
    }
    if (Next().kind != Token::Kind::kOpen) return Restriction();
    ++at_;
    TP_ASSIGN_OR_RETURN(const size_t inner, Conjunction(depth + 1));
    if (Next().kind != Token::Kind::kClose) return Wrong(Next().at, "\")\" is missing here");
    ++at_;
    return inner;
  }

  absl::StatusOr<size_t> Restriction() {
    const Token field = Next();
    if (field.kind != Token::Kind::kWord) return Wrong(field.at, "a field is missing here");
    Node node;
    TP_ASSIGN_OR_RETURN(node.field, FieldOf(field));
    ++at_;
    if (Next().kind != Token::Kind::kOperator)
      return Wrong(Next().at, "an operator (=, != or :) is missing here");
    TP_ASSIGN_OR_RETURN(node.op, OperatorOf(Next(), node.field));
    ++at_;
    const Token value = Next();
    if (value.kind != Token::Kind::kWord && value.kind != Token::Kind::kQuoted) {
      return Wrong(value.at, "a value is missing here");
    }
    ++at_;
    TP_RETURN_IF_ERROR(TakeValue(value, &node));
    return Add(std::move(node));
  }

  static absl::StatusOr<Field> FieldOf(const Token& token) {
    constexpr std::pair<std::string_view, Field> kFields[] = {
        {"name", Field::kName},
        {"local_authority", Field::kLocalAuthority},
        {"organisation", Field::kOrganisation},
        {"service_type", Field::kServiceType},
        {"rating", Field::kRating},
        {"commissioner", Field::kCommissioner},
        {"open_alerts", Field::kOpenAlerts},
        {"inheritance_open", Field::kInheritanceOpen},
        {"duplicates_open", Field::kDuplicatesOpen},
        {"silent_feeds", Field::kSilentFeeds},
        {"policy", Field::kPolicy},
        {"level", Field::kLevel},
        {"recommended", Field::kRecommended},
        {"awaiting", Field::kAwaiting},
        {"urgent", Field::kUrgent},
    };
    std::string known;
    for (const auto& [name, field] : kFields) {
      if (token.text == name) return field;
      known += (known.empty() ? "" : ", ") + std::string(name);
    }
    return Wrong(token.at,
                 "there is no field \"" + Shortened(token.text, 64) + "\"; there are " + known);
  }

  static bool IsNumber(Field field) {
    return field == Field::kOpenAlerts || field == Field::kSilentFeeds;
  }

  static absl::StatusOr<Op> OperatorOf(const Token& token, Field field) {
    if (token.text == "=") return Op::kEqual;
    if (token.text == "!=") return Op::kNotEqual;
    if (token.text == ":") return Op::kHas;
    if (!IsNumber(field))
      return Wrong(token.at, "only open_alerts and silent_feeds can be compared by size");
    if (token.text == "<") return Op::kLess;
    if (token.text == "<=") return Op::kLessEqual;
    return token.text == ">" ? Op::kGreater : Op::kGreaterEqual;
  }

  static absl::Status TakeValue(const Token& token, Node* node) {
    node->value = Lower(token.text);
    if (node->value == "*") return absl::OkStatus();
    if (node->field == Field::kServiceType)
      return TakeEnum(token, v1::ServiceType_descriptor(), "service_type_", node);
    if (node->field == Field::kRating)
      return TakeEnum(token, v1::Rating_descriptor(), "rating_", node);
    const bool truth = node->field == Field::kAwaiting || node->field == Field::kUrgent ||
                       node->field == Field::kInheritanceOpen ||
                       node->field == Field::kDuplicatesOpen;
    if (truth && node->value != "true" && node->value != "false")
      return Wrong(token.at, "true or false is meant here");
    if (IsNumber(node->field) && !absl::SimpleAtoi(ToAbsl(node->value), &node->number)) {
      return Wrong(token.at, "a number is meant here");
    }
    return absl::OkStatus();
  }

  /// A value, or with `*` or ":" a part of one, that the enum has.
  static absl::Status TakeEnum(const Token& token, const google::protobuf::EnumDescriptor* of,
                               std::string_view prefix, Node* node) {
    node->value = EnumValue(std::move(node->value), prefix);
    std::string known;
    for (const auto& name : ValuesOf(of, prefix)) {
      if (node->op == Op::kHas ? absl::StrContains(name, node->value)
                               : MatchesPattern(node->value, name)) {
        return absl::OkStatus();
      }
      known += (known.empty() ? "" : ", ") + name;
    }
    return Wrong(token.at, "there is no such value; there are " + known);
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  Filter filter_;
};

absl::StatusOr<Filter> Filter::Parse(std::string_view text) {
  if (text.size() > kLengthMax) return Wrong(kLengthMax, "a filter is not longer than this");
  TP_ASSIGN_OR_RETURN(std::vector<Token> tokens, Cut(text));
  return FilterParser(std::move(tokens)).Run();
}

bool Filter::Matches(const v1::ProviderSummary& provider, bool outside) const {
  if (nodes_.empty()) return true;
  const size_t root = nodes_.size() - 1;
  if (provider.levels().empty())
    return Holds(root, {provider, v1::ProviderSummary::Level::default_instance(), outside});
  return std::any_of(provider.levels().begin(), provider.levels().end(), [&](const auto& level) {
    return Holds(root, {provider, level, outside});
  });
}

bool Filter::Matches(const v1::ProviderSummary& provider, const v1::ProviderSummary::Level& level,
                     bool outside) const {
  return nodes_.empty() || Holds(nodes_.size() - 1, {provider, level, outside});
}

absl::StatusOr<Filter> FilterOf(const std::string& text) {
  absl::StatusOr<Filter> filter = Filter::Parse(text);
  if (!filter.ok())
    return FieldError("filter", "FILTER_INVALID", FromAbsl(filter.status().message()));
  return filter;
}

bool Filter::Holds(size_t index, const Asked& asked) const {
  const Node& node = nodes_[index];
  const auto holds = [&](size_t child) { return Holds(child, asked); };
  switch (node.kind) {
    case Kind::kAnd:
      return std::all_of(node.children.begin(), node.children.end(), holds);
    case Kind::kOr:
      return std::any_of(node.children.begin(), node.children.end(), holds);
    case Kind::kNot:
      return !holds(node.children[0]);
    case Kind::kTest:
      return Test(node, asked);
  }
  return false;
}

bool Filter::Test(const Node& node, const Asked& asked) {
  const auto& [provider, level, outside] = asked;
  const auto text = [&node](const std::string& shown) {
    const std::string value = Lower(shown);
    if (node.op == Op::kHas && node.value == "*") return !value.empty();
    if (node.op == Op::kHas) return absl::StrContains(value, node.value);
    return MatchesPattern(node.value, value) == (node.op == Op::kEqual);
  };
  const auto truth = [&text](bool value) { return text(value ? "true" : "false"); };
  const auto number = [&node](int64_t value) {
    switch (node.op) {
      case Op::kNotEqual:
        return value != node.number;
      case Op::kLess:
        return value < node.number;
      case Op::kLessEqual:
        return value <= node.number;
      case Op::kGreater:
        return value > node.number;
      case Op::kGreaterEqual:
        return value >= node.number;
      default:
        return node.value == "*" ? value > 0 : value == node.number;
    }
  };
  switch (node.field) {
    case Field::kName:
      return text(provider.display_name());
    case Field::kLocalAuthority:
      return text(provider.local_authority());
    case Field::kOrganisation:
      return text(provider.organisation());
    case Field::kServiceType:
      return text(ServiceTypeName(provider.service_type()));
    case Field::kRating:
      return text(RatingName(provider.overall_rating()));
    case Field::kCommissioner: {
      const auto& all = provider.commissioners();
      return node.op == Op::kNotEqual ? std::all_of(all.begin(), all.end(), text)
                                      : std::any_of(all.begin(), all.end(), text);
    }
    case Field::kOpenAlerts:
      return number(provider.open_alerts());
    case Field::kInheritanceOpen:
      return truth(provider.inheritance_open());
    case Field::kDuplicatesOpen:
      return truth(!outside && provider.duplicates_open() > 0);
    case Field::kSilentFeeds:
      return number(provider.silent_feeds());
    case Field::kPolicy:
      return text(level.policy_id());
    case Field::kLevel:
      return text(level.decided_state());
    case Field::kRecommended:
      return text(level.awaiting_decision() ? level.recommended_state() : "");
    case Field::kAwaiting:
      return truth(level.awaiting_decision());
    case Field::kUrgent:
      return truth(level.urgent());
  }
  return false;
}

}  // namespace trigpoint
