// Numbers of a filter: decimal, octal 017, hex 0xFF, binary 0b101, floats 1.5 .5 5. 1e3 0x1.8p3.
#pragma once

#include <string_view>

#include "expr/token.h"

namespace elanus::expr {

// Reads the number that `text` starts with (a digit, or a dot and a digit) into `token`: its text,
// kind and value. Returns the gist of an error, or nothing.
std::string_view ReadNumber(std::string_view text, Token& token);

}  // namespace elanus::expr
