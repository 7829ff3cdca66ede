// Batches, pieces, candidates and cancellation; what filters mean is in tests/expr/*.case.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>

#include "expr/expr.h"
#include "expr/test_table.h"

namespace elanus::expr {
namespace {

// Rows 0 ... num_rows - 1 with k = id % 10, j = {"k": id % 7} and a null every 13th row.
TestTable Numbers(int64_t num_rows, int64_t rows_per_piece) {
  TestTable table(rows_per_piece);
  for (const std::string_view field :
       {"id Int64 primary", "k Int16 nullable", "s VarChar", "j JSON"}) {
    table.AddField(field);
  }
  for (int64_t id = 0; id < num_rows; ++id) {
    table.column("id").Append(id);
    if (id % 13 == 0) {
      table.column("k").AppendNull();
    } else {
      table.column("k").Append(static_cast<int16_t>(id % 10));
    }
    table.column("s").AppendRaw("text" + std::to_string(id % 5));
    table.column("j").AppendRaw("{\"k\": " + std::to_string(id % 7) + "}");
  }
  table.set_num_rows(num_rows);
  return table;
}

std::vector<int64_t> Expected(int64_t num_rows, const std::function<bool(int64_t)>& keep) {
  std::vector<int64_t> ids;
  for (int64_t id = 0; id < num_rows; ++id) {
    if (keep(id)) ids.push_back(id);
  }
  return ids;
}

PlanPtr MustCompile(std::string_view filter, const TestTable& table) {
  absl::StatusOr<PlanPtr> plan = Compile(filter, table.schema(), {});
  ELANUS_CHECK_OK(plan.status());
  return *plan;
}

TEST(Evaluate, GivesTheSameForEveryNumberOfRowsAndPieces) {
  for (const int64_t rows : {0, 1, 63, 64, 65, 127, 4095, 4096, 4097, 9000}) {
    for (const int64_t piece : {0, 64, 192, 4096, 6400}) {
      SCOPED_TRACE(std::to_string(rows) + " rows in pieces of " + std::to_string(piece));
      const TestTable table = Numbers(rows, piece);
      const auto valid = [](int64_t id) { return id % 13 != 0; };
      EXPECT_EQ(table.Matching(*MustCompile("k < 3", table)),
                Expected(rows, [&](int64_t id) { return valid(id) && id % 10 < 3; }));
      EXPECT_EQ(
          table.Matching(*MustCompile("not (k < 3 or s == 'text1')", table)),
          Expected(rows, [&](int64_t id) { return valid(id) && id % 10 >= 3 && id % 5 != 1; }));
      EXPECT_EQ(
          table.Matching(*MustCompile("j['k'] == 2 and k != 4", table)),
          Expected(rows, [&](int64_t id) { return valid(id) && id % 7 == 2 && id % 10 != 4; }));
      EXPECT_EQ(table.Matching(*MustCompile("", table)),
                Expected(rows, [](int64_t) { return true; }));
    }
  }
}

TEST(Evaluate, LooksAtCandidatesOnly) {
  const TestTable table = Numbers(9000, 0);
  kernels::Bitset candidates(9000);
  for (int64_t row = 0; row < 9000; row += 3) candidates.Set(row);
  kernels::Bitset out(9000, true);
  const PlanPtr plan = MustCompile("k < 5 or j['k'] == 1", table);
  ASSERT_TRUE(Evaluate(*plan, table, candidates.view(), out, Cancellation()).ok());
  std::vector<int64_t> rows;
  out.view().ForEach([&](int64_t row) { rows.push_back(row); });
  EXPECT_EQ(rows, Expected(9000, [](int64_t id) {
              return id % 3 == 0 && ((id % 13 != 0 && id % 10 < 5) || id % 7 == 1);
            }));
}

TEST(Evaluate, ClearsWhatNobodyAskedFor) {
  const TestTable table = Numbers(200, 0);
  kernels::Bitset out(200, true);
  const kernels::Bitset nothing(200);
  ASSERT_TRUE(Evaluate(*MustCompile("", table), table, nothing.view(), out, Cancellation()).ok());
  EXPECT_EQ(out.Count(), 0);
}

TEST(Evaluate, ReadsNoColumnThatTheOthersHaveDecided) {
  // A source that must not be asked for a field.
  class Watched final : public ColumnSource {
   public:
    Watched(const TestTable& table, FieldId forbidden) : table_(table), forbidden_(forbidden) {}
    int64_t num_rows() const override { return table_.num_rows(); }
    int64_t ContiguousRows(int64_t begin) const override { return table_.ContiguousRows(begin); }
    schema::ColumnView Rows(FieldId field, int64_t begin, int64_t count) const override {
      EXPECT_NE(field, forbidden_);
      return table_.Rows(field, begin, count);
    }

   private:
    const TestTable& table_;
    const FieldId forbidden_;
  };
  const TestTable table = Numbers(5000, 0);
  const Watched source(table, table.schema().Find("j")->id);
  kernels::Bitset out(5000);
  for (const std::string_view filter :
       {"id < 0 and j['k'] == 1", "id >= 0 or j['k'] == 1", "s == 'none' and j['k'] == 1"}) {
    EXPECT_TRUE(Evaluate(*MustCompile(filter, table), source, {}, out, Cancellation()).ok());
  }
}

TEST(Evaluate, StopsWhenCancelled) {
  const TestTable table = Numbers(5000, 0);
  auto flag = std::make_shared<std::atomic<bool>>(true);
  kernels::Bitset out(5000);
  const absl::Status status =
      Evaluate(*MustCompile("k < 3", table), table, {}, out, Cancellation(flag, 0));
  EXPECT_EQ(CodeOf(status), ErrorCode::kCancelled);
  flag->store(false);
  EXPECT_TRUE(Evaluate(*MustCompile("k < 3", table), table, {}, out, Cancellation(flag, 0)).ok());
}

TEST(Evaluate, FindsLongListsOfEveryKind) {
  const TestTable table = Numbers(3000, 0);
  // Close together: a bitmap. Far apart: a hash table. Few: one by one.
  for (const int64_t step : {1, 2, 1'000'000'007}) {
    for (const int64_t size : {1, 7, 8, 9, 100, 3000}) {
      std::string list = "id in [";
      for (int64_t i = 0; i < size; ++i) list += std::to_string(5 + i * step) + ",";
      EXPECT_EQ(table.Matching(*MustCompile(list + "]", table)),
                Expected(3000,
                         [&](int64_t id) {
                           return id >= 5 && (id - 5) % step == 0 && (id - 5) / step < size;
                         }))
          << size << " values " << step << " apart";
    }
  }
}

TEST(Evaluate, TakesAFilterAsDeepAsItIsLet) {
  const TestTable table = Numbers(100, 0);
  std::string filter = "k == 1";
  for (int i = 0; i < 120; ++i) filter = "not (" + filter + " and s != 'x')";
  EXPECT_TRUE(Compile(filter, table.schema(), {}).ok());
  EXPECT_FALSE(table.Matching(*MustCompile(filter, table)).empty());
}

}  // namespace
}  // namespace elanus::expr
