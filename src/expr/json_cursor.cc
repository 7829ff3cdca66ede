#include "expr/json_cursor.h"

#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace elanus::expr {
namespace {

// The first quote or backslash in [at, end), or end; eight bytes a step.
const char* FindQuoteOrBackslash(const char* at, const char* end) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  const auto zero_bytes = [](uint64_t x) { return (x - kOnes) & ~x & kHighs; };
  while (end - at >= 8) {
    uint64_t block;
    std::memcpy(&block, at, sizeof(block));
    const uint64_t found = zero_bytes(block ^ kOnes * '"') | zero_bytes(block ^ kOnes * '\\');
    // Bytes behind a true hit may be marked wrongly, the first mark never is.
    if (found != 0) return at + std::countr_zero(found) / 8;
    at += 8;
  }
  while (at < end && *at != '"' && *at != '\\') ++at;
  return at;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four hex digits at `at`, or -1.
int32_t ReadHex4(std::string_view text, size_t at) {
  if (at + 4 > text.size()) return -1;
  int32_t code = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const int digit = HexDigit(text[i]);
    if (digit < 0) return -1;
    code = code * 16 + digit;
  }
  return code;
}

void AppendUtf8(uint32_t code, std::string& out) {
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
    return;
  }
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

// \uXXXX at `at` (behind the u), with its second half if it has one; returns the bytes taken.
size_t AppendUnicodeEscape(std::string_view text, size_t at, std::string& out) {
  const int32_t high = ReadHex4(text, at);
  if (high < 0) return 0;
  if (high >= 0xD800 && high < 0xDC00 && text.substr(at + 4, 2) == "\\u") {
    const int32_t low = ReadHex4(text, at + 6);
    if (low >= 0xDC00 && low < 0xE000) {
      AppendUtf8(0x10000 + static_cast<uint32_t>((high - 0xD800) << 10 | (low - 0xDC00)), out);
      return 10;
    }
  }
  AppendUtf8(static_cast<uint32_t>(high), out);
  return 4;
}

char SimpleEscape(char c) {
  switch (c) {
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
    default:
      return c;
  }
}

}  // namespace

bool JsonCursor::ReadString(std::string_view& inside, bool& escaped) {
  if (!Take('"')) return false;
  const char* const begin = at_;
  escaped = false;
  while (true) {
    at_ = FindQuoteOrBackslash(at_, end_);
    if (at_ == end_) return false;
    if (*at_ == '"') break;
    escaped = true;
    if (end_ - at_ < 2) return false;
    at_ += 2;
  }
  inside = {begin, static_cast<size_t>(at_ - begin)};
  ++at_;
  return true;
}

bool JsonCursor::TakeWord(std::string_view word) {
  if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

bool JsonCursor::ReadNumber(JsonValue& value) {
  const char* const begin = at_;
  bool integral = true;
  for (; at_ < end_; ++at_) {
    const char c = *at_;
    if ((c >= '0' && c <= '9') || c == '-') continue;
    if (c != '.' && c != 'e' && c != 'E' && c != '+') break;
    integral = false;
  }
  if (integral) {
    const auto [end, error] = std::from_chars(begin, at_, value.integer);
    if (end == at_ && error == std::errc()) {
      value.type = JsonType::kInt;
      return true;
    }
    if (error == std::errc::result_out_of_range && *begin != '-') {
      const auto [end2, error2] = std::from_chars(begin, at_, value.unsigned_integer);
      if (end2 == at_ && error2 == std::errc()) {
        value.type = JsonType::kUnsigned;
        return true;
      }
    }
  }
  const auto [end, error] = std::from_chars(begin, at_, value.number);
  if (end != at_ || end == begin) return false;
  if (error == std::errc::result_out_of_range) {
    // Either way nothing a double tells: too large is not JSON's number, too small is zero.
    const std::string copy(begin, at_);
    value.number = std::strtod(copy.c_str(), nullptr);
    if (value.number > 1 || value.number < -1) return false;
  } else if (error != std::errc()) {
    return false;
  }
  value.type = JsonType::kDouble;
  return true;
}

bool JsonCursor::SkipContainer() {
  int64_t depth = 0;
  while (at_ < end_) {
    switch (*at_) {
      case '"': {
        std::string_view inside;
        bool escaped;
        if (!ReadString(inside, escaped)) return false;
        continue;
      }
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) {
          ++at_;
          return true;
        }
        break;
      default:
        break;
    }
    ++at_;
  }
  return false;
}

bool JsonCursor::Read(JsonValue& value) {
  const char first = Peek();
  const char* const begin = at_;
  switch (first) {
    case '"':
      value.type = JsonType::kString;
      return ReadString(value.text, value.escaped);
    case '{':
    case '[':
      if (!SkipContainer()) return false;
      value.type = first == '{' ? JsonType::kObject : JsonType::kArray;
      value.text = {begin, static_cast<size_t>(at_ - begin)};
      return true;
    case 't':
    case 'f':
      value.type = JsonType::kBool;
      value.boolean = first == 't';
      return TakeWord(first == 't' ? "true" : "false");
    case 'n':
      value.type = JsonType::kNull;
      return TakeWord("null");
    default:
      return (first == '-' || (first >= '0' && first <= '9')) && ReadNumber(value);
  }
}

bool JsonCursor::Skip() {
  const char first = Peek();
  if (first == '{' || first == '[') return SkipContainer();
  if (first == '"') {
    std::string_view inside;
    bool escaped;
    return ReadString(inside, escaped);
  }
  // A number or a word: as long as its letters go, whatever they say.
  const char* const begin = at_;
  while (at_ < end_ && *at_ != ',' && *at_ != '}' && *at_ != ']' && !IsSpace(*at_)) ++at_;
  return at_ > begin;
}

std::string_view JsonText(std::string_view text, bool escaped, std::string& scratch) {
  if (!escaped) return text;
  scratch.clear();
  for (size_t at = 0; at < text.size();) {
    const size_t next = text.find('\\', at);
    scratch.append(text.substr(at, next - at));
    if (next == std::string_view::npos || next + 1 >= text.size()) break;
    at = next + 2;
    if (text[next + 1] == 'u') {
      at += AppendUnicodeEscape(text, at, scratch);
    } else {
      scratch.push_back(SimpleEscape(text[next + 1]));
    }
  }
  return scratch;
}

bool JsonHasContent(const JsonValue& value) {
  if (value.type == JsonType::kMissing || value.type == JsonType::kNull) return false;
  if (value.type != JsonType::kArray && value.type != JsonType::kObject) return true;
  // Any leaf but null will do. Keys are the strings with a colon behind them.
  JsonCursor cursor(value.text);
  while (true) {
    switch (cursor.Peek()) {
      case '\0':
        return false;
      case '{':
      case '}':
      case '[':
      case ']':
      case ',':
      case ':':
        cursor.Take(cursor.Peek());
        break;
      default: {
        JsonValue leaf;
        if (!cursor.Read(leaf)) return false;
        const bool key = leaf.type == JsonType::kString && cursor.Peek() == ':';
        if (!key && leaf.type != JsonType::kNull) return true;
      }
    }
  }
}

}  // namespace elanus::expr
