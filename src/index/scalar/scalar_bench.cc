// What an answer of an index costs beside its column: the constants of ScalarCosts.
#include <benchmark/benchmark.h>

#include <random>

#include "common/check.h"
#include "index/scalar/scalar_build.h"
#include "index/scalar/scalar_index.h"

namespace elanus::index {
namespace {

constexpr int64_t kRows = 4'000'000;

struct Made {
  std::string file;
  std::unique_ptr<ScalarIndex> index;
};

// INT64 with so many distinct values, spread evenly.
Made Make(int64_t distinct, bool by_blocks) {
  schema::Column column({.type = schema::DataType::kInt64});
  std::mt19937_64 random(1);
  for (int64_t row = 0; row < kRows; ++row) {
    column.Append(static_cast<int64_t>(random() % static_cast<uint64_t>(distinct)));
  }
  Made made{*BuildScalarIndex({.rows = column.View()}), nullptr};
  const Bytes bytes(reinterpret_cast<const uint8_t*>(made.file.data()), made.file.size());
  made.index = by_blocks ? *OpenScalarIndex(storage::MakeMemoryReader(bytes), kRows)
                         : *OpenScalarIndex(bytes, kRows);
  return made;
}

// Arguments: distinct values, rows that pass in thousandths, by blocks.
void Interval(benchmark::State& state) {
  const Made made = Make(state.range(0), state.range(2) != 0);
  ScalarQuery query{.kind = ScalarQuery::Kind::kInterval};
  query.lower = ScalarBound{state.range(0) / 10};
  query.upper = ScalarBound{state.range(0) / 10 + state.range(0) * state.range(1) / 1000, false};
  int64_t entries = 0;
  for (auto _ : state) {
    const auto plan = made.index->Plan(query, 1e18);
    ELANUS_CHECK(plan.ok() && plan->has_value());
    entries = static_cast<int64_t>((*plan)->num_entries);
    benchmark::DoNotOptimize(made.index->Rows(query, **plan, Cancellation()));
  }
  state.SetItemsProcessed(state.iterations() * entries);
  state.counters["bytes_per_row"] = static_cast<double>(made.file.size()) / kRows;
}
BENCHMARK(Interval)->ArgsProduct({{100, 10'000, 1 << 30}, {10, 100}, {0, 1}});

// Arguments: distinct values, look-ups, by blocks.
void AnyOf(benchmark::State& state) {
  const Made made = Make(state.range(0), state.range(2) != 0);
  ScalarQuery query;
  std::mt19937_64 random(2);
  for (int64_t i = 0; i < state.range(1); ++i) {
    query.keys.emplace_back(static_cast<int64_t>(random() % static_cast<uint64_t>(state.range(0))));
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(made.index->Plan(query, 1e18));
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}
BENCHMARK(AnyOf)->ArgsProduct({{10'000, 1 << 30}, {1, 100}, {0, 1}});

}  // namespace
}  // namespace elanus::index
