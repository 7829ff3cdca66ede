// Characters of UTF-8 text and their properties. Broken bytes read as U+FFFD, one at a time.
#pragma once

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace elanus::text {

using Rune = UChar32;
inline constexpr Rune kBrokenRune = 0xFFFD;

// The character at `*at`, which moves behind it. `*at` < text.size() <= 2^31 - 1.
inline Rune NextRune(std::string_view text, int32_t* at) {
  const auto* const bytes = reinterpret_cast<const uint8_t*>(text.data());
  Rune rune = 0;
  U8_NEXT_OR_FFFD(bytes, *at, static_cast<int32_t>(text.size()), rune);
  return rune;
}

inline void AppendRune(Rune rune, std::string& out) {
  char bytes[U8_MAX_LENGTH];
  int32_t length = 0;
  U8_APPEND_UNSAFE(bytes, length, rune);
  out.append(bytes, length);
}

inline bool IsAsciiAlphanumeric(Rune rune) {
  return (rune >= '0' && rune <= '9') || (rune >= 'a' && rune <= 'z') ||
         (rune >= 'A' && rune <= 'Z');
}
inline bool IsAsciiSpace(Rune rune) {
  return rune == ' ' || rune == '\t' || rune == '\n' || rune == '\f' || rune == '\r';
}
inline bool InCategories(Rune rune, uint32_t categories) {
  return (U_MASK(u_charType(rune)) & categories) != 0;
}
// Property Alphabetic, or a number of any kind.
inline bool IsAlphanumeric(Rune rune) {
  if (rune < 0x80) return IsAsciiAlphanumeric(rune);
  return u_isUAlphabetic(rune) || InCategories(rune, U_GC_N_MASK);
}
inline bool IsHan(Rune rune) {
  if (rune < 0x2E80) return false;
  UErrorCode error = U_ZERO_ERROR;
  return uscript_getScript(rune, &error) == USCRIPT_HAN;
}
inline bool IsPunctuation(Rune rune) {
  return InCategories(rune, U_GC_P_MASK);
}
inline bool IsSpace(Rune rune) {
  return u_isUWhiteSpace(rune) != 0;
}

// Whether a character of `text` passes.
template <typename Test>
bool AnyRune(std::string_view text, const Test& test) {
  for (int32_t at = 0; at < static_cast<int32_t>(text.size());) {
    if (test(NextRune(text, &at))) return true;
  }
  return false;
}
template <typename Test>
bool EveryRune(std::string_view text, const Test& test) {
  return !AnyRune(text, [&](Rune rune) { return !test(rune); });
}

// Well-formed UTF-8?
inline bool IsUtf8(std::string_view text) {
  const auto* const bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t at = 0; at < size;) {
    if (bytes[at] < 0x80) {
      ++at;
      continue;
    }
    Rune rune = 0;
    U8_NEXT(bytes, at, size, rune);
    if (rune < 0) return false;
  }
  return true;
}

}  // namespace elanus::text
