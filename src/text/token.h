// What an analyzer makes of a text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace elanus::text {

struct Token {
  std::string text;
  int64_t start = 0;  // Bytes [start, end) of the analysed text, whatever filters made of `text`.
  int64_t end = 0;
  int64_t position = 0;  // Counted before filters, so dropped tokens leave gaps.
  int64_t position_length = 1;

  friend bool operator==(const Token&, const Token&) = default;
};

using Tokens = std::vector<Token>;

}  // namespace elanus::text
