// Runs tests/expr/*.case: a small collection, then filters and the rows they keep.
//
//   field <name> <type> [element type] [primary] [nullable] [dynamic]
//   row {"id": 1, ...}
//   <filter> => 1 2 3         rows by id, in order; nothing behind the arrow = no row
//   <filter> => error: <gist> part of the message
// "2.6: " or "3.0: " before a filter limits it to one line of releases; # begins a comment.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "expr/binder.h"
#include "expr/optimiser.h"
#include "expr/parser.h"
#include "expr/test_table.h"

namespace elanus::expr {
namespace {

std::string Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1));
}

std::string Join(const std::vector<int64_t>& ids) {
  std::string out;
  for (const int64_t id : ids) out += (out.empty() ? "" : " ") + std::to_string(id);
  return out;
}

// "1 2 3", or "error: ..."; with and without the optimiser, which must not differ.
std::string Answer(const TestTable& table, const std::string& filter, bool reports_30) {
  CompileOptions options;
  options.reports_30 = reports_30;
  const auto ast = Parse(filter, options);
  if (!ast.ok()) return "error: " + std::string(MessageOf(ast.status()));
  absl::StatusOr<Plan> plan = Bind(*ast, table.schema(), {}, options);
  if (!plan.ok()) return "error: " + std::string(MessageOf(plan.status()));
  Finish(*plan);
  const std::string plain = Join(table.Matching(*plan));
  const absl::StatusOr<PlanPtr> optimised = Compile(filter, table.schema(), {}, options);
  EXPECT_TRUE(optimised.ok());
  if (!optimised.ok()) return "";
  EXPECT_EQ(Join(table.Matching(**optimised)), plain) << filter << "\n" << DebugString(**optimised);
  TestTable shredded = table;
  shredded.KeepShredded({.share_min = 0});
  EXPECT_EQ(Join(shredded.Matching(**optimised)), plain) << filter << " by columns of JSON paths";
  return plain;
}

void CheckCase(const TestTable& table, const std::string& line) {
  const size_t arrow = line.rfind(" =>");
  ASSERT_NE(arrow, std::string::npos) << "no => in: " << line;
  std::string filter = Trim(std::string_view(line).substr(0, arrow));
  const std::string expected = Trim(std::string_view(line).substr(arrow + 3));
  const bool only_26 = filter.starts_with("2.6: ");
  const bool only_30 = filter.starts_with("3.0: ");
  if (only_26 || only_30) filter.erase(0, 5);
  for (const bool reports_30 : {false, true}) {
    if (reports_30 ? only_26 : only_30) continue;
    SCOPED_TRACE(reports_30 ? "3.0" : "2.6");
    const std::string answer = Answer(table, filter, reports_30);
    if (expected.starts_with("error:")) {
      EXPECT_TRUE(answer.starts_with("error:")) << filter << " gave " << answer;
      EXPECT_NE(answer.find(Trim(expected.substr(6))), std::string::npos)
          << filter << " gave " << answer;
    } else {
      EXPECT_EQ(answer, expected) << filter;
    }
  }
}

TEST(Cases, HoldForEveryFile) {
  int num_cases = 0;
  ASSERT_TRUE(std::filesystem::is_directory("tests/expr")) << "run it in the repository's root";
  for (const auto& entry : std::filesystem::directory_iterator("tests/expr")) {
    if (entry.path().extension() != ".case") continue;
    std::ifstream file(entry.path());
    TestTable table;
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
      line = Trim(line);
      if (line.empty() || line[0] == '#') continue;
      SCOPED_TRACE(entry.path().string() + ":" + std::to_string(number));
      if (line.starts_with("field ")) {
        table.AddField(line.substr(6));
      } else if (line.starts_with("row ")) {
        table.AddRow(line.substr(4));
      } else {
        CheckCase(table, line);
        ++num_cases;
      }
    }
  }
  EXPECT_GT(num_cases, 200) << "the cases are not all there";
}

}  // namespace
}  // namespace elanus::expr
