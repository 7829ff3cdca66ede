// A column as bytes without checksum: what EncodeColumn of column_file.h writes.
// docs/formats/column.md has the grammar.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/status.h"
#include "schema/column.h"

namespace elanus::storage {

// Bytes that EncodeColumn will append, so that a record of many columns is reserved exactly.
uint64_t EncodedColumnSize(const schema::ColumnView& column);

// Whether a column may have this type: known, and with a dimension that its kind admits.
absl::Status CheckColumnType(const schema::ColumnType& type);

// Whether columns of `type` can hold values that are not well-formed.
bool ValuesNeedCheck(const schema::ColumnType& type);

// Whether `value` can stand in a column of `type`: what readers rely on beyond lengths.
bool ValueIsWellFormed(const schema::ColumnType& type, std::string_view value);

}  // namespace elanus::storage
