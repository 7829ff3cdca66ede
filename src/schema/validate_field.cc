#include "schema/validate_field.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "schema/names.h"
#include "schema/validate.h"
#include "schema/validate_struct.h"

namespace elanus::schema {
namespace {

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

std::optional<int64_t> ParseInt(std::string_view text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || text.empty()) return std::nullopt;
  return value;
}

// A parameter that must be an integer; nothing if it is absent.
absl::StatusOr<std::optional<int64_t>> IntParam(const FieldSchema& field, const char* key) {
  const auto it = field.type_params.find(key);
  if (it == field.type_params.end()) return std::optional<int64_t>();
  const std::optional<int64_t> value = ParseInt(it->second);
  if (!value.has_value()) {
    return Invalid("the value of type param({}) of field {} should be an integer, but got {}", key,
                   field.name, it->second.substr(0, 64));
  }
  return value;
}

// `type`: of one vector.
absl::Status CheckDimension(const FieldSchema& field, DataType type, const SchemaLimits& limits) {
  ELANUS_ASSIGN_OR_RETURN(const std::optional<int64_t> dim, IntParam(field, "dim"));
  if (!dim.has_value()) {
    return Invalid(
        "dimension is not defined in field type params of field {}, check type param "
        "`dim` for vector field",
        field.name);
  }
  const bool binary = type == DataType::kBinaryVector;
  const int64_t max = binary ? limits.dimension_max * 8 : limits.dimension_max;
  if (*dim <= 1) {
    return Invalid("invalid dimension: {}. should be in range 2 ~ {}", *dim, max);
  }
  if (*dim > max) {
    return Invalid(
        "invalid dimension: {} of field {}. {} vector dimension should be in range 2 ~ {}", *dim,
        field.name, binary ? "binary" : "float", max);
  }
  if (binary && *dim % 8 != 0) {
    return Invalid(
        "invalid dimension: {} of field {}. binary vector dimension should be multiple "
        "of 8.",
        *dim, field.name);
  }
  return absl::OkStatus();
}

absl::Status CheckMaxLength(const FieldSchema& field, const SchemaLimits& limits) {
  ELANUS_ASSIGN_OR_RETURN(const std::optional<int64_t> length, IntParam(field, "max_length"));
  if (!length.has_value()) {
    return Invalid("type param(max_length) should be specified for the field({})", field.name);
  }
  if (*length <= 0 || *length > limits.varchar_bytes_max) {
    return Invalid(
        "the maximum length specified for the field({}) should be in (0, {}], but got {} "
        "instead",
        field.name, limits.varchar_bytes_max, *length);
  }
  return absl::OkStatus();
}

absl::Status CheckCapacity(const FieldSchema& field, const SchemaLimits& limits) {
  ELANUS_ASSIGN_OR_RETURN(const std::optional<int64_t> capacity, IntParam(field, "max_capacity"));
  if (!capacity.has_value()) {
    return Invalid("type param(max_capacity) should be specified for array field {}", field.name);
  }
  if (*capacity <= 0 || *capacity > limits.array_capacity_max) {
    return Invalid(
        "the maximum capacity specified for a Array should be in (0, {}], but got {}, "
        "field name = {}",
        limits.array_capacity_max, *capacity, field.name);
  }
  return absl::OkStatus();
}

absl::Status CheckArray(const FieldSchema& field, const SchemaLimits& limits) {
  const DataType element = field.element_type;
  if (element == DataType::kVarChar) {
    ELANUS_RETURN_IF_ERROR(CheckMaxLength(field, limits));
  } else if (element != DataType::kBool && !IsNumeric(element)) {
    return Invalid("element type {} is not supported for array field {}", DataTypeName(element),
                   field.name);
  }
  return CheckCapacity(field, limits);
}

absl::Status CheckArrayOfVector(const FieldSchema& field, const SchemaLimits& limits) {
  if (field.struct_name.empty()) {
    return Invalid("array of vector can only be in the struct array field, field name: {}",
                   field.name);
  }
  if (!IsDenseVector(field.element_type)) {
    return Invalid("element type {} is not supported for array of vector field {}",
                   DataTypeName(field.element_type), field.name);
  }
  ELANUS_RETURN_IF_ERROR(CheckDimension(field, field.element_type, limits));
  return CheckCapacity(field, limits);
}

absl::Status NotInThisVersion(const FieldSchema& field, std::string_view what) {
  return Invalid("{} are not supported in this version of the server: field {} has the type {}",
                 what, field.name, DataTypeName(field.type));
}

// Smallest and largest value of an integer type.
std::pair<int64_t, int64_t> IntegerRange(DataType type) {
  if (type == DataType::kInt8) return {INT8_MIN, INT8_MAX};
  if (type == DataType::kInt16) return {INT16_MIN, INT16_MAX};
  if (type == DataType::kInt32) return {INT32_MIN, INT32_MAX};
  return {INT64_MIN, INT64_MAX};
}

std::string_view KindOfDefault(const DefaultValue& value) {
  constexpr std::string_view kNames[] = {"None", "Bool", "Int64", "Double", "VarChar"};
  return kNames[value.index()];
}

absl::Status CheckDefaultRange(const FieldSchema& field) {
  if (const auto* value = std::get_if<int64_t>(&field.default_value)) {
    const auto [min, max] = IntegerRange(field.type);
    if (*value < min || *value > max) {
      return Invalid("the default_value of field {} is out of range: {} is not in [{}, {}]",
                     field.name, *value, min, max);
    }
  }
  if (const auto* value = std::get_if<double>(&field.default_value)) {
    const double max = field.type == DataType::kFloat ? std::numeric_limits<float>::max()
                                                      : std::numeric_limits<double>::max();
    if (!(std::abs(*value) <= max)) {
      return Invalid("the default_value of field {} is out of range: {}", field.name, *value);
    }
  }
  if (const auto* value = std::get_if<std::string>(&field.default_value)) {
    if (field.type == DataType::kVarChar &&
        static_cast<int64_t>(value->size()) > field.max_length()) {
      return Invalid("the length ({}) of the default_value of field {} exceeds max length ({})",
                     value->size(), field.name, field.max_length());
    }
  }
  return absl::OkStatus();
}

}  // namespace

void NormalizeParams(Properties& params) {
  if (auto node = params.extract("mmap_enabled"); !node.empty()) {
    node.key() = "mmap.enabled";
    params.insert(std::move(node));
  }
  for (const char* key : {"dim", "max_length", "max_capacity"}) {
    const auto it = params.find(key);
    if (it == params.end()) continue;
    std::string& text = it->second;
    // JSON text of a string or of a number with blanks around it.
    const auto strip = [&text](std::string_view what) {
      while (!text.empty() && what.find(text.back()) != std::string_view::npos) text.pop_back();
      const size_t first = text.find_first_not_of(what);
      text.erase(0, first == std::string::npos ? text.size() : first);
    };
    strip(" \t\r\n");
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
      text = text.substr(1, text.size() - 2);
      strip(" \t\r\n");
    }
  }
}

absl::Status CheckType(const FieldSchema& field, const SchemaLimits& limits) {
  switch (field.type) {
    case DataType::kNone:
      return Invalid("data type of field {} is not valid", field.name);
    case DataType::kBool:
    case DataType::kInt8:
    case DataType::kInt16:
    case DataType::kInt32:
    case DataType::kInt64:
    case DataType::kFloat:
    case DataType::kDouble:
    case DataType::kJson:
    case DataType::kGeometry:
    case DataType::kTimestamptz:
    case DataType::kText:
      return absl::OkStatus();
    case DataType::kVarChar:
      return CheckMaxLength(field, limits);
    case DataType::kArray:
      return CheckArray(field, limits);
    case DataType::kBinaryVector:
    case DataType::kFloatVector:
    case DataType::kFloat16Vector:
    case DataType::kBFloat16Vector:
    case DataType::kInt8Vector:
      return CheckDimension(field, field.type, limits);
    case DataType::kSparseFloatVector:
      if (field.type_params.contains("dim")) {
        return Invalid("dim should not be specified for sparse vector field {}({})", field.name,
                       field.id);
      }
      return NotInThisVersion(field, "sparse vectors");
    case DataType::kArrayOfVector:
      return CheckArrayOfVector(field, limits);
    case DataType::kArrayOfStruct:
      return Invalid("an array of structs is declared as a struct array field: field {}",
                     field.name);
  }
  return Invalid("data type of field {} is not valid", field.name);
}

absl::Status CheckFlags(const FieldSchema& field) {
  const bool is_key_type = field.type == DataType::kInt64 || field.type == DataType::kVarChar;
  if (field.is_primary_key) {
    if (!is_key_type) {
      return Invalid("the data type of primary key should be Int64 or VarChar, field name = {}",
                     field.name);
    }
    if (field.nullable) {
      return Invalid("primary field not support null, field name = {}", field.name);
    }
  }
  if (field.auto_id && !field.is_primary_key) {
    return Invalid("only primary field can specify AutoID with true, field name = {}", field.name);
  }
  if (field.is_partition_key) {
    if (field.is_primary_key) {
      return Invalid("the partition key field must not be primary field, field name = {}",
                     field.name);
    }
    if (!is_key_type) {
      return Invalid("the data type of partition key should be Int64 or VarChar, field name = {}",
                     field.name);
    }
    if (field.nullable) {
      return Invalid("partition key field not support nullable, field name = {}", field.name);
    }
  }
  if (field.is_clustering_key) {
    if (IsVector(field.type)) {
      return UserError(ErrorCode::kVectorClusteringKeyNotAllowed,
                       "vector clustering key not allowed[field={}]", field.name);
    }
    if (!IsInteger(field.type) && !IsFloating(field.type) && field.type != DataType::kVarChar) {
      return Invalid("the data type {} is not supported for a clustering key, field name = {}",
                     DataTypeName(field.type), field.name);
    }
  }
  if (field.is_function_output) {
    return Invalid(
        "functions (BM25, embeddings and the like) are not supported in this version of "
        "the server: field {} is a function output",
        field.name);
  }
  if (field.is_dynamic) {
    return Invalid("cannot explicitly set a field as a dynamic field: {}", field.name);
  }
  return absl::OkStatus();
}

absl::Status CheckDefault(const FieldSchema& field) {
  if (!field.has_default()) return absl::OkStatus();
  const bool is_text = field.type == DataType::kVarChar || field.type == DataType::kGeometry;
  const bool is_time = field.type == DataType::kTimestamptz;
  const bool allowed = !field.is_primary_key && (field.type == DataType::kBool ||
                                                 IsNumeric(field.type) || is_text || is_time);
  if (!allowed) {
    return Invalid("type not support default_value, type:{}, name:{}", DataTypeName(field.type),
                   field.name);
  }
  const bool fits =
      (field.type == DataType::kBool && std::holds_alternative<bool>(field.default_value)) ||
      ((IsInteger(field.type) || is_time) &&
       std::holds_alternative<int64_t>(field.default_value)) ||
      (IsFloating(field.type) && std::holds_alternative<double>(field.default_value)) ||
      (is_text && std::holds_alternative<std::string>(field.default_value));
  if (!fits) {
    return Invalid("type ({}) of field ({}) is not equal to the type({}) of default_value",
                   DataTypeName(field.type), field.name, KindOfDefault(field.default_value));
  }
  return CheckDefaultRange(field);
}

absl::Status ValidateField(FieldSchema& field, const SchemaLimits& limits) {
  NormalizeParams(field.type_params);
  ELANUS_RETURN_IF_ERROR(CheckFieldName(field.short_name(), limits));
  if (!field.struct_name.empty()) ELANUS_RETURN_IF_ERROR(CheckSubField(field));
  ELANUS_RETURN_IF_ERROR(CheckFlags(field));
  ELANUS_RETURN_IF_ERROR(CheckType(field, limits));
  if (const auto it = field.type_params.find("mmap.enabled");
      it != field.type_params.end() && !ParseBool(it->second).has_value()) {
    return Invalid("invalid mmap.enabled value: {}, expected: true, false", it->second);
  }
  return CheckDefault(field);
}

}  // namespace elanus::schema
