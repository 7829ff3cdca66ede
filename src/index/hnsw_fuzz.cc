// Arbitrary bytes as an HNSW file over 64 rows of dim 4, or of dim 48, whose files have codes; a
// second time with its checksums repaired, and as changes to a good file.
#include <cstddef>
#include <cstdint>

#include "index/hnsw_hostile.h"

namespace {

using namespace elanus;         // NOLINT
using namespace elanus::index;  // NOLINT

struct Good {
  std::vector<float> values;
  VectorRows rows;
  std::string file;

  explicit Good(int64_t dim) : values(static_cast<size_t>(64 * dim)) {
    uint32_t state = 1;
    for (float& value : values) {
      state = state * 1664525 + 1013904223;
      value = static_cast<float>(state >> 16) / 65536;
    }
    rows = {schema::DataType::kFloatVector, dim, 64,
            reinterpret_cast<const uint8_t*>(values.data())};
    BuildOptions options{.rows = rows, .metric = kernels::Metric::kL2};
    options.params = {{"M", "2"}, {"efConstruction", "8"}};
    file = BuildHnsw(options).value();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Good plain(4), coded(48);
  const Good& good = size % 2 == 0 ? plain : coded;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  OpenAndSearch(bytes, good.rows, kernels::Metric::kL2);
  RepairHnswChecksums(bytes);
  OpenAndSearch(bytes, good.rows, kernels::Metric::kL2);
  std::string changed = good.file;  // Triples of the input: where (two bytes) and what.
  for (size_t i = 0; i + 3 <= size; i += 3) {
    changed[(data[i] * 256u + data[i + 1]) % changed.size()] = static_cast<char>(data[i + 2]);
  }
  RepairHnswChecksums(changed);
  OpenAndSearch(changed, good.rows, kernels::Metric::kL2);
  return 0;
}
