#include "expr/json_shredding.h"

#include <gtest/gtest.h>

#include <random>

#include "expr/plan.h"
#include "expr/test_table.h"

namespace elanus::expr {
namespace {

using schema::DataType;

std::vector<ShreddedColumn> Shred(const std::vector<std::string>& rows,
                                  const ShreddingLimits& limits = {}) {
  schema::Column json({.type = DataType::kJson});
  for (const std::string& row : rows) row.empty() ? json.AppendNull() : json.AppendRaw(row);
  std::vector<ShreddedColumn> out;
  const absl::Status status =
      ShredJson(json.View(), limits, Cancellation(), [&](ShreddedColumn column) {
        out.push_back(std::move(column));
        return absl::OkStatus();
      });
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

// "a.b Int64": keys and type, for each column.
std::vector<std::string> Names(const std::vector<ShreddedColumn>& columns) {
  std::vector<std::string> out;
  for (const ShreddedColumn& column : columns) {
    std::string name;
    for (const std::string& key : column.keys) name += (name.empty() ? "" : ".") + key;
    out.push_back(name + " " + std::string(schema::DataTypeName(column.values.type().type)));
  }
  return out;
}

using Texts = std::vector<std::string>;

TEST(JsonShredding, TakesTheTypeOfMostValuesAndKeepsTheOthersAsWritten) {
  const auto columns = Shred({R"({"a":1})", R"({"a":2.0})", R"({"a":"x\n"})", R"({"a":-3})",
                              R"({"a":null})", "{}", "", R"({"a":18446744073709551615})"});
  ASSERT_EQ(Names(columns), Texts{"a Int64"});
  const schema::ColumnView values = columns[0].values.View();
  EXPECT_EQ(values.Value<int64_t>(0), 1);
  EXPECT_EQ(values.Value<int64_t>(3), -3);
  ASSERT_TRUE(columns[0].others.has_value());
  const schema::ColumnView others = columns[0].others->View();
  ASSERT_EQ(others.num_rows, 8);
  EXPECT_EQ(others.Bytes(1), "2.0");
  EXPECT_EQ(others.Bytes(2), R"("x\n")");
  EXPECT_EQ(others.Bytes(7), "18446744073709551615");
  for (const int64_t row : {0, 3, 4, 5, 6}) EXPECT_FALSE(others.IsValid(row)) << row;
  for (const int64_t row : {1, 2, 4, 5, 6, 7}) EXPECT_FALSE(values.IsValid(row)) << row;
}

TEST(JsonShredding, WalksIntoObjectsAndNotIntoArrays) {
  const std::string row =
      R"({"u":{"n":"x","p":{"q":true}},"l":[{"k":1}],"d":1.5,"":0,"a.b":1,"a/b~":2,"e\u0041":3})";
  EXPECT_EQ(Names(Shred({row, row})), (Texts{"u.n VarChar", "u.p.q Bool", "l JSON", "d Double",
                                             " Int64", "a.b Int64", "a/b~ Int64", "eA Int64"}));
}

TEST(JsonShredding, LeavesOutRarePathsAndThoseOfNullsAndObjectsAlone) {
  const auto columns = Shred({R"({"often":1,"o":{},"n":null})", R"({"often":1,"o":{},"n":null})",
                              R"({"rare":1,"o":{}})", "{}"},
                             {.share_min = 0.5});
  EXPECT_EQ(Names(columns), Texts{"often Int64"});
}

TEST(JsonShredding, KeepsTheMostFrequentPathsUpToItsLimit) {
  const Texts rows = {R"({"a":1,"b":1,"c":1,"d":1})", R"({"b":1,"c":1})", R"({"c":1,"d":1})"};
  EXPECT_EQ(Names(Shred(rows, {.columns_max = 1})), Texts{"c Int64"});
  EXPECT_EQ(Names(Shred(rows, {.columns_max = 2})), (Texts{"b Int64", "c Int64"}));
  EXPECT_EQ(Names(Shred(rows, {.columns_max = 0})), Texts{});
  EXPECT_EQ(Shred(rows).size(), 4u);
}

TEST(JsonShredding, LeavesOutTextsThatAreLongOnAverage) {
  const std::string at_limit(254, 'x'), above(255, 'x');  // And two quotes.
  EXPECT_EQ(Names(Shred({R"({"a":")" + at_limit + R"(","b":")" + above + "\"}"})),
            Texts{"a VarChar"});
  EXPECT_EQ(Names(Shred({R"({"a":")" + at_limit + at_limit + "\"}", R"({"a":""})"})),
            Texts{"a VarChar"});
}

TEST(JsonShredding, CountsAllRowsAndNotTheSampleAlone) {
  // Every second row is looked at; they all have the path, and the others do not.
  Texts rows;
  for (int i = 0; i < 16384; ++i) rows.push_back(i % 2 == 0 ? R"({"a":1,"b":1})" : R"({"b":1})");
  EXPECT_EQ(Names(Shred(rows, {.share_min = 0.6})), Texts{"b Int64"});
  EXPECT_EQ(Names(Shred(rows, {.share_min = 0.4})), (Texts{"a Int64", "b Int64"}));
}

TEST(JsonShredding, OfEqualKeysTheFirstCounts) {
  const auto columns = Shred({R"({"a":1,"a":2,"o":{"x":1},"o":{"x":2,"y":3}})"});
  ASSERT_EQ(Names(columns), (Texts{"a Int64", "o.x Int64"}));
  EXPECT_EQ(columns[0].values.View().Value<int64_t>(0), 1);
  EXPECT_EQ(columns[1].values.View().Value<int64_t>(0), 1);
}

TEST(JsonShredding, SurvivesDepthBreadthAndTextThatIsNoJson) {
  std::string deep;
  for (int i = 0; i < 60000; ++i) deep += R"({"a":)";
  std::string wide = "{";
  for (int i = 0; i < 20000; ++i) wide += fmt::format(R"("k{}":{},)", i, i);
  wide += R"("z":0})";
  EXPECT_EQ(Shred({wide, wide}).size(), 1024u);
  for (const std::string& text : Texts{deep, "{", R"({"a)", R"({"a":})", "[", "nul", "\xff"}) {
    Shred({text, R"({"a":1})"}, {.share_min = 0});
  }
}

TEST(JsonShredding, StopsWhenItIsCancelled) {
  schema::Column json({.type = DataType::kJson});
  json.AppendRaw(R"({"a":1})");
  const Cancellation cancelled(std::make_shared<const std::atomic<bool>>(true), 0);
  const absl::Status status =
      ShredJson(json.View(), {}, cancelled, [](ShreddedColumn) { return absl::OkStatus(); });
  EXPECT_EQ(CodeOf(status), CodeOf(cancelled.Check()));
  EXPECT_FALSE(status.ok());
}

// Random documents and filters: with columns for the paths, the same rows as without.
class Documents {
 public:
  explicit Documents(uint32_t seed) : random_(seed) {}

  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  bool Once(int64_t n) { return Below(n) == 0; }

  // Few values, so that filters meet them.
  std::string Scalar() {
    static const char* const kValues[] = {"0",
                                          "1",
                                          "2",
                                          "-1",
                                          "1.0",
                                          "2.5",
                                          "-0.0",
                                          "1e2",
                                          "100",
                                          "9007199254740992",
                                          "9007199254740993",
                                          "9007199254740992.0",
                                          "9223372036854775807",
                                          "-9223372036854775808",
                                          "9223372036854775808",
                                          "18446744073709551615",
                                          "1e300",
                                          R"("")",
                                          R"("a")",
                                          R"("ab")",
                                          R"("1")",
                                          R"("a\u0062")",
                                          R"("\"")",
                                          R"("\u00e9")",
                                          "true",
                                          "false",
                                          "null"};
    return kValues[Below(std::size(kValues))];
  }
  std::string Value(int depth) {
    if (depth > 2 || !Once(4)) return usual_ && !Once(8) ? std::to_string(Below(4)) : Scalar();
    if (Once(2)) return Object(depth + 1);
    std::string out = "[";
    for (int64_t n = Below(4); n > 0; --n) out += (out.size() > 1 ? "," : "") + Value(depth + 1);
    return out + "]";
  }
  std::string Key() {
    static const char* const kKeys[] = {"a", "b", "c", "a.b", "x/y", "q\\\"", "\\u0061", ""};
    return kKeys[Below(std::size(kKeys))];
  }
  std::string Object(int depth) {
    std::string out = "{";
    for (int64_t n = Below(5); n > 0; --n) {
      if (out.size() > 1) out += Once(2) ? "," : " , ";
      out += "\"" + Key() + "\"" + (Once(2) ? ":" : " : ") + Value(depth);
    }
    return out + "}";
  }
  std::string Row() {
    usual_ = Once(2);
    return Once(10) ? Value(2) : Object(0);
  }

  std::string Path() {
    static const char* const kSteps[] = {"a", "b", "c", "a.b", "x/y", "q\\\"", ""};
    std::string out = "j";
    for (int64_t n = 1 + Below(3); n > 0; --n) {
      out += out != "j" && Once(4) ? fmt::format("[{}]", Below(3))
                                   : fmt::format("[\"{}\"]", kSteps[Below(std::size(kSteps))]);
    }
    return out;
  }
  std::string Number() {
    static const char* const kNumbers[] = {"0",
                                           "1",
                                           "2",
                                           "-1",
                                           "1.0",
                                           "2.5",
                                           "100.0",
                                           "100",
                                           "9007199254740993",
                                           "9007199254740992.0",
                                           "9223372036854775807",
                                           "-0.5"};
    return kNumbers[Below(std::size(kNumbers))];
  }
  std::string Text() {
    static const char* const kTexts[] = {R"("")", R"("a")", R"("ab")", R"("1")", R"("é")"};
    return kTexts[Below(std::size(kTexts))];
  }
  std::string Operator() {
    static const char* const kOperators[] = {" == ", " != ", " < ", " <= ", " > ", " >= "};
    return kOperators[Below(6)];
  }
  std::string List() {
    std::string out = "[";
    const int64_t kind = Below(4);
    for (int64_t n = 1 + Below(12); n > 0; --n) {
      if (out.size() > 1) out += ", ";
      if (kind == 0) out += Text();
      if (kind == 1) out += std::to_string(Below(5));
      if (kind == 2) out += Number();
      if (kind == 3) out += Once(2) ? "true" : "false";
    }
    return out + "]";
  }
  std::string Leaf() {
    const std::string path = Path();
    switch (Below(14)) {
      case 0:
        return path + Operator() + Text();
      case 1:
        return path + (Once(2) ? " == " : " != ") + (Once(2) ? "true" : "false");
      case 2:
        return Number() + (Once(2) ? " < " : " <= ") + path + (Once(2) ? " < " : " <= ") + Number();
      case 3:
        return Text() + (Once(2) ? " < " : " <= ") + path + (Once(2) ? " < " : " <= ") + Text();
      case 4:
      case 5:
        return path + (Once(2) ? " in " : " not in ") + List();
      case 6:
        return path + " like " + (Once(2) ? R"("a%")" : R"("%b%")");
      case 7:
        return "exists " + path;
      case 8:
        return path + (Once(2) ? " is null" : " is not null");
      case 9:
        return "json_contains(" + path + ", " + (Once(2) ? Number() : Text()) + ")";
      case 10:
        return "array_length(" + path + ")" + Operator() + std::to_string(Below(3));
      case 11:
        return path + (Once(2) ? " + " : " * ") + Number() + Operator() + Number();
      case 12:
        return path + " % 2 == " + std::to_string(Below(2));
      default:
        return path + Operator() + Number();
    }
  }
  std::string Filter(int depth) {
    if (depth == 0 || Once(2)) return Leaf();
    if (Once(4)) return "not (" + Filter(depth - 1) + ")";
    return "(" + Filter(depth - 1) + (Once(2) ? " and " : " or ") + Filter(depth - 1) + ")";
  }

 private:
  std::mt19937 random_;
  bool usual_ = false;  // Most values of this row are small integers.
};

void CheckOneTable(uint32_t seed, bool reports_30) {
  SCOPED_TRACE("seed " + std::to_string(seed) + (reports_30 ? ", 3.0" : ", 2.6"));
  Documents documents(seed);
  TestTable table(documents.Once(2) ? 64 : 0);
  table.AddField("id Int64 primary");
  table.AddField("j JSON nullable");
  const int64_t num_rows = 1 + documents.Below(200);
  for (int64_t id = 0; id < num_rows; ++id) {
    table.column("id").Append(id);
    documents.Once(9) ? table.column("j").AppendNull()
                      : table.column("j").AppendRaw(documents.Row());
  }
  table.set_num_rows(num_rows);
  TestTable shredded = table;
  shredded.KeepShredded(
      {.columns_max = 1 + documents.Below(20), .share_min = documents.Once(2) ? 0.1 : 0.01});
  CompileOptions options;
  options.reports_30 = reports_30;
  for (int i = 0; i < 60; ++i) {
    const std::string filter = documents.Filter(2);
    const absl::StatusOr<PlanPtr> plan = Compile(filter, table.schema(), {}, options);
    if (!plan.ok()) continue;  // Not every mixture of types is a filter.
    ASSERT_EQ(shredded.Matching(**plan), table.Matching(**plan)) << filter;
  }
}

// ELANUS_FILTER_TABLES=25000 makes millions of filters of it.
uint32_t NumTables() {
  const char* wanted = std::getenv("ELANUS_FILTER_TABLES");
  return wanted == nullptr ? 200 : static_cast<uint32_t>(std::strtoul(wanted, nullptr, 10));
}

TEST(JsonShredding, ColumnsAnswerAsTheTextsDo) {
  const uint32_t seed = std::random_device{}();
  for (uint32_t i = 0; i < NumTables() && !testing::Test::HasFatalFailure(); ++i) {
    CheckOneTable(seed + i, i % 2 == 0);
  }
}

// Zones settle a run of rows only if all of them have the path: others never showed it.
TEST(JsonShredding, ZonesOfIntegersSettleComparisonsWithDoubles) {
  TestTable table;
  table.AddField("id Int64 primary");
  table.AddField("j JSON");
  for (int64_t id = 0; id < 100; ++id) {
    table.AddRow(fmt::format(R"({{"id":{},"j":{{"n":{}}}}})", id, id + 10));
  }
  table.KeepShredded();
  const std::pair<const char*, size_t> filters[] = {
      {"j['n'] < 50.5", 41}, {"j['n'] > 50.5", 59},        {"j['n'] >= 10.0", 100},
      {"j['n'] == 11.0", 1}, {"j['n'] == 0.0", 0},         {"j['n'] != 0.5", 100},
      {"j['n'] < 9.5", 0},   {"10.5 < j['n'] < 12.5", 2},  {"j['n'] in [11.0, 12.5]", 1},
      {"j['n'] > 109.5", 0}, {"not (j['n'] > 109.5)", 100}};
  for (const auto& [filter, count] : filters) {
    const absl::StatusOr<PlanPtr> plan = Compile(filter, table.schema());
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(table.Matching(**plan).size(), count) << filter;
  }
}

TEST(JsonShredding, AFilterOverShreddedPathsReadsNoText) {
  TestTable table;
  table.AddField("id Int64 primary");
  table.AddField("j JSON");
  for (int64_t id = 0; id < 100; ++id) {
    table.AddRow(fmt::format(R"({{"id":{},"j":{{"n":{},"s":"v{}","l":[{}],"o":{{"x":true}}}}}})",
                             id, id, id % 10, id));
  }
  table.KeepShredded();
  ASSERT_EQ(table.num_shredded(), 4u);
  const int64_t reads = table.num_reads();
  for (const char* filter :
       {"j['n'] < 50", "j['n'] in [1, 2]", "j['n'] + 1.5 > 7", "j['s'] like 'v1%'", "exists j['n']",
        "j['n'] is null", "json_contains(j['l'], 7)", "j['l'][0] == 3", "array_length(j['l']) == 1",
        "j['o']['x'] == true", "j['n'] == 'text'", "j['n']['deeper'] == 1"}) {
    const absl::StatusOr<PlanPtr> plan = Compile(filter, table.schema());
    ASSERT_TRUE(plan.ok()) << plan.status();
    table.Matching(**plan);
    EXPECT_EQ(table.num_reads(), reads) << filter;
  }
  const absl::StatusOr<PlanPtr> plan = Compile("exists j['o']", table.schema());
  ASSERT_TRUE(plan.ok());
  table.Matching(**plan);
  EXPECT_GT(table.num_reads(), reads);
}

}  // namespace
}  // namespace elanus::expr
