#include "proxy/convert_vector_in.h"

#include <algorithm>

#include "proxy/half_float.h"
#include "proxy/scalar_checks.h"
#include "schema.pb.h"

namespace elanus::proxy {
namespace {

using schema::DataType;
using schema_pb::VectorField;

// Values are checked and copied in pieces of this size, so that the copy finds them in the cache.
constexpr int64_t kPieceBytes = 64 << 10;

VectorField::DataCase SlotOf(DataType type) {
  switch (type) {
    case DataType::kFloatVector:
      return VectorField::kFloatVector;
    case DataType::kBinaryVector:
      return VectorField::kBinaryVector;
    case DataType::kFloat16Vector:
      return VectorField::kFloat16Vector;
    case DataType::kBFloat16Vector:
      return VectorField::kBfloat16Vector;
    case DataType::kInt8Vector:
      return VectorField::kInt8Vector;
    case DataType::kNone:
    case DataType::kBool:
    case DataType::kInt8:
    case DataType::kInt16:
    case DataType::kInt32:
    case DataType::kInt64:
    case DataType::kFloat:
    case DataType::kDouble:
    case DataType::kVarChar:
    case DataType::kArray:
    case DataType::kJson:
    case DataType::kGeometry:
    case DataType::kText:
    case DataType::kTimestamptz:
    case DataType::kSparseFloatVector:
    case DataType::kArrayOfVector:
    case DataType::kArrayOfStruct:
      break;
  }
  return VectorField::DATA_NOT_SET;
}

const std::string& BytesOf(const VectorField& vectors, DataType type) {
  if (type == DataType::kBinaryVector) return vectors.binary_vector();
  if (type == DataType::kFloat16Vector) return vectors.float16_vector();
  if (type == DataType::kBFloat16Vector) return vectors.bfloat16_vector();
  return vectors.int8_vector();
}

absl::StatusOr<VectorBytes> WholeRows(const void* data, int64_t bytes,
                                      const schema::FieldSchema& field) {
  const int64_t width = field.column_type().width();
  if (width <= 0 || bytes % width != 0) {
    return UserError(ErrorCode::kParameterInvalid,
                     "the length ({}) of vector data should divide the bytes of a vector ({}), "
                     "field: {}",
                     bytes, width, field.name);
  }
  VectorBytes out;
  out.data = static_cast<const uint8_t*>(data);
  out.num_rows = bytes / width;
  return out;
}

absl::StatusOr<VectorBytes> Halves(const VectorField& vectors, const schema::FieldSchema& field) {
  const auto& values = vectors.float_vector().data();
  ELANUS_ASSIGN_OR_RETURN(VectorBytes out, WholeRows(nullptr, int64_t{values.size()} * 2, field));
  out.converted.resize(values.size());
  const std::span<const float> floats(values.data(), values.size());
  ELANUS_RETURN_IF_ERROR(field.type == DataType::kFloat16Vector
                             ? ToFloat16(floats, out.converted.data())
                             : ToBFloat16(floats, out.converted.data()));
  out.data = reinterpret_cast<const uint8_t*>(out.converted.data());
  return out;
}

}  // namespace

absl::Status CheckVectorValues(const uint8_t* data, int64_t bytes,
                               const schema::FieldSchema& field) {
  if (field.type == DataType::kFloatVector) {
    return CheckFinite(
        {reinterpret_cast<const float*>(data), static_cast<size_t>(bytes) / sizeof(float)},
        field.name);
  }
  const bool half = field.type == DataType::kFloat16Vector;
  if (half || field.type == DataType::kBFloat16Vector) {
    const std::span<const uint16_t> values(reinterpret_cast<const uint16_t*>(data), bytes / 2);
    return CheckFinite(values, half ? 0x7c00 : 0x7f80, field.name);
  }
  return absl::OkStatus();
}

absl::Status CheckVectorDim(const schema_pb::FieldData& data, const schema::FieldSchema& field,
                            int64_t num_valid) {
  const int64_t dim = data.vectors().dim();
  if (dim == field.dim() || (num_valid == 0 && dim == 0)) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "the dim ({}) of field data({}) is not equal to schema dim ({}): invalid "
                   "parameter[expected={}][actual={}]",
                   dim, field.name, field.dim(), field.dim(), dim);
}

absl::StatusOr<VectorBytes> VectorsFromWire(const VectorField& vectors,
                                            const schema::FieldSchema& field) {
  const VectorField::DataCase slot = vectors.data_case();
  if (slot == VectorField::DATA_NOT_SET) return VectorBytes{};
  const bool is_half =
      field.type == DataType::kFloat16Vector || field.type == DataType::kBFloat16Vector;
  if (is_half && slot == VectorField::kFloatVector) return Halves(vectors, field);
  if (slot != SlotOf(field.type)) {
    return UserError(ErrorCode::kParameterInvalid,
                     "the data type of field ({}) does not match the schema, expected {}",
                     field.name, schema::DataTypeName(field.type));
  }
  if (field.type == DataType::kFloatVector) {
    const auto& values = vectors.float_vector().data();
    return WholeRows(values.data(), int64_t{values.size()} * 4, field);
  }
  const std::string& bytes = BytesOf(vectors, field.type);
  return WholeRows(bytes.data(), static_cast<int64_t>(bytes.size()), field);
}

absl::Status AppendVectors(const VectorBytes& vectors, const schema::FieldSchema& field,
                           const Validity& validity, schema::Column& column) {
  const int64_t width = field.column_type().width();
  if (!validity.all_valid()) {
    ELANUS_RETURN_IF_ERROR(CheckVectorValues(vectors.data, vectors.num_rows * width, field));
    return validity.ForEach(
        [&](int64_t, int64_t position) {
          column.AppendFixedRows(vectors.data + position * width, 1);
          return absl::OkStatus();
        },
        NullFiller(field, column));
  }
  const int64_t piece_rows = std::max<int64_t>(1, kPieceBytes / width);
  for (int64_t row = 0; row < vectors.num_rows; row += piece_rows) {
    const int64_t rows = std::min(piece_rows, vectors.num_rows - row);
    const uint8_t* piece = vectors.data + row * width;
    ELANUS_RETURN_IF_ERROR(CheckVectorValues(piece, rows * width, field));
    column.AppendFixedRows(piece, rows);
  }
  return absl::OkStatus();
}

}  // namespace elanus::proxy
