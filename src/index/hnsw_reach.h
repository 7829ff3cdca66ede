// Sees to it that a walk can come to every node of a level.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "index/hnsw_file.h"
#include "index/hnsw_measure.h"

namespace elanus::index {

// The links of one level, to be changed in place.
struct LevelLists {
  std::vector<uint32_t> nodes;  // Those of the level.
  uint32_t degree = 0;
  std::function<uint32_t*(uint32_t node)> list;  // `degree` entries, kNoNode ends.
  std::function<uint32_t(uint32_t node)> row_of;
};

// Makes every node of the level reachable from `entry`, which is one of them: a node that no path
// leads to gets a link from the nearest that a walk towards it finds, in place of one that is on no
// shortest path if the list is full; and one back if it links to no node that was reached before.
// Returns how many nodes had to be linked.
size_t LinkUnreached(const NodeMeasure& measure, uint32_t entry, const LevelLists& level);

}  // namespace elanus::index
