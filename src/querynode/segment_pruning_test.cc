#include "querynode/segment_pruning.h"

#include <gtest/gtest.h>

#include <random>

#include "expr/test_table.h"
#include "segment/column_summary.h"

namespace elanus::querynode {
namespace {

meta::Segment SegmentOf(expr::TestTable& table) {
  using Kind = meta::ColumnValues::Kind;
  meta::Segment out;
  for (const schema::FieldSchema& field : table.schema().fields) {
    const auto summary = segment::Summarize(table.column(field.name).View());
    meta::FieldFile file{field.id, "key"};
    if (summary.has_value()) {
      const storage::Zone& zone = summary->zone;
      meta::ColumnValues& values = file.values.emplace();
      values.num_nulls = zone.num_nulls;
      values.has_nan = zone.has_nan;
      if (zone.has_range) {
        values.kind = summary->kind == segment::ColumnSummary::Kind::kInts    ? Kind::kInt
                      : summary->kind == segment::ColumnSummary::Kind::kReals ? Kind::kReal
                                                                              : Kind::kText;
      }
      values.min_int = zone.min_int;
      values.max_int = zone.max_int;
      values.min_real = zone.min_real;
      values.max_real = zone.max_real;
      values.min_text = zone.min_text;
      values.max_text = zone.max_text;
      values.max_is_prefix = zone.max_text_is_prefix;
      values.ints = summary->ints;
      values.texts = summary->texts;
    }
    out.files.push_back(std::move(file));
  }
  return out;
}

std::string Leaf(std::mt19937_64& random) {
  const char* const ops[] = {"==", "!=", "<", "<=", ">", ">="};
  const char* op = ops[random() % 6];
  const auto number = static_cast<int64_t>(random() % 60) - 5;
  switch (random() % 10) {
    case 0:
      return fmt::format("n {} {}", op, number);
    case 1:
      return fmt::format("n in [{}, {}]", number, number + 7);
    case 2:
      return fmt::format("{} < n < {}", number, number + 9);
    case 3:
      return fmt::format("s {} 's{:02}'", op, std::abs(number));
    case 4:
      return fmt::format("s in ['s{:02}', 'zz']", std::abs(number));
    case 5:
      return fmt::format("s like 's{}%'", std::abs(number) % 10);
    case 6:
      return fmt::format("d {} {}.5", op, number);
    case 7:
      return fmt::format("{} is {}null", random() % 2 == 0 ? "n" : "s",
                         random() % 2 == 0 ? "" : "not ");
    case 8:
      return fmt::format("n % 3 == {}", random() % 4);
    default:
      return fmt::format("b == {}", random() % 2 == 0 ? "true" : "false");
  }
}

std::string Filter(std::mt19937_64& random, int depth) {
  if (depth == 0 || random() % 3 == 0) return Leaf(random);
  if (random() % 5 == 0) return fmt::format("not ({})", Filter(random, depth - 1));
  return fmt::format("({}) {} ({})", Filter(random, depth - 1), random() % 2 == 0 ? "and" : "or",
                     Filter(random, depth - 1));
}

TEST(SegmentPruning, NeverLeavesOutASegmentWithAMatch) {
  std::mt19937_64 random(5);
  int pruned = 0, kept_in_vain = 0;
  for (int round = 0; round < 400; ++round) {
    expr::TestTable table;
    for (const char* field : {"id Int64 primary", "n Int64 nullable", "s VarChar nullable",
                              "d Double nullable", "b Bool nullable"}) {
      table.AddField(field);
    }
    const auto base = static_cast<int64_t>(random() % 40);
    const uint64_t width = 1 + random() % 25;
    const int64_t rows = 1 + static_cast<int64_t>(random() % 60);
    for (int64_t row = 0; row < rows; ++row) {
      const auto value = [&] { return base + static_cast<int64_t>(random() % width); };
      std::string line = fmt::format(R"({{"id":{})", row);
      if (random() % 8 != 0) line += fmt::format(R"(,"n":{})", value());
      if (random() % 8 != 0) line += fmt::format(R"(,"s":"s{:02}")", value());
      if (random() % 8 != 0) line += fmt::format(R"(,"d":{}.5)", value());
      if (random() % 2 != 0) line += R"(,"b":true)";
      table.AddRow(line + "}");
    }
    const meta::Segment segment = SegmentOf(table);
    for (int i = 0; i < 20; ++i) {
      const std::string text = Filter(random, 3);
      const auto plan = expr::Compile(text, table.schema());
      ASSERT_TRUE(plan.ok()) << text << ": " << plan.status();
      kernels::Bitset out(rows);
      ASSERT_TRUE(expr::Evaluate(**plan, table, {}, out, Cancellation()).ok());
      const bool may = MayHoldMatches(**plan, segment);
      ASSERT_TRUE(may || out.Count() == 0) << text << " in round " << round;
      pruned += may ? 0 : 1;
      kept_in_vain += may && out.Count() == 0 ? 1 : 0;
      EXPECT_TRUE(MayHoldMatches(**plan, meta::Segment())) << "without statistics";
    }
  }
  EXPECT_GT(pruned, 400);
  EXPECT_LT(kept_in_vain, 2 * pruned) << "statistics are of use";
}

TEST(SegmentPruning, KnowsThatAValueBetweenTheOthersIsMissing) {
  expr::TestTable table;
  table.AddField("id Int64 primary");
  table.AddField("tenant VarChar");
  for (int i = 0; i < 40; ++i) {
    table.AddRow(fmt::format(R"({{"id":{},"tenant":"{}"}})", i, i % 2 == 0 ? "anna" : "zoe"));
  }
  const meta::Segment segment = SegmentOf(table);
  const auto may = [&](const char* text) {
    return MayHoldMatches(**expr::Compile(text, table.schema()), segment);
  };
  EXPECT_TRUE(may("tenant == 'anna' and id > 5"));
  EXPECT_FALSE(may("tenant == 'mike'"));
  EXPECT_FALSE(may("tenant == 'mike' or id > 100"));
  EXPECT_TRUE(may("tenant in ['mike', 'zoe']"));
  EXPECT_FALSE(may("id > 5 and tenant in ['bob', 'mike']"));
  EXPECT_TRUE(may("not (tenant == 'mike')"));
  EXPECT_TRUE(may(""));
}

}  // namespace
}  // namespace elanus::querynode
