// Arbitrary facts, numbers of the encoder and encodings in a well-sealed file of encoded lists over
// 40 rows, and arbitrary bytes as a file: what opens must encode queries and be searched safely.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "common/check.h"
#include "index/encoded_lists.h"
#include "index/hnsw.h"

namespace {

using namespace elanus;         // NOLINT
using namespace elanus::index;  // NOLINT

constexpr int64_t kRows = 40, kVectors = 90, kDim = 4;
constexpr uint64_t kEncodedDim = 16;

void OpenAndSearch(const std::string& file) {
  static const std::vector<float> values(kVectors * kDim, 0.5f);
  const VectorRows vectors{schema::DataType::kFloatVector, kDim, kVectors,
                           reinterpret_cast<const uint8_t*>(values.data())};
  const auto index = OpenEncodedLists(*FindIndexKind("HNSW"),
                                      {reinterpret_cast<const uint8_t*>(file.data()), file.size()},
                                      vectors, kRows, kernels::Metric::kIp, {});
  if (!index.ok()) return;
  const auto& encoded = dynamic_cast<const EncodedLists&>(**index);
  kernels::Bitset allowed(kRows, true);
  for (int64_t row = 0; row < kRows; row += 7) allowed.Reset(row);
  for (const int64_t count : {1, 5}) {
    const auto query = encoded.EncodeQuery(vectors.data, count);
    SearchRequest request{.query = reinterpret_cast<const uint8_t*>(query.vector.data()), .k = 20};
    request.allowed = allowed.view();
    request.num_allowed = allowed.Count();
    const auto hits = encoded.Search(request, nullptr);
    ELANUS_CHECK(hits.ok());
    for (const Neighbor& hit : *hits) {
      ELANUS_CHECK(hit.row >= 0 && hit.row < kRows && allowed.Test(hit.row));
    }
  }
}

// A graph over as many rows of as many components, whatever these are.
const std::string& Graph() {
  static const std::string graph = [] {
    static std::vector<uint16_t> rows(kRows * kEncodedDim);
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<uint16_t>(0x3f00 + i % 97);
    BuildOptions options{.metric = kernels::Metric::kIp,
                         .params = {{"M", "4"}, {"efConstruction", "20"}}};
    options.rows = {schema::DataType::kBFloat16Vector, kEncodedDim, kRows,
                    reinterpret_cast<const uint8_t*>(rows.data())};
    return BuildHnsw(options).value();
  }();
  return graph;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  OpenAndSearch(std::string(reinterpret_cast<const char*>(data), size));
  size_t at = 0;
  const auto take = [&]() -> uint8_t { return at < size ? data[at++] : 0; };
  // lemur: 8 hidden, 1 layer: 9 numbers of 16; muvera: 1 plane, 1 or 2 repeats: 8 or 16.
  EncodedListsFacts facts{.strategy = 1u + take() % 2, .metric = 2, .dim = kDim, .num_rows = kRows};
  facts.num_vectors = kVectors;
  facts.encoded_dim = kEncodedDim;
  facts.first = facts.strategy == 1 ? 1 : 8;
  facts.second = 1u + take() % 2;
  size_t num_floats = kDim * (1 + size_t{facts.second});
  if (facts.strategy == 2) num_floats = 2 + kDim + (kDim + 1) * 8 + (facts.second - 1) * 72 + 72;
  if (take() == 255) std::memcpy(&facts, data, std::min(size, sizeof(facts)));
  std::vector<float> floats(num_floats);
  for (float& value : floats) {
    const uint8_t bytes[4] = {take(), take(), take(), take()};
    std::memcpy(&value, bytes, sizeof(value));
  }
  std::vector<uint16_t> encodings(kRows * kEncodedDim);
  for (uint16_t& value : encodings) value = static_cast<uint16_t>(take() << 8 | take());
  OpenAndSearch(MakeEncodedListsFile(facts, floats, encodings, Graph()));
  return 0;
}
