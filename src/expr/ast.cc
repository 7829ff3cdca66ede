#include "expr/ast.h"

#include <fmt/format.h>

namespace elanus::expr {
namespace {

std::string_view OperatorText(AstOp op) {
  switch (op) {
    case AstOp::kNone:
      return "";
    case AstOp::kPlus:
      return "+";
    case AstOp::kMinus:
      return "-";
    case AstOp::kNot:
      return "not";
    case AstOp::kBitNot:
      return "~";
    case AstOp::kAdd:
      return "+";
    case AstOp::kSubtract:
      return "-";
    case AstOp::kMultiply:
      return "*";
    case AstOp::kDivide:
      return "/";
    case AstOp::kModulo:
      return "%";
    case AstOp::kPower:
      return "**";
    case AstOp::kShiftLeft:
      return "<<";
    case AstOp::kShiftRight:
      return ">>";
    case AstOp::kBitAnd:
      return "&";
    case AstOp::kBitXor:
      return "^";
    case AstOp::kBitOr:
      return "|";
    case AstOp::kEqual:
      return "==";
    case AstOp::kNotEqual:
      return "!=";
    case AstOp::kLess:
      return "<";
    case AstOp::kLessEqual:
      return "<=";
    case AstOp::kGreater:
      return ">";
    case AstOp::kGreaterEqual:
      return ">=";
    case AstOp::kAnd:
      return "and";
    case AstOp::kOr:
      return "or";
  }
  return "";
}

std::string Head(const Ast& ast, const AstNode& node) {
  switch (node.kind) {
    case AstKind::kLiteral:
    case AstKind::kPath:
      return std::string(ast.TextOf(node));
    case AstKind::kName:
      return std::string(node.text);
    case AstKind::kTemplate:
      return fmt::format("{{{}}}", node.text);
    case AstKind::kList:
      return "list";
    case AstKind::kUnary:
    case AstKind::kBinary:
    case AstKind::kLogical:
      return std::string(OperatorText(node.op));
    case AstKind::kRange:
      return fmt::format("{}{}", OperatorText(node.op), OperatorText(node.op2));
    case AstKind::kIn:
      return node.negated ? "not-in" : "in";
    case AstKind::kLike:
      return "like";
    case AstKind::kRegex:
      return node.negated ? "!~" : "=~";
    case AstKind::kTimeCompare:
      return fmt::format("time{}{}", OperatorText(node.op), OperatorText(node.op2));
    case AstKind::kNullTest:
      return node.negated ? "is-not-null" : "is-null";
    case AstKind::kExists:
      return "exists";
    case AstKind::kCall:
      return std::string(node.text);
  }
  return "";
}

void Append(const Ast& ast, NodeId id, std::string& out) {
  const AstNode& node = ast[id];
  const bool leaf = node.kind == AstKind::kLiteral || node.kind == AstKind::kName ||
                    node.kind == AstKind::kPath || node.kind == AstKind::kTemplate;
  if (leaf) {
    out += Head(ast, node);
    return;
  }
  out += '(';
  out += Head(ast, node);
  for (const NodeId child : ast.Children(node)) {
    out += ' ';
    Append(ast, child, out);
  }
  out += ')';
}

}  // namespace

std::string ToText(const Ast& ast) {
  std::string out;
  if (!ast.empty) Append(ast, ast.root, out);
  return out;
}

}  // namespace elanus::expr
