// A constant against the type of what it is compared with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "expr/plan.h"

namespace elanus::expr {

// What messages call an operand's type: "Int64", "VarChar", "Array", "JSON".
std::string_view TypeNameOf(const Operand& operand);

// `value` as what the operand's values are compared with: integers for integers, narrowed doubles
// for Float, and so on; JSON takes anything. Errors carry a gist only.
absl::StatusOr<Value> ConvertForComparison(const Operand& operand, const Value& value,
                                           bool reports_30);

// The items of an `in` list, without those that no value of the column can equal. On JSON, numbers
// become doubles if they are mixed, and the first item decides which type is compared; items of
// other types could never match and are left out.
absl::StatusOr<std::vector<Value>> ConvertList(const Operand& operand, const Value::List& list,
                                               bool reports_30);

// The items of a list that an ARRAY holds or is compared with. Integers stay as they are even if
// they do not fit the element type.
absl::StatusOr<std::vector<Value>> ConvertElements(schema::DataType element_type,
                                                   const Value::List& list, bool reports_30);

// Whether every value of `type` lies below (-1) or above (1) `value`; 0 if it may be one of them.
int OutOfRange(schema::DataType type, int64_t value);

}  // namespace elanus::expr
