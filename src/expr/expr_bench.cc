// Rows a second by kind of predicate, and what compiling costs.
#include <benchmark/benchmark.h>

#include <random>

#include "expr/test_table.h"

namespace elanus::expr {
namespace {

constexpr int64_t kRows = 1'000'000;

const TestTable& Table() {
  static const TestTable* const table = [] {
    auto* made = new TestTable();
    for (const std::string_view field : {"id Int64 primary", "i8 Int8", "i32 Int32", "i64 Int64",
                                         "n64 Int64 nullable", "f Float", "s VarChar", "j JSON"}) {
      made->AddField(field);
    }
    std::mt19937_64 random(1);
    for (int64_t row = 0; row < kRows; ++row) {
      const auto number = static_cast<int64_t>(random() % 1000);
      made->column("id").Append(row);
      made->column("i8").Append(static_cast<int8_t>(number % 100));
      made->column("i32").Append(static_cast<int32_t>(number));
      made->column("i64").Append(number);
      if (row % 10 == 0) {
        made->column("n64").AppendNull();
      } else {
        made->column("n64").Append(number);
      }
      made->column("f").Append(static_cast<float>(number));
      made->column("s").AppendRaw("category-" + std::to_string(number));
      made->column("j").AppendRaw(
          "{\"name\": \"item " + std::to_string(row) +
          "\", \"tags\": [\"a\", \"b\", \"c\"], \"price\": " + std::to_string(number) +
          ", \"stock\": {\"left\": " + std::to_string(row % 50) + "}}");
    }
    made->set_num_rows(kRows);
    return made;
  }();
  return *table;
}

std::string List(int64_t size, int64_t step) {
  std::string out = "[";
  for (int64_t i = 0; i < size; ++i) out += std::to_string(i * step) + ",";
  return out + "]";
}

void BM_Evaluate(benchmark::State& state, const std::string& filter) {
  const TestTable& table = Table();
  const auto plan = Compile(filter, table.schema(), {});
  ELANUS_CHECK_OK(plan.status());
  kernels::Bitset out(kRows);
  for (auto _ : state) {
    ELANUS_CHECK_OK(Evaluate(**plan, table, {}, out, Cancellation()));
    benchmark::DoNotOptimize(out.words());
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.counters["matching"] = static_cast<double>(out.Count());
}
BENCHMARK_CAPTURE(BM_Evaluate, int8_less, std::string("i8 < 10"));
BENCHMARK_CAPTURE(BM_Evaluate, int32_less, std::string("i32 < 10"));
BENCHMARK_CAPTURE(BM_Evaluate, int64_less, std::string("i64 < 10"));
BENCHMARK_CAPTURE(BM_Evaluate, nullable_int64_less, std::string("n64 < 10"));
BENCHMARK_CAPTURE(BM_Evaluate, float_less, std::string("f < 10"));
BENCHMARK_CAPTURE(BM_Evaluate, int64_range, std::string("10 < i64 <= 20"));
BENCHMARK_CAPTURE(BM_Evaluate, int64_arithmetic, std::string("i64 % 7 == 3"));
BENCHMARK_CAPTURE(BM_Evaluate, int64_in_5, "i64 in " + List(5, 7));
BENCHMARK_CAPTURE(BM_Evaluate, int64_in_100_close, "i64 in " + List(100, 7));
BENCHMARK_CAPTURE(BM_Evaluate, int64_in_100_far, "i64 in " + List(100, 1'000'003));
BENCHMARK_CAPTURE(BM_Evaluate, int64_in_10000_far, "id in " + List(10'000, 1'000'003));
BENCHMARK_CAPTURE(BM_Evaluate, and_of_three, std::string("i8 < 50 and i32 > 100 and f < 500"));
BENCHMARK_CAPTURE(BM_Evaluate, varchar_equal, std::string("s == 'category-7'"));
BENCHMARK_CAPTURE(BM_Evaluate, varchar_in_3,
                  std::string("s in ['category-7', 'category-77', 'category-777']"));
BENCHMARK_CAPTURE(BM_Evaluate, like_prefix, std::string("s like 'category-7%'"));
BENCHMARK_CAPTURE(BM_Evaluate, like_infix, std::string("s like '%gory-77%'"));
BENCHMARK_CAPTURE(BM_Evaluate, like_general, std::string("s like 'c_t%y-7_'"));
BENCHMARK_CAPTURE(BM_Evaluate, json_path, std::string("j['price'] < 10"));
BENCHMARK_CAPTURE(BM_Evaluate, json_two_paths,
                  std::string("j['price'] < 500 and j['stock']['left'] == 7"));

void BM_Compile(benchmark::State& state, const std::string& filter) {
  const TestTable& table = Table();
  for (auto _ : state) {
    auto plan = Compile(filter, table.schema(), {});
    ELANUS_CHECK_OK(plan.status());
    benchmark::DoNotOptimize(plan);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(BM_Compile, typical,
                  std::string("i32 > 100 and s == 'category-7' and j['price'] < 10"));
BENCHMARK_CAPTURE(BM_Compile, in_10000, "id in " + List(10'000, 1'000'003));

}  // namespace
}  // namespace elanus::expr
