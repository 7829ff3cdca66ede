// How fast are column files written and opened, and how small do scalars get?

#include <benchmark/benchmark.h>

#include <bit>
#include <random>

#include "storage/column_file.h"
#include "storage/random_columns.h"

namespace elanus::storage {
namespace {

using schema::Column;
using schema::DataType;

class Bytes final : public MappedFile {
 public:
  explicit Bytes(const std::string& bytes)
      : size_(bytes.size()),
        data_(static_cast<uint8_t*>(::operator new(bytes.size(), std::align_val_t(4096)))) {
    std::memcpy(data_, bytes.data(), bytes.size());
  }
  ~Bytes() override { ::operator delete(data_, std::align_val_t(4096)); }
  std::span<const uint8_t> data() const override { return {data_, size_}; }

 private:
  size_t size_;
  uint8_t* data_;
};

Column Make(int64_t kind) {
  Random random(1);
  if (kind == 0)
    return RandomColumn(random, {DataType::kFloatVector, DataType::kNone, 768}, 20000, 0);
  if (kind >= 3) {
    // As embeddings are distributed; 4: of a model that gives half floats.
    std::normal_distribution<float> normal(0, 0.05f);
    Column column({DataType::kFloatVector, DataType::kNone, 768});
    std::vector<float> row(768);
    for (int i = 0; i < 20000; ++i) {
      for (float& value : row) {
        value = normal(random);
        if (kind == 4) value = std::bit_cast<float>(std::bit_cast<uint32_t>(value) & 0xffffe000);
      }
      column.AppendFixedRows(row.data(), 1);
    }
    return column;
  }
  Column column({kind == 1 ? DataType::kInt64 : DataType::kVarChar});
  for (int64_t row = 0; row < 500000; ++row) {
    if (kind == 1) {
      column.Append<int64_t>(460000000000000000 + row * 3);
    } else {
      column.AppendRaw(fmt::format("title number {} of section {}", random() % 100000, row % 40));
    }
  }
  return column;
}

void SetRates(benchmark::State& state, const Column& column, size_t file_bytes) {
  state.SetBytesProcessed(state.iterations() * column.byte_size());
  state.SetItemsProcessed(state.iterations() * column.num_rows());
  state.counters["file_to_memory"] =
      static_cast<double>(file_bytes) / static_cast<double>(column.byte_size());
  const char* const names[] = {"vectors 768-d", "ascending int64", "titles", "vectors by planes",
                               "vectors of halves by planes"};
  state.SetLabel(names[state.range(0)]);
}

void BM_Encode(benchmark::State& state) {
  const Column column = Make(state.range(0));
  size_t size = 0;
  for (auto _ : state) size = EncodeColumnFile(column.View(), state.range(0) >= 3)->size();
  SetRates(state, column, size);
}
BENCHMARK(BM_Encode)->DenseRange(0, 4);

void BM_Open(benchmark::State& state) {
  const Column column = Make(state.range(0));
  const auto object =
      std::make_shared<Bytes>(*EncodeColumnFile(column.View(), state.range(0) >= 3));
  for (auto _ : state) benchmark::DoNotOptimize(ColumnFile::Open(object, "bench"));
  SetRates(state, column, object->data().size());
}
BENCHMARK(BM_Open)->DenseRange(0, 4);

}  // namespace
}  // namespace elanus::storage
