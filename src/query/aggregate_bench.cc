// What does a row cost in a group? Batches of 4096 rows of random Int64, as a segment gives them.
#include <benchmark/benchmark.h>

#include <numeric>
#include <random>

#include "query/aggregate.h"

namespace elanus::query {
namespace {

using schema::DataType;

constexpr int64_t kRows = 4096;

schema::Column RandomColumn(DataType type, uint64_t bound) {
  std::mt19937_64 random(bound);
  schema::Column column({.type = type});
  for (int64_t row = 0; row < kRows; ++row) {
    const auto value = static_cast<int64_t>(random() % bound);
    if (type == DataType::kVarChar) {
      column.AppendRaw("group " + std::to_string(value));
    } else {
      column.Append(value);
    }
  }
  return column;
}

// count(*), sum and max of an Int64 field by a field of `type` with `state.range(0)` values; 0: no
// groups.
void Aggregates(benchmark::State& state, DataType type) {
  const schema::ColumnType int64{.type = DataType::kInt64};
  const auto num_groups = static_cast<uint64_t>(state.range(0));
  const schema::Column groups = RandomColumn(type, std::max<uint64_t>(num_groups, 1));
  const schema::Column values = RandomColumn(DataType::kInt64, 1'000'000);
  const std::vector<schema::ColumnView> inputs(3, values.View());
  std::vector<schema::ColumnView> group_columns;
  std::vector<schema::ColumnType> group_types;
  if (num_groups > 0) {
    group_columns.push_back(groups.View());
    group_types.push_back({.type = type});
  }
  std::vector<int32_t> rows(kRows);
  std::iota(rows.begin(), rows.end(), 0);
  Aggregator aggregator(group_types, {{AggregateKind::kCountRows, {}, {}},
                                      {AggregateKind::kSum, FieldId(1), int64},
                                      {AggregateKind::kMax, FieldId(1), int64}});
  for (auto _ : state) {
    benchmark::DoNotOptimize(aggregator.Add(group_columns, inputs, rows).ok());
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}
BENCHMARK_CAPTURE(Aggregates, int64, DataType::kInt64)->Arg(0)->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(Aggregates, varchar, DataType::kVarChar)->Arg(10)->Arg(1000);

}  // namespace
}  // namespace elanus::query
