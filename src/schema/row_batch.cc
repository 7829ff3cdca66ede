#include "schema/row_batch.h"

#include "geometry/wkt_reader.h"

namespace elanus::schema {
namespace {

template <typename T>
std::string AsBytes(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(T));
}

// The default as the bytes of one value of the field's type.
std::string DefaultBytes(const FieldSchema& field) {
  if (const auto* flag = std::get_if<bool>(&field.default_value)) return AsBytes<uint8_t>(*flag);
  if (const auto* text = std::get_if<std::string>(&field.default_value)) {
    // Checked when the field was made.
    return field.type == DataType::kGeometry ? *geometry::WktReader().Read(*text) : *text;
  }
  if (const auto* real = std::get_if<double>(&field.default_value)) {
    if (field.type == DataType::kFloat) return AsBytes(static_cast<float>(*real));
    return AsBytes(*real);
  }
  const int64_t number = std::get<int64_t>(field.default_value);
  switch (field.column_type().width()) {
    case 1:
      return AsBytes(static_cast<int8_t>(number));
    case 2:
      return AsBytes(static_cast<int16_t>(number));
    case 4:
      return AsBytes(static_cast<int32_t>(number));
    default:
      return AsBytes(number);
  }
}

}  // namespace

Column DefaultColumn(const FieldSchema& field, int64_t num_rows) {
  Column column(field.column_type());
  column.Reserve(num_rows);
  // The dynamic field of rows written before it existed is an empty object, as for rows without
  // keys.
  const bool has_value = field.has_default() || field.is_dynamic;
  const std::string bytes = field.has_default() ? DefaultBytes(field) : "{}";
  for (int64_t row = 0; row < num_rows; ++row) {
    if (has_value) {
      column.AppendRaw(bytes);
    } else {
      column.AppendNull();
    }
  }
  return column;
}

}  // namespace elanus::schema
