#include "proxy/filter_explain.h"

#include <gtest/gtest.h>

#include "expr/expr.h"
#include "proxy/testing_fakes.h"

namespace elanus::proxy {
namespace {

expr::PlanPtr MustCompile(std::string_view filter) {
  const auto plan = expr::Compile(filter, FakeBooks().schema, {}, {});
  ELANUS_CHECK_OK(plan.status());
  return *plan;
}

roles::FilterWork OneSegment() {
  roles::FilterWork work{.segment = SegmentId(9), .rows = 100, .visible = 90, .matched = 5};
  work.nanoseconds = 2500;
  work.runs = 3;
  work.runs_by_zones = 1;
  work.steps.push_back({.depth = 0, .text = "a \"b\"", .estimated_part = 0.25});
  work.steps[0].did = {.rows_asked = 90,
                       .rows_true = 5,
                       .nanoseconds = 2000,
                       .runs = 2,
                       .runs_by_zones = 0,
                       .index = "BITMAP"};
  return work;
}

TEST(FilterExplain, TellsWhatEachStepDid) {
  const expr::PlanPtr plan = MustCompile("id > 5");
  EXPECT_EQ(FilterJson(*plan, true, std::vector{OneSegment()}),
            R"({"filter": "id > 5", "analyzed": true, "segments": [{"id": 9, "state": "sealed", )"
            R"("rows": 100, "visible": 90, "matched": 5, "us": 2.5, "runs": 3, )"
            R"("runs_by_zones": 1, "steps": [{"depth": 0, "step": "a \"b\"", )"
            R"("estimated_part": 0.25, "rows_asked": 90, "rows_true": 5, "us": 2.0, "runs": 2, )"
            R"("runs_by_zones": 0, "index": "BITMAP"}]}]})");
}

TEST(FilterExplain, LeavesOutWhatOnlyARunCanTell) {
  const expr::PlanPtr plan = MustCompile("id > 5");
  EXPECT_EQ(FilterJson(*plan, false, std::vector{OneSegment()}),
            R"({"filter": "id > 5", "analyzed": false, "segments": [{"id": 9, )"
            R"("state": "sealed", "rows": 100, "visible": 90, "steps": [{"depth": 0, )"
            R"("step": "a \"b\"", "estimated_part": 0.25}]}]})");
}

TEST(FilterExplain, CountsSegmentsBeyondWhatItShows) {
  const std::vector<roles::FilterWork> many(70);
  const std::string json = FilterJson(*MustCompile("id > 5"), true, many);
  EXPECT_TRUE(json.ends_with(R"(], "more_segments": 6})")) << json;
}

TEST(FilterExplain, QuotesText) {
  EXPECT_EQ(JsonString("a\"b\\c\n\x01\x7f\xc3\xa9"),
            "\"a\\\"b\\\\c\\u000a\\u0001\\u007f\xc3\xa9\"");
}

}  // namespace
}  // namespace elanus::proxy
