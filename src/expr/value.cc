#include "expr/value.h"

#include <fmt/format.h>

#include <cmath>

namespace elanus::expr {
namespace {

void AppendQuoted(std::string_view text, std::string& out) {
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte >= 0x7f) {
      // Every byte outside ASCII: a debug text need not be pretty, but must be valid UTF-8.
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void Append(const Value& value, std::string& out) {
  if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_int()) {
    out += fmt::format("{}", value.as_int());
  } else if (value.is_double()) {
    const double number = value.as_double();
    const std::string digits = fmt::format("{}", number);
    out += digits;
    if (std::isfinite(number) && digits.find_first_of(".e") == std::string::npos) out += ".0";
  } else if (value.is_string()) {
    AppendQuoted(value.as_string(), out);
  } else {
    out.push_back('[');
    for (const Value& item : value.as_list()) {
      if (out.back() != '[') out += ", ";
      Append(item, out);
    }
    out.push_back(']');
  }
}

}  // namespace

schema::DataType TypeOf(const Value& value) {
  if (value.is_bool()) return schema::DataType::kBool;
  if (value.is_int()) return schema::DataType::kInt64;
  if (value.is_double()) return schema::DataType::kDouble;
  if (value.is_string()) return schema::DataType::kVarChar;
  return schema::DataType::kArray;
}

std::string ToText(const Value& value) {
  std::string out;
  Append(value, out);
  return out;
}

}  // namespace elanus::expr
