#include "index/hnsw_reach.h"

#include <gtest/gtest.h>

#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

struct Graph {
  explicit Graph(uint32_t degree) : degree(degree), links(300 * degree, kNoNode) {}
  LevelLists lists() {
    LevelLists out;
    for (uint32_t node = 0; node < 300; ++node) {
      if (node % 5 != 4) out.nodes.push_back(node);  // Others are not of the level.
    }
    out.degree = degree;
    out.list = [this](uint32_t node) { return links.data() + node * degree; };
    out.row_of = [](uint32_t node) { return 299 - node; };
    return out;
  }
  size_t NumReached(uint32_t entry) const {
    std::set<uint32_t> seen{entry};
    std::vector<uint32_t> queue{entry};
    while (!queue.empty()) {
      const uint32_t node = queue.back();
      queue.pop_back();
      for (uint32_t i = 0; i < degree && links[node * degree + i] != kNoNode; ++i) {
        const uint32_t next = links[node * degree + i];
        if (seen.insert(next).second) queue.push_back(next);
      }
    }
    return seen.size();
  }

  uint32_t degree;
  std::vector<uint32_t> links;
};

TEST(HnswReach, LeavesNoNodeUnreachableWhateverTheLinksAre) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 8, 300, 10, 8);
  const NodeMeasure measure(data.rows(), Metric::kL2, {});
  std::mt19937_64 random(1);
  size_t islands = 0;
  for (int run = 0; run < 200; ++run) {
    Graph graph(1 + run % 6);
    LevelLists lists = graph.lists();
    const size_t island = 1 + random() % 100;  // Links lead to nodes of the same island.
    for (size_t i = 0; i < lists.nodes.size(); ++i) {
      const size_t first = i / island * island;
      const size_t size = std::min(island, lists.nodes.size() - first);
      std::set<uint32_t> to;
      for (size_t tries = random() % (graph.degree + 1); tries > 0; --tries) {
        to.insert(lists.nodes[first + random() % size]);
      }
      std::copy(to.begin(), to.end(), lists.list(lists.nodes[i]));
    }
    const uint32_t entry = lists.nodes[random() % lists.nodes.size()];
    const size_t before = graph.NumReached(entry);
    const size_t linked = LinkUnreached(measure, entry, lists);
    EXPECT_EQ(graph.NumReached(entry), lists.nodes.size());
    EXPECT_EQ(linked == 0, before == lists.nodes.size());
    islands += linked;
    for (const uint32_t node : lists.nodes) {  // Lists are still lists.
      const uint32_t* list = lists.list(node);
      const uint32_t* end = std::find(list, list + graph.degree, kNoNode);
      EXPECT_EQ(std::count(end, list + graph.degree, kNoNode), list + graph.degree - end);
      EXPECT_EQ(std::set<uint32_t>(list, end).size(), static_cast<size_t>(end - list));
    }
    EXPECT_EQ(LinkUnreached(measure, entry, lists), 0u);
  }
  EXPECT_GT(islands, 1000u);
}

TEST(HnswReach, LinksIslandsWhereTheyAreNear) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 8, 300, 10, 8);
  const NodeMeasure measure(data.rows(), Metric::kL2, {});
  Graph graph(300);
  LevelLists lists = graph.lists();
  std::copy(lists.nodes.begin() + 1, lists.nodes.end() - 1, lists.list(lists.nodes[0]));
  ASSERT_EQ(LinkUnreached(measure, lists.nodes[0], lists), 1u);
  const uint32_t alone = lists.nodes.back();
  NodeMeasure::Query query;
  measure.PrepareRow(lists.row_of(alone), query);
  uint32_t nearest = kNoNode;
  float best = std::numeric_limits<float>::infinity();
  for (const uint32_t node : lists.nodes) {
    const uint32_t row = lists.row_of(node);
    float distance;
    measure.Measure(query, &row, 1, &distance);
    if (node != alone && distance < best) {
      best = distance;
      nearest = node;
    }
  }
  EXPECT_EQ(*lists.list(nearest), alone);
  EXPECT_EQ(lists.list(alone)[0], nearest) << "no way back";
}

}  // namespace
}  // namespace elanus::index
