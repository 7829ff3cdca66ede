#include "expr/lexer.h"

#include <fmt/format.h>

#include <deque>
#include <string>
#include <unordered_map>

#include "expr/number_literal.h"
#include "expr/string_literal.h"

namespace elanus::expr {
namespace {

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool IsWord(char c) {
  return IsWordStart(c) || IsDigit(c);
}

size_t WordLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && IsWord(text[length])) ++length;
  return length;
}

struct Keyword {
  std::string_view word;
  TokenKind kind;
};

// Every keyword, in lower case; ALL UPPER is the other spelling.
constexpr Keyword kKeywords[] = {
    {"and", TokenKind::kAnd},
    {"or", TokenKind::kOr},
    {"not", TokenKind::kNot},
    {"in", TokenKind::kIn},
    {"like", TokenKind::kLike},
    {"exists", TokenKind::kExists},
    {"array_contains", TokenKind::kFunction},
    {"array_contains_all", TokenKind::kFunction},
    {"array_contains_any", TokenKind::kFunction},
    {"array_length", TokenKind::kFunction},
    {"element_filter", TokenKind::kFunction},
    {"json_contains", TokenKind::kFunction},
    {"json_contains_all", TokenKind::kFunction},
    {"json_contains_any", TokenKind::kFunction},
    {"match_all", TokenKind::kFunction},
    {"match_any", TokenKind::kFunction},
    {"match_exact", TokenKind::kFunction},
    {"match_least", TokenKind::kFunction},
    {"match_most", TokenKind::kFunction},
    {"phrase_match", TokenKind::kFunction},
    {"random_sample", TokenKind::kFunction},
    {"st_contains", TokenKind::kFunction},
    {"st_crosses", TokenKind::kFunction},
    {"st_dwithin", TokenKind::kFunction},
    {"st_equals", TokenKind::kFunction},
    {"st_intersects", TokenKind::kFunction},
    {"st_isvalid", TokenKind::kFunction},
    {"st_overlaps", TokenKind::kFunction},
    {"st_touches", TokenKind::kFunction},
    {"st_within", TokenKind::kFunction},
    {"text_match", TokenKind::kFunction},
    {"text_match_fuzzy", TokenKind::kFunction},
    {"interval", TokenKind::kReserved},
    {"iso", TokenKind::kReserved},
    {"max_edit_distance", TokenKind::kReserved},
    {"minimum_should_match", TokenKind::kReserved},
    {"threshold", TokenKind::kReserved},
};

struct Spelling {
  std::string_view text;
  TokenKind kind;
};

// Of one or two characters. Longer ones first: the longest spelling wins.
constexpr Spelling kSymbols[] = {
    {"&&", TokenKind::kAnd},
    {"||", TokenKind::kOr},
    {"==", TokenKind::kEqual},
    {"!=", TokenKind::kNotEqual},
    {"<=", TokenKind::kLessEqual},
    {">=", TokenKind::kGreaterEqual},
    {"<<", TokenKind::kShiftLeft},
    {">>", TokenKind::kShiftRight},
    {"**", TokenKind::kPower},
    {"=~", TokenKind::kRegexMatch},
    {"!~", TokenKind::kRegexNotMatch},
    {"<", TokenKind::kLess},
    {">", TokenKind::kGreater},
    {"+", TokenKind::kPlus},
    {"-", TokenKind::kMinus},
    {"*", TokenKind::kStar},
    {"/", TokenKind::kSlash},
    {"%", TokenKind::kPercent},
    {"&", TokenKind::kAmpersand},
    {"^", TokenKind::kCaret},
    {"|", TokenKind::kPipe},
    {"~", TokenKind::kTilde},
    {"!", TokenKind::kNot},
    {"=", TokenKind::kAssign},
    {"(", TokenKind::kLeftParen},
    {")", TokenKind::kRightParen},
    {"[", TokenKind::kLeftBracket},
    {"]", TokenKind::kRightBracket},
    {"{", TokenKind::kLeftBrace},
    {"}", TokenKind::kRightBrace},
    {",", TokenKind::kComma},
};

// Finds keywords in every spelling they have. Never destroyed: filters may be read at exit.
class KeywordTable {
 public:
  static const KeywordTable& Get() {
    static const auto* const table = new KeywordTable();
    return *table;
  }
  const Keyword* Find(std::string_view word) const {
    const auto found = keywords_.find(word);
    return found == keywords_.end() ? nullptr : &found->second;
  }

 private:
  KeywordTable() {
    for (const Keyword& keyword : kKeywords) {
      std::string& upper = upper_.emplace_back(keyword.word);
      for (char& c : upper) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      }
      keywords_.emplace(keyword.word, keyword);
      keywords_.emplace(upper, keyword);
    }
    for (const std::string_view word : {"true", "True", "TRUE", "false", "False", "FALSE"}) {
      keywords_.emplace(word, Keyword{word, TokenKind::kBool});
    }
  }

  std::deque<std::string> upper_;
  std::unordered_map<std::string_view, Keyword> keywords_;
};

struct NullTest {
  std::string_view text;
  TokenKind kind;
};
constexpr NullTest kNullTests[] = {{"is null", TokenKind::kIsNull},
                                   {"IS NULL", TokenKind::kIsNull},
                                   {"is not null", TokenKind::kIsNotNull},
                                   {"IS NOT NULL", TokenKind::kIsNotNull}};

}  // namespace

Token Lexer::Take(Token token, TokenKind kind, size_t length) {
  token.kind = kind;
  token.text = text_.substr(at_, length);
  at_ += length;
  return token;
}

absl::StatusOr<Token> Lexer::Next() {
  while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  Token token;
  token.offset = static_cast<uint32_t>(at_);
  if (at_ == text_.size()) return token;
  const std::string_view rest = text_.substr(at_);
  const char c = rest[0];
  if (IsDigit(c) || (c == '.' && rest.size() > 1 && IsDigit(rest[1]))) return Number(token);
  if (const auto scan = ScanString(rest, options_.raw_strings)) {
    return Text(token, scan->length, scan->terminated);
  }
  if (IsWordStart(c) || c == '$') return Word(token);
  return Symbol(token);
}

absl::StatusOr<Token> Lexer::Number(Token token) {
  const std::string_view gist = ReadNumber(text_.substr(at_), token);
  if (!gist.empty()) return source_.Error(at_, fmt::format("{}: {}", gist, token.text));
  at_ += token.text.size();
  return token;
}

absl::StatusOr<Token> Lexer::Text(Token token, size_t length, bool terminated) {
  if (!terminated) return source_.Error(at_, "string without closing quote");
  return Take(token, TokenKind::kString, length);
}

absl::StatusOr<Token> Lexer::Word(Token token) {
  const std::string_view rest = text_.substr(at_);
  size_t length = WordLength(rest);
  if (rest[0] == '$') {
    const size_t name = WordLength(rest.substr(1));
    length = 1 + name;
    const bool element = name == 0 && rest.substr(1).starts_with("[");
    if (rest.substr(0, length) != "$meta" && !element) {
      return source_.Error(at_, fmt::format("unknown name {}", rest.substr(0, length)));
    }
  }
  for (const NullTest& test : kNullTests) {
    const bool whole = rest.size() == test.text.size() ||
                       (rest.size() > test.text.size() && !IsWord(rest[test.text.size()]));
    if (whole && rest.starts_with(test.text)) return Take(token, test.kind, test.text.size());
  }
  const std::string_view word = rest.substr(0, length);
  if (const Keyword* const keyword = KeywordTable::Get().Find(word)) {
    token.is_true = (word[0] | 0x20) == 't';
    return Take(token, keyword->kind, length);
  }
  TokenKind kind = TokenKind::kName;
  const size_t path = PathLength(at_ + length, &kind);
  return Take(token, kind, length + path);
}

size_t Lexer::PathLength(size_t at, TokenKind* kind) const {
  const size_t begin = at;
  while (at < text_.size() && text_[at] == '[') {
    const std::string_view inside = text_.substr(at + 1);
    size_t length = 0;
    bool sub_field = false;
    if (const auto scan = ScanString(inside, options_.raw_strings)) {
      if (!scan->terminated) break;
      length = scan->length;
    } else {
      length = WordLength(inside);
      sub_field = length > 0 && !IsDigit(inside[0]);
      if (!sub_field) {
        length = 0;
        while (length < inside.size() && IsDigit(inside[length])) ++length;
      }
    }
    if (length == 0 || length >= inside.size() || inside[length] != ']') break;
    at += length + 2;
    if (sub_field) {
      *kind = TokenKind::kStructPath;
      return at - begin;
    }
    *kind = TokenKind::kPath;
  }
  return at - begin;
}

absl::StatusOr<Token> Lexer::Symbol(Token token) {
  const std::string_view rest = text_.substr(at_);
  const char second = rest.size() > 1 ? rest[1] : '\0';
  for (const Spelling& symbol : kSymbols) {
    // By character: a call for each would be half of reading a long list.
    if (symbol.text[0] != rest[0]) continue;
    if (symbol.text.size() == 1 || symbol.text[1] == second) {
      return Take(token, symbol.kind, symbol.text.size());
    }
  }
  const auto byte = static_cast<unsigned char>(rest[0]);
  if (byte > 0x20 && byte < 0x7f) {
    return source_.Error(at_,
                         fmt::format("invalid expression: unexpected character '{}'", rest[0]));
  }
  return source_.Error(at_, fmt::format("invalid expression: unexpected byte 0x{:02x}", byte));
}

}  // namespace elanus::expr
