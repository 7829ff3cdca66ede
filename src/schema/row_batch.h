#pragma once

#include <utility>
#include <vector>

#include "schema/collection_schema.h"
#include "schema/column.h"

namespace elanus::schema {

// Rows of one collection, column by column. Columns may lack fields added to the schema later:
// readers take such fields as their default or null.
struct RowBatch {
  int64_t num_rows = 0;
  std::vector<std::pair<FieldId, Column>> columns;  // Each of num_rows rows.

  const Column* Find(FieldId id) const {
    for (const auto& [field, column] : columns) {
      if (field == id) return &column;
    }
    return nullptr;
  }
};

// A column of `num_rows` rows that all hold the field's default, or null.
Column DefaultColumn(const FieldSchema& field, int64_t num_rows);

}  // namespace elanus::schema
