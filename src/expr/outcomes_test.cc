// What zones decide, and that they decide nothing that rows would answer otherwise.
#include "expr/outcomes.h"

#include <gtest/gtest.h>

#include <limits>

#include "expr/test_table.h"

namespace elanus::expr {
namespace {

// Ten rows: i in 10...19, n likewise with a null, x in 0.5...9.5, s of "car 0"..."car 9", t whose
// texts are longer than a zone keeps, all null, a flag that is always set.
TestTable TenRows() {
  TestTable table;
  for (const std::string_view field :
       {"id Int64 primary", "i Int16", "n Int64 nullable", "x Double", "s VarChar", "t VarChar",
        "void Int64 nullable", "on Bool", "ts Timestamptz"}) {
    table.AddField(field);
  }
  for (int64_t id = 0; id < 10; ++id) {
    table.column("id").Append(id);
    table.column("i").Append(static_cast<int16_t>(10 + id));
    if (id == 4) {
      table.column("n").AppendNull();
    } else {
      table.column("n").Append(10 + id);
    }
    table.column("x").Append(0.5 + static_cast<double>(id));
    table.column("s").AppendRaw("car " + std::to_string(id));
    table.column("t").AppendRaw(std::string(40, 'a') + std::to_string(id));
    table.column("void").AppendNull();
    table.column("on").Append(uint8_t{1});
    table.column("ts").Append(id);
  }
  table.set_num_rows(10);
  table.KeepZones();
  return table;
}

std::string OutcomesOf(std::string_view filter, const TestTable& table) {
  CompileOptions options;
  options.reports_30 = true;
  const absl::StatusOr<PlanPtr> plan = Compile(filter, table.schema(), {}, options);
  ELANUS_CHECK_OK(plan.status());
  const auto zone_of = [&](int slot) {
    const storage::ZoneMap* zones = table.Zones((*plan)->fields[slot].id);
    return zones->zones.empty() ? nullptr : &zones->zones[0];
  };
  const Outcomes outcomes = OutcomesOf(*(*plan)->root, zone_of);
  return std::string(outcomes.yes ? "T" : "") + (outcomes.no ? "F" : "") +
         (outcomes.unknown ? "U" : "");
}

TEST(Outcomes, FollowTheRangeOfAZone) {
  const TestTable table = TenRows();
  struct Case {
    const char* filter;
    const char* outcomes;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"i < 10", "F"},
           {"i <= 10", "TF"},
           {"i < 20", "T"},
           {"i >= 10", "T"},
           {"i > 19", "F"},
           {"i == 15", "TF"},
           {"i == 9", "F"},
           {"i != 9", "T"},
           {"9 < i < 20", "T"},
           {"10 < i < 20", "TF"},
           {"19 < i < 30", "F"},
           {"i in [1, 2, 30]", "F"},
           {"i in [1, 15]", "TF"},
           {"i not in [1, 2, 30]", "T"},
           {"i + 1 < 0", "TFU"},
           {"n < 10", "FU"},
           {"n < 20", "TU"},
           {"not (n < 20)", "FU"},
           {"n is null", "TF"},
           {"i is null", "F"},
           {"void == 1", "U"},
           {"void is null", "T"},
           {"void in [1, 2]", "U"},
           {"x < 0.5", "F"},
           {"x < 9.75", "T"},
           {"x in [0.25, 11.5]", "F"},
           {"s == 'bus'", "F"},
           {"s >= 'car 0'", "T"},
           {"s > 'car 9'", "F"},
           {"s like 'car%'", "T"},
           {"s like 'car 3%'", "TF"},
           {"s like 'care%'", "F"},
           {"s like '%ar%'", "TF"},
           {"s in ['bus', 'train']", "F"},
           {"on == true", "T"},
           {"on == false", "F"},
           {"ts > ISO '2000-01-01'", "F"},
           {"i < 10 and x > 3", "F"},
           {"i < 20 and x > 3", "TF"},
           {"i < 20 or x > 3", "T"},
           {"n < 10 or void == 1", "U"},
       }) {
    EXPECT_EQ(OutcomesOf(c.filter, table), c.outcomes) << c.filter;
  }
}

// The zone keeps 32 bytes, so it cannot tell these texts apart.
TEST(Outcomes, DecideNothingBehindTheEndOfACutText) {
  const TestTable table = TenRows();
  const std::string a(40, 'a');
  EXPECT_EQ(OutcomesOf("t == '" + a + "5'", table), "TF");
  EXPECT_EQ(OutcomesOf("t <= '" + a + "'", table), "TF");
  EXPECT_EQ(OutcomesOf("t > '" + a.substr(0, 32) + "'", table), "TF");
  EXPECT_EQ(OutcomesOf("t >= '" + a.substr(0, 32) + "'", table), "T");
  EXPECT_EQ(OutcomesOf("t < '" + a.substr(0, 31) + "b'", table), "T");
  EXPECT_EQ(OutcomesOf("t like '" + a + "%'", table), "TF");
  EXPECT_EQ(OutcomesOf("t like '" + a.substr(0, 32) + "%'", table), "T");
}

TEST(Outcomes, CountNanAsNotEqualToAnything) {
  TestTable table;
  table.AddField("id Int64 primary");
  table.AddField("x Double");
  for (const double x : {1.0, std::numeric_limits<double>::quiet_NaN()}) {
    table.column("id").Append(int64_t{1});
    table.column("x").Append(x);
  }
  table.set_num_rows(2);
  table.KeepZones();
  EXPECT_EQ(OutcomesOf("x < 5.0", table), "TF");
  EXPECT_EQ(OutcomesOf("x == 1.0", table), "TF");
  EXPECT_EQ(OutcomesOf("x != 1.0", table), "TF");
  EXPECT_EQ(OutcomesOf("x > 5.0", table), "F");
}

TEST(Outcomes, PassOverZonesWithoutReadingRows) {
  TestTable table;
  table.AddField("id Int64 primary");
  constexpr int64_t kRows = 10 * storage::kZoneRows + 5;
  for (int64_t id = 0; id < kRows; ++id) table.column("id").Append(id);
  table.set_num_rows(kRows);
  table.KeepZones();
  const auto plan = Compile("9000 <= id < 30000", table.schema());
  ASSERT_TRUE(plan.ok());
  kernels::Bitset out(kRows);
  ASSERT_TRUE(Evaluate(**plan, table, {}, out, Cancellation()).ok());
  EXPECT_EQ(out.Count(), 21000);
  EXPECT_TRUE(out.Test(9000) && !out.Test(8999) && out.Test(29999) && !out.Test(30000));
  // The zones of the two bounds, in two batches each.
  EXPECT_EQ(table.num_reads(), 4);
}

}  // namespace
}  // namespace elanus::expr
