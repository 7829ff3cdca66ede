// Quoted strings of a filter: where they end and what they mean.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace elanus::expr {

struct StringScan {
  size_t length = 0;       // Bytes of the literal, prefix and quotes included.
  bool terminated = true;  // False: the text or the line ends inside; `length` reaches there.
};

// The string literal at the start of `text` (`'…'`, `"…"`, prefixes u8 u U L, and r R for raw ones
// if `allow_raw`), or nothing if there is none.
std::optional<StringScan> ScanString(std::string_view text, bool allow_raw);

// A plain view of the meaning of a literal that ScanString() found, if no byte of it changes.
std::optional<std::string_view> UnquoteInPlace(std::string_view literal);

// The meaning of a literal, or nothing with the offset of the bad escape in `*bad`.
std::optional<std::string> Unquote(std::string_view literal, size_t* bad);

}  // namespace elanus::expr
