// Checks of single values: ranges, finiteness, text.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "common/status.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

// All values within T, one of the integers narrower than 32 bits.
template <typename T>
absl::Status CheckRange(std::span<const int32_t> values, std::string_view field) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] < std::numeric_limits<T>::min() || values[i] > std::numeric_limits<T>::max()) {
      return UserError(ErrorCode::kParameterInvalid,
                       "the {}th element ({}) out of range: [{}, {}], field: {}", i, values[i],
                       std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), field);
    }
  }
  return absl::OkStatus();
}

// No NaN and no infinity.
absl::Status CheckFinite(std::span<const float> values, std::string_view field);
absl::Status CheckFinite(std::span<const double> values, std::string_view field);
// The same of 16-bit floats: `exponent` is the mask of the exponent's bits.
absl::Status CheckFinite(std::span<const uint16_t> values, uint16_t exponent,
                         std::string_view field);

inline constexpr int64_t kTextBytesMax = 2 << 20;  // Of a value of a Text field.

// UTF-8 no longer than the field's max_length, in bytes, or for Text kTextBytesMax.
absl::Status CheckText(std::string_view value, const schema::FieldSchema& field, int64_t row);

}  // namespace elanus::proxy
