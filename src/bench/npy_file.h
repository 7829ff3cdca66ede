// Matrices in NumPy's file format (.npy): numpy.org/neps/nep-0001-npy-format.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"

namespace elanus::bench {

enum class NpyType { kFloat32, kFloat16, kInt8, kUint8, kInt32, kInt64 };

struct NpyMatrix {
  NpyType type = NpyType::kFloat32;
  int64_t num_rows = 0;
  int64_t num_columns = 0;
  std::vector<uint8_t> data;  // (num_rows, num_columns), row-major, little-endian.
};

// Two dimensions in C order; anything else is kParameterInvalid and says what was found.
absl::StatusOr<NpyMatrix> ReadNpy(const std::string& path);

// The same from the file's bytes. `name` is for messages.
absl::StatusOr<NpyMatrix> ParseNpy(const std::string& bytes, const std::string& name);

}  // namespace elanus::bench
