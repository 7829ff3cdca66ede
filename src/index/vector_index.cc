#include "index/vector_index.h"

#include "common/check.h"

namespace elanus::index {

kernels::ElementType ElementTypeOf(schema::DataType type) {
  using schema::DataType;
  switch (type) {
    case DataType::kFloatVector:
      return kernels::ElementType::kFloat32;
    case DataType::kFloat16Vector:
      return kernels::ElementType::kFloat16;
    case DataType::kBFloat16Vector:
      return kernels::ElementType::kBFloat16;
    case DataType::kInt8Vector:
      return kernels::ElementType::kInt8;
    default:  // Every other type is not a dense vector.
      ELANUS_CHECK(type == DataType::kBinaryVector);
      return kernels::ElementType::kBinary;
  }
}

absl::Status CheckRequest(const SearchRequest& request, int64_t num_rows) {
  if (!request.allowed.empty() && request.allowed.size() != num_rows) {
    return InternalError(ErrorCode::kInternal, "filter of {} rows over an index of {} rows",
                         request.allowed.size(), num_rows);
  }
  return request.cancellation != nullptr ? request.cancellation->Check() : absl::OkStatus();
}

}  // namespace elanus::index
