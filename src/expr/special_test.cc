// Times, shapes, regular expressions and samples in filters.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "expr/sample.h"
#include "expr/test_table.h"

namespace elanus::expr {
namespace {

using Ids = std::vector<int64_t>;

class SpecialTest : public testing::Test {
 protected:
  SpecialTest() {
    for (const char* field : {"id Int64 primary", "ts Timestamptz nullable",
                              "geo Geometry nullable", "s VarChar nullable", "j JSON", "n Int32"}) {
      table_.AddField(field);
    }
    // 2025-01-31T00:00:00.5Z, 2025-03-01T00:00:00Z, none, 1969-12-31T23:59:59.999999Z.
    for (
        const char* row :
        {R"-({"id":1,"ts":1738281600500000,"geo":"POINT (1 1)","s":"Error: 42","j":{"s":"a1"},"n":6})-",
         R"-({"id":2,"ts":1740787200000000,"geo":"POINT (9 9)","s":"two\nlines","j":{"s":5},"n":3})-",
         R"-({"id":3,"j":{},"n":0})-",
         R"-({"id":4,"ts":-1,"geo":"POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))","s":"","j":{"s":"b"},"n":-1})-"}) {
      table_.AddRow(row);
    }
  }

  Ids Matching(std::string_view filter, bool reports_30 = false, absl::TimeZone zone = {}) {
    CompileOptions options;
    options.reports_30 = reports_30;
    options.zone = zone;
    const auto plan = Compile(filter, table_.schema(), values_, options);
    EXPECT_TRUE(plan.ok()) << plan.status().ToString();
    return plan.ok() ? table_.Matching(**plan) : Ids{};
  }
  std::string ErrorOf(std::string_view filter) {
    return WireReason(Compile(filter, table_.schema(), values_).status());
  }

  TestTable table_;
  TemplateValues values_;
};

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(SpecialTest, TimesCompareWithIsoTexts) {
  EXPECT_EQ(Matching("ts > ISO '2025-01-31T00:00:00.5Z'"), Ids{2});
  EXPECT_EQ(Matching("ts >= ISO '2025-01-31T00:00:00.5Z'"), (Ids{1, 2}));
  EXPECT_EQ(Matching("ISO '1970-01-01' > ts"), Ids{4});
  EXPECT_EQ(Matching("ts == iso '2025-03-01T08:00:00+08:00'"), Ids{2});
  EXPECT_EQ(Matching("not ts == ISO '2025-03-01T00:00:00Z'"), (Ids{1, 4})) << "null is unknown";
  EXPECT_EQ(Matching("ts != ISO '2025-03-01T00:00:00Z' and n > 0"), Ids{1});
  absl::TimeZone shanghai;
  ASSERT_TRUE(absl::LoadTimeZone("Asia/Shanghai", &shanghai));
  EXPECT_EQ(Matching("ts == ISO '2025-03-01T08:00:00'", false, shanghai), Ids{2});
}

TEST_F(SpecialTest, IntervalsMoveTheTimeOfTheRow) {
  EXPECT_EQ(Matching("ts + INTERVAL 'P1M' == ISO '2025-03-03T00:00:00.5Z'"), Ids{1});
  EXPECT_EQ(Matching("ISO '2025-02-28T00:00:00Z' == ts - INTERVAL 'P1D'"), Ids{2});
  EXPECT_EQ(Matching("ts - INTERVAL 'P1Y' < ISO '2024-02-01T00:00:00Z'"), (Ids{1, 4}));
  EXPECT_EQ(Matching("ts + INTERVAL 'PT1S' > ISO '1970-01-01T00:00:00.9Z'"), (Ids{1, 2, 4}));
  EXPECT_EQ(Matching("not (ts + INTERVAL 'P1M' > ISO '2025-01-01')"), Ids{4});
}

TEST_F(SpecialTest, TimesThatAreNoneAreErrors) {
  EXPECT_HAS(ErrorOf("ts > ISO 'yesterday'"), "invalid timestamptz string 'yesterday'");
  EXPECT_HAS(ErrorOf("ts + INTERVAL 'P1W' > ISO '2025-01-01'"), "invalid interval 'P1W'");
  EXPECT_HAS(ErrorOf("n > ISO '2025-01-01'"), "comparisons between Int32 and Timestamptz");
  EXPECT_HAS(ErrorOf("ts > '2025-01-01'"), "comparisons between Timestamptz and VarChar");
  EXPECT_HAS(ErrorOf("ts > ISO"), "expected a time in quotes");
  EXPECT_HAS(ErrorOf("ts + INTERVAL 'P1D'"), "expected a comparison with ISO");
}

TEST_F(SpecialTest, ShapesAreTheLeftOperand) {
  constexpr const char* kSquare = "'POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'";
  EXPECT_EQ(Matching(fmt::format("st_within(geo, {})", kSquare)), (Ids{1, 4}));
  EXPECT_EQ(Matching(fmt::format("not ST_WITHIN(geo, {})", kSquare)), Ids{2}) << "null is unknown";
  EXPECT_EQ(Matching("st_contains(geo, 'POINT (1 1)')"), (Ids{1, 4}));
  EXPECT_EQ(Matching("st_equals(geo, 'POINT (9 9)')"), Ids{2});
  EXPECT_EQ(Matching("st_touches(geo, 'POINT (4 2)')"), Ids{4});
  EXPECT_EQ(Matching("st_intersects(geo, 'LINESTRING (2 2, 20 20)')"), (Ids{2, 4}));
  EXPECT_EQ(Matching("st_crosses(geo, 'LINESTRING (2 2, 20 20)')"), Ids{4});
  EXPECT_EQ(Matching("st_overlaps(geo, 'POLYGON ((2 2, 8 2, 8 8, 2 2))')"), Ids{4});
  EXPECT_EQ(Matching("st_dwithin(geo, 'POINT (1 1)', 0)"), (Ids{1, 4}));
  EXPECT_EQ(Matching("st_dwithin(geo, 'POINT (1 1)', 1.3e6)"), (Ids{1, 2, 4}));
  EXPECT_EQ(Matching("st_isvalid(geo)"), (Ids{1, 2, 4}));
  EXPECT_EQ(Matching("geo is null"), Ids{3});
  values_["shape"] = {std::string("POINT (9 9)")};
  EXPECT_EQ(Matching("st_equals(geo, {shape}) or n == 0"), (Ids{2, 3}));
}

TEST_F(SpecialTest, ShapesThatAreNoneAreErrors) {
  EXPECT_HAS(ErrorOf("st_within(geo, 'CIRCLE (1)')"), "invalid geometry wkt");
  EXPECT_HAS(ErrorOf("st_near(geo, 'POINT (1 1)')"), "function st_near is not found");
  EXPECT_HAS(ErrorOf("st_within(geo)"), "takes 2 arguments, found 1");
  EXPECT_HAS(ErrorOf("st_isvalid(geo, 'POINT (1 1)')"), "takes 1 argument");
  EXPECT_HAS(ErrorOf("st_within(s, 'POINT (1 1)')"), "takes a Geometry field");
  EXPECT_HAS(ErrorOf("st_within('POINT (1 1)', geo)"), "takes a Geometry field");
  EXPECT_HAS(ErrorOf("st_within(geo, 5)"), "must be a WKT string");
  EXPECT_HAS(ErrorOf("st_dwithin(geo, 'LINESTRING (0 0, 1 1)', 5)"), "must be a point");
  EXPECT_HAS(ErrorOf("st_dwithin(geo, 'POINT EMPTY', 5)"), "must be a point");
  EXPECT_HAS(ErrorOf("st_dwithin(geo, 'POINT (1 1)', -1)"), "must be a number of at least 0");
  EXPECT_HAS(ErrorOf("geo == 'POINT (1 1)'"), "comparisons between Geometry and VarChar");
}

TEST_F(SpecialTest, RegularExpressionsAreFoundAnywhere) {
  for (const bool reports_30 : {false, true}) {
    EXPECT_EQ(Matching(R"(s =~ r"\d+$")", reports_30), Ids{1});
    EXPECT_EQ(Matching(R"(s =~ "o.l")", reports_30), Ids{2}) << "a dot is a line break too";
    EXPECT_EQ(Matching(R"(s !~ "^(?i)error")", reports_30), (Ids{2, 4})) << "null is unknown";
    EXPECT_EQ(Matching(R"(s =~ "")", reports_30), (Ids{1, 2, 4}));
    EXPECT_EQ(Matching(R"(j["s"] =~ "^[a-c]")", reports_30), (Ids{1, 4}));
  }
  EXPECT_EQ(Matching(R"(j["s"] !~ "1")", true), Ids{4});
  EXPECT_EQ(Matching(R"(j["s"] !~ "1")", false), (Ids{2, 3, 4})) << "2.6: a miss is false";
  EXPECT_HAS(ErrorOf(R"(s =~ "(")"), "invalid regular expression");
  EXPECT_HAS(ErrorOf(R"(n =~ "x")"), "=~ operation on non-string or no-json field");
  EXPECT_HAS(ErrorOf("s =~ 5"), "the pattern of a =~ operation must be a string");
}

TEST_F(SpecialTest, BitsOfIntegersCanBeTested) {
  EXPECT_EQ(Matching("(n & 2) == 2"), (Ids{1, 2, 4}));
  EXPECT_EQ(Matching("(n ^ 3) == 0"), Ids{2});
  EXPECT_EQ(Matching("(n | 1) == 7"), Ids{1});
}

TEST_F(SpecialTest, SamplesStandAtTheEndOnly) {
  for (const char* filter :
       {"random_sample(0.5) and n > 0", "n > 0 or random_sample(0.5)", "not random_sample(0.5)",
        "(n > 0 and random_sample(0.5)) and n < 9"}) {
    EXPECT_HAS(ErrorOf(filter), "random_sample must be the whole filter");
  }
  for (const char* argument : {"1", "0.0", "1.0", "1e-11", "'x'", "n"}) {
    EXPECT_HAS(ErrorOf(fmt::format("random_sample({})", argument)), "sample");
  }
  const auto whole = Compile("RANDOM_SAMPLE(0.5)", table_.schema());
  ASSERT_TRUE(whole.ok());
  EXPECT_FALSE(IsAlwaysTrue(**whole));
  EXPECT_FALSE(NamesNoField(**whole));
  const auto keys = Compile("id == 1 and random_sample(0.5)", table_.schema());
  ASSERT_TRUE(keys.ok());
  EXPECT_FALSE(ExactPrimaryKeys(**keys).has_value());
  EXPECT_EQ(table_.Matching(**keys), Ids{1}) << "what the sample is drawn from";
}

TEST_F(SpecialTest, SamplesKeepTheirPartAndEveryRowAlike) {
  const auto plan = Compile("random_sample(0.3)", table_.schema());
  ASSERT_TRUE(plan.ok());
  std::map<int64_t, int> kept;
  constexpr int kRounds = 4000;
  for (int seed = 0; seed < kRounds; ++seed) {
    kernels::Bitset rows(100);
    for (int64_t row = 0; row < 100; row += 10) rows.Set(row);
    KeepSample(**plan, static_cast<uint64_t>(seed), rows);
    EXPECT_EQ(rows.Count(), 3);
    rows.view().ForEach([&](int64_t row) { ++kept[row]; });
  }
  ASSERT_EQ(kept.size(), 10u);
  // 1200 each; the standard deviation is 29.
  for (const auto& [row, times] : kept) EXPECT_NEAR(times, 1200, 180) << row;
  kernels::Bitset one(1, true), none(5);
  KeepSample(**plan, 1, one);
  EXPECT_EQ(one.Count(), 1) << "at least one";
  KeepSample(**plan, 1, none);
  EXPECT_EQ(none.Count(), 0);
}

}  // namespace
}  // namespace elanus::expr
