// What an insert costs the proxy per vector: check and copy, beside a plain copy of the same bytes.
#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

#include "proxy/convert_column_in.h"
#include "schema.pb.h"

namespace elanus::proxy {
namespace {

constexpr int64_t kDim = 768;
constexpr int64_t kRows = 1000;

schema_pb::FieldData Vectors() {
  schema_pb::FieldData data;
  data.mutable_vectors()->set_dim(kDim);
  data.mutable_vectors()->mutable_float_vector()->mutable_data()->Resize(kDim * kRows, 0.5f);
  return data;
}

void CountRows(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(state.iterations() * kRows * kDim * 4);
}

void BM_ColumnFromWire(benchmark::State& state) {
  const schema_pb::FieldData data = Vectors();
  schema::FieldSchema field;
  field.type = schema::DataType::kFloatVector;
  field.type_params = {{"dim", std::to_string(kDim)}};
  for (auto _ : state) {
    auto column = ColumnFromWire(data, field, {.num_rows = kRows});
    benchmark::DoNotOptimize(column);
  }
  CountRows(state);
}
BENCHMARK(BM_ColumnFromWire);

void BM_PlainCopy(benchmark::State& state) {
  const schema_pb::FieldData data = Vectors();
  const auto& values = data.vectors().float_vector().data();
  for (auto _ : state) {
    const std::vector<float> copy(values.begin(), values.end());
    benchmark::DoNotOptimize(copy.data());
  }
  CountRows(state);
}
BENCHMARK(BM_PlainCopy);

}  // namespace
}  // namespace elanus::proxy
