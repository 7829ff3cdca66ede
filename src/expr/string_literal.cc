#include "expr/string_literal.h"

#include <cstdint>

namespace elanus::expr {
namespace {

// The bytes before the opening quote; npos if `text` starts with no string.
size_t PrefixLength(std::string_view text, bool allow_raw) {
  const auto quote_at = [&](size_t at) {
    return at < text.size() && (text[at] == '"' || text[at] == '\'');
  };
  if (quote_at(0)) return 0;
  if (text.starts_with("u8") && quote_at(2)) return 2;
  if (text.empty() || !quote_at(1)) return std::string_view::npos;
  const char c = text[0];
  if (c == 'u' || c == 'U' || c == 'L') return 1;
  return allow_raw && (c == 'r' || c == 'R') ? 1 : std::string_view::npos;
}

bool IsRaw(std::string_view literal) {
  return literal[0] == 'r' || literal[0] == 'R';
}

std::string_view Inside(std::string_view literal) {
  const size_t prefix = PrefixLength(literal, true);
  return literal.substr(prefix + 1, literal.size() - prefix - 2);
}

int DigitOf(char c, int base) {
  int digit = 99;
  if (c >= '0' && c <= '9') digit = c - '0';
  if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
  if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
  return digit < base ? digit : -1;
}

// Reads min..max digits of `base` at `*at`.
std::optional<uint32_t> ReadDigits(std::string_view text, size_t* at, int base, int min, int max) {
  uint32_t value = 0;
  int count = 0;
  for (; count < max && *at < text.size(); ++count, ++*at) {
    const int digit = DigitOf(text[*at], base);
    if (digit < 0) break;
    value = value * static_cast<uint32_t>(base) + static_cast<uint32_t>(digit);
  }
  if (count < min) return std::nullopt;
  return value;
}

bool AppendUtf8(uint32_t code, std::string& out) {
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
  return true;
}

// The one-letter escapes; 0 for what is none.
char SimpleEscape(char c) {
  switch (c) {
    case '\'':
    case '"':
    case '?':
    case '\\':
      return c;
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return 0;
  }
}

// One escape; `*at` is behind the backslash and moves behind the escape. A line break is dropped.
bool AppendEscape(std::string_view text, size_t* at, std::string& out) {
  if (*at >= text.size()) return false;
  const char c = text[*at];
  if (const char simple = SimpleEscape(c); simple != 0) {
    out.push_back(simple);
    ++*at;
    return true;
  }
  if (c == '\n' || c == '\r') {
    *at += text.substr(*at).starts_with("\r\n") ? 2 : 1;
    return true;
  }
  std::optional<uint32_t> code;
  if (c == 'x') {
    ++*at;
    code = ReadDigits(text, at, 16, 2, 2);
  } else if (c >= '0' && c <= '7') {
    code = ReadDigits(text, at, 8, 1, 3);
  } else if (c == 'u' || c == 'U') {
    ++*at;
    const int digits = c == 'u' ? 4 : 8;
    code = ReadDigits(text, at, 16, digits, digits);
    return code.has_value() && AppendUtf8(*code, out);
  }
  if (!code.has_value() || *code > 0xFF) return false;
  out.push_back(static_cast<char>(*code));
  return true;
}

}  // namespace

std::optional<StringScan> ScanString(std::string_view text, bool allow_raw) {
  const size_t prefix = PrefixLength(text, allow_raw);
  if (prefix == std::string_view::npos) return std::nullopt;
  const char quote = text[prefix];
  for (size_t at = prefix + 1; at < text.size(); ++at) {
    const char c = text[at];
    if (c == quote) return StringScan{at + 1, true};
    if (c == '\n' || c == '\r') return StringScan{at, false};
    if (c == '\\') {
      ++at;  // Whatever follows belongs to the escape, a line break too.
      if (text.substr(at).starts_with("\r\n")) ++at;
    }
  }
  return StringScan{text.size(), false};
}

std::optional<std::string_view> UnquoteInPlace(std::string_view literal) {
  const std::string_view inside = Inside(literal);
  if (IsRaw(literal) || inside.find('\\') == std::string_view::npos) return inside;
  return std::nullopt;
}

std::optional<std::string> Unquote(std::string_view literal, size_t* bad) {
  const std::string_view inside = Inside(literal);
  if (IsRaw(literal)) return std::string(inside);
  std::string out;
  out.reserve(inside.size());
  for (size_t at = 0; at < inside.size();) {
    const size_t next = inside.find('\\', at);
    out.append(inside.substr(at, next - at));
    if (next == std::string_view::npos) break;
    at = next + 1;
    if (!AppendEscape(inside, &at, out)) {
      *bad = static_cast<size_t>(inside.data() - literal.data()) + next;
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace elanus::expr
