// 64-bit integer arithmetic that wraps: filters do not check for overflow.
#pragma once

#include <cstdint>

namespace elanus::expr {

constexpr int64_t WrappingAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
constexpr int64_t WrappingSubtract(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
constexpr int64_t WrappingMultiply(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
// Toward zero. b is not 0; the one quotient that does not fit wraps too.
constexpr int64_t WrappingDivide(int64_t a, int64_t b) {
  return b == -1 ? WrappingSubtract(0, a) : a / b;
}
// With the sign of the dividend. b is not 0.
constexpr int64_t WrappingModulo(int64_t a, int64_t b) {
  return b == -1 ? 0 : a % b;
}

}  // namespace elanus::expr
