// A constant of a filter: a literal, a template's value, or what constants fold to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schema/data_type.h"

namespace elanus::expr {

struct Value {
  using List = std::vector<Value>;
  std::variant<bool, int64_t, double, std::string, List> data;

  Value() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a constant of that type is that value.
  template <typename T>
  Value(T value) : data(std::move(value)) {}

  bool is_bool() const { return std::holds_alternative<bool>(data); }
  bool is_int() const { return std::holds_alternative<int64_t>(data); }
  bool is_double() const { return std::holds_alternative<double>(data); }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(data); }
  bool is_list() const { return std::holds_alternative<List>(data); }

  bool as_bool() const { return std::get<bool>(data); }
  int64_t as_int() const { return std::get<int64_t>(data); }
  double as_double() const {
    return is_int() ? static_cast<double>(as_int()) : std::get<double>(data);
  }
  const std::string& as_string() const { return std::get<std::string>(data); }
  const List& as_list() const { return std::get<List>(data); }

  friend bool operator==(const Value&, const Value&) = default;
};

// The type a message calls it by: Bool, Int64, Double, VarChar, Array.
schema::DataType TypeOf(const Value& value);

// As a filter would spell it: 5, 1.5, "text", true, [1, 2]. Bytes that are no UTF-8 come escaped.
std::string ToText(const Value& value);

}  // namespace elanus::expr
