// LIKE: % is any run of bytes, _ one character, the whole value must match.
//
// The two lines differ in what `_` and a backslash mean (docs/decisions/006-filter-engine.md):
//   2.6  `_` is one byte. Patterns that need no inner wildcard are compared as plain text: there
//        only \% and \_ lose their backslash, others stay, and a % at the very end is a wildcard
//        even behind a backslash. Elsewhere a backslash escapes any character, and a lone one at
//        the end stands for itself.
//   3.0  `_` is one UTF-8 code point, a backslash escapes any character, a lone one is an error.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace elanus::expr {

class LikePattern {
 public:
  enum class Kind { kAny, kEqual, kPrefix, kSuffix, kContains, kGeneral };

  // The error is a gist: it carries no code of its own worth keeping.
  static absl::StatusOr<LikePattern> Compile(std::string_view pattern, bool reports_30);
  // Matches what begins with `prefix`, whatever bytes it holds.
  static LikePattern Prefix(std::string_view prefix);

  bool Matches(std::string_view value) const;

  Kind kind() const { return kind_; }
  const std::string& pattern() const { return pattern_; }  // As given.
  // Bytes that stand side by side in every value that matches.
  std::vector<std::string> Literals() const;
  // The text of the kinds but kGeneral; of kGeneral nothing.
  const std::string& text() const { return text_; }

 private:
  // A run without %: literal bytes, and places where any one character may stand.
  struct Piece {
    std::string bytes;      // A wildcard's byte is 0.
    std::vector<bool> any;  // Per byte: a wildcard.
    bool has_any = false;
  };
  struct Parsed;

  void UsePieces(const Parsed& parsed);
  size_t MatchAt(const Piece& piece, std::string_view value, size_t at) const;
  bool MatchAtEnd(const Piece& piece, std::string_view value, size_t begin) const;
  size_t Find(const Piece& piece, std::string_view value, size_t at, size_t* end) const;
  bool MatchesGeneral(std::string_view value) const;

  Kind kind_ = Kind::kEqual;
  bool characters_ = false;  // `_` is a code point.
  bool open_begin_ = false;  // The pattern starts with %.
  bool open_end_ = false;
  size_t min_size_ = 0;
  std::string pattern_;
  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace elanus::expr
