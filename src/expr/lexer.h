// Filter text -> tokens, one at a time.
//
// Threads: none. Tokens point into the text.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/status.h"
#include "expr/source_text.h"
#include "expr/token.h"

namespace elanus::expr {

struct LexerOptions {
  bool raw_strings = false;  // r"…": the 3.0 line.
};

class Lexer {
 public:
  Lexer(const SourceText& source, LexerOptions options)
      : source_(source), text_(source.text()), options_(options) {}

  // The next token; kEnd at the end, again and again.
  absl::StatusOr<Token> Next();

 private:
  absl::StatusOr<Token> Number(Token token);
  absl::StatusOr<Token> Text(Token token, size_t length, bool terminated);
  absl::StatusOr<Token> Word(Token token);
  absl::StatusOr<Token> Symbol(Token token);
  Token Take(Token token, TokenKind kind, size_t length);
  // Bytes of `["key"][0]…` (kPath) or of `[sub]`, `[3][sub]` (kStructPath) at `at`; 0 if neither.
  size_t PathLength(size_t at, TokenKind* kind) const;

  const SourceText& source_;
  const std::string_view text_;
  const LexerOptions options_;
  size_t at_ = 0;
};

}  // namespace elanus::expr
