#include "expr/source_text.h"

#include <algorithm>

namespace elanus::expr {
namespace {

constexpr size_t kShownBytes = 2048;

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Length of the UTF-8 character at `at`, or 0 if there is none. Overlong forms pass: it is for a
// message.
size_t CharacterLength(std::string_view text, size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const size_t length = first < 0x80             ? 1
                        : first < 0xC2           ? 0
                        : (first & 0xE0) == 0xC0 ? 2
                        : (first & 0xF0) == 0xE0 ? 3
                        : first < 0xF5           ? 4
                                                 : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[at + i])) return 0;
  }
  return length;
}

// Messages travel in fields that must be UTF-8.
std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t length = CharacterLength(text, at);
    if (length == 0) {
      out.push_back('?');
      ++at;
    } else {
      out.append(text.substr(at, length));
      at += length;
    }
  }
  return out;
}

// A gist repeats tokens, which may be as long as the filter. A character that the cut splits shows
// as one or more question marks.
std::string Shown(std::string_view text) {
  return Printable(text.substr(0, kShownBytes)) + (text.size() > kShownBytes ? "..." : "");
}

}  // namespace

absl::Status SourceText::Error(size_t offset, std::string_view gist) const {
  offset = std::min(offset, text_.size());
  const std::string_view before = text_.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t newline = before.rfind('\n');
  const std::string_view in_line =
      newline == std::string_view::npos ? before : before.substr(newline + 1);
  const auto column =
      1 + std::count_if(in_line.begin(), in_line.end(), [](char c) { return !IsContinuation(c); });
  return UserError(ErrorCode::kParameterInvalid,
                   "cannot parse expression: {}, error: {} (line {}, column {})", Shown(text_),
                   Shown(gist), line, column);
}

}  // namespace elanus::expr
