#include "schema/data_type.h"

namespace elanus::schema {

std::optional<DataType> DataTypeFromWire(int32_t value) {
  const auto type = static_cast<DataType>(value);
  if (value == 0 || DataTypeName(type).empty()) return std::nullopt;
  return type;
}

std::string_view DataTypeName(DataType type) {
  switch (type) {
    case DataType::kNone: return "None";
    case DataType::kBool: return "Bool";
    case DataType::kInt8: return "Int8";
    case DataType::kInt16: return "Int16";
    case DataType::kInt32: return "Int32";
    case DataType::kInt64: return "Int64";
    case DataType::kFloat: return "Float";
    case DataType::kDouble: return "Double";
    case DataType::kVarChar: return "VarChar";
    case DataType::kArray: return "Array";
    case DataType::kJson: return "JSON";
    case DataType::kGeometry: return "Geometry";
    case DataType::kText: return "Text";
    case DataType::kTimestamptz: return "Timestamptz";
    case DataType::kBinaryVector: return "BinaryVector";
    case DataType::kFloatVector: return "FloatVector";
    case DataType::kFloat16Vector: return "Float16Vector";
    case DataType::kBFloat16Vector: return "BFloat16Vector";
    case DataType::kSparseFloatVector: return "SparseFloatVector";
    case DataType::kInt8Vector: return "Int8Vector";
    case DataType::kArrayOfVector: return "ArrayOfVector";
    case DataType::kArrayOfStruct: return "ArrayOfStruct";
  }
  return "";
}

bool IsDenseVector(DataType type) {
  return type == DataType::kFloatVector || type == DataType::kFloat16Vector ||
         type == DataType::kBFloat16Vector || type == DataType::kInt8Vector ||
         type == DataType::kBinaryVector;
}

bool IsVector(DataType type) {
  return IsDenseVector(type) || type == DataType::kSparseFloatVector ||
         type == DataType::kArrayOfVector;
}

bool IsInteger(DataType type) {
  return type == DataType::kInt8 || type == DataType::kInt16 || type == DataType::kInt32 ||
         type == DataType::kInt64;
}

bool IsFloating(DataType type) { return type == DataType::kFloat || type == DataType::kDouble; }

bool IsNumeric(DataType type) { return IsInteger(type) || IsFloating(type); }

bool IsString(DataType type) { return type == DataType::kVarChar || type == DataType::kText; }

int64_t FixedWidth(DataType type, int64_t dim) {
  switch (type) {
    case DataType::kBool:
    case DataType::kInt8: return 1;
    case DataType::kInt16: return 2;
    case DataType::kInt32:
    case DataType::kFloat: return 4;
    case DataType::kInt64:
    case DataType::kDouble:
    case DataType::kTimestamptz: return 8;
    case DataType::kFloatVector: return 4 * dim;
    case DataType::kFloat16Vector:
    case DataType::kBFloat16Vector: return 2 * dim;
    case DataType::kInt8Vector: return dim;
    case DataType::kBinaryVector: return dim / 8;
    case DataType::kNone:
    case DataType::kVarChar:
    case DataType::kArray:
    case DataType::kJson:
    case DataType::kGeometry:
    case DataType::kText:
    case DataType::kSparseFloatVector:
    case DataType::kArrayOfVector:
    case DataType::kArrayOfStruct: return 0;
  }
  return 0;
}

}  // namespace elanus::schema
