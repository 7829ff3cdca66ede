// What a filter says, before names and types mean anything.
//
// Nodes lie in one vector and name their children by index: a list of 10,000 values costs no
// allocation each, and dropping a deep tree recurses nowhere.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace elanus::expr {

using NodeId = uint32_t;

enum class AstKind : uint8_t {
  kLiteral,
  kTemplate,  // text = the variable's name.
  kName,      // text = a field or a dynamic key.
  kPath,      // text = the base; steps.
  kList,
  kUnary,        // op; one child.
  kBinary,       // op; two children: arithmetic, bits, comparison.
  kLogical,      // op kAnd or kOr; two or more children.
  kRange,        // lo op x op2 hi: three children.
  kIn,           // negated; two children.
  kLike,         // two children.
  kRegex,        // negated; two children.
  kTimeCompare,  // name op ISO '...': name and time; with op2 (plus, minus) name, time and
                 // interval.
  kNullTest,     // negated = "is not null"; one child.
  kExists,       // one child.
  kCall,         // text = the function's name in lower case; arguments.
};

enum class AstOp : uint8_t {
  kNone,
  kPlus,
  kMinus,
  kNot,
  kBitNot,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPower,
  kShiftLeft,
  kShiftRight,
  kBitAnd,
  kBitXor,
  kBitOr,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kAnd,
  kOr,
};

// ["key"], [0], or [sub], a field of a struct array.
struct PathStep {
  bool is_index = false;
  bool is_sub_field = false;
  int64_t index = 0;
  std::string_view key;
};

using Literal = std::variant<bool, int64_t, double, std::string_view>;

struct AstNode {
  AstKind kind = AstKind::kLiteral;
  AstOp op = AstOp::kNone;
  AstOp op2 = AstOp::kNone;
  bool negated = false;
  uint16_t depth = 1;
  uint32_t offset = 0;  // Of the token that stands for it: an operator's for binary ones.
  uint32_t begin = 0;   // Its text: [begin, end).
  uint32_t end = 0;
  uint32_t first = 0;  // Into children or steps.
  uint32_t count = 0;
  std::string_view text;
  Literal literal;
};

// Self-contained: texts point into `source` or `strings`.
struct Ast {
  std::shared_ptr<const std::string> source;
  std::vector<AstNode> nodes;
  std::vector<NodeId> children;
  std::vector<PathStep> steps;
  std::deque<std::string> strings;
  NodeId root = 0;
  bool empty = false;  // A blank filter; there is no node then.

  const AstNode& operator[](NodeId id) const { return nodes[id]; }
  std::span<const NodeId> Children(const AstNode& node) const {
    return std::span(children).subspan(node.first, node.count);
  }
  std::span<const PathStep> Steps(const AstNode& node) const {
    return std::span(steps).subspan(node.first, node.count);
  }
  std::string_view TextOf(const AstNode& node) const {
    return std::string_view(*source).substr(node.begin, node.end - node.begin);
  }
};

// Operators fully bracketed, for tests: `a or b and c` gives (or a (and b c)).
std::string ToText(const Ast& ast);

}  // namespace elanus::expr
