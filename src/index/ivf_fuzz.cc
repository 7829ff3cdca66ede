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
  if (size > 0) std::memcpy(&value, input.data(), size);
  input = input.subspan(size);
  return value;
}

const Params kParams = {{"nprobe", "2"}, {"refine_k", "2"}};

void OpenAndSearch(const std::string& file) {
  static const std::vector<float> values(kRows * kDim, 0.5f);
  const VectorRows rows{schema::DataType::kFloatVector, kDim, kRows,
                        reinterpret_cast<const uint8_t*>(values.data())};
  for (const auto open : {&OpenIvfFlat, &OpenIvfCodes}) {
    const auto index = open({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, rows,
                            kernels::Metric::kL2, {});
    if (index.ok()) SearchHostile(**index, rows, 20, kParams);
  }
  for (const auto open : {&OpenIvfFlatBlocks, &OpenIvfCodesBlocks}) {
    const auto index = open(
        storage::MakeMemoryReader({reinterpret_cast<const uint8_t*>(file.data()), file.size()}),
        rows, kernels::Metric::kL2, {});
    if (index.ok()) SearchHostile(**index, rows, 20, kParams, /*may_be_damaged=*/true);
  }
}

// A spec of `kind` that fits vectors of kDim, mostly.
CodeSpec TakeSpec(Bytes& input) {
  CodeSpec spec{.kind = static_cast<CodeKind>(Take<uint8_t>(input) % 7)};
  spec.bits = Take<uint8_t>(input) % 26;
  spec.parts = Take<uint8_t>(input) % 6;
  spec.levels = Take<uint8_t>(input) % 4;
  spec.in_blocks = Take<uint8_t>(input) % 3;
  return spec;
}

// As many bytes as input and `size` say, the rest of them zeros.
std::vector<uint8_t> TakeBytes(Bytes& input, size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size && !input.empty(); ++i) bytes[i] = Take<uint8_t>(input);
  return bytes;
}

// The bytes of a store of `spec`: what TrainCodes makes, overwritten by the input.
std::vector<uint8_t> TakeParameters(Bytes& input, const CodeSpec& spec) {
  static const std::vector<float> residuals(kRows * kDim, 0.25f);
  const auto store = TrainCodes(spec, {.dim = kDim, .residuals = &residuals});
  const size_t size = store.ok() ? (*store)->Parameters().size() : Take<uint8_t>(input);
  return TakeBytes(input, size);
}

size_t RunBytes(const CodeSpec& spec, const std::vector<uint8_t>& parameters, size_t rows) {
  const auto store = OpenCodes(spec, kDim, kernels::Metric::kL2, parameters);
  return store.ok() ? (*store)->RunBytes(rows) : 7;
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

  IvfCodes codes{.facts = {.spec = TakeSpec(input)}};
  codes.facts.refine = static_cast<RefineBy>(Take<uint8_t>(input) % 4);
  const CodeSpec finer = TakeSpec(input);
  const auto parameters = TakeParameters(input, codes.facts.spec);
  const auto finer_parameters = TakeParameters(input, finer);
  size_t bytes = 0;
  for (size_t list = 0; list + 1 < begins.size(); ++list) {
    if (begins[list] <= begins[list + 1]) {
      bytes += RunBytes(codes.facts.spec, parameters, begins[list + 1] - begins[list]);
    }
  }
  std::vector<uint8_t> head = TakeBytes(input, sizeof(finer) + kDim * 4);
  std::memcpy(head.data(), &finer, sizeof(finer));
  const auto runs = TakeBytes(input, bytes);
  const auto row_codes = TakeBytes(input, RunBytes(finer, finer_parameters, kRows));
  codes.parameters = BytesOf(parameters);
  codes.codes = BytesOf(runs);
  codes.refine_head = BytesOf(head);
  codes.refine_parameters = BytesOf(finer_parameters);
  codes.refine_codes = BytesOf(row_codes);
  OpenAndSearch(MakeIvfFile(facts, centroids, begins, rows, &codes));
  return 0;
}
