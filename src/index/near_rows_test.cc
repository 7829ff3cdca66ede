#include "index/near_rows.h"

#include <gtest/gtest.h>

#include <mutex>

#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

struct Case {
  DataType type;
  Metric metric;
  int64_t dim;
};

struct Found {
  std::vector<NearList> of;  // Each row.
  std::vector<int> calls;
};

Found FindAll(const TestVectors& data, const NodeMeasure& measure, size_t width,
              const std::vector<uint32_t>& members, Executor* executor = nullptr,
              const Cancellation* cancellation = nullptr) {
  Found found{std::vector<NearList>(data.num_rows), std::vector<int>(data.num_rows)};
  std::mutex mutex;
  const NearRows near(measure, members,
                      {.width = width,
                       .compared = 30 * width,
                       .seed = 7,
                       .executor = executor,
                       .cancellation = cancellation});
  near.ForEach([&](uint32_t row, NearList& nearest) {
    std::lock_guard lock(mutex);
    found.of[row] = nearest;
    ++found.calls[row];
  });
  return found;
}

TEST(NearRows, FindsNearlyAllOfTheNearestRowsOfEachRow) {
  for (const Case& c : std::vector<Case>{{DataType::kFloatVector, Metric::kL2, 96},
                                         {DataType::kFloatVector, Metric::kIp, 64},
                                         {DataType::kFloat16Vector, Metric::kCosine, 16},
                                         {DataType::kInt8Vector, Metric::kL2, 64},
                                         {DataType::kBinaryVector, Metric::kHamming, 128}}) {
    SCOPED_TRACE(fmt::format("{} {} {}", schema::DataTypeName(c.type),
                             kernels::MetricName(c.metric), c.dim));
    const auto data = ClusteredVectors(c.type, c.dim, 6000, 40, 3);
    HnswCodeStorage storage;
    std::vector<float> own_terms;
    HnswCodes codes;
    if (HnswHasCodes(c.type, c.dim)) {
      ASSERT_TRUE(EncodeHnswRows(data.rows(), {}, c.metric, nullptr, storage, own_terms));
      codes = storage.view();
    }
    const NodeMeasure measure(data.rows(), c.metric, codes, own_terms);
    std::vector<uint32_t> members;
    for (uint32_t row = 0; row < 6000; ++row) {
      if (row % 10 != 3) members.push_back(row);
    }
    constexpr size_t kWidth = 40;
    const Found found = FindAll(data, measure, kWidth, members);
    double recall = 0;
    int looked = 0, with_leaders = 0;
    NodeMeasure::Query query;
    std::vector<float> distances(members.size());
    for (const uint32_t row : members) {
      ASSERT_EQ(found.calls[row], 1);
      const NearList& list = found.of[row];
      ASSERT_GE(list.rows.size(), kWidth);
      ASSERT_LE(list.rows.size(), kWidth + 16);
      with_leaders += list.rows.size() > kWidth;
      ASSERT_TRUE(std::is_sorted(list.distances.begin(), list.distances.end()));
      ASSERT_EQ(std::count(list.rows.begin(), list.rows.end(), row), 0);
      if (row % 64 != 0) continue;
      measure.PrepareRow(row, query);
      measure.Measure(query, members.data(), members.size(), distances.data());
      std::vector<float> sorted;
      for (size_t i = 0; i < members.size(); ++i) {
        if (members[i] != row) sorted.push_back(distances[i]);
      }
      std::sort(sorted.begin(), sorted.end());
      for (size_t i = 0; i < kWidth; ++i) recall += list.distances[i] <= sorted[kWidth - 1];
      ++looked;
    }
    EXPECT_GT(with_leaders, 5000);
    EXPECT_GE(recall / (looked * kWidth), c.metric == Metric::kIp ? 0.8 : 0.9);
    for (uint32_t row = 3; row < 6000; row += 10) ASSERT_EQ(found.calls[row], 0);
  }
}

TEST(NearRows, DependsOnTheRowsAndTheSeedAlone) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 16, 3000, 10, 3);
  const NodeMeasure measure(data.rows(), Metric::kL2, {});
  std::vector<uint32_t> members(3000);
  for (uint32_t row = 0; row < 3000; ++row) members[row] = row;
  Executor executor({.name = "near", .num_threads = 3});
  const Found alone = FindAll(data, measure, 20, members);
  const Found together = FindAll(data, measure, 20, members, &executor);
  for (size_t row = 0; row < 3000; ++row) ASSERT_EQ(alone.of[row].rows, together.of[row].rows);
}

TEST(NearRows, TakesFewRowsAndEqualOnesAndStopsWhenCancelled) {
  auto data = ClusteredVectors(DataType::kFloatVector, 8, 2000, 1, 3);
  for (int64_t row = 0; row < 2000; ++row)
    std::memcpy(data.bytes.data() + row * 32, data.row(0), 32);
  const NodeMeasure measure(data.rows(), Metric::kL2, {});
  EXPECT_TRUE(FindAll(data, measure, 5, {}).of[0].rows.empty());
  EXPECT_TRUE(FindAll(data, measure, 5, {0}).of[0].rows.empty());
  EXPECT_EQ(FindAll(data, measure, 5, {0, 9}).of[0].rows, std::vector<uint32_t>{9});
  std::vector<uint32_t> members(2000);
  for (uint32_t row = 0; row < 2000; ++row) members[row] = row;
  const Found found = FindAll(data, measure, 5, members);
  for (const NearList& list : found.of) ASSERT_GE(list.rows.size(), 5u);
  const Cancellation cancelled(std::make_shared<std::atomic<bool>>(true), 0);
  for (const int calls : FindAll(data, measure, 5, members, nullptr, &cancelled).calls) {
    ASSERT_EQ(calls, 0);
  }
}

}  // namespace
}  // namespace elanus::index
