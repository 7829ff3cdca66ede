// Arbitrary facts and lists in a well-sealed IVF file over 64 rows of dim 4, and arbitrary bytes as
// a file: what opens must be searched safely.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "index/hostile_search.h"
#include "index/ivf.h"
#include "index/ivf_file.h"

namespace {

using namespace elanus;         // NOLINT
using namespace elanus::index;  // NOLINT

constexpr int64_t kRows = 64, kDim = 4;

// Takes values off the front of the input; zeros when it is used up.
template <typename T>
T Take(Bytes& input) {
  T value{};
  const size_t size = std::min(sizeof(T), input.size());
  std::memcpy(&value, input.data(), size);
  input = input.subspan(size);
  return value;
}

void OpenAndSearch(const std::string& file) {
  static const std::vector<float> values(kRows * kDim, 0.5f);
  const VectorRows rows{schema::DataType::kFloatVector, kDim, kRows,
                        reinterpret_cast<const uint8_t*>(values.data())};
  const auto index = OpenIvfFlat({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, rows,
                                 kernels::Metric::kL2, {});
  if (!index.ok()) return;
  SearchHostile(**index, rows, 20, {{"nprobe", "2"}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  OpenAndSearch(std::string(reinterpret_cast<const char*>(data), size));
  Bytes input(data, size);
  IvfFacts facts{.type = static_cast<uint32_t>(schema::DataType::kFloatVector),
                 .metric = 1,
                 .dim = kDim,
                 .num_rows = kRows};
  if (Take<uint8_t>(input) == 255) facts = Take<IvfFacts>(input);
  facts.num_lists = Take<uint8_t>(input) % 9;
  facts.num_listed = Take<uint8_t>(input);
  std::vector<uint64_t> begins(Take<uint8_t>(input) % 10);
  for (uint64_t& begin : begins) begin = Take<uint8_t>(input);
  std::vector<uint32_t> rows(Take<uint8_t>(input) % 80);
  for (uint32_t& row : rows) row = Take<uint8_t>(input);
  const std::vector<uint8_t> centroids(facts.num_lists * kDim * 4);
  OpenAndSearch(MakeIvfFile(facts, centroids, begins, rows));
  return 0;
}
