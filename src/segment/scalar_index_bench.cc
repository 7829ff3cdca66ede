// A filter that one row in a hundred passes, over ten million rows: by its index, and by its
// column.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <functional>
#include <random>

#include "common/check.h"
#include "expr/expr.h"
#include "expr/json_values.h"
#include "index/scalar/scalar_build.h"
#include "index/scalar_kinds.h"
#include "segment/scalar_indexes.h"

namespace elanus::segment {
namespace {

using index::ScalarForm;
using schema::DataType;

constexpr int64_t kRows = 10'000'000;

struct Workload {
  std::string filter;
  DataType type;
  ScalarForm form;
  const char* cast = nullptr;  // Of a JSON field, at /a.
  std::function<void(std::mt19937_64&, schema::Column&)> append;
};

std::string OneHundredOf(int64_t distinct) {
  std::string list;
  for (int64_t i = 0; i < 100; ++i) {
    list += fmt::format("{}{}", i == 0 ? "" : ",", i * distinct / 100);
  }
  return "[" + list + "]";
}

template <int64_t kDistinct>
void Number(std::mt19937_64& random, schema::Column& column) {
  column.Append(static_cast<int64_t>(random() % kDistinct));
}
template <int64_t kDistinct>
void Text(std::mt19937_64& random, schema::Column& column) {
  column.AppendRaw(fmt::format("item-{:08}", random() % kDistinct));
}
void Words(std::mt19937_64& random, schema::Column& column) {
  std::string text;
  for (int i = 0; i < 12; ++i) text += static_cast<char>('a' + random() % 10);
  column.AppendRaw(text);
}
void Json(std::mt19937_64& random, schema::Column& column) {
  column.AppendRaw(fmt::format(R"({{"a":{},"b":"text"}})", random() % 1000));
}

const std::vector<Workload>& Workloads() {
  static const std::vector<Workload> all = {
      {"x == 7", DataType::kInt64, ScalarForm::kValues, nullptr, &Number<100>},
      {"10000 <= x < 20000", DataType::kInt64, ScalarForm::kValues, nullptr, &Number<1'000'000>},
      {"100 <= x < 10000000000000", DataType::kInt64, ScalarForm::kValues, nullptr,
       &Number<1'000'000>},  // Nearly all rows: the column is cheaper.
      {"x in " + OneHundredOf(10'000), DataType::kInt64, ScalarForm::kValues, nullptr,
       &Number<10'000>},
      {"x == 'item-00000007'", DataType::kVarChar, ScalarForm::kValues, nullptr, &Text<100>},
      {"x like 'item-000%'", DataType::kVarChar, ScalarForm::kValues, nullptr, &Text<10'000'000>},
      {"x like '%077%'", DataType::kVarChar, ScalarForm::kValues, nullptr, &Text<1000>},
      {"x like '%cab%'", DataType::kVarChar, ScalarForm::kGrams, nullptr, &Words},
      {"x[\"a\"] < 10", DataType::kJson, ScalarForm::kValues, "DOUBLE", &Json},
  };
  return all;
}

// One field, x, with or without its index. As SealedSegment's source.
class Source final : public expr::ColumnSource {
 public:
  explicit Source(const Workload& workload) : column_({.type = workload.type}) {
    schema::FieldSchema field;
    field.id = FieldId(100);
    field.name = "x";
    field.type = workload.type;
    schema_.fields = {field};
    std::mt19937_64 random(1);
    for (int64_t row = 0; row < kRows; ++row) workload.append(random, column_);
    auto loaded = std::make_shared<LoadedScalarIndex>();
    loaded->field = field.id;
    index::ScalarBuildOptions options{.form = workload.form, .rows = column_.View()};
    options.params = {{"min_gram", "2"}, {"max_gram", "3"}};
    expr::JsonValues values;
    if (workload.cast != nullptr) {
      loaded->path = expr::PathOfPointer("/a");
      values = *expr::ReadJsonValues(column_.View(), *loaded->path,
                                     *index::JsonCastOf({{"json_cast_type", workload.cast}}),
                                     Cancellation());
      options.rows = values.column.View();
      options.odd = values.odd;
    }
    file_ = *index::BuildScalarIndex(options);
    loaded->index = *index::OpenScalarIndex(
        index::Bytes(reinterpret_cast<const uint8_t*>(file_.data()), file_.size()), kRows);
    indexes_.Set(IndexId(1), std::move(loaded));
  }

  const schema::CollectionSchema& schema() const { return schema_; }
  double size_ratio() const {
    return static_cast<double>(file_.size()) / static_cast<double>(column_.byte_size());
  }
  void UseIndex(bool use) { use_index_ = use; }
  int64_t num_answers() const { return num_answers_; }

  int64_t num_rows() const override { return kRows; }
  int64_t ContiguousRows(int64_t begin) const override { return kRows - begin; }
  schema::ColumnView Rows(FieldId, int64_t begin, int64_t count) const override {
    return column_.View().Slice(begin, count);
  }
  bool has_indexes() const override { return true; }
  std::optional<expr::IndexAnswer> AskIndex(const expr::IndexQuestion& question, double budget_ns,
                                            const Cancellation& cancellation) const override {
    if (!use_index_) return std::nullopt;
    auto answer = indexes_.Ask(question, budget_ns, cancellation);
    num_answers_ += answer.has_value() ? 1 : 0;
    return answer;
  }
  std::optional<expr::IndexOffer> OfferRows(const expr::IndexQuestion& question, double budget_ns,
                                            const Cancellation& cancellation) const override {
    if (!use_index_) return std::nullopt;
    auto offer = indexes_.Offer(question, budget_ns, cancellation);
    num_answers_ += offer.has_value() ? 1 : 0;
    return offer;
  }

 private:
  schema::CollectionSchema schema_;
  schema::Column column_;
  std::string file_;
  mutable ScalarIndexes indexes_;
  mutable int64_t num_answers_ = 0;
  bool use_index_ = true;
};

// One at a time is in memory.
Source& SourceOf(size_t number) {
  static size_t made = SIZE_MAX;
  static std::unique_ptr<Source> source;
  if (made != number) {
    source.reset();
    source = std::make_unique<Source>(Workloads()[number]);
    made = number;
  }
  return *source;
}

// Arguments: workload, with its index.
void Filter(benchmark::State& state) {
  const Workload& workload = Workloads()[state.range(0)];
  Source& source = SourceOf(state.range(0));
  source.UseIndex(state.range(1) != 0);
  const auto plan = expr::Compile(workload.filter, source.schema(), {}, {.reports_30 = true});
  ELANUS_CHECK_OK(plan.status());
  const int64_t before = source.num_answers();
  kernels::Bitset found(kRows);
  for (auto _ : state) {
    ELANUS_CHECK_OK(Evaluate(**plan, source, {}, found, Cancellation()));
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.counters["passing"] = static_cast<double>(found.Count()) / kRows;
  state.counters["by_index"] = source.num_answers() > before ? 1 : 0;
  state.counters["index_to_raw"] = source.size_ratio();
  state.SetLabel(workload.filter.substr(0, 40));
}
BENCHMARK(Filter)
    ->ArgsProduct({benchmark::CreateDenseRange(0, static_cast<int>(Workloads().size()) - 1, 1),
                   {0, 1}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace elanus::segment
