#include "query/merge.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace elanus::query {
namespace {

// Segments as tables of (key, timestamp).
struct Table {
  std::vector<std::vector<std::pair<int64_t, uint64_t>>> segments;
  KeyAt key = [this](const RowRef& at) {
    return schema::PrimaryKeyView(segments[at.segment][at.row].first);
  };
  TimestampAt time = [this](const RowRef& at) {
    return Timestamp(segments[at.segment][at.row].second);
  };
};

TEST(MergeNearest, KeepsOneRowPerKeyAndOrdersTiesByKey) {
  Table table;
  table.segments = {{{5, 1}, {1, 1}}, {{5, 2}, {0, 1}}};
  const std::vector<std::vector<Hit>> lists = {{{1.0f, {0, 0}}, {2.0f, {0, 1}}},
                                               {{1.5f, {1, 0}}, {2.0f, {1, 1}}}};
  int64_t dropped = 0;
  const std::vector<Hit> hits = MergeNearest(lists, 10, table.key, &dropped);
  ASSERT_EQ(hits.size(), 3u);
  EXPECT_EQ(hits[0].at, (RowRef{0, 0}));
  EXPECT_EQ(hits[1].at, (RowRef{1, 1}));  // Key 0 before key 1 at distance 2.
  EXPECT_EQ(hits[2].at, (RowRef{0, 1}));
  EXPECT_EQ(dropped, 1);
}

TEST(MergeNearest, KeepsOneRowPerKeyAndElementWhereElementsAreHits) {
  Table table;
  table.segments = {{{5, 1}}, {{5, 2}, {4, 1}}};
  const std::vector<std::vector<Hit>> lists = {
      {{1.0f, {0, 0, 2}}, {2.0f, {0, 0, 0}}},
      {{1.0f, {1, 0, 2}}, {2.0f, {1, 1, 7}}, {2.0f, {1, 0, 1}}}};
  int64_t dropped = 0;
  const std::vector<Hit> hits = MergeNearest(lists, 10, table.key, &dropped);
  std::vector<std::pair<int64_t, int32_t>> found;
  for (const Hit& hit : hits) found.emplace_back(table.key(hit.at).as_int(), hit.at.element);
  EXPECT_EQ(found, (std::vector<std::pair<int64_t, int32_t>>{{5, 2}, {4, 7}, {5, 0}, {5, 1}}));
  EXPECT_EQ(dropped, 1);
}

TEST(MergeByKey, AgreesWithAMapOverRandomLists) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Table table;
    std::map<int64_t, uint64_t> newest;
    std::vector<std::vector<RowRef>> lists;
    uint64_t clock = 1;
    for (int s = 0; s < 3; ++s) {
      std::vector<std::pair<int64_t, uint64_t>> rows(random() % 20);
      for (auto& row : rows) row = {static_cast<int64_t>(random() % 15), clock++};
      std::sort(rows.begin(), rows.end());
      std::vector<RowRef> list;
      for (size_t i = 0; i < rows.size(); ++i) {
        list.push_back({s, static_cast<int64_t>(i)});
        uint64_t& time = newest[rows[i].first];
        time = std::max(time, rows[i].second);
      }
      table.segments.push_back(rows);
      lists.push_back(list);
    }
    const int64_t offset = random() % 5;
    const int64_t limit = static_cast<int64_t>(random() % 12) - 1;
    std::vector<std::pair<int64_t, uint64_t>> expected(newest.begin(), newest.end());
    expected.erase(expected.begin(), expected.begin() + std::min<int64_t>(offset, expected.size()));
    if (limit >= 0 && static_cast<int64_t>(expected.size()) > limit) expected.resize(limit);
    std::vector<std::pair<int64_t, uint64_t>> actual;
    for (const RowRef& row : MergeByKey(lists, offset, limit, table.key, table.time)) {
      actual.push_back(table.segments[row.segment][row.row]);
    }
    EXPECT_EQ(actual, expected);
  }
}

}  // namespace
}  // namespace elanus::query
