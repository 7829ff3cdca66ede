// The beginning of a text as a number: texts compare as their keys do, unless these are equal.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace elanus::expr {

inline constexpr size_t kTextKeyBytes = 8;

// The first eight bytes, the first one highest; zeros behind the end of a shorter text.
// [text.data(), readable_end) may be read: with eight bytes there it costs no branch on the size.
inline uint64_t TextKey(std::string_view text, const char* readable_end) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t bytes = 0;
  if (readable_end - text.data() >= static_cast<ptrdiff_t>(kTextKeyBytes)) {
    std::memcpy(&bytes, text.data(), kTextKeyBytes);
    bytes = __builtin_bswap64(bytes);
    if (text.size() >= kTextKeyBytes) return bytes;
    return text.empty() ? 0 : bytes >> (64 - 8 * text.size()) << (64 - 8 * text.size());
  }
  if (!text.empty()) std::memcpy(&bytes, text.data(), std::min(text.size(), kTextKeyBytes));
  return __builtin_bswap64(bytes);
}
inline uint64_t TextKey(std::string_view text) {
  return TextKey(text, text.data() + text.size());
}

// A constant to compare many texts with.
class KeyedText {
 public:
  explicit KeyedText(std::string_view text) : text_(text), key_(TextKey(text)) {}

  // Of `text` against the constant: negative, 0 or positive.
  int Compare(std::string_view text, const char* readable_end) const {
    const uint64_t key = TextKey(text, readable_end);
    if (key != key_) return key < key_ ? -1 : 1;
    return text.compare(text_);
  }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
  uint64_t key_;
};

}  // namespace elanus::expr
