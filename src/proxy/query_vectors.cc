#include "proxy/query_vectors.h"

#include <cstring>
#include <optional>
#include <vector>

#include "common.pb.h"
#include "proxy/half_float.h"
#include "proxy/scalar_checks.h"
#include "proxy/wire_types.h"

namespace elanus::proxy {
namespace {

using schema::DataType;

// From a type of vectors to that of lists of them.
constexpr int kListTypeOffset = common_pb::EmbListBinaryVector - common_pb::BinaryVector;

bool HoldsLists(const common_pb::PlaceholderValue& placeholder) {
  return placeholder.type() >= common_pb::EmbListBinaryVector;
}

// Of one vector.
std::optional<DataType> TypeOf(const common_pb::PlaceholderValue& placeholder) {
  const int type = placeholder.type() - (HoldsLists(placeholder) ? kListTypeOffset : 0);
  if (type < common_pb::BinaryVector || type > common_pb::Int8Vector) return std::nullopt;
  return schema::DataTypeFromWire(type);
}

// Of one vector that is stored in the field.
DataType VectorType(const schema::FieldSchema& field) {
  return field.type == DataType::kArrayOfVector ? field.element_type : field.type;
}

absl::Status CheckType(const common_pb::PlaceholderValue& placeholder,
                       const schema::FieldSchema& field) {
  const std::optional<DataType> type = TypeOf(placeholder);
  const DataType stored = VectorType(field);
  const bool convertible = type == DataType::kFloatVector && (stored == DataType::kFloat16Vector ||
                                                              stored == DataType::kBFloat16Vector);
  const bool of_lists = HoldsLists(placeholder) || placeholder.element_level();
  const bool fits = !of_lists || (field.type == DataType::kArrayOfVector &&
                                  HoldsLists(placeholder) != placeholder.element_level());
  if (fits && (type == stored || convertible)) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "vector type must be the same, field {} - type {}, search info type {}",
                   field.name, schema::DataTypeName(field.type),
                   common_pb::PlaceholderType_Name(placeholder.type()));
}

absl::Status CheckNumber(int64_t num_values, int64_t nq, int64_t nq_max) {
  const int64_t number = nq == 0 ? num_values : nq;
  if (number < 1 || number > nq_max) {
    return UserError(ErrorCode::kParameterInvalid,
                     "nq (number of search vector per search request) should be in range [1, {}], "
                     "but got {}",
                     nq_max, number);
  }
  if (number == num_values) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "nq does not match the number of search vectors: nq {}, vectors {}", nq,
                   num_values);
}

absl::Status AppendConverted(const std::string& value, DataType type, std::string& out) {
  std::vector<float> floats(value.size() / sizeof(float));
  std::memcpy(floats.data(), value.data(), floats.size() * sizeof(float));
  std::vector<uint16_t> halves(floats.size());
  ELANUS_RETURN_IF_ERROR(type == DataType::kFloat16Vector ? ToFloat16(floats, halves.data())
                                                          : ToBFloat16(floats, halves.data()));
  out.append(reinterpret_cast<const char*>(halves.data()), halves.size() * sizeof(uint16_t));
  return absl::OkStatus();
}

absl::Status CheckValues(const std::string& bytes, const schema::FieldSchema& field) {
  const DataType type = VectorType(field);
  if (type == DataType::kFloatVector) {
    return CheckFinite(std::span(reinterpret_cast<const float*>(bytes.data()), bytes.size() / 4),
                       field.name);
  }
  if (type == DataType::kFloat16Vector || type == DataType::kBFloat16Vector) {
    return CheckFinite(std::span(reinterpret_cast<const uint16_t*>(bytes.data()), bytes.size() / 2),
                       type == DataType::kFloat16Vector ? 0x7c00 : 0x7f80, field.name);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<QueryVectors> ParseQueryVectors(std::string_view placeholder_group, int64_t nq,
                                               int64_t nq_max, const schema::FieldSchema& field) {
  common_pb::PlaceholderGroup group;
  if (!group.ParseFromArray(placeholder_group.data(), static_cast<int>(placeholder_group.size()))) {
    return UserError(ErrorCode::kParameterInvalid, "cannot parse the placeholder group");
  }
  if (group.placeholders_size() != 1) {
    return UserError(ErrorCode::kParameterInvalid,
                     "a search request needs exactly one placeholder, but got {}",
                     group.placeholders_size());
  }
  const common_pb::PlaceholderValue& placeholder = group.placeholders(0);
  ELANUS_RETURN_IF_ERROR(CheckType(placeholder, field));
  ELANUS_RETURN_IF_ERROR(CheckNumber(placeholder.values_size(), nq, nq_max));
  const bool lists = HoldsLists(placeholder);
  const bool converts = TypeOf(placeholder) != VectorType(field);
  const int64_t width = schema::FixedWidth(VectorType(field), field.dim());
  const int64_t sent_width = converts ? 2 * width : width;
  QueryVectors out;
  out.num_queries = placeholder.values_size();
  out.bytes.reserve(out.num_queries * width);
  if (lists) out.list_begins.push_back(0);
  for (const std::string& value : placeholder.values()) {
    const auto bytes = static_cast<int64_t>(value.size());
    if (lists) {
      if (bytes == 0) {
        return UserError(ErrorCode::kParameterInvalid,
                         "an embedding list to search with should not be empty");
      }
      out.list_begins.push_back(out.list_begins.back() + bytes / sent_width);
    }
    if (lists ? bytes % sent_width != 0 : bytes != sent_width) {
      return UserError(ErrorCode::kParameterInvalid,
                       "vector dimension mismatch, expected vector size(byte) {}, actual {}",
                       sent_width, bytes);
    }
    if (converts) {
      ELANUS_RETURN_IF_ERROR(AppendConverted(value, VectorType(field), out.bytes));
    } else {
      out.bytes.append(value);
    }
  }
  ELANUS_RETURN_IF_ERROR(CheckValues(out.bytes, field));
  return out;
}

}  // namespace elanus::proxy
