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

}  // namespace elanus::index
