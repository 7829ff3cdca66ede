#include <algorithm>

#include "index/hnsw_index.h"

namespace elanus::index {
namespace {

using kernels::BitView;

// Wider walks keep heaps: moving the entries of a sorted pool would cost more than them.
constexpr size_t kPoolEntriesMax = 2048;
constexpr size_t kSelectSlack = 16;  // What SelectSetFunction wants behind its output.

}  // namespace

Neighbor HnswIndex::Descend(Work& work) const {
  const HnswHeader& header = graph_.header;
  HnswScratch& scratch = work.scratch;
  Neighbor nearest{0, header.entry_row};
  work.measure.Measure(scratch.query, &header.entry_row, 1, &nearest.distance);
  ++work.statistics.distances;
  if (header.num_upper == 0) return nearest;
  nearest.row = header.entry_upper;
  scratch.rows.resize(std::max<size_t>(scratch.rows.size(), header.m));
  scratch.distances.resize(std::max<size_t>(scratch.distances.size(), header.m));
  for (uint32_t level = header.max_level; level > 0; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      ++work.statistics.hops;
      const auto links = Links(level, static_cast<uint32_t>(nearest.row), scratch);
      for (size_t i = 0; i < links.size(); ++i) scratch.rows[i] = graph_.upper_rows[links[i]];
      work.measure.Measure(scratch.query, scratch.rows.data(), links.size(),
                           scratch.distances.data());
      work.statistics.distances += static_cast<int64_t>(links.size());
      for (size_t i = 0; i < links.size(); ++i) {
        if (scratch.distances[i] < nearest.distance) {
          nearest = {scratch.distances[i], links[i]};
          moved = true;
        }
      }
    }
  }
  nearest.row = graph_.upper_rows[nearest.row];
  return nearest;
}

template <typename Pool, typename GiveUp>
WalkEnd HnswIndex::WalkAll(Pool& pool, const Neighbor& seed, Work& work, WalkCounts& counts,
                           GiveUp&& give_up) const {
  work.scratch.visited.Mark(static_cast<uint32_t>(seed.row));
  pool.Insert(seed.distance, static_cast<uint32_t>(seed.row));
  return WalkPool(
      pool, work.request.cancellation, [&](uint32_t node) { return Links(0, node, work.scratch); },
      [&](const uint32_t* nodes, size_t count, float* out) {
        work.measure.Measure(work.scratch.query, nodes, count, out);
      },
      [this](uint32_t node) { FetchLinks(node); }, work.scratch, counts, give_up);
}

WalkEnd HnswIndex::WalkUnfiltered(const Neighbor& seed, Work& work, std::vector<Neighbor>& found,
                                  WalkCounts& counts) const {
  NodePool& pool = work.scratch.pool;
  pool.Begin(std::min(static_cast<size_t>(work.facts.width), graph_.header.num_rows));
  const WalkEnd end = WalkAll(pool, seed, work, counts, NeverGivesUp());
  for (const NodePool::Entry& entry : pool.entries()) {
    found.push_back({entry.distance, entry.node()});
  }
  return end;
}

// Goes on until it has the allowed rows it was to find, or until a scan is cheaper than what the
// share of allowed rows on the way lets expect.
WalkEnd HnswIndex::WalkFiltered(const Neighbor& seed, Work& work, std::vector<Neighbor>& found,
                                WalkCounts& counts) const {
  FilteredPool& pool = work.scratch.filtered;
  pool.Begin(std::min<size_t>(kPoolEntriesMax, graph_.header.num_rows),
             static_cast<size_t>(work.facts.width), work.allowed);
  const auto expected = [&] {
    const double share = static_cast<double>(std::max<size_t>(pool.num_allowed(), 1)) /
                         static_cast<double>(pool.entries().size());
    return static_cast<double>(
        GraphSearchCosts(work.facts, share)[static_cast<size_t>(SearchStrategy::kWalk)]);
  };
  const double unit = GraphDistanceCost(work.facts);
  const WalkEnd end = WalkAll(pool, seed, work, counts, [&] {
    const double spent = static_cast<double>(counts.distances) * unit;
    return pool.cramped() || spent > work.budget || expected() - spent > work.budget;
  });
  if (end != WalkEnd::kCancelled && pool.cramped() && expected() < work.budget) {
    work.scratch.visited.Begin(graph_.header.num_rows);
    return WalkWide(seed, work, found, counts);
  }
  for (const NodePool::Entry& entry : pool.entries()) {
    if (work.allowed.Test(entry.node())) found.push_back({entry.distance, entry.node()});
  }
  return pool.cramped() ? WalkEnd::kTooLong : end;
}

// The same for more nodes than fit a sorted pool, and for ranges that begin at a distance. Rows
// beyond the range are results until the end: they keep the walk as wide as any other.
WalkEnd HnswIndex::WalkWide(const Neighbor& seed, Work& work, std::vector<Neighbor>& found,
                            WalkCounts& counts) const {
  const bool filtered = work.filtered(), from_far = work.from_far();
  const double distances_max = work.budget / GraphDistanceCost(work.facts);
  kernels::TopK best(work.facts.width);
  const WalkEnd end = WalkLevel(
      {&seed, 1},
      {work.facts.width, static_cast<double>(counts.distances) + distances_max,
       work.request.cancellation},
      [&](uint32_t node) { return Links(0, node, work.scratch); },
      [&](const uint32_t* nodes, size_t count, float* out) {
        work.measure.Measure(work.scratch.query, nodes, count, out);
      },
      [&](uint32_t node, float distance) {
        if (filtered && !work.allowed.Test(node)) return false;
        return !from_far || InRange(work, node, distance);
      },
      work.scratch, best, counts);
  found = best.TakeSorted();
  return end;
}

// Walks the allowed nodes alone: where a neighbour is not allowed, its neighbours take its place,
// up to the length of a list (ACORN; Patel, Kraft, Guestrin & Zaharia, SIGMOD 2024, section 5,
// without its denser graph). Distances are computed for allowed nodes only.
WalkEnd HnswIndex::WalkAllowed(const Neighbor& seed, Work& work, std::vector<Neighbor>& found,
                               WalkCounts& counts) const {
  HnswScratch& scratch = work.scratch;
  const BitView allowed = work.allowed;
  const auto width = static_cast<size_t>(TwoHopWidth(work.facts.width, work.facts.share()));
  scratch.pool.Begin(std::min(width, graph_.header.num_rows));
  scratch.visited.Mark(static_cast<uint32_t>(seed.row));
  scratch.pool.Insert(seed.distance, static_cast<uint32_t>(seed.row));
  const size_t degree = graph_.degree(0);
  const auto allowed_near = [&](uint32_t node) {
    auto& near = scratch.links;
    auto& through = scratch.rows;
    through.clear();
    // Room for a list behind those that were kept.
    near.resize(2 * degree + kSelectSlack);
    size_t num_near = 0;
    const auto keep_allowed = [&](std::span<const uint32_t> list) {
      const size_t count = select_set_(allowed, list.data(), list.size(), &near[num_near]);
      const size_t begin = num_near;
      for (size_t i = begin; i < begin + count; ++i) {
        near[num_near] = near[i];
        num_near += scratch.visited.Seen(near[i]) ? 0 : 1;
      }
    };
    const std::span<const uint32_t> links = Links(0, node, scratch);
    keep_allowed(links);
    for (const uint32_t other : links) {
      if (allowed.Test(other) || scratch.visited.Seen(other)) continue;
      through.push_back(other);
      FetchLinks(other);
    }
    for (size_t i = 0; i < through.size() && num_near < degree; ++i) {
      scratch.visited.Mark(through[i]);
      keep_allowed(Links(0, through[i], scratch));
    }
    near.resize(num_near);
    return std::span<const uint32_t>(near);
  };
  const double distances_max = work.budget / GraphDistanceCost(work.facts);
  const WalkEnd end = WalkPool(
      scratch.pool, work.request.cancellation, allowed_near,
      [&](const uint32_t* nodes, size_t count, float* out) {
        work.measure.Measure(scratch.query, nodes, count, out);
      },
      [this](uint32_t node) { FetchLinks(node); }, scratch, counts,
      [&] { return static_cast<double>(counts.distances) > distances_max; });
  for (const NodePool::Entry& entry : scratch.pool.entries()) {
    if (allowed.Test(entry.node())) found.push_back({entry.distance, entry.node()});
  }
  // Fewer than it had room for: the allowed rows do not hang together around the query.
  return end == WalkEnd::kDone && found.size() + 1 < width ? WalkEnd::kTooLong : end;
}

absl::StatusOr<HnswIndex::Found> HnswIndex::Walk(SearchStrategy strategy, Work& work) const {
  const Neighbor seed = Descend(work);
  work.scratch.visited.Begin(graph_.header.num_rows);
  if (work.from_far()) {
    ELANUS_RETURN_IF_ERROR(
        FindSlack(work, Links(0, static_cast<uint32_t>(seed.row), work.scratch)));
  }
  const double width = static_cast<double>(work.facts.width) / work.facts.share();
  std::vector<Neighbor> found;
  WalkCounts counts;
  WalkEnd end;
  if (strategy == SearchStrategy::kWalkAllowed) {
    end = WalkAllowed(seed, work, found, counts);
  } else if (work.from_far() || width > kPoolEntriesMax) {
    end = WalkWide(seed, work, found, counts);
  } else if (work.filtered()) {
    end = WalkFiltered(seed, work, found, counts);
  } else {
    end = WalkUnfiltered(seed, work, found, counts);
  }
  work.statistics.distances += counts.distances;
  work.statistics.hops += counts.hops;
  if (end == WalkEnd::kCancelled) return work.request.cancellation->Check();
  if (end == WalkEnd::kTooLong) return Found();
  if (work.measure.has_codes()) ELANUS_RETURN_IF_ERROR(RefineTo(found, work).status());
  if (static_cast<int64_t>(found.size()) < std::min(work.request.k, work.facts.num_allowed)) {
    return Found();
  }
  std::sort(found.begin(), found.end(), kernels::Nearer);
  return Found(std::move(found));
}

}  // namespace elanus::index
