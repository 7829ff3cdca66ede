// One query against rows in the cache and in memory, and a batch against a tile: bytes per second.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "kernels/distance.h"

namespace elanus::kernels {
namespace {

std::vector<uint8_t> RandomBytes(ElementType type, size_t count, size_t dim) {
  std::mt19937_64 random(1);
  std::vector<uint8_t> bytes(count * VectorBytes(type, dim));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() & 0x3F);  // Finite as any type.
  return bytes;
}

// Arguments: element type, metric, dim, rows.
void BM_OneQueryManyRows(benchmark::State& state) {
  const auto type = static_cast<ElementType>(state.range(0));
  const auto metric = static_cast<Metric>(state.range(1));
  const auto dim = static_cast<size_t>(state.range(2)), rows = static_cast<size_t>(state.range(3));
  const DistanceFunctions functions = DistanceFunctionsFor(type, metric);
  const auto matrix = RandomBytes(type, rows, dim), query = RandomBytes(type, 1, dim);
  const PreparedQueries queries(functions, dim, query.data(), 1);
  std::vector<float> out(rows);
  for (auto _ : state) {
    functions.rows(queries[0], matrix.data(), rows, dim, out.data());
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * matrix.size()));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * rows));
  state.SetLabel(std::string(SimdTargetName()) + " " + std::string(MetricName(metric)));
}
BENCHMARK(BM_OneQueryManyRows)
    ->ArgsProduct({{0, 1, 2, 3}, {0, 1, 2}, {128, 768}, {64, 65536}})
    ->ArgsProduct({{4}, {3, 4}, {1024}, {64, 65536}});

void BM_SixteenQueriesTile(benchmark::State& state) {
  const auto type = static_cast<ElementType>(state.range(0));
  const auto metric = static_cast<Metric>(state.range(1));
  constexpr size_t kDim = 768, kRows = 64, kQueries = 16;
  const DistanceFunctions functions = DistanceFunctionsFor(type, metric);
  const auto matrix = RandomBytes(type, kRows, kDim), query = RandomBytes(type, kQueries, kDim);
  const PreparedQueries queries(functions, kDim, query.data(), kQueries);
  std::vector<float> out(kQueries * kRows);
  for (auto _ : state) {
    functions.tile(queries.data(), kQueries, matrix.data(), kRows, kDim, out.data(), kRows);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRows * kQueries));
}
BENCHMARK(BM_SixteenQueriesTile)->ArgsProduct({{0, 1, 2, 3}, {0, 1, 2}});

}  // namespace
}  // namespace elanus::kernels
