#include "index/hnsw_reach.h"

#include <algorithm>

#include "index/hnsw_pool.h"

namespace elanus::index {
namespace {

constexpr size_t kWalkWidth = 32;

class Reach {
 public:
  Reach(const NodeMeasure& measure, uint32_t entry, const LevelLists& level)
      : measure_(measure), entry_(entry), level_(level) {
    num_nodes_ = size_t{*std::max_element(level.nodes.begin(), level.nodes.end())} + 1;
    parent_.assign(num_nodes_, kNoNode);
  }

  size_t LinkAll() {
    Spread(entry_, entry_);
    size_t linked = 0;
    for (const uint32_t node : level_.nodes) {
      if (parent_[node] != kNoNode) continue;
      Link(node);
      ++linked;
    }
    return linked;
  }

 private:
  std::span<uint32_t> Links(uint32_t node) const {
    uint32_t* const list = level_.list(node);
    return {list, static_cast<size_t>(std::find(list, list + level_.degree, kNoNode) - list)};
  }

  // Marks what is reached through `from`, breadth first: parents make a tree.
  void Spread(uint32_t from, uint32_t parent) {
    parent_[from] = parent;
    queue_.assign(1, from);
    for (size_t at = 0; at < queue_.size(); ++at) {
      for (const uint32_t next : Links(queue_[at])) {
        if (parent_[next] != kNoNode) continue;
        parent_[next] = queue_[at];
        queue_.push_back(next);
      }
    }
  }

  // Reached nodes near the node, nearest first.
  std::vector<uint32_t> WalkTowards(uint32_t node) {
    NodeMeasure::Query query;
    measure_.PrepareRow(level_.row_of(node), query);
    const auto measure = [&](const uint32_t* nodes, size_t count, float* out) {
      scratch_.rows.resize(std::max(scratch_.rows.size(), count));
      for (size_t i = 0; i < count; ++i) scratch_.rows[i] = level_.row_of(nodes[i]);
      measure_.Measure(query, scratch_.rows.data(), count, out);
    };
    float distance;
    measure(&entry_, 1, &distance);
    pool_.Begin(kWalkWidth);
    scratch_.visited.Begin(num_nodes_);
    scratch_.visited.Mark(entry_);
    pool_.Insert(distance, entry_);
    WalkCounts counts;
    WalkPool(
        pool_, nullptr, [&](uint32_t at) { return std::span<const uint32_t>(Links(at)); }, measure,
        [](uint32_t) {}, scratch_, counts);
    std::vector<uint32_t> near;
    for (const NodePool::Entry& entry : pool_.entries()) near.push_back(entry.node());
    return near;
  }

  // Puts a link to `to` into the list of `from`, in place of its last link that is not of the tree
  // if it is full. False: all are.
  bool AddLink(uint32_t from, uint32_t to) {
    const std::span<uint32_t> links = Links(from);
    if (links.size() < level_.degree) {
      level_.list(from)[links.size()] = to;
      return true;
    }
    for (size_t i = links.size(); i-- > 0;) {
      if (parent_[links[i]] == from && links[i] != from) continue;
      links[i] = to;
      return true;
    }
    return false;
  }

  void Link(uint32_t node) {
    uint32_t from = kNoNode;
    for (const uint32_t near : WalkTowards(node)) {
      if (!AddLink(near, node)) continue;
      from = near;
      break;
    }
    // There are fewer tree links than lists have room for.
    for (size_t i = 0; from == kNoNode && i < level_.nodes.size(); ++i) {
      const uint32_t other = level_.nodes[i];
      if (parent_[other] != kNoNode && AddLink(other, node)) from = other;
    }
    const std::span<uint32_t> own = Links(node);
    const auto reached = [&](uint32_t other) { return parent_[other] != kNoNode; };
    if (std::none_of(own.begin(), own.end(), reached)) AddLink(node, from);
    Spread(node, from);
  }

  const NodeMeasure& measure_;
  const uint32_t entry_;
  const LevelLists& level_;
  size_t num_nodes_ = 0;
  std::vector<uint32_t>
      parent_;  // In the tree of first paths from the entry; kNoNode: not reached.
  std::vector<uint32_t> queue_;
  NodePool pool_;
  WalkScratch scratch_;
};

}  // namespace

size_t LinkUnreached(const NodeMeasure& measure, uint32_t entry, const LevelLists& level) {
  if (level.nodes.empty()) return 0;
  return Reach(measure, entry, level).LinkAll();
}

}  // namespace elanus::index
