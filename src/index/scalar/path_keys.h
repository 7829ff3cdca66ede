// The keys of an index over all paths of JSON documents: a path, and what is said of it. In their
// order all that is said of a path lies together, and values of a type in their own order, so that
// every question is one about a few runs of keys. docs/formats/scalar_index.md has the bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace elanus::index {

// Deeper paths, and paths with longer keys, are not in the index.
inline constexpr int kPathStepsMax = 16;
inline constexpr size_t kPathKeyBytesMax = 1024;
// Longer texts are not in the index; their rows are "odd" at the path.
inline constexpr size_t kPathTextBytesMax = 1024;

// What a key says of its path.
enum class PathFact : uint8_t {
  // There is such a value. The first five together: something exists.
  kBool = 0x10,
  kNumber = 0x11,
  kText = 0x12,
  kOdd = 0x13,        // A number or text that no key stands for.
  kContainer = 0x14,  // An array or object with anything but null in it.
  kArray = 0x15,
  kOddElement = 0x16,  // Of an array.
  // The value; behind it as AppendPath... writes it.
  kBoolIs = 0x20,
  kNumberIs = 0x21,
  kTextIs = 0x22,
  // An element of the array.
  kHasBool = 0x30,
  kHasNumber = 0x31,
  kHasText = 0x32,
};

// One key further: no path begins with the bytes of another that it does not go through.
inline void AppendPathStep(std::string_view key, std::string& out) {
  out.push_back('\x01');
  for (const char c : key) {
    out.push_back(c);
    if (c == '\0') out.push_back('\xff');
  }
  out.push_back('\0');
  out.push_back('\x01');
}

inline std::string PathKey(std::string_view path, PathFact fact) {
  std::string key(path);
  key.push_back(static_cast<char>(fact));
  return key;
}

// Keys compare as the numbers do. Not NaN.
inline void AppendPathNumber(double number, std::string& out) {
  if (number == 0) number = 0;  // -0 equals 0.
  const auto bits = std::bit_cast<uint64_t>(number);
  const uint64_t ordered = (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(ordered >> shift));
}

}  // namespace elanus::index
