#include "expr/number_literal.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace elanus::expr {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsWord(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// What a number may be made of; whether it is one is decided afterwards, so that `12ab` is one
// error and not two words.
size_t Extent(std::string_view text, bool hex) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (IsWord(c) || c == '.') continue;
    const char before = at == 0 ? ' ' : text[at - 1];
    const bool exponent = hex ? before == 'p' || before == 'P' : before == 'e' || before == 'E';
    if ((c == '+' || c == '-') && exponent) continue;
    break;
  }
  return at;
}

std::string_view ReadFloat(std::string_view text, bool hex, Token& token) {
  std::string_view digits = hex ? text.substr(2) : text;
  if (hex && digits.find_first_of("pP") == std::string_view::npos) return "invalid number";
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), token.number,
                      hex ? std::chars_format::hex : std::chars_format::general);
  if (end != digits.data() + digits.size()) return "invalid number";
  if (error == std::errc::result_out_of_range) {
    // Too small is zero or a denormal, too large is refused; from_chars does not tell which.
    token.number = std::strtod(std::string(text).c_str(), nullptr);
    if (!std::isfinite(token.number)) return "number out of range of Double";
  } else if (error != std::errc()) {
    return "invalid number";
  }
  token.kind = TokenKind::kFloat;
  return {};
}

std::string_view ReadInteger(std::string_view digits, int base, Token& token) {
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || end != digits.data() + digits.size()) return "invalid number";
  constexpr uint64_t kMinMagnitude = uint64_t{1} << 63;
  if (error != std::errc() || value > kMinMagnitude) return "number out of range of Int64";
  token.kind = value == kMinMagnitude ? TokenKind::kMinInteger : TokenKind::kInteger;
  token.integer = static_cast<int64_t>(value);
  return {};
}

}  // namespace

std::string_view ReadNumber(std::string_view text, Token& token) {
  const bool zero = text[0] == '0' && text.size() > 1;
  const bool hex = zero && (text[1] == 'x' || text[1] == 'X');
  token.text = text.substr(0, Extent(text, hex));
  if (hex) {
    if (token.text.find_first_of(".pP") != std::string_view::npos) {
      return ReadFloat(token.text, true, token);
    }
    return ReadInteger(token.text.substr(2), 16, token);
  }
  if (zero && (text[1] == 'b' || text[1] == 'B')) {
    return ReadInteger(token.text.substr(2), 2, token);
  }
  if (token.text.find_first_of(".eE") != std::string_view::npos) {
    return ReadFloat(token.text, false, token);
  }
  return ReadInteger(token.text, token.text.size() > 1 && text[0] == '0' ? 8 : 10, token);
}

}  // namespace elanus::expr
