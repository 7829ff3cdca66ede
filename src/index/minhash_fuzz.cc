// Arbitrary slots, keys and rows in a well-sealed MINHASH_LSH file over 40 signatures of four
// bytes, and arbitrary bytes as a file: what opens must be searched safely.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "index/hostile_search.h"
#include "index/minhash.h"

namespace {

using namespace elanus;         // NOLINT
using namespace elanus::index;  // NOLINT

constexpr int64_t kRows = 40, kDim = 32;

void OpenAndSearch(const std::string& file) {
  static const std::vector<uint8_t> values(kRows * kDim / 8, 3);
  const VectorRows rows{schema::DataType::kBinaryVector, kDim, kRows, values.data()};
  const auto index = OpenMinHash({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, rows,
                                 kernels::Metric::kMinHash, {});
  if (!index.ok()) return;
  for (const char* jaccard : {"false", "true"}) {
    SearchHostile(**index, rows, 20, {{"mh_search_with_jaccard", jaccard}});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  OpenAndSearch(std::string(reinterpret_cast<const char*>(data), size));
  size_t at = 0;
  const auto take = [&]() -> uint8_t { return at < size ? data[at++] : 0; };
  MinHashFacts facts{.element_bytes = take() % 6u,
                     .num_bands = take() % 6u,
                     .dim = kDim,
                     .num_rows = kRows,
                     .num_indexed = take() % 50u,
                     .slot_bits = take() % 4u};
  if (take() == 255) std::memcpy(&facts, data, std::min(size, sizeof(facts)));
  const size_t bands = facts.num_bands % 6, slots = size_t{1} << (facts.slot_bits % 4);
  std::vector<uint32_t> ends(bands * (slots + 1)), keys(bands * (facts.num_indexed % 50)),
      rows(keys.size());
  const bool whole = take() % 2 == 0;  // Ends that fit, so that more files open.
  for (size_t i = 0; i < ends.size(); ++i) {
    const bool last = i % (slots + 1) == slots;
    ends[i] = whole ? (last ? static_cast<uint32_t>(facts.num_indexed) : 0) : take();
  }
  for (uint32_t& key : keys) key = take();
  for (uint32_t& row : rows) row = take() % 48;
  OpenAndSearch(MakeMinHashFile(facts, ends, keys, rows));
  return 0;
}
