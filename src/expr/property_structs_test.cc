// Random tests of struct arrays and of words in texts against loops that are as dull as possible.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <random>

#include "expr/element_filter.h"
#include "expr/test_table.h"

namespace elanus::expr {
namespace {

using Tri = std::optional<bool>;

struct Element {
  int64_t n = 0;
  std::string s;
};
struct Row {
  std::optional<std::vector<Element>> st;
  std::optional<std::vector<std::string>> words;  // A text of them.
};

using OfElement = std::function<bool(const Element&)>;
using OfRow = std::function<Tri(const Row&)>;

// Whether `words` stand in `text` behind each other.
bool IsPhrase(const std::vector<std::string>& text, const std::vector<std::string>& words) {
  if (words.empty() || text.size() < words.size()) return false;
  for (size_t begin = 0; begin + words.size() <= text.size(); ++begin) {
    if (std::equal(words.begin(), words.end(), text.begin() + static_cast<ptrdiff_t>(begin))) {
      return true;
    }
  }
  return false;
}

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  bool Once(int64_t in) { return Below(in) == 0; }
  std::string Word() { return std::string(1, static_cast<char>('p' + Below(4))); }
  std::vector<std::string> Words(int64_t count) {
    std::vector<std::string> out;
    while (count-- > 0) out.push_back(Word());
    return out;
  }

  Row RandomRow() {
    Row row;
    if (!Once(5)) {
      row.st.emplace(Below(5));
      for (Element& element : *row.st) element = {Below(4), Word()};
    }
    if (!Once(5)) row.words = Words(Below(6));
    return row;
  }

  std::pair<std::string, OfElement> ElementRule(int depth) {
    if (depth > 0 && !Once(3)) {
      const auto [left, left_says] = ElementRule(depth - 1);
      const auto [right, right_says] = ElementRule(depth - 1);
      if (Once(2)) {
        return {
            fmt::format("({}) and ({})", left, right),
            [one = left_says, other = right_says](const Element& e) { return one(e) && other(e); }};
      }
      return {
          fmt::format("({}) or not ({})", left, right),
          [one = left_says, other = right_says](const Element& e) { return one(e) || !other(e); }};
    }
    const int64_t v = Below(4);
    if (Once(2)) {
      const std::string word = Word();
      return {fmt::format("$[s] == '{}'", word), [=](const Element& e) { return e.s == word; }};
    }
    return Once(2) ? std::pair<std::string, OfElement>(fmt::format("$[n] > {}", v),
                                                       [=](const Element& e) { return e.n > v; })
                   : std::pair<std::string, OfElement>(fmt::format("$[n] in [{}, 7]", v),
                                                       [=](const Element& e) { return e.n == v; });
  }

  std::pair<std::string, OfRow> MatchRule() {
    const auto [inner, says] = ElementRule(2);
    constexpr const char* kNames[] = {"ALL", "ANY", "LEAST", "MOST", "EXACT"};
    const int64_t mode = Below(5);
    const int64_t threshold = Below(3) + (mode == 2 ? 1 : 0);
    std::string text = fmt::format("MATCH_{}(st, {}", kNames[mode], inner);
    if (mode >= 2) text += fmt::format(", threshold={}", threshold);
    return {text + ")", [=, passes = says](const Row& row) -> Tri {
              if (!row.st.has_value()) return {};
              const int64_t hits = std::count_if(row.st->begin(), row.st->end(), passes);
              const auto all = static_cast<int64_t>(row.st->size());
              switch (mode) {
                case 0:
                  return hits == all;
                case 1:
                  return hits > 0;
                case 2:
                  return hits >= threshold;
                case 3:
                  return hits <= threshold;
                default:
                  return hits == threshold;
              }
            }};
  }

  std::pair<std::string, OfRow> TextRule() {
    const std::vector<std::string> query = Words(1 + Below(3));
    std::string joined;
    for (const std::string& word : query) joined += (joined.empty() ? "" : " ") + word;
    if (Once(2)) {
      return {fmt::format("phrase_match(t, '{}')", joined), [=](const Row& row) -> Tri {
                if (!row.words.has_value()) return {};
                return IsPhrase(*row.words, query);
              }};
    }
    // A word that the query repeats counts each time.
    const int64_t least = 1 + Below(static_cast<int64_t>(query.size()) + 1);
    return {fmt::format("text_match(t, '{}', minimum_should_match={})", joined, least),
            [=](const Row& row) -> Tri {
              if (!row.words.has_value()) return {};
              int64_t found = 0;
              for (const std::string& word : query) {
                found += std::count(row.words->begin(), row.words->end(), word) > 0 ? 1 : 0;
              }
              return found >= least;
            }};
  }

 private:
  std::mt19937_64 random_;
};

TestTable TableOf(const std::vector<Row>& rows) {
  TestTable table;
  for (const char* field : {"id Int64 primary", "st[n] Array Int64 nullable",
                            "st[s] Array VarChar nullable", "t VarChar nullable match"}) {
    table.AddField(field);
  }
  int64_t id = 0;
  for (const Row& row : rows) {
    table.column("id").Append(id++);
    if (row.st.has_value()) {
      schema::ArrayBuilder numbers(schema::DataType::kInt64);
      schema::ArrayBuilder texts(schema::DataType::kVarChar);
      for (const Element& element : *row.st) {
        numbers.Append(element.n);
        texts.AppendRaw(element.s);
      }
      table.column("st[n]").AppendRaw(numbers.Finish());
      table.column("st[s]").AppendRaw(texts.Finish());
    } else {
      table.column("st[n]").AppendNull();
      table.column("st[s]").AppendNull();
    }
    if (row.words.has_value()) {
      std::string text;
      for (const std::string& word : *row.words) text += word + " ";
      table.column("t").AppendRaw(text);
    } else {
      table.column("t").AppendNull();
    }
  }
  table.set_num_rows(id);
  return table;
}

std::vector<int64_t> Matching(const TestTable& table, const std::string& filter) {
  CompileOptions options;
  options.reports_30 = true;
  const absl::StatusOr<PlanPtr> plan = Compile(filter, table.schema(), {}, options);
  ELANUS_CHECK_OK(plan.status());
  return table.Matching(**plan);
}

TEST(PropertyStructs, AgreeWithCounting) {
  const uint64_t seed = std::random_device{}();
  for (uint64_t i = 0; i < 60 && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE(fmt::format("seed {}", seed + i));
    Generator generator(seed + i);
    std::vector<Row> rows(1 + generator.Below(150));
    for (Row& row : rows) row = generator.RandomRow();
    const TestTable table = TableOf(rows);
    for (int j = 0; j < 30; ++j) {
      const auto [text, says] = generator.Once(3) ? generator.TextRule() : generator.MatchRule();
      const bool negated = generator.Once(3);
      std::vector<int64_t> expected;
      for (size_t row = 0; row < rows.size(); ++row) {
        const Tri answer = says(rows[row]);
        if (answer.has_value() && *answer != negated) expected.push_back(static_cast<int64_t>(row));
      }
      const std::string filter = negated ? "not (" + text + ")" : text;
      ASSERT_EQ(Matching(table, filter), expected) << filter;
    }
  }
}

TEST(PropertyStructs, ElementFilterKeepsTheElementsThatMatch) {
  const uint64_t seed = std::random_device{}();
  CompileOptions options;
  options.reports_30 = true;
  for (uint64_t i = 0; i < 60 && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE(fmt::format("seed {}", seed + i));
    Generator generator(seed + i);
    std::vector<Row> rows(1 + generator.Below(150));
    for (Row& row : rows) row = generator.RandomRow();
    const TestTable table = TableOf(rows);
    const auto [inner, says] = generator.ElementRule(2);
    const auto plan = Compile("element_filter(st, " + inner + ")", table.schema(), {}, options);
    ASSERT_TRUE(plan.ok()) << plan.status();
    kernels::Bitset matching(table.num_rows());
    ASSERT_TRUE(Evaluate(**plan, table, {}, matching, Cancellation()).ok());
    if (generator.Once(2)) {
      // Rows that nobody asks for count for nothing.
      for (int64_t row = 0; row < table.num_rows(); ++row) {
        if (generator.Once(3)) matching.Reset(row);
      }
    }
    const auto found = EvaluateElements(**plan, table, matching.view(), Cancellation());
    ASSERT_TRUE(found.ok());
    int64_t element = 0;
    for (size_t row = 0; row < rows.size(); ++row) {
      ASSERT_EQ(found->begins[row], element);
      if (!rows[row].st.has_value() || !matching.Test(static_cast<int64_t>(row))) continue;
      for (const Element& e : *rows[row].st) {
        ASSERT_EQ(found->elements.Test(element++), says(e)) << inner << " row " << row;
      }
    }
  }
}

}  // namespace
}  // namespace elanus::expr
