#include "expr/like_pattern.h"

#include <algorithm>
#include <utility>

namespace elanus::expr {
namespace {

constexpr size_t kNoMatch = std::string_view::npos;

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

bool IsWildcard(char c) {
  return c == '%' || c == '_';
}

// Whether a % or _ without a backslash before it stands in `body`.
bool HasWildcard(std::string_view body) {
  for (size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '\\') {
      ++i;
    } else if (IsWildcard(body[i])) {
      return true;
    }
  }
  return false;
}

// The 2.6 plain-text reading: \% and \_ mean % and _, other backslashes mean themselves.
std::string PlainText(std::string_view body) {
  std::string out;
  for (size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '\\' && i + 1 < body.size() && IsWildcard(body[i + 1])) ++i;
    out.push_back(body[i]);
  }
  return out;
}

}  // namespace

struct LikePattern::Parsed {
  std::vector<Piece> pieces;
  bool open_begin = false;
  bool open_end = false;
};

absl::StatusOr<LikePattern> LikePattern::Compile(std::string_view pattern, bool reports_30) {
  LikePattern out;
  out.pattern_ = std::string(pattern);
  out.characters_ = reports_30;
  if (!reports_30) {
    const size_t begin = std::min(pattern.find_first_not_of('%'), pattern.size());
    const size_t last = pattern.find_last_not_of('%');
    const size_t end = last == std::string_view::npos ? begin : std::max(begin, last + 1);
    const std::string_view body = pattern.substr(begin, end - begin);
    const bool open_begin = begin > 0;
    const bool open_end = end < pattern.size();
    // Substring tests are not among the plain-text ones: there any backslash escapes.
    if (!HasWildcard(body) && !(open_begin && open_end && !body.empty())) {
      out.text_ = PlainText(body);
      out.kind_ = body.empty() && (open_begin || open_end) ? Kind::kAny
                  : open_begin                             ? Kind::kSuffix
                  : open_end                               ? Kind::kPrefix
                                                           : Kind::kEqual;
      return out;
    }
  }
  Parsed parsed;
  Piece piece;
  bool ends_open = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    ends_open = c == '%';
    if (c == '%') {
      if (i == 0) parsed.open_begin = true;
      if (!piece.bytes.empty()) parsed.pieces.push_back(std::exchange(piece, {}));
      continue;
    }
    const bool any = c == '_';
    if (c == '\\') {
      if (i + 1 < pattern.size()) {
        c = pattern[++i];
      } else if (reports_30) {
        return UserError(ErrorCode::kParameterInvalid,
                         "pattern ends with a lone backslash, which escapes nothing");
      }
    }
    piece.bytes.push_back(any ? '\0' : c);
    piece.any.push_back(any);
    piece.has_any |= any;
  }
  if (!piece.bytes.empty()) parsed.pieces.push_back(std::move(piece));
  parsed.open_end = ends_open;
  out.UsePieces(parsed);
  return out;
}

LikePattern LikePattern::Prefix(std::string_view prefix) {
  LikePattern out;
  out.kind_ = Kind::kPrefix;
  out.text_ = std::string(prefix);
  out.pattern_ = out.text_ + "%";
  return out;
}

void LikePattern::UsePieces(const Parsed& parsed) {
  pieces_ = parsed.pieces;
  open_begin_ = parsed.open_begin;
  open_end_ = parsed.open_end;
  for (const Piece& piece : pieces_) min_size_ += piece.bytes.size();
  if (pieces_.empty()) {
    kind_ = open_begin_ ? Kind::kAny : Kind::kEqual;
    return;
  }
  if (pieces_.size() > 1 || pieces_[0].has_any) {
    kind_ = Kind::kGeneral;
    return;
  }
  text_ = pieces_[0].bytes;
  kind_ = open_begin_ && open_end_ ? Kind::kContains
          : open_begin_            ? Kind::kSuffix
          : open_end_              ? Kind::kPrefix
                                   : Kind::kEqual;
}

std::vector<std::string> LikePattern::Literals() const {
  if (kind_ != Kind::kGeneral) {
    return text_.empty() ? std::vector<std::string>() : std::vector<std::string>{text_};
  }
  std::vector<std::string> out;
  for (const Piece& piece : pieces_) {
    std::string run;
    for (size_t i = 0; i < piece.bytes.size(); ++i) {
      if (!piece.any[i]) {
        run.push_back(piece.bytes[i]);
      } else if (!run.empty()) {
        out.push_back(std::exchange(run, {}));
      }
    }
    if (!run.empty()) out.push_back(std::move(run));
  }
  return out;
}

bool LikePattern::Matches(std::string_view value) const {
  switch (kind_) {
    case Kind::kAny:
      return true;
    case Kind::kEqual:
      return value == text_;
    case Kind::kPrefix:
      return value.starts_with(text_);
    case Kind::kSuffix:
      return value.ends_with(text_);
    case Kind::kContains:
      return value.find(text_) != std::string_view::npos;
    case Kind::kGeneral:
      return MatchesGeneral(value);
  }
  return false;
}

// Where the piece ends if it matches at `at`.
size_t LikePattern::MatchAt(const Piece& piece, std::string_view value, size_t at) const {
  for (size_t i = 0; i < piece.bytes.size(); ++i) {
    if (at >= value.size()) return kNoMatch;
    if (!piece.any[i]) {
      if (value[at++] != piece.bytes[i]) return kNoMatch;
      continue;
    }
    ++at;
    while (characters_ && at < value.size() && IsContinuation(value[at])) ++at;
  }
  return at;
}

// Whether the piece matches the end of `value`, from `begin` or later.
bool LikePattern::MatchAtEnd(const Piece& piece, std::string_view value, size_t begin) const {
  size_t at = value.size();
  for (size_t i = piece.bytes.size(); i-- > 0;) {
    if (at <= begin) return false;
    --at;
    if (!piece.any[i]) {
      if (value[at] != piece.bytes[i]) return false;
      continue;
    }
    while (characters_ && at > begin && IsContinuation(value[at])) --at;
  }
  return true;
}

size_t LikePattern::Find(const Piece& piece, std::string_view value, size_t at, size_t* end) const {
  if (!piece.has_any) {
    const size_t found = value.find(piece.bytes, at);
    *end = found + piece.bytes.size();
    return found;
  }
  for (; at + piece.bytes.size() <= value.size(); ++at) {
    if (!piece.any[0]) {
      at = value.find(piece.bytes[0], at);
      if (at == std::string_view::npos) return kNoMatch;
    } else if (characters_ && IsContinuation(value[at])) {
      continue;  // Inside a character.
    }
    *end = MatchAt(piece, value, at);
    if (*end != kNoMatch) return at;
  }
  return kNoMatch;
}

bool LikePattern::MatchesGeneral(std::string_view value) const {
  // A wildcard takes at least one byte, so this holds for both lines.
  if (value.size() < min_size_) return false;
  size_t first = 0;
  size_t at = 0;
  if (!open_begin_) {
    at = MatchAt(pieces_[0], value, 0);
    if (at == kNoMatch) return false;
    first = 1;
    if (pieces_.size() == 1) return open_end_ || at == value.size();
  }
  const size_t last = pieces_.size() - (open_end_ ? 0 : 1);
  // Taking each inner piece at its first place leaves the most room for those behind it.
  for (size_t i = first; i < last; ++i) {
    size_t end = 0;
    if (Find(pieces_[i], value, at, &end) == kNoMatch) return false;
    at = end;
  }
  return open_end_ || MatchAtEnd(pieces_.back(), value, at);
}

}  // namespace elanus::expr
