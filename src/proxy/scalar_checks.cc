#include "proxy/scalar_checks.h"

#include <simdjson.h>

#include <bit>

namespace elanus::proxy {
namespace {

absl::Status NotFinite(std::string_view field) {
  return UserError(ErrorCode::kParameterInvalid, "value is not a number or infinity, field: {}",
                   field);
}

// True if any value has all bits of `exponent` set. Adding the exponent's lowest bit to it carries
// into the sign's place only then. Without branch or comparison, so that the compiler vectorises
// it: this runs over every float of every insert.
template <typename Bits, typename Value>
bool AnyHasExponent(std::span<const Value> values, Bits exponent) {
  const Bits lowest = exponent & static_cast<Bits>(-exponent);
  const Bits sign = exponent + lowest;
  Bits carried = 0;
  for (const Value value : values) {
    carried |= static_cast<Bits>((std::bit_cast<Bits>(value) & exponent) + lowest);
  }
  return (carried & sign) != 0;
}

}  // namespace

absl::Status CheckFinite(std::span<const float> values, std::string_view field) {
  return AnyHasExponent<uint32_t>(values, 0x7f800000u) ? NotFinite(field) : absl::OkStatus();
}

absl::Status CheckFinite(std::span<const double> values, std::string_view field) {
  return AnyHasExponent<uint64_t>(values, 0x7ff0000000000000ull) ? NotFinite(field)
                                                                 : absl::OkStatus();
}

absl::Status CheckFinite(std::span<const uint16_t> values, uint16_t exponent,
                         std::string_view field) {
  return AnyHasExponent<uint16_t>(values, exponent) ? NotFinite(field) : absl::OkStatus();
}

absl::Status CheckText(std::string_view value, const schema::FieldSchema& field, int64_t row) {
  const bool is_text = field.type == schema::DataType::kText;
  if (is_text && static_cast<int64_t>(value.size()) > kTextBytesMax) {
    return UserError(ErrorCode::kParameterInvalid,
                     "length of text field {} exceeds max length, row number: {}, length: {}, max "
                     "length: {}",
                     field.name, row, value.size(), kTextBytesMax);
  }
  const int64_t max_length = is_text ? 0 : field.max_length();
  if (max_length > 0 && static_cast<int64_t>(value.size()) > max_length) {
    return UserError(ErrorCode::kParameterInvalid,
                     "length of varchar field {} exceeds max length, row number: {}, length: {}, "
                     "max length: {}",
                     field.name, row, value.size(), max_length);
  }
  if (!simdjson::validate_utf8(value.data(), value.size())) {
    return UserError(ErrorCode::kParameterInvalid,
                     "{} field {} contains invalid UTF-8, row number: {}",
                     is_text ? "text" : "varchar", field.name, row);
  }
  return absl::OkStatus();
}

}  // namespace elanus::proxy
