// What rows are grouped by: the value of a field, or what lies at a path in its JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "querynode/json_readings.h"
#include "roles/query_node.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

namespace elanus::querynode {

// Threads: none; make one for each.
class GroupValues {
 public:
  // `field` is the grouping's. A JSON field may have an empty path: the whole text.
  GroupValues(const roles::GroupField& grouping, const schema::FieldSchema& field);

  // Of the values: the field's type, or what JSON is cast to (VarChar without a cast).
  const schema::ColumnType& type() const { return type_; }

  // The value's bytes as in a column of type(); nothing for null. Valid until the next call.
  // kParameterInvalid for a JSON value of another type under strict_cast.
  absl::StatusOr<std::optional<std::string_view>> Of(const schema::ColumnView& column, int64_t row);

 private:
  absl::StatusOr<std::optional<std::string_view>> OfJson(std::string_view json);
  // False: the value is of another type.
  bool Cast(const expr::JsonValue& value);

  const roles::GroupField& grouping_;
  schema::ColumnType type_;
  bool is_json_;
  JsonReadings readings_;
  std::string bytes_, scratch_;
};

}  // namespace elanus::querynode
