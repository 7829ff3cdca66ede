// What the fuzz target does, with texts made here: damaged filters, and damaged JSON in the rows.
#include <gtest/gtest.h>

#include <random>

#include "expr/test_table.h"

namespace elanus::expr {
namespace {

constexpr std::string_view kFilters[] = {
    "i64 > 5 and (s like 'a%c' or not (b == true))",
    R"(j["a"]["b"][0] in [1, 2.5, -3] and $meta["color"] != "red")",
    "1 < i8 <= 0x7F && ai[0] + 2 == 3 || exists color",
    "json_contains_any(j['l'], [1, [2, 3], 'x']) and array_length(as) < 2 ** 3",
    "f in [0.1, 1e3, .5] and s not in ['\\x41\\u00e9', u8\"q\"] or n is not null",
    "af == [0.1, 2] and ab != [true,] or d - 1.5 >= {i} or i32 < i64",
};

std::string Compiled(const TestTable& table, std::string_view text, bool reports_30) {
  static const TemplateValues values = {{"i", {int64_t{5}}}};
  CompileOptions options;
  options.reports_30 = reports_30;
  const absl::StatusOr<PlanPtr> plan = Compile(text, table.schema(), values, options);
  if (!plan.ok()) return std::string(MessageOf(plan.status()));
  table.Matching(**plan);
  return DebugString(**plan);
}

TEST(Hostile, EveryFilterIsAFilterUntilItIsCut) {
  const TestTable table = EveryType();
  for (const std::string_view filter : kFilters) {
    EXPECT_FALSE(Compiled(table, filter, false).starts_with("cannot parse")) << filter;
    for (size_t cut = 0; cut < filter.size(); ++cut) {
      // A copy of its own size, so that a sanitizer sees a read past the end.
      const std::vector<char> copy(filter.begin(), filter.begin() + static_cast<int64_t>(cut));
      Compiled(table, {copy.data(), copy.size()}, cut % 2 == 0);
    }
  }
}

TEST(Hostile, DamagedFiltersGiveAnErrorOrAPlan) {
  const TestTable table = EveryType();
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string_view words[] = {"(",
                                    ")",
                                    "[",
                                    "]",
                                    "{",
                                    "}",
                                    "'",
                                    "\"",
                                    "\\",
                                    "not ",
                                    " and ",
                                    " in ",
                                    "-",
                                    "**",
                                    "<",
                                    "==",
                                    "~",
                                    "%",
                                    "0x",
                                    "\xff",
                                    "$[",
                                    "[a]",
                                    "1e9",
                                    ",",
                                    "j",
                                    "ai",
                                    "null",
                                    "exists ",
                                    "{l}",
                                    "true",
                                    "9223372036854775808"};
  for (int i = 0; i < 20'000; ++i) {
    std::string text(kFilters[random() % std::size(kFilters)]);
    for (uint32_t n = 1 + random() % 4; n > 0; --n) {
      const size_t at = random() % (text.size() + 1);
      if (random() % 2 == 0) text.erase(at, random() % 6);
      text.insert(std::min(at, text.size()), words[random() % std::size(words)]);
    }
    Compiled(table, text, i % 2 == 0);
  }
}

TEST(Hostile, MessagesAreValidTextWhateverTheFilterIs) {
  const TestTable table = EveryType();
  const std::string message = Compiled(table, "s == '\xff\xc3' and \xe2\x82", false);
  EXPECT_TRUE(message.starts_with("cannot parse expression: s == '?\?' and ?\?")) << message;
}

TEST(Hostile, DamagedJsonIsMissing) {
  TestTable table;
  table.AddField("id Int64 primary");
  table.AddField("j JSON");
  const std::string json = R"({"a": {"b": [1, 2.5, "xé\n"]}, "c": true})";
  int64_t id = 0;
  for (size_t cut = 0; cut <= json.size(); ++cut, ++id) {
    table.column("id").Append(id);
    table.column("j").AppendRaw(json.substr(0, cut));
  }
  for (const std::string_view other : {"", "nonsense", "{\"a\"", "[[[[", "\"", "{\"a\":}", "{,}"}) {
    table.column("id").Append(id++);
    table.column("j").AppendRaw(other);
  }
  table.set_num_rows(id);
  const auto matching = [&](std::string_view filter) {
    const absl::StatusOr<PlanPtr> plan = Compile(filter, table.schema(), {});
    ELANUS_CHECK_OK(plan.status());
    return table.Matching(**plan).size();
  };
  const auto rows = static_cast<size_t>(id);
  // `c` is read once its last letter is there: the whole text, and that without its brace.
  EXPECT_EQ(matching("j['c'] == true"), 2u);
  EXPECT_EQ(matching("j['c'] != true"), rows - 2);
  EXPECT_EQ(matching("not exists j['c']"), rows - 2);
  EXPECT_EQ(matching("j['zz'] == 1"), 0u);
  EXPECT_GT(matching("json_contains(j['a']['b'], 2.5)"), 1u);
}

}  // namespace
}  // namespace elanus::expr
