// text_match through an index of the source and without; what it means is in tests/expr/text.case.
#include <gtest/gtest.h>

#include <random>

#include "expr/expr.h"
#include "expr/plan.h"
#include "expr/test_table.h"
#include "text/analyzer.h"

namespace elanus::expr {
namespace {

// A table that answers text predicates itself, wrongly for null rows, which must not matter.
class Indexed final : public ColumnSource {
 public:
  explicit Indexed(const TestTable& table) : table_(table) {}
  int64_t num_rows() const override { return table_.num_rows(); }
  int64_t ContiguousRows(int64_t begin) const override { return table_.ContiguousRows(begin); }
  schema::ColumnView Rows(FieldId field, int64_t begin, int64_t count) const override {
    return table_.Rows(field, begin, count);
  }
  std::optional<kernels::Bitset> MatchText(FieldId field, const text::MatchQuery& query,
                                           const Cancellation&) const override {
    ++num_asked;
    const auto analyzer = *text::SharedAnalyzer("");
    kernels::Bitset out(num_rows());
    for (int64_t begin = 0; begin < num_rows(); begin += ContiguousRows(begin)) {
      const int64_t count = ContiguousRows(begin);
      const schema::ColumnView view = Rows(field, begin, count);
      for (int64_t row = 0; row < count; ++row) {
        if (!view.IsValid(row) || text::Matches(query, analyzer->Analyze(view.Bytes(row)))) {
          out.Set(begin + row);
        }
      }
    }
    return out;
  }
  mutable int num_asked = 0;

 private:
  const TestTable& table_;
};

TestTable Texts(int64_t num_rows, int64_t rows_per_piece) {
  TestTable table(rows_per_piece);
  for (const char* field : {"id Int64 primary", "s VarChar nullable match"}) table.AddField(field);
  std::mt19937_64 random(3);
  for (int64_t id = 0; id < num_rows; ++id) {
    table.column("id").Append(id);
    std::string text;
    for (uint64_t words = random() % 5; words > 0; --words) {
      text += static_cast<char>('a' + random() % 4);
      text += ' ';
    }
    if (random() % 9 == 0) {
      table.column("s").AppendNull();
    } else {
      table.column("s").AppendRaw(text);
    }
  }
  table.set_num_rows(num_rows);
  return table;
}

TEST(TextMatch, GivesTheSameWithAnIndexOfTheSource) {
  for (const int64_t num_rows : {0, 1, 64, 200, 4096, 9001}) {
    for (const int64_t piece : {0, 64, 4160}) {
      const TestTable table = Texts(num_rows, piece);
      for (const char* filter :
           {"text_match(s, 'a')", "not text_match(s, 'a b', minimum_should_match=2)",
            "phrase_match(s, 'a b')", "id > 100 and not phrase_match(s, 'a b', 2)",
            "text_match(s, 'c') or s is null"}) {
        const auto plan = Compile(filter, table.schema());
        ASSERT_TRUE(plan.ok()) << plan.status();
        const Indexed source(table);
        kernels::Bitset with(num_rows), without(num_rows);
        ASSERT_TRUE(Evaluate(**plan, source, {}, with, Cancellation()).ok());
        ASSERT_TRUE(Evaluate(**plan, table, {}, without, Cancellation()).ok());
        for (int64_t row = 0; row < num_rows; ++row) {
          EXPECT_EQ(with.Test(row), without.Test(row)) << filter << " row " << row;
        }
        EXPECT_LE(source.num_asked, 1) << "once an evaluation";
        EXPECT_EQ(FieldsOf(**plan).back(), FieldId(101));
      }
    }
  }
}

TEST(TextMatch, TakesItsQueryFromATemplate) {
  const TestTable table = Texts(50, 0);
  const auto written = Compile("text_match(s, 'a b')", table.schema());
  const auto given = Compile("text_match(s, {q})", table.schema(), {{"q", {std::string("a b")}}});
  ASSERT_TRUE(written.ok() && given.ok());
  EXPECT_EQ(table.Matching(**written), table.Matching(**given));
  EXPECT_EQ(DebugString(**given), "text_match(s, \"a b\", minimum_should_match=1)");
  EXPECT_FALSE(Compile("text_match(s, {q})", table.schema(), {{"q", {int64_t{1}}}}).ok());
  const std::string huge = "text_match(s, '" + std::string(70'000, 'a') + "')";
  EXPECT_NE(MessageOf(Compile(huge, table.schema()).status()).find("longer than 65535 bytes"),
            std::string_view::npos);
}

}  // namespace
}  // namespace elanus::expr
