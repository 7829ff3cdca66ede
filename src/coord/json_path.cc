#include "coord/json_path.h"

namespace elanus::coord {
namespace {

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$';
}

// Reads one "[...]" at `at`: a quoted key or an array index. False if it is malformed.
bool ReadBrackets(std::string_view text, size_t& at, std::string& segment) {
  ++at;  // "["
  if (at >= text.size()) return false;
  const char quote = text[at];
  if (quote == '"' || quote == '\'') {
    for (++at; at < text.size() && text[at] != quote; ++at) {
      if (text[at] == '\\' && ++at >= text.size()) return false;
      segment += text[at];
    }
    ++at;  // The closing quote; behind the end if there was none.
  } else {
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) segment += text[at];
    if (segment.empty()) return false;
  }
  if (at >= text.size() || text[at] != ']') return false;
  ++at;
  return true;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseJsonPath(std::string_view text) {
  const auto malformed = [text] {
    return UserError(ErrorCode::kParameterInvalid, "cannot parse identifier: {}",
                     text.substr(0, 256));
  };
  size_t at = 0;
  while (at < text.size() && IsNameByte(text[at])) ++at;
  if (at == 0) return malformed();
  std::vector<std::string> segments = {std::string(text.substr(0, at))};
  while (at < text.size()) {
    std::string segment;
    if (text[at] != '[' || !ReadBrackets(text, at, segment)) return malformed();
    segments.push_back(std::move(segment));
  }
  return segments;
}

std::string JsonPointer(const std::vector<std::string>& segments, size_t first) {
  std::string out;
  for (size_t i = first; i < segments.size(); ++i) {
    out += '/';
    for (const char c : segments[i]) {
      if (c == '~')
        out += "~0";
      else if (c == '/')
        out += "~1";
      else
        out += c;
    }
  }
  return out;
}

}  // namespace elanus::coord
