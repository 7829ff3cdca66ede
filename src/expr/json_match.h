// One JSON value against constants.
#pragma once

#include <optional>
#include <string>

#include "expr/json_cursor.h"
#include "expr/plan.h"

namespace elanus::expr {

// kMiss: there is no value, it is null, or it has another type than the constant. What that means
// differs between the lines and is decided by the caller.
enum class Match : uint8_t { kNo, kYes, kMiss };

class JsonMatcher {
 public:
  explicit JsonMatcher(bool reports_30) : reports_30_(reports_30) {}

  Match Compare(const JsonValue& value, CompareOp op, const Value& constant);
  Match InRange(const JsonValue& value, const Range& range);
  Match In(const JsonValue& value, const ValueSet& set);
  Match Like(const JsonValue& value, const LikePattern& pattern);
  Match Contains(const JsonValue& value, const expr::Contains& contains);
  // Equality in depth: lists element by element, in order.
  bool Equals(const JsonValue& value, const Value& constant);
  // The value of `value op constant`, computed in integers if all three numbers of the predicate
  // are; kMissing if it cannot be computed.
  static JsonValue Apply(const JsonValue& value, const Arithmetic& arithmetic, bool integers);

 private:
  const bool reports_30_;
  std::string scratch_;  // The text of an escaped string.
};

// The number of elements, or nothing for what is no array.
std::optional<int64_t> JsonArrayLength(const JsonValue& value);

}  // namespace elanus::expr
