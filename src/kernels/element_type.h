#pragma once

#include <cstddef>
#include <cstdint>

namespace elanus::kernels {

// How the components of a stored vector are kept.
enum class ElementType { kFloat32, kFloat16, kBFloat16, kInt8, kBinary };

// Bytes of one vector; `dim` counts components (bits for kBinary, a multiple of 8).
inline size_t VectorBytes(ElementType type, size_t dim) {
  switch (type) {
    case ElementType::kFloat32:
      return dim * 4;
    case ElementType::kFloat16:
    case ElementType::kBFloat16:
      return dim * 2;
    case ElementType::kInt8:
      return dim;
    case ElementType::kBinary:
      return dim / 8;
  }
  return 0;
}

}  // namespace elanus::kernels
