#include "index/scalar/path_index.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "common/check.h"
#include "index/scalar/path_build.h"
#include "index/scalar/path_keys.h"
#include "index/scalar/scalar_file.h"

namespace elanus::index {
namespace {

constexpr double kAnyCost = 1e18;

Bytes BytesIn(const std::string& file) {
  return {reinterpret_cast<const uint8_t*>(file.data()), file.size()};
}

std::string Path(std::initializer_list<std::string_view> keys) {
  std::string path;
  for (const std::string_view key : keys) AppendPathStep(key, path);
  return path;
}

std::string NumberKey(const std::string& path, double number) {
  std::string key = PathKey(path, PathFact::kNumberIs);
  AppendPathNumber(number, key);
  return key;
}

// "a" of row r is the number r - 50, but for every tenth row; "a", "b" of every third is a text.
std::string SomeFile(int64_t num_rows) {
  PathIndexBuilder builder;
  for (int64_t row = 0; row < num_rows; ++row) {
    const auto number = static_cast<uint32_t>(row);
    const auto add = [&](const std::string& key) { builder.Add(key, number); };
    if (row % 10 != 0) {
      add(PathKey(Path({"a"}), PathFact::kNumber));
      add(NumberKey(Path({"a"}), static_cast<double>(row - 50)));
    }
    if (row % 3 == 0) {
      add(PathKey(Path({"a", "b"}), PathFact::kText));
      add(PathKey(Path({"a", "b"}), PathFact::kTextIs) + "t" + std::to_string(row % 7));
    }
    if (row % 50 == 7) builder.AddOdd(number);
  }
  return *std::move(builder).Finish(num_rows, Cancellation());
}

TEST(PathKeys, OrderNumbersAsNumbers) {
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> numbers = {-infinity, -1e300, -2.5, -2, -1e-300, 0, 1e-300, 1, 1.5, infinity};
  for (size_t i = 0; i + 1 < numbers.size(); ++i) {
    EXPECT_LT(NumberKey("", numbers[i]), NumberKey("", numbers[i + 1])) << numbers[i];
  }
  EXPECT_EQ(NumberKey("", -0.0), NumberKey("", 0.0));
}

TEST(PathKeys, NoPathBeginsAsAnotherWithWhatIsSaidOfIt) {
  const std::string zero("x\0y", 3);
  const std::vector<std::string> paths = {Path({}),
                                          Path({"x"}),
                                          Path({"xy"}),
                                          Path({"x", "y"}),
                                          Path({zero}),
                                          Path({"x", ""}),
                                          Path({std::string_view("x\0", 2)}),
                                          Path({"\x01"})};
  for (const std::string& a : paths) {
    for (const std::string& b : paths) {
      if (a == b) continue;
      for (const PathFact fact : {PathFact::kBool, PathFact::kTextIs}) {
        EXPECT_FALSE(b.starts_with(PathKey(a, fact)));
      }
    }
  }
}

TEST(PathIndex, AnswersAtAPathAsAnIndexOfThatPathWould) {
  constexpr int64_t kRows = 500;
  const std::string file = SomeFile(kRows);
  for (const bool by_blocks : {false, true}) {
    auto opened = by_blocks ? PathIndex::Open(storage::MakeMemoryReader(BytesIn(file)), kRows)
                            : PathIndex::Open(BytesIn(file), kRows);
    ASSERT_TRUE(opened.ok()) << opened.status();
    const std::shared_ptr<const PathIndex> index = *std::move(opened);
    const auto ask = [&](const std::string& path, const ScalarQuery& query) {
      const auto at = PathIndex::At(index, {.path = path});
      const auto plan = at->Plan(query, kAnyCost);
      ELANUS_CHECK(plan.ok() && plan->has_value());
      auto rows = at->Rows(query, **plan, Cancellation());
      ELANUS_CHECK(rows.ok());
      return *std::move(rows);
    };
    const ScalarRows below = ask(Path({"a"}), {.kind = ScalarQuery::Kind::kInterval,
                                               .lower = ScalarBound{-3.5, true},
                                               .upper = ScalarBound{20.0, false}});
    const ScalarRows text = ask(Path({"a", "b"}), {.keys = {"t2"}});
    const ScalarRows exists = ask(Path({"a"}), {.kind = ScalarQuery::Kind::kExists});
    const ScalarRows other = ask(Path({"a"}), {.keys = {"t2"}});
    const ScalarRows nothing = ask(Path({"b"}), {.keys = {1.0}});
    for (int64_t row = 0; row < kRows; ++row) {
      const bool number = row % 10 != 0;
      ASSERT_EQ(below.found.Test(row), number && row - 50 >= -3 && row - 50 < 20) << row;
      ASSERT_EQ(below.absent->Test(row), !number) << row;
      ASSERT_EQ(below.odd->Test(row), row % 50 == 7) << row;
      ASSERT_EQ(text.found.Test(row), row % 3 == 0 && row % 7 == 2) << row;
      ASSERT_EQ(text.absent->Test(row), row % 3 != 0) << row;
      ASSERT_EQ(exists.found.Test(row), number) << row;
      ASSERT_TRUE(other.absent->Test(row) && nothing.absent->Test(row)) << row;
      ASSERT_FALSE(other.found.Test(row) || nothing.found.Test(row)) << row;
    }
  }
}

TEST(PathIndex, DeclinesWhatCostsTooMuchAndKeysOfSeveralTypes) {
  const std::string file = SomeFile(500);
  const std::shared_ptr<const PathIndex> index = *PathIndex::Open(BytesIn(file), 500);
  const auto at = PathIndex::At(index, {.path = Path({"a"})});
  EXPECT_TRUE((*at->Plan({.keys = {1.0}}, kAnyCost)).has_value());
  EXPECT_FALSE((*at->Plan({.keys = {1.0}}, 1)).has_value());
  EXPECT_FALSE((*at->Plan({.keys = {1.0, "1"}}, kAnyCost)).has_value());
  EXPECT_FALSE((*at->Plan({.kind = ScalarQuery::Kind::kBox}, kAnyCost)).has_value());
  EXPECT_FALSE((*at->Plan({.kind = ScalarQuery::Kind::kInterval}, kAnyCost)).has_value());
}

TEST(PathIndex, RefusesDamagedFilesAndThoseOfOtherIndexes) {
  std::string file = SomeFile(2000);
  const auto code = [&](int64_t num_rows) {
    return CodeOf(PathIndex::Open(BytesIn(file), num_rows).status());
  };
  EXPECT_TRUE(PathIndex::Open(BytesIn(file), 2000).ok());
  EXPECT_FALSE(OpenScalarIndex(BytesIn(file), 2000).ok());
  EXPECT_EQ(code(1999), ErrorCode::kDataIntegrity);
  for (size_t at = 0; at < file.size(); at += 41) {
    file[at] = static_cast<char>(file[at] ^ 4);
    EXPECT_EQ(code(2000), ErrorCode::kDataIntegrity) << at;
    file[at] = static_cast<char>(file[at] ^ 4);
  }
  file.resize(file.size() - 1);
  EXPECT_EQ(code(2000), ErrorCode::kDataIntegrity);
}

}  // namespace
}  // namespace elanus::index
