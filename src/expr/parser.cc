#include "expr/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "expr/lexer.h"
#include "expr/source_text.h"
#include "expr/string_literal.h"

namespace elanus::expr {
namespace {

// Binding strength; an operator takes operands of a higher one. All are left associative.
enum Level : int {
  kLevelOr = 1,
  kLevelAnd,
  kLevelBitOr,
  kLevelBitXor,
  kLevelBitAnd,
  kLevelEquality,
  kLevelRelation,
  kLevelRange,
  kLevelIn,
  kLevelShift,
  kLevelSum,
  kLevelProduct,
  kLevelUnary,
  kLevelPower,
  kLevelLike,
  kLevelExists,
};

struct Infix {
  Level level;
  AstKind kind;
  AstOp op;
};

std::optional<Infix> InfixOf(TokenKind kind) {
  const auto binary = [](Level level, AstOp op) { return Infix{level, AstKind::kBinary, op}; };
  switch (kind) {
    case TokenKind::kOr:
      return Infix{kLevelOr, AstKind::kLogical, AstOp::kOr};
    case TokenKind::kAnd:
      return Infix{kLevelAnd, AstKind::kLogical, AstOp::kAnd};
    case TokenKind::kPipe:
      return binary(kLevelBitOr, AstOp::kBitOr);
    case TokenKind::kCaret:
      return binary(kLevelBitXor, AstOp::kBitXor);
    case TokenKind::kAmpersand:
      return binary(kLevelBitAnd, AstOp::kBitAnd);
    case TokenKind::kEqual:
      return binary(kLevelEquality, AstOp::kEqual);
    case TokenKind::kNotEqual:
      return binary(kLevelEquality, AstOp::kNotEqual);
    case TokenKind::kLess:
      return binary(kLevelRelation, AstOp::kLess);
    case TokenKind::kLessEqual:
      return binary(kLevelRelation, AstOp::kLessEqual);
    case TokenKind::kGreater:
      return binary(kLevelRelation, AstOp::kGreater);
    case TokenKind::kGreaterEqual:
      return binary(kLevelRelation, AstOp::kGreaterEqual);
    case TokenKind::kIn:
      return Infix{kLevelIn, AstKind::kIn, AstOp::kNone};
    case TokenKind::kShiftLeft:
      return binary(kLevelShift, AstOp::kShiftLeft);
    case TokenKind::kShiftRight:
      return binary(kLevelShift, AstOp::kShiftRight);
    case TokenKind::kPlus:
      return binary(kLevelSum, AstOp::kAdd);
    case TokenKind::kMinus:
      return binary(kLevelSum, AstOp::kSubtract);
    case TokenKind::kStar:
      return binary(kLevelProduct, AstOp::kMultiply);
    case TokenKind::kSlash:
      return binary(kLevelProduct, AstOp::kDivide);
    case TokenKind::kPercent:
      return binary(kLevelProduct, AstOp::kModulo);
    case TokenKind::kPower:
      return binary(kLevelPower, AstOp::kPower);
    case TokenKind::kLike:
      return Infix{kLevelLike, AstKind::kLike, AstOp::kNone};
    case TokenKind::kRegexMatch:
    case TokenKind::kRegexNotMatch:
      return Infix{kLevelLike, AstKind::kRegex, AstOp::kNone};
    default:
      return std::nullopt;
  }
}

AstOp PrefixOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kPlus:
      return AstOp::kPlus;
    case TokenKind::kMinus:
      return AstOp::kMinus;
    case TokenKind::kTilde:
      return AstOp::kBitNot;
    case TokenKind::kNot:
      return AstOp::kNot;
    default:
      return AstOp::kNone;
  }
}

bool IsUpward(AstOp op) {
  return op == AstOp::kLess || op == AstOp::kLessEqual;
}
bool IsDownward(AstOp op) {
  return op == AstOp::kGreater || op == AstOp::kGreaterEqual;
}
bool SameDirection(AstOp a, AstOp b) {
  return (IsUpward(a) && IsUpward(b)) || (IsDownward(a) && IsDownward(b));
}

class Parser {
 public:
  Parser(std::shared_ptr<const std::string> text, const CompileOptions& options)
      : source_(*text), lexer_(source_, {.raw_strings = true}), max_depth_(options.max_depth) {
    ast_.source = std::move(text);
  }

  absl::StatusOr<Ast> Run() {
    ELANUS_RETURN_IF_ERROR(Fill());
    if (Peek().kind == TokenKind::kEnd) {
      ast_.empty = true;
      return std::move(ast_);
    }
    ELANUS_ASSIGN_OR_RETURN(ast_.root, Expression(kLevelOr));
    if (Peek().kind != TokenKind::kEnd) return Unexpected("an operator or the end");
    return std::move(ast_);
  }

 private:
  // Counts the nesting of brackets and prefixes while it lives.
  class Nesting {
   public:
    explicit Nesting(int& depth) : depth_(++depth) {}
    ~Nesting() { --depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    int& depth_;
  };

  const Token& Peek(int ahead = 0) const { return tokens_[ahead]; }

  absl::Status Fill() {
    for (Token& token : tokens_) {
      ELANUS_ASSIGN_OR_RETURN(token, lexer_.Next());
    }
    return absl::OkStatus();
  }
  absl::Status Advance() {
    last_end_ = tokens_[0].offset + static_cast<uint32_t>(tokens_[0].text.size());
    std::rotate(tokens_.begin(), tokens_.begin() + 1, tokens_.end());
    ELANUS_ASSIGN_OR_RETURN(tokens_.back(), lexer_.Next());
    return absl::OkStatus();
  }
  absl::Status Expect(TokenKind kind, std::string_view what) {
    return Peek().kind == kind ? Advance() : Unexpected(what);
  }

  absl::Status Unexpected(std::string_view expected) const {
    const Token& token = Peek();
    if (token.kind == TokenKind::kEnd) {
      return source_.Error(
          token.offset, fmt::format("invalid expression: expected {}, the filter ends", expected));
    }
    if (token.kind == TokenKind::kAssign) {
      return source_.Error(token.offset,
                           "invalid expression: '=' is no comparison, equality is '=='");
    }
    if (token.kind == TokenKind::kReserved || token.kind == TokenKind::kFunction) {
      return source_.Error(
          token.offset, fmt::format("invalid expression: {} is a keyword of the filter language, "
                                    "expected {}",
                                    token.text, expected));
    }
    return source_.Error(token.offset, fmt::format("invalid expression: expected {}, found '{}'",
                                                   expected, token.text.substr(0, 64)));
  }

  absl::Status CheckNesting() const {
    if (nesting_ <= max_depth_) return absl::OkStatus();
    return source_.Error(Peek().offset,
                         fmt::format("expression is nested deeper than {}", max_depth_));
  }

  // Appends a node whose text began at `begin` and ends with the last token taken.
  absl::StatusOr<NodeId> Add(AstNode node, uint32_t begin) {
    node.begin = begin;
    node.end = last_end_;
    if (node.kind == AstKind::kLiteral && in_list_) {
      if (++num_items_ > kMaxListItems) {
        return source_.Error(begin, fmt::format("lists hold more than {} values", kMaxListItems));
      }
    } else if (++num_nodes_ > kMaxNodes) {
      return source_.Error(begin, fmt::format("expression has more than {} parts", kMaxNodes));
    }
    ast_.nodes.push_back(node);
    return static_cast<NodeId>(ast_.nodes.size() - 1);
  }
  absl::StatusOr<NodeId> AddParent(AstNode node, uint32_t begin, std::span<const NodeId> children) {
    node.first = static_cast<uint32_t>(ast_.children.size());
    node.count = static_cast<uint32_t>(children.size());
    for (const NodeId child : children) node.depth = std::max(node.depth, ast_[child].depth);
    if (++node.depth > max_depth_) {
      return source_.Error(node.offset,
                           fmt::format("expression is nested deeper than {}", max_depth_));
    }
    ast_.children.insert(ast_.children.end(), children.begin(), children.end());
    return Add(node, begin);
  }

  absl::StatusOr<NodeId> Expression(int min_level) {
    const uint32_t begin = Peek().offset;
    ELANUS_ASSIGN_OR_RETURN(NodeId left, Prefix());
    while (true) {
      const bool negated = Peek().kind == TokenKind::kNot && Peek(1).kind == TokenKind::kIn;
      const std::optional<Infix> infix = InfixOf(Peek(negated ? 1 : 0).kind);
      if (!infix.has_value()) return left;
      const std::optional<AstOp> range = RangeAhead(*infix);
      const int level = range.has_value() ? kLevelRange : infix->level;
      if (level < min_level) return left;
      AstNode node;
      node.kind = range.has_value() ? AstKind::kRange : infix->kind;
      node.op = infix->op;
      node.op2 = range.value_or(AstOp::kNone);
      node.negated = negated || Peek().kind == TokenKind::kRegexNotMatch;
      node.offset = Peek().offset;
      if (negated) ELANUS_RETURN_IF_ERROR(Advance());
      ELANUS_ASSIGN_OR_RETURN(left, Operands(node, level, left, begin));
    }
  }

  // `lo < x < hi`: behind the operator come a name or path and an operator of the same direction.
  std::optional<AstOp> RangeAhead(const Infix& infix) const {
    if (infix.level != kLevelRelation) return std::nullopt;
    const TokenKind middle = Peek(1).kind;
    if (middle != TokenKind::kName && middle != TokenKind::kPath &&
        middle != TokenKind::kStructPath) {
      return std::nullopt;
    }
    const std::optional<Infix> second = InfixOf(Peek(2).kind);
    if (!second.has_value() || !SameDirection(infix.op, second->op)) return std::nullopt;
    return second->op;
  }

  // The right side of `node`, whose operator is the next token.
  absl::StatusOr<NodeId> Operands(const AstNode& node, int level, NodeId left, uint32_t begin) {
    std::vector<NodeId> children = {left};
    const TokenKind op = Peek().kind;
    ELANUS_RETURN_IF_ERROR(Advance());
    if (node.kind == AstKind::kRange) {
      ELANUS_ASSIGN_OR_RETURN(const NodeId middle, Primary());
      children.push_back(middle);
      ELANUS_RETURN_IF_ERROR(Advance());
    }
    ELANUS_ASSIGN_OR_RETURN(NodeId right, Expression(level + 1));
    children.push_back(right);
    // A chain of one logical operator is one node, however long.
    while (node.kind == AstKind::kLogical && Peek().kind == op) {
      ELANUS_RETURN_IF_ERROR(Advance());
      ELANUS_ASSIGN_OR_RETURN(right, Expression(level + 1));
      children.push_back(right);
    }
    return AddParent(node, begin, children);
  }

  absl::StatusOr<NodeId> Prefix() {
    const Token token = Peek();
    AstNode node;
    node.offset = token.offset;
    node.op = PrefixOf(token.kind);
    if (node.op == AstOp::kNone && token.kind != TokenKind::kExists) return Primary();
    const Nesting nesting(nesting_);
    ELANUS_RETURN_IF_ERROR(CheckNesting());
    ELANUS_RETURN_IF_ERROR(Advance());
    if (node.op == AstOp::kMinus && Peek().kind == TokenKind::kMinInteger) {
      // The one literal that only exists with its sign; `-x ** 2` is -(x ** 2), but nothing
      // representable comes of that here, so the sign may bind tighter.
      ELANUS_RETURN_IF_ERROR(Advance());
      return AddLiteral(std::numeric_limits<int64_t>::min(), token.offset);
    }
    const bool exists = token.kind == TokenKind::kExists;
    ELANUS_ASSIGN_OR_RETURN(const NodeId operand, Expression(exists ? kLevelExists : kLevelUnary));
    AstNode& child = ast_.nodes[operand];
    // Signed numbers are literals at once, so that lists of them need no folding.
    if (node.op == AstOp::kMinus && child.kind == AstKind::kLiteral && Negate(child.literal)) {
      child.begin = token.offset;
      child.offset = token.offset;
      return operand;
    }
    node.kind = exists ? AstKind::kExists : AstKind::kUnary;
    return AddParent(node, token.offset, {{operand}});
  }

  static bool Negate(Literal& literal) {
    if (auto* integer = std::get_if<int64_t>(&literal)) {
      *integer = static_cast<int64_t>(-static_cast<uint64_t>(*integer));
      return true;
    }
    if (auto* number = std::get_if<double>(&literal)) {
      *number = -*number;
      return true;
    }
    return false;
  }

  absl::StatusOr<NodeId> AddLiteral(Literal value, uint32_t begin) {
    AstNode node;
    node.offset = begin;
    node.literal = value;
    return Add(node, begin);
  }

  absl::StatusOr<NodeId> Primary() {
    const Token token = Peek();
    switch (token.kind) {
      case TokenKind::kInteger:
        ELANUS_RETURN_IF_ERROR(Advance());
        return AddLiteral(token.integer, token.offset);
      case TokenKind::kMinInteger:
        return source_.Error(token.offset,
                             fmt::format("number out of range of Int64: {}", token.text));
      case TokenKind::kFloat:
        ELANUS_RETURN_IF_ERROR(Advance());
        return AddLiteral(token.number, token.offset);
      case TokenKind::kBool:
        ELANUS_RETURN_IF_ERROR(Advance());
        return AddLiteral(token.is_true, token.offset);
      case TokenKind::kString: {
        ELANUS_ASSIGN_OR_RETURN(const std::string_view text, Meaning(token.text, token.offset));
        ELANUS_RETURN_IF_ERROR(Advance());
        return AddLiteral(text, token.offset);
      }
      case TokenKind::kName:
        return Peek(1).kind == TokenKind::kLeftParen ? Call() : NullTest();
      case TokenKind::kPath:
      case TokenKind::kStructPath:
        return NullTest();
      case TokenKind::kFunction:
        return Call();
      case TokenKind::kLeftParen:
        return Parenthesised();
      case TokenKind::kLeftBracket:
        return List();
      case TokenKind::kLeftBrace:
        return Template();
      case TokenKind::kReserved:
        if (IsWord(token, "iso")) return TimeBehindConstant();
        return Unexpected("a value, a name or '('");
      default:
        return Unexpected("a value, a name or '('");
    }
  }

  // What a string literal means, as a view that lives as long as the tree.
  absl::StatusOr<std::string_view> Meaning(std::string_view literal, uint32_t offset) {
    if (const auto plain = UnquoteInPlace(literal)) return *plain;
    size_t bad = 0;
    std::optional<std::string> text = Unquote(literal, &bad);
    if (!text.has_value()) {
      return source_.Error(offset + bad,
                           fmt::format("invalid escape in string {}", literal.substr(0, 64)));
    }
    return ast_.strings.emplace_back(std::move(*text));
  }

  // A keyword that is one only inside some construct.
  static bool IsWord(const Token& token, std::string_view lower) {
    if (token.kind != TokenKind::kReserved || token.text.size() != lower.size()) return false;
    for (size_t i = 0; i < lower.size(); ++i) {
      if ((token.text[i] | 0x20) != lower[i]) return false;
    }
    return true;
  }
  static bool IsComparison(const Token& token) {
    const std::optional<Infix> infix = InfixOf(token.kind);
    return infix && (infix->level == kLevelEquality || infix->level == kLevelRelation);
  }

  // The text behind ISO or INTERVAL, which is the next token.
  absl::StatusOr<NodeId> QuotedBehindWord(std::string_view what) {
    ELANUS_RETURN_IF_ERROR(Advance());
    const Token token = Peek();
    if (token.kind != TokenKind::kString) return Unexpected(what);
    ELANUS_ASSIGN_OR_RETURN(const std::string_view text, Meaning(token.text, token.offset));
    ELANUS_RETURN_IF_ERROR(Advance());
    return AddLiteral(text, token.offset);
  }
  // The interval behind a name, if there is one; `node` gets its sign.
  absl::StatusOr<std::optional<NodeId>> TakeInterval(AstNode& node) {
    const bool plus = Peek().kind == TokenKind::kPlus;
    if ((!plus && Peek().kind != TokenKind::kMinus) || !IsWord(Peek(1), "interval")) {
      return std::nullopt;
    }
    node.op2 = plus ? AstOp::kAdd : AstOp::kSubtract;
    ELANUS_RETURN_IF_ERROR(Advance());
    ELANUS_ASSIGN_OR_RETURN(const NodeId interval, QuotedBehindWord("an interval in quotes"));
    return interval;
  }
  absl::StatusOr<NodeId> AddTimeCompare(const AstNode& node, uint32_t begin, NodeId name,
                                        NodeId time, std::optional<NodeId> interval) {
    std::vector<NodeId> children = {name, time};
    if (interval) children.push_back(*interval);
    return AddParent(node, begin, children);
  }

  // `name [± INTERVAL '...'] op ISO '...'` behind the name; nothing if it is something else.
  absl::StatusOr<std::optional<NodeId>> TimeBehindName(NodeId name, uint32_t begin) {
    AstNode node;
    node.kind = AstKind::kTimeCompare;
    ELANUS_ASSIGN_OR_RETURN(const std::optional<NodeId> interval, TakeInterval(node));
    if (!interval && !(IsComparison(Peek()) && IsWord(Peek(1), "iso"))) return std::nullopt;
    if (!IsComparison(Peek())) return Unexpected("a comparison with ISO '...'");
    node.op = InfixOf(Peek().kind)->op;
    node.offset = Peek().offset;
    ELANUS_RETURN_IF_ERROR(Advance());
    if (!IsWord(Peek(), "iso")) return Unexpected("ISO '...'");
    ELANUS_ASSIGN_OR_RETURN(const NodeId time, QuotedBehindWord("a time in quotes"));
    ELANUS_ASSIGN_OR_RETURN(const NodeId whole, AddTimeCompare(node, begin, name, time, interval));
    return whole;
  }

  // `ISO '...' op name [± INTERVAL '...']`.
  absl::StatusOr<NodeId> TimeBehindConstant() {
    const uint32_t begin = Peek().offset;
    AstNode node;
    node.kind = AstKind::kTimeCompare;
    ELANUS_ASSIGN_OR_RETURN(const NodeId time, QuotedBehindWord("a time in quotes"));
    if (!IsComparison(Peek())) return Unexpected("a comparison with a Timestamptz field");
    node.op = Mirrored(InfixOf(Peek().kind)->op);
    node.offset = Peek().offset;
    ELANUS_RETURN_IF_ERROR(Advance());
    if (Peek().kind != TokenKind::kName) return Unexpected("the name of a Timestamptz field");
    ELANUS_ASSIGN_OR_RETURN(const NodeId name, NameOrPath());
    ELANUS_ASSIGN_OR_RETURN(const std::optional<NodeId> interval, TakeInterval(node));
    return AddTimeCompare(node, begin, name, time, interval);
  }
  // The same comparison with its sides exchanged.
  static AstOp Mirrored(AstOp op) {
    switch (op) {
      case AstOp::kLess:
        return AstOp::kGreater;
      case AstOp::kLessEqual:
        return AstOp::kGreaterEqual;
      case AstOp::kGreater:
        return AstOp::kLess;
      case AstOp::kGreaterEqual:
        return AstOp::kLessEqual;
      default:
        return op;
    }
  }

  // A name or path, with "is null" or a comparison of times behind it or not.
  absl::StatusOr<NodeId> NullTest() {
    const uint32_t begin = Peek().offset;
    const bool is_name = Peek().kind == TokenKind::kName;
    ELANUS_ASSIGN_OR_RETURN(const NodeId name, NameOrPath());
    if (is_name) {
      ELANUS_ASSIGN_OR_RETURN(const std::optional<NodeId> time, TimeBehindName(name, begin));
      if (time) return *time;
    }
    const TokenKind kind = Peek().kind;
    if (kind != TokenKind::kIsNull && kind != TokenKind::kIsNotNull) return name;
    AstNode node;
    node.kind = AstKind::kNullTest;
    node.negated = kind == TokenKind::kIsNotNull;
    node.offset = Peek().offset;
    ELANUS_RETURN_IF_ERROR(Advance());
    return AddParent(node, begin, {{name}});
  }

  absl::StatusOr<NodeId> NameOrPath() {
    const Token token = Peek();
    AstNode node;
    node.offset = token.offset;
    node.kind = token.kind == TokenKind::kName ? AstKind::kName : AstKind::kPath;
    size_t at = std::min(token.text.find('['), token.text.size());
    node.text = token.text.substr(0, at);
    node.first = static_cast<uint32_t>(ast_.steps.size());
    while (at < token.text.size()) {
      ELANUS_RETURN_IF_ERROR(
          Step(token.text.substr(at + 1), token.offset + static_cast<uint32_t>(at) + 1, &at));
      if (++node.count > kMaxPathSteps) {
        return source_.Error(token.offset,
                             fmt::format("path has more than {} steps", kMaxPathSteps));
      }
    }
    ELANUS_RETURN_IF_ERROR(Advance());
    return Add(node, token.offset);
  }

  // One `"key"]`, `0]` or `sub]`; `*at` moves from the bracket before it to the one behind it.
  absl::Status Step(std::string_view inside, uint32_t offset, size_t* at) {
    PathStep step;
    if (const auto scan = ScanString(inside, true)) {
      ELANUS_ASSIGN_OR_RETURN(step.key, Meaning(inside.substr(0, scan->length), offset));
      if (step.key.empty()) return source_.Error(offset, "invalid identifier: empty key in path");
      *at += scan->length + 2;
    } else if (inside[0] < '0' || inside[0] > '9') {
      step.is_sub_field = true;  // The lexer has seen where it ends.
      step.key = inside.substr(0, inside.find(']'));
      *at += step.key.size() + 2;
    } else {
      step.is_index = true;
      const auto [end, error] =
          std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
      const auto length = static_cast<size_t>(end - inside.data());
      if (error != std::errc() || (length > 1 && inside[0] == '0')) {
        return source_.Error(offset, "invalid index in path");
      }
      *at += length + 2;
    }
    ast_.steps.push_back(step);
    return absl::OkStatus();
  }

  absl::StatusOr<NodeId> Parenthesised() {
    const Nesting nesting(nesting_);
    ELANUS_RETURN_IF_ERROR(CheckNesting());
    const uint32_t begin = Peek().offset;
    ELANUS_RETURN_IF_ERROR(Advance());
    const bool in_list = std::exchange(in_list_, false);
    ELANUS_ASSIGN_OR_RETURN(const NodeId inside, Expression(kLevelOr));
    in_list_ = in_list;
    ELANUS_RETURN_IF_ERROR(Expect(TokenKind::kRightParen, "')'"));
    ast_.nodes[inside].begin = begin;
    ast_.nodes[inside].end = last_end_;
    return inside;
  }

  absl::StatusOr<NodeId> List() {
    const Nesting nesting(nesting_);
    ELANUS_RETURN_IF_ERROR(CheckNesting());
    AstNode node;
    node.kind = AstKind::kList;
    node.offset = Peek().offset;
    ELANUS_RETURN_IF_ERROR(Advance());
    const bool in_list = std::exchange(in_list_, true);
    std::vector<NodeId> items;
    while (Peek().kind != TokenKind::kRightBracket) {
      ELANUS_ASSIGN_OR_RETURN(const NodeId item, Expression(kLevelOr));
      items.push_back(item);
      if (Peek().kind != TokenKind::kComma) break;
      ELANUS_RETURN_IF_ERROR(Advance());
    }
    in_list_ = in_list;
    ELANUS_RETURN_IF_ERROR(Expect(TokenKind::kRightBracket, "',' or ']'"));
    return AddParent(node, node.offset, items);
  }

  absl::StatusOr<NodeId> Template() {
    AstNode node;
    node.kind = AstKind::kTemplate;
    node.offset = Peek().offset;
    ELANUS_RETURN_IF_ERROR(Advance());
    node.text = Peek().text;
    const bool word =
        !node.text.empty() &&
        (std::isalpha(static_cast<unsigned char>(node.text[0])) || node.text[0] == '_');
    if (!word || Peek().kind == TokenKind::kString || Peek().kind == TokenKind::kPath) {
      return Unexpected("the name of a template variable");
    }
    ELANUS_RETURN_IF_ERROR(Advance());
    ELANUS_RETURN_IF_ERROR(Expect(TokenKind::kRightBrace, "'}'"));
    return Add(node, node.offset);
  }

  absl::StatusOr<NodeId> Call() {
    const Nesting nesting(nesting_);
    ELANUS_RETURN_IF_ERROR(CheckNesting());
    const Token token = Peek();
    AstNode node;
    node.kind = AstKind::kCall;
    node.offset = token.offset;
    if (Peek(1).kind != TokenKind::kLeftParen) return Unexpected("a value, a name or '('");
    std::string& name = ast_.strings.emplace_back(token.text);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    node.text = name;
    ELANUS_RETURN_IF_ERROR(Advance());
    ELANUS_RETURN_IF_ERROR(Advance());
    const bool in_list = std::exchange(in_list_, false);
    std::vector<NodeId> arguments;
    while (Peek().kind != TokenKind::kRightParen) {
      ELANUS_ASSIGN_OR_RETURN(const NodeId argument, Argument());
      arguments.push_back(argument);
      if (Peek().kind != TokenKind::kComma) break;
      ELANUS_RETURN_IF_ERROR(Advance());
    }
    in_list_ = in_list;
    ELANUS_RETURN_IF_ERROR(Expect(TokenKind::kRightParen, "',' or ')'"));
    return AddParent(node, token.offset, arguments);
  }

  // An expression, or `minimum_should_match=N`: the value alone goes into the tree, since the word
  // says no more than its place.
  absl::StatusOr<NodeId> Argument() {
    if (Peek().kind == TokenKind::kReserved && Peek(1).kind == TokenKind::kAssign) {
      ELANUS_RETURN_IF_ERROR(Advance());
      ELANUS_RETURN_IF_ERROR(Advance());
    }
    return Expression(kLevelOr);
  }

  const SourceText source_;
  Lexer lexer_;
  const int max_depth_;
  Ast ast_;
  std::array<Token, 3> tokens_;  // The next ones; a range is told by three.
  uint32_t last_end_ = 0;        // Behind the last token taken.
  int nesting_ = 0;
  bool in_list_ = false;
  size_t num_items_ = 0;
  size_t num_nodes_ = 0;
};

}  // namespace

absl::StatusOr<Ast> Parse(std::string_view text, const CompileOptions& options) {
  if (text.size() > options.max_length) {
    return SourceText(text).Error(
        options.max_length,
        fmt::format("expression is longer than {} bytes: {}", options.max_length, text.size()));
  }
  CompileOptions bounded = options;
  // Nodes keep their depth in 16 bits, and the stack is not endless.
  bounded.max_depth = std::clamp(options.max_depth, 1, 1024);
  return Parser(std::make_shared<const std::string>(text), bounded).Run();
}

}  // namespace elanus::expr
