// What a collection's rows look like. Plain values: copied, compared, stored in the catalog.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/strong_id.h"
#include "schema/column.h"
#include "schema/data_type.h"

namespace elanus::schema {

// A field's default: integers (Int8...Int64, Timestamptz) as int64, Float and Double as double.
using DefaultValue = std::variant<std::monostate, bool, int64_t, double, std::string>;

using Properties = std::map<std::string, std::string>;

struct FieldSchema {
  FieldId id;
  std::string name;
  std::string description;
  DataType type = DataType::kNone;
  DataType element_type = DataType::kNone;
  bool is_primary_key = false;
  bool auto_id = false;
  bool is_partition_key = false;
  bool is_clustering_key = false;
  bool is_dynamic = false;  // The hidden $meta field.
  bool nullable = false;
  bool is_function_output = false;
  std::string struct_name;  // Of the struct array that this is a part of; empty for most fields.
  DefaultValue default_value;
  Properties
      type_params;  // As the client gave them: dim, max_length, max_capacity, mmap.enabled...
  Properties index_params;

  bool has_default() const { return !std::holds_alternative<std::monostate>(default_value); }
  int64_t dim() const { return IntParam("dim"); }
  int64_t max_length() const { return IntParam("max_length"); }      // Bytes; 0 if not given.
  int64_t max_capacity() const { return IntParam("max_capacity"); }  // Elements; 0 if not given.
  ColumnType column_type() const {
    const bool has_dim = IsDenseVector(type) || type == DataType::kArrayOfVector;
    return {type, element_type, has_dim ? dim() : 0};
  }
  // "b" of a sub-field "a[b]" of a struct array, the whole name of any other field.
  std::string_view short_name() const;
  friend bool operator==(const FieldSchema&, const FieldSchema&) = default;

 private:
  int64_t IntParam(const std::string& key) const;
};

// An array of structs. Its sub-fields are fields of the schema as others are, each with an Array or
// an ArrayOfVector column; the arrays of one row have one length, and are null together.
struct StructSchema {
  FieldId id;
  std::string name;
  std::string description;
  bool nullable = false;
  Properties type_params;

  friend bool operator==(const StructSchema&, const StructSchema&) = default;
};

// The name of a sub-field: "struct[sub]".
std::string SubFieldName(std::string_view struct_name, std::string_view sub);

inline constexpr std::string_view kDynamicFieldName = "$meta";
inline constexpr FieldId kFirstFieldId{100};

struct CollectionSchema {
  std::string name;
  std::string description;
  bool enable_dynamic_field = false;
  std::vector<FieldSchema> fields;  // In declaration order; $meta, if any, among them.
  std::vector<StructSchema> structs;
  Properties properties;

  const FieldSchema* Find(std::string_view field_name) const;
  const FieldSchema* Find(FieldId id) const;
  const StructSchema* FindStruct(std::string_view struct_name) const;
  std::vector<const FieldSchema*> SubFields(const StructSchema& of) const;
  const FieldSchema& primary_key() const;    // Exists in every valid schema.
  const FieldSchema* partition_key() const;  // Null if there is none.
  const FieldSchema* dynamic_field() const;  // Null if there is none.
  std::vector<const FieldSchema*> vector_fields() const;
  FieldId NextFieldId() const;  // Above every id used so far.
  friend bool operator==(const CollectionSchema&, const CollectionSchema&) = default;
};

}  // namespace elanus::schema
