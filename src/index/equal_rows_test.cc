#include "index/equal_rows.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

TEST(EqualRows, GroupsRowsOfEqualBytesAndOnlyThose) {
  auto data = ClusteredVectors(DataType::kFloatVector, 4, 500, 4, 2);
  std::mt19937_64 random(4);
  for (int i = 0; i < 400; ++i) {  // Copies, and copies of copies.
    std::memcpy(data.bytes.data() + random() % 500 * 16, data.row(random() % 20), 16);
  }
  const NodeMeasure measure(data.rows(), Metric::kL2, {});
  std::vector<uint32_t> members;
  for (uint32_t row = 0; row < 500; ++row) {
    if (row % 7 != 0) members.push_back(row);
  }
  std::map<std::string, std::vector<uint32_t>> expected;
  for (const uint32_t row : members) expected[std::string(measure.BytesOf(row))].push_back(row);
  std::map<uint32_t, std::vector<uint32_t>> groups;
  std::vector<uint32_t> distinct;
  for (const auto& [bytes, rows] : expected) {
    distinct.push_back(rows.front());
    if (rows.size() > 1) groups[rows.front()] = rows;
  }
  std::sort(distinct.begin(), distinct.end());

  const EqualRows equal(measure, members);
  EXPECT_EQ(equal.distinct(), distinct);
  EXPECT_EQ(equal.num_copies(), members.size() - distinct.size());
  ASSERT_EQ(equal.num_groups(), groups.size());
  ASSERT_GT(groups.size(), 10u);
  for (size_t g = 0; g < equal.num_groups(); ++g) {
    const auto group = equal.group(g);
    EXPECT_EQ(std::vector<uint32_t>(group.begin(), group.end()), groups[group.front()]);
  }
  EXPECT_TRUE(EqualRows(measure, {}).distinct().empty());
}

}  // namespace
}  // namespace elanus::index
