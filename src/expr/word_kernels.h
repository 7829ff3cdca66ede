// 64 values against a test, without a branch: the answers as one word.
//
// Plain loops over bytes of hits that the compiler turns into vector compares; eight
// multiplications then gather the bytes into bits.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>

#include "expr/plan.h"

namespace elanus::expr {

// Bit i of the result is byte i, which is 0 or 1. Each multiplication moves eight bytes into the
// top byte of a product; no two partial products meet, so nothing carries.
inline uint64_t PackHits(const uint8_t* hits) {
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) {
    uint64_t eight;
    std::memcpy(&eight, hits + i * 8, sizeof(eight));
    word |= (eight * 0x0102040810204080 >> 56) << (i * 8);
  }
  return word;
}

// Tests `count` (at most 64) values that need not be aligned.
template <typename T, typename Test>
uint64_t TestWord(const void* values, int64_t count, const Test& test) {
  const auto* bytes = static_cast<const uint8_t*>(values);
  uint8_t hits[64] = {};
  const auto hit = [&](int64_t i) {
    T value;
    std::memcpy(&value, bytes + i * sizeof(T), sizeof(T));
    return static_cast<uint8_t>(test(value));
  };
  if (count == 64) {
    for (int i = 0; i < 64; ++i) hits[i] = hit(i);
  } else {
    for (int64_t i = 0; i < count; ++i) hits[i] = hit(i);
  }
  return PackHits(hits);
}

// A constant as the type a test works in; the binder has seen to it that it fits.
template <typename T>
T ConstantAs(const Value& value) {
  if (value.is_bool()) return static_cast<T>(value.as_bool() ? 1 : 0);
  if (value.is_int()) return static_cast<T>(value.as_int());
  return static_cast<T>(value.as_double());
}

template <CompareOp kOp>
struct Comparer {
  template <typename T>
  constexpr bool operator()(const T& a, const T& b) const {
    if constexpr (kOp == CompareOp::kEqual) return a == b;
    if constexpr (kOp == CompareOp::kNotEqual) return a != b;
    if constexpr (kOp == CompareOp::kLess) return a < b;
    if constexpr (kOp == CompareOp::kLessEqual) return a <= b;
    if constexpr (kOp == CompareOp::kGreater) return a > b;
    if constexpr (kOp == CompareOp::kGreaterEqual) return a >= b;
  }
};

// Calls body(Comparer<op>()), so that the operator is chosen outside of all loops.
template <typename Body>
auto WithComparer(CompareOp op, const Body& body) {
  switch (op) {
    case CompareOp::kEqual:
      return body(Comparer<CompareOp::kEqual>());
    case CompareOp::kNotEqual:
      return body(Comparer<CompareOp::kNotEqual>());
    case CompareOp::kLess:
      return body(Comparer<CompareOp::kLess>());
    case CompareOp::kLessEqual:
      return body(Comparer<CompareOp::kLessEqual>());
    case CompareOp::kGreater:
      return body(Comparer<CompareOp::kGreater>());
    case CompareOp::kGreaterEqual:
      break;
  }
  return body(Comparer<CompareOp::kGreaterEqual>());
}

// lower <= x <= upper; nothing if lower > upper.
template <typename T>
struct ClosedInterval {
  T lower;
  T upper;

  static ClosedInterval Of(const Range& range) {
    if constexpr (std::floating_point<T>) {
      const T infinity = std::numeric_limits<T>::infinity();
      T lower = ConstantAs<T>(range.lower.value);
      T upper = ConstantAs<T>(range.upper.value);
      // Past an infinity there is nothing, so an open end there must not become a closed one.
      if ((!range.lower.inclusive && lower == infinity) ||
          (!range.upper.inclusive && upper == -infinity)) {
        return {1, 0};
      }
      if (!range.lower.inclusive) lower = std::nextafter(lower, infinity);
      if (!range.upper.inclusive) upper = std::nextafter(upper, -infinity);
      return {lower, upper};
    } else {
      int64_t lower = range.lower.value.as_int();
      int64_t upper = range.upper.value.as_int();
      constexpr int64_t kMin = std::numeric_limits<T>::min();
      constexpr int64_t kMax = std::numeric_limits<T>::max();
      if (!range.lower.inclusive) {
        if (lower == std::numeric_limits<int64_t>::max()) return {1, 0};
        ++lower;
      }
      if (!range.upper.inclusive) {
        if (upper == std::numeric_limits<int64_t>::min()) return {1, 0};
        --upper;
      }
      if (lower > kMax || upper < kMin) return {1, 0};
      return {static_cast<T>(lower < kMin ? kMin : lower),
              static_cast<T>(upper > kMax ? kMax : upper)};
    }
  }
  bool operator()(T value) const { return (value >= lower) & (value <= upper); }
};

}  // namespace elanus::expr
