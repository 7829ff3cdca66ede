// Integers of any width.
#pragma once

#include "schema/column.h"

namespace elanus::schema {

// Of a column of integers, booleans or times.
inline int64_t IntegerAt(const ColumnView& column, int64_t row) {
  switch (column.type.width()) {
    case 1:
      return column.Value<int8_t>(row);
    case 2:
      return column.Value<int16_t>(row);
    case 4:
      return column.Value<int32_t>(row);
    default:
      return column.Value<int64_t>(row);
  }
}

}  // namespace elanus::schema
