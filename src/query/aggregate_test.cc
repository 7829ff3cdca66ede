#include "query/aggregate.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <random>

namespace elanus::query {
namespace {

using schema::Column;
using schema::ColumnView;
using schema::DataType;

std::vector<int32_t> AllRows(const Column& column) {
  std::vector<int32_t> rows(column.num_rows());
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

Column Numbers(const std::vector<std::optional<int64_t>>& values) {
  Column column({.type = DataType::kInt64});
  for (const auto& value : values) value ? column.Append(*value) : column.AppendNull();
  return column;
}

Aggregate Of(AggregateKind kind, DataType type) {
  return {kind, FieldId(1), {.type = type}};
}

// One aggregate over all values of a column, without groups.
absl::StatusOr<Column> OverAll(AggregateKind kind, const Column& column) {
  Aggregator aggregator({}, {Of(kind, column.type().type)});
  const ColumnView input = column.View();
  ELANUS_RETURN_IF_ERROR(aggregator.Add({}, {&input, 1}, AllRows(column)));
  ELANUS_ASSIGN_OR_RETURN(AggregateTable table, aggregator.Finish({}));
  EXPECT_EQ(table.num_rows, 1);
  return std::move(table.values[0]);
}

TEST(Aggregator, SkipsNullsAndHasNoValueOfNothing) {
  const Column some = Numbers({3, std::nullopt, -5});
  EXPECT_EQ(OverAll(AggregateKind::kCountRows, some)->View().Value<int64_t>(0), 3);
  EXPECT_EQ(OverAll(AggregateKind::kCount, some)->View().Value<int64_t>(0), 2);
  EXPECT_EQ(OverAll(AggregateKind::kSum, some)->View().Value<int64_t>(0), -2);
  EXPECT_EQ(OverAll(AggregateKind::kAvg, some)->View().Value<double>(0), -1.0);
  EXPECT_EQ(OverAll(AggregateKind::kMin, some)->View().Value<int64_t>(0), -5);
  EXPECT_EQ(OverAll(AggregateKind::kMax, some)->View().Value<int64_t>(0), 3);
  for (const Column& none : {Numbers({}), Numbers({std::nullopt})}) {
    EXPECT_EQ(OverAll(AggregateKind::kCount, none)->View().Value<int64_t>(0), 0);
    for (const AggregateKind kind :
         {AggregateKind::kSum, AggregateKind::kAvg, AggregateKind::kMin, AggregateKind::kMax}) {
      EXPECT_FALSE(OverAll(kind, none)->View().IsValid(0));
    }
  }
}

TEST(Aggregator, SumsExactlyAndSaysWhenASumIsBeyondInt64) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  // On the way it is beyond, at the end it is not.
  const Column fine = Numbers({kMax, kMax, -kMax});
  EXPECT_EQ(OverAll(AggregateKind::kSum, fine)->View().Value<int64_t>(0), kMax);
  const Column much = Numbers({kMax, 1});
  EXPECT_EQ(CodeOf(OverAll(AggregateKind::kSum, much).status()), ErrorCode::kParameterInvalid);
  EXPECT_EQ(OverAll(AggregateKind::kAvg, much)->View().Value<double>(0), 0x1p62);
}

TEST(Aggregator, KeepsTheTypeOfExtremes) {
  Column texts({.type = DataType::kVarChar});
  for (const char* text : {"b", "", "abc"}) texts.AppendRaw(text);
  EXPECT_EQ(OverAll(AggregateKind::kMin, texts)->View().Bytes(0), "");
  EXPECT_EQ(OverAll(AggregateKind::kMax, texts)->View().Bytes(0), "b");
  Column small({.type = DataType::kInt8});
  small.Append<int8_t>(-7);
  EXPECT_EQ(OverAll(AggregateKind::kMin, small)->type().type, DataType::kInt8);
  Column real({.type = DataType::kFloat});
  real.Append(0.5f);
  real.Append(0.25f);
  EXPECT_EQ(OverAll(AggregateKind::kSum, real)->View().Value<double>(0), 0.75);
  EXPECT_EQ(OverAll(AggregateKind::kMax, real)->View().Value<float>(0), 0.5f);
}

struct ModelGroup {
  int64_t rows = 0, values = 0, sum = 0;
  std::optional<int64_t> least, greatest;
};
// Nulls last, as the group's order.
using ModelKey = std::pair<std::pair<bool, std::string>, std::pair<bool, int64_t>>;

TEST(Aggregator, AgreesWithAMapOverRandomRowsInSeveralParts) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const std::vector<Aggregate> aggregates = {
        Of(AggregateKind::kCountRows, DataType::kNone), Of(AggregateKind::kCount, DataType::kInt64),
        Of(AggregateKind::kSum, DataType::kInt64),      Of(AggregateKind::kMin, DataType::kInt64),
        Of(AggregateKind::kMax, DataType::kInt64),      Of(AggregateKind::kAvg, DataType::kInt64)};
    const std::vector<schema::ColumnType> types = {{.type = DataType::kVarChar},
                                                   {.type = DataType::kInt16}};
    Aggregator all(types, aggregates);
    std::map<ModelKey, ModelGroup> model;
    for (int part = 0; part < 3; ++part) {
      Aggregator one(types, aggregates);
      Column texts(types[0]), shorts(types[1]), values({.type = DataType::kInt64});
      std::vector<int32_t> chosen;
      for (int32_t row = 0; row < static_cast<int32_t>(random() % 100); ++row) {
        const std::string text(random() % 3, static_cast<char>('a' + random() % 2));
        const auto number = static_cast<int16_t>(random() % 4);
        const bool null_text = random() % 5 == 0, null_number = random() % 5 == 0;
        null_text ? texts.AppendNull() : texts.AppendRaw(text);
        null_number ? shorts.AppendNull() : shorts.Append(number);
        const auto value = static_cast<int64_t>(random() % 1000) - 500;
        const bool null_value = random() % 4 == 0;
        null_value ? values.AppendNull() : values.Append(value);
        if (random() % 3 == 0) continue;
        chosen.push_back(row);
        ModelGroup& group =
            model[{{null_text, null_text ? "" : text}, {null_number, null_number ? 0 : number}}];
        ++group.rows;
        if (null_value) continue;
        ++group.values;
        group.sum += value;
        group.least = std::min(group.least.value_or(value), value);
        group.greatest = std::max(group.greatest.value_or(value), value);
      }
      const ColumnView groups[] = {texts.View(), shorts.View()};
      const std::vector<ColumnView> inputs(aggregates.size(), values.View());
      ASSERT_TRUE(one.Add(groups, inputs, chosen).ok());
      ASSERT_TRUE(all.Merge(one).ok());
    }
    const auto offset = static_cast<int64_t>(random() % 4);
    const int64_t limit = random() % 2 == 0 ? -1 : static_cast<int64_t>(random() % 8);
    const auto table = all.Finish({.order = {}, .offset = offset, .limit = limit});
    ASSERT_TRUE(table.ok());
    const int64_t left = std::max<int64_t>(0, std::ssize(model) - offset);
    ASSERT_EQ(table->num_rows, limit < 0 ? left : std::min(limit, left));
    auto expected = std::next(model.begin(), std::min(offset, std::ssize(model)));
    for (int64_t row = 0; row < table->num_rows; ++row, ++expected) {
      const auto& [key, group] = *expected;
      EXPECT_EQ(table->groups[0].View().IsValid(row), !key.first.first);
      EXPECT_EQ(table->groups[0].View().Bytes(row), key.first.second);
      EXPECT_EQ(table->groups[1].View().Value<int16_t>(row), key.second.second);
      EXPECT_EQ(table->values[0].View().Value<int64_t>(row), group.rows);
      EXPECT_EQ(table->values[1].View().Value<int64_t>(row), group.values);
      ASSERT_EQ(table->values[2].View().IsValid(row), group.values > 0);
      if (group.values == 0) continue;
      EXPECT_EQ(table->values[2].View().Value<int64_t>(row), group.sum);
      EXPECT_EQ(table->values[3].View().Value<int64_t>(row), group.least);
      EXPECT_EQ(table->values[4].View().Value<int64_t>(row), group.greatest);
      EXPECT_DOUBLE_EQ(table->values[5].View().Value<double>(row),
                       static_cast<double>(group.sum) / static_cast<double>(group.values));
    }
  }
}

TEST(Aggregator, OrdersGroupsByAnyOfTheirFields) {
  Aggregator aggregator({{.type = DataType::kInt64}, {.type = DataType::kInt64}}, {});
  const Column a = Numbers({1, 1, std::nullopt, 2}), b = Numbers({7, 8, 7, std::nullopt});
  const ColumnView groups[] = {a.View(), b.View()};
  ASSERT_TRUE(aggregator.Add(groups, {}, AllRows(a)).ok());
  const auto table = aggregator.Finish({.order = {{1, {.descending = true, .nulls_first = true}}}});
  ASSERT_TRUE(table.ok());
  const ColumnView first = table->groups[0].View();
  ASSERT_EQ(table->num_rows, 4);
  EXPECT_EQ(first.Value<int64_t>(0), 2);  // b is null,
  EXPECT_EQ(first.Value<int64_t>(1), 1);  // 8,
  EXPECT_EQ(first.Value<int64_t>(2), 1);  // 7 twice: the other field decides.
  EXPECT_FALSE(first.IsValid(3));
}

}  // namespace
}  // namespace elanus::query
