// Arbitrary codes around a good graph over 64 rows of dim 4, well sealed, and arbitrary bytes as a
// file: what opens must be searched safely.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "index/coded_hnsw.h"
#include "index/hnsw.h"
#include "index/hostile_search.h"

namespace {

using namespace elanus;         // NOLINT
using namespace elanus::index;  // NOLINT

constexpr int64_t kRows = 64, kDim = 4;

VectorRows Rows() {
  static const std::vector<float> values = [] {
    std::vector<float> all(kRows * kDim);
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<float>(i * 7 % 31);
    return all;
  }();
  return {schema::DataType::kFloatVector, kDim, kRows,
          reinterpret_cast<const uint8_t*>(values.data())};
}

void OpenAndSearch(const std::string& file) {
  const auto index = OpenCodedHnsw({reinterpret_cast<const uint8_t*>(file.data()), file.size()},
                                   Rows(), kernels::Metric::kL2, {});
  if (index.ok()) SearchHostile(**index, Rows(), 20, {{"ef", "20"}, {"refine_k", "2"}});
}

// The next `size` bytes of the input, zeros when it is used up.
std::vector<uint8_t> Take(Bytes& input, size_t size) {
  std::vector<uint8_t> bytes(size);
  const size_t taken = std::min(size, input.size());
  if (taken > 0) std::memcpy(bytes.data(), input.data(), taken);
  input = input.subspan(taken);
  return bytes;
}

RowCodesBytes TakeCodes(Bytes& input) {
  const std::vector<uint8_t> kinds = Take(input, 5);
  CodeSpec spec{.kind = static_cast<CodeKind>(kinds[0] % 7)};
  spec.bits = kinds[1] % 26;
  spec.parts = kinds[2] % 6;
  spec.levels = kinds[3] % 4;
  spec.in_blocks = kinds[4] % 16 == 1;
  RowCodesBytes codes;
  codes.head = Take(input, sizeof(spec) + kDim * sizeof(float));
  std::memcpy(codes.head.data(), &spec, sizeof(spec));
  static const std::vector<float> residuals(kRows * kDim, 0.25f);
  const auto store = TrainCodes(spec, {.dim = kDim, .residuals = &residuals});
  if (!store.ok()) return codes;
  codes.parameters = Take(input, (*store)->Parameters().size());
  codes.codes = Take(input, (*store)->RunBytes(kRows));
  return codes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string graph =
      BuildHnsw({.rows = Rows(), .params = {{"M", "4"}, {"efConstruction", "20"}}}).value();
  OpenAndSearch(std::string(reinterpret_cast<const char*>(data), size));
  Bytes input(data, size);
  const uint32_t refine = Take(input, 1)[0] % 4;
  const RowCodesBytes codes = TakeCodes(input), finer = TakeCodes(input);
  OpenAndSearch(MakeCodedHnswFile(
      refine, {reinterpret_cast<const uint8_t*>(graph.data()), graph.size()}, codes, finer));
  return 0;
}
