// Bytes a second, on one core, at which segments are merged: read from memory, ordered, encoded.
#include <benchmark/benchmark.h>

#include <random>

#include "segment/segment_fixture_test.h"
#include "segment/segment_merge.h"

namespace elanus::segment {
namespace {

constexpr int64_t kRows = 20'000, kSources = 4, kBenchDim = 768, kScalars = 10;

schema::CollectionSchema BenchSchema() {
  schema::CollectionSchema schema;
  schema.name = "rows";
  schema.fields.push_back({.id = kKey, .name = "key", .is_primary_key = true});
  schema.fields.back().type = schema::DataType::kInt64;
  for (int64_t i = 0; i < kScalars; ++i) {
    schema::FieldSchema field{.id = FieldId(200 + i), .name = "s" + std::to_string(i)};
    field.type = i % 2 == 0 ? schema::DataType::kInt64 : schema::DataType::kVarChar;
    if (i % 2 != 0) field.type_params["max_length"] = "64";
    schema.fields.push_back(field);
  }
  schema::FieldSchema vector{.id = kVector, .name = "vector"};
  vector.type = schema::DataType::kFloatVector;
  vector.type_params["dim"] = std::to_string(kBenchDim);
  schema.fields.push_back(vector);
  return schema;
}

// `step` 1: the source's keys follow each other; kSources: they alternate with the others'.
std::shared_ptr<SealedSegment> MakeSource(const schema::CollectionSchema& schema, int64_t number,
                                          int64_t step, storage::ObjectStore& store) {
  std::mt19937_64 random(number);
  GrowingSegment growing(SegmentId(number + 1), PartitionId(1), 0, schema);
  schema::RowBatch rows;
  rows.num_rows = kRows;
  for (const schema::FieldSchema& field : schema.fields) {
    schema::Column column(field.column_type());
    std::vector<float> vector(kBenchDim);
    for (int64_t row = 0; row < kRows; ++row) {
      if (field.id == kKey) {
        column.Append<int64_t>(step == 1 ? number * kRows + row : row * step + number);
      } else if (field.id == kVector) {
        for (float& x : vector) x = static_cast<float>(random() % 1000) / 1000;
        column.AppendFixedRows(vector.data(), 1);
      } else if (field.type == schema::DataType::kInt64) {
        column.Append<int64_t>(static_cast<int64_t>(random() % 1'000'000));
      } else {
        column.AppendRaw("value " + std::to_string(random() % 100'000));
      }
    }
    rows.columns.emplace_back(field.id, std::move(column));
  }
  growing.Insert(schema, rows, Timestamp(10 + static_cast<uint64_t>(number)));
  return *Seal(growing, schema, store);
}

// Argument: 1 if the keys of the sources alternate.
void BM_Merge(benchmark::State& state) {
  storage::MemoryFileSystem files;
  const auto store = storage::MakeLocalObjectStore(files, "objects");
  const schema::CollectionSchema schema = BenchSchema();
  std::vector<MergeInput> inputs;
  for (int64_t i = 0; i < kSources; ++i) {
    const auto source = MakeSource(schema, i, state.range(0) != 0 ? kSources : 1, *store);
    inputs.push_back({source, kernels::Bitset(source->num_rows(), true)});
  }
  int64_t bytes = 0;
  for (auto _ : state) {
    const auto merged = MergeSegments(
        inputs, schema, kStamps,
        [](FieldId field) { return fmt::format("insert_log/merged/{}", field); }, *store, {});
    ELANUS_CHECK(merged.ok());
    for (const WrittenColumn& column : merged->columns) bytes += column.bytes;
  }
  state.SetBytesProcessed(bytes);
  state.SetItemsProcessed(state.iterations() * kRows * kSources);
}
BENCHMARK(BM_Merge)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace elanus::segment
