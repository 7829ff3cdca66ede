// Search time beside recall, by ef and by selectivity of the filter; build time a row.
#include <benchmark/benchmark.h>

#include "index/hnsw.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

constexpr int64_t kRows = 50000, kDim = 128, kQueries = 100, kK = 10;

struct World {
  TestVectors data = ClusteredVectors(DataType::kFloatVector, kDim, kRows, 500, 1);
  TestVectors queries = ClusteredVectors(DataType::kFloatVector, kDim, kQueries, 500, 1, 9);
  std::string file;
  std::unique_ptr<VectorIndex> index;

  World() {
    Executor executor({.name = "bench", .num_threads = AvailableCores()});
    BuildOptions options{.rows = data.rows(), .metric = Metric::kL2};
    options.params = {{"M", "16"}, {"efConstruction", "200"}};
    options.executor = &executor;
    file = BuildHnsw(options).value();
    index = OpenHnsw({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, data.rows(),
                     Metric::kL2, {})
                .value();
  }
};

World& TheWorld() {
  static World world;
  return world;
}

// Arguments: ef; rows allowed in a thousand.
void BM_Search(benchmark::State& state) {
  World& world = TheWorld();
  const Params params = {{"ef", std::to_string(state.range(0))}};
  kernels::Bitset allowed(kRows);
  for (int64_t row = 0; row < kRows; ++row) {
    if (static_cast<int64_t>(row * 2654435761u % 1000) < state.range(1)) allowed.Set(row);
  }
  const auto request_of = [&](int64_t q) {
    SearchRequest request{.query = world.queries.row(q), .k = kK, .params = &params};
    if (state.range(1) < 1000) {
      request.allowed = allowed.view();
      request.num_allowed = allowed.Count();
    }
    return request;
  };
  double recall = 0;
  for (int64_t q = 0; q < kQueries; ++q) {
    const SearchRequest request = request_of(q);
    recall +=
        Recall(world.index->Search(request, nullptr).value(),
               ExactSearch(world.data.rows(), Metric::kL2, request.query, kK, request.allowed));
  }
  SearchStatistics statistics;
  int64_t q = 0;
  SearchRequest request = request_of(0);
  for (auto _ : state) {
    request.query = world.queries.row(q++ % kQueries);
    benchmark::DoNotOptimize(world.index->Search(request, &statistics));
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["recall"] = recall / kQueries;
  state.counters["distances"] =
      static_cast<double>(statistics.distances) / static_cast<double>(state.iterations());
  state.counters["hops"] =
      static_cast<double>(statistics.hops) / static_cast<double>(state.iterations());
}
BENCHMARK(BM_Search)
    ->ArgsProduct({{16, 32, 64, 128, 256}, {1000}})
    ->ArgsProduct({{64}, {900, 500, 300, 200, 100, 50, 10, 1}});

void BM_Build(benchmark::State& state) {
  const int64_t rows = state.range(0);
  const auto data = ClusteredVectors(DataType::kFloatVector, kDim, rows, 100, 1);
  Executor executor({.name = "bench", .num_threads = AvailableCores()});
  BuildOptions options{.rows = data.rows(), .metric = Metric::kL2};
  options.params = {{"M", "16"}, {"efConstruction", "200"}};
  options.executor = &executor;
  for (auto _ : state) benchmark::DoNotOptimize(BuildHnsw(options).value());
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK(BM_Build)->Arg(10000)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace elanus::index
