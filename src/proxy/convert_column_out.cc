#include "proxy/convert_column_out.h"

#include "geometry/wkb.h"
#include "proxy/convert_array_out.h"
#include "proxy/convert_struct.h"
#include "proxy/dynamic_keys.h"
#include "schema.pb.h"
#include "schema/timestamptz.h"

namespace elanus::proxy {
namespace {

using schema::ColumnView;
using schema::DataType;

int64_t CountRows(std::span<const RowRange> rows) {
  int64_t count = 0;
  for (const RowRange& range : rows) count += range.count;
  return count;
}

template <typename Visit>
void ForEachRow(std::span<const RowRange> rows, Visit&& visit) {
  for (const RowRange& range : rows) {
    for (int64_t row = range.begin; row < range.begin + range.count; ++row) visit(row);
  }
}

// Values stored as they travel; null rows hold zeroes.
template <typename T>
void CopySame(const ColumnView& column, std::span<const RowRange> rows,
              google::protobuf::RepeatedField<T>* out) {
  out->Reserve(static_cast<int>(CountRows(rows)));
  for (const RowRange& range : rows) {
    const T* first = column.Values<T>() + range.begin;
    out->Add(first, first + range.count);
  }
}

template <typename Stored, typename Sent>
void CopyWidened(const ColumnView& column, std::span<const RowRange> rows,
                 google::protobuf::RepeatedField<Sent>* out) {
  out->Reserve(static_cast<int>(CountRows(rows)));
  ForEachRow(rows, [&](int64_t row) { out->AddAlreadyReserved(column.Value<Stored>(row)); });
}

template <typename Values>
void CopyTexts(const ColumnView& column, std::span<const RowRange> rows, Values* out) {
  out->Reserve(static_cast<int>(CountRows(rows)));
  ForEachRow(rows, [&](int64_t row) {
    const std::string_view text = column.Bytes(row);
    out->Add()->assign(text.data(), text.size());
  });
}

void CopyFloats(const ColumnView& column, const ColumnOutOptions& options, int64_t dim,
                google::protobuf::RepeatedField<float>* out) {
  out->Reserve(static_cast<int>(CountRows(options.rows) * dim));
  const float* values = column.Values<float>();
  if (column.validity == nullptr) {
    for (const RowRange& range : options.rows) {
      const float* first = values + range.begin * dim;
      out->Add(first, first + range.count * dim);
    }
    return;
  }
  ForEachRow(options.rows, [&](int64_t row) {
    if (column.IsValid(row)) out->Add(values + row * dim, values + (row + 1) * dim);
  });
}

void CopyBytes(const ColumnView& column, const ColumnOutOptions& options, std::string* out) {
  out->reserve(CountRows(options.rows) * column.type.width());
  ForEachRow(options.rows, [&](int64_t row) {
    if (column.IsValid(row)) out->append(column.Raw(row));
  });
}

void VectorsToWire(const ColumnView& column, const schema::FieldSchema& field,
                   const ColumnOutOptions& options, schema_pb::VectorField* out) {
  out->set_dim(field.dim());
  if (field.type == DataType::kArrayOfVector) {
    ListsToWire(column, field, options.rows, out->mutable_vector_array());
  } else if (field.type == DataType::kFloatVector) {
    CopyFloats(column, options, field.dim(), out->mutable_float_vector()->mutable_data());
  } else if (field.type == DataType::kFloat16Vector) {
    CopyBytes(column, options, out->mutable_float16_vector());
  } else if (field.type == DataType::kBFloat16Vector) {
    CopyBytes(column, options, out->mutable_bfloat16_vector());
  } else if (field.type == DataType::kInt8Vector) {
    CopyBytes(column, options, out->mutable_int8_vector());
  } else {
    CopyBytes(column, options, out->mutable_binary_vector());
  }
}

void TimesToWire(const ColumnView& column, const ColumnOutOptions& options,
                 schema_pb::StringArray* out) {
  ForEachRow(options.rows, [&](int64_t row) {
    out->add_data(column.IsValid(row)
                      ? schema::FormatTimestamptz(column.Value<int64_t>(row), options.zone)
                      : std::string());
  });
}

void TimePartsToWire(const ColumnView& column, const ColumnOutOptions& options,
                     schema_pb::ArrayArray* out) {
  out->set_element_type(schema_pb::Int64);
  ForEachRow(options.rows, [&](int64_t row) {
    auto* parts = out->add_data()->mutable_long_data();
    if (!column.IsValid(row)) return;
    for (const TimePart part : options.time_parts) {
      parts->add_data(TimePartOf(column.Value<int64_t>(row), part, options.zone));
    }
  });
}

void ArraysToWire(const ColumnView& column, const schema::FieldSchema& field,
                  const ColumnOutOptions& options, schema_pb::ArrayArray* out) {
  out->set_element_type(static_cast<schema_pb::DataType>(field.element_type));
  ForEachRow(options.rows, [&](int64_t row) {
    ArrayToWire(column.Bytes(row), field.element_type, out->add_data());
  });
}

void ScalarsToWire(const ColumnView& column, const schema::FieldSchema& field,
                   const ColumnOutOptions& options, schema_pb::ScalarField* out) {
  const std::span<const RowRange> rows = options.rows;
  switch (field.type) {
    case DataType::kBool:
      return CopyWidened<uint8_t>(column, rows, out->mutable_bool_data()->mutable_data());
    case DataType::kInt8:
      return CopyWidened<int8_t>(column, rows, out->mutable_int_data()->mutable_data());
    case DataType::kInt16:
      return CopyWidened<int16_t>(column, rows, out->mutable_int_data()->mutable_data());
    case DataType::kInt32:
      return CopySame(column, rows, out->mutable_int_data()->mutable_data());
    case DataType::kInt64:
      return CopySame(column, rows, out->mutable_long_data()->mutable_data());
    case DataType::kFloat:
      return CopySame(column, rows, out->mutable_float_data()->mutable_data());
    case DataType::kDouble:
      return CopySame(column, rows, out->mutable_double_data()->mutable_data());
    case DataType::kVarChar:
    case DataType::kText:
      return CopyTexts(column, rows, out->mutable_string_data()->mutable_data());
    case DataType::kJson:
      return CopyTexts(column, rows, out->mutable_json_data()->mutable_data());
    case DataType::kGeometry:
      return ForEachRow(rows, [values = out->mutable_geometry_wkt_data(), &column](int64_t row) {
        values->add_data(geometry::WktOf(column.Bytes(row)));
      });
    case DataType::kTimestamptz:
      if (options.time_parts.empty()) {
        return TimesToWire(column, options, out->mutable_string_data());
      }
      return TimePartsToWire(column, options, out->mutable_array_data());
    case DataType::kArray:
      return ArraysToWire(column, field, options, out->mutable_array_data());
    case DataType::kNone:
    case DataType::kBinaryVector:
    case DataType::kFloatVector:
    case DataType::kFloat16Vector:
    case DataType::kBFloat16Vector:
    case DataType::kSparseFloatVector:
    case DataType::kInt8Vector:
    case DataType::kArrayOfVector:
    case DataType::kArrayOfStruct:
      return;
  }
}

void FillHeader(const schema::FieldSchema& field, schema_pb::FieldData* out) {
  out->set_type(static_cast<schema_pb::DataType>(field.type));
  out->set_field_name(field.name);
  out->set_field_id(field.id.value());
}

}  // namespace

void ColumnToWire(const ColumnView& column, const schema::FieldSchema& field,
                  const ColumnOutOptions& options, schema_pb::FieldData* out) {
  FillHeader(field, out);
  if (schema::IsVector(field.type)) {
    VectorsToWire(column, field, options, out->mutable_vectors());
  } else {
    ScalarsToWire(column, field, options, out->mutable_scalars());
    const bool in_parts = field.type == DataType::kTimestamptz && !options.time_parts.empty();
    if (in_parts) out->set_type(schema_pb::Array);
  }
  if (!field.nullable) return;
  out->mutable_valid_data()->Reserve(static_cast<int>(CountRows(options.rows)));
  ForEachRow(options.rows, [&](int64_t row) { out->add_valid_data(column.IsValid(row)); });
}

void DynamicColumnToWire(const ColumnView& column, const schema::FieldSchema& field,
                         std::span<const std::string> keys, const ColumnOutOptions& options,
                         schema_pb::FieldData* out) {
  FillHeader(field, out);
  out->set_field_name(std::string(schema::kDynamicFieldName));
  out->set_is_dynamic(true);
  auto* values = out->mutable_scalars()->mutable_json_data()->mutable_data();
  values->Reserve(static_cast<int>(CountRows(options.rows)));
  DynamicKeys reduce(keys);
  ForEachRow(options.rows, [&](int64_t row) {
    const std::string_view object = column.Bytes(row);
    *values->Add() = keys.empty() ? std::string(object.empty() ? "{}" : object) : reduce(object);
  });
}

void KeysToWire(const ColumnView& keys, std::span<const RowRange> rows, schema_pb::IDs* out) {
  if (keys.offsets != nullptr) {
    CopyTexts(keys, rows, out->mutable_str_id()->mutable_data());
  } else {
    CopySame(keys, rows, out->mutable_int_id()->mutable_data());
  }
}

void NoKeysToWire(const schema::FieldSchema& primary_key, schema_pb::IDs* out) {
  if (primary_key.type == DataType::kInt64) {
    out->mutable_int_id();
  } else {
    out->mutable_str_id();
  }
}

}  // namespace elanus::proxy
