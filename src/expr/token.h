// The words of a filter.
#pragma once

#include <cstdint>
#include <string_view>

namespace elanus::expr {

enum class TokenKind : uint8_t {
  kEnd,
  kInteger,
  kMinInteger,  // 9223372036854775808: only legal right behind a unary minus.
  kFloat,
  kBool,
  kString,
  kName,
  kPath,        // name["key"][0], one token.
  kStructPath,  // name[sub], name[3][sub], $[sub].
  kFunction,    // A function name of the language.
  kReserved,    // Words with a meaning inside some construct: ISO, INTERVAL, threshold...
  kAnd,
  kOr,
  kNot,
  kIn,
  kLike,
  kExists,
  kIsNull,
  kIsNotNull,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kRegexMatch,
  kRegexNotMatch,
  kPlus,
  kMinus,
  kStar,
  kSlash,
  kPercent,
  kPower,
  kAmpersand,
  kCaret,
  kPipe,
  kShiftLeft,
  kShiftRight,
  kTilde,
  kAssign,
  kLeftParen,
  kRightParen,
  kLeftBracket,
  kRightBracket,
  kLeftBrace,
  kRightBrace,
  kComma,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  bool is_true = false;   // kBool.
  uint32_t offset = 0;    // Of the first byte in the filter.
  std::string_view text;  // As written; a kString with its quotes and prefix.
  int64_t integer = 0;    // kInteger.
  double number = 0;      // kFloat.
};

}  // namespace elanus::expr
