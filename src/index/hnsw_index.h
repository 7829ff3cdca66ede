// The open HNSW index; for hnsw_search.cc and hnsw_walks.cc alone.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "index/allowed_rows.h"
#include "index/hnsw_file.h"
#include "index/hnsw_pool.h"
#include "index/search_plan.h"
#include "kernels/bit_select.h"

namespace elanus::index {

struct HnswScratch : WalkScratch {
  NodePool pool;
  FilteredPool filtered;
  NodeMeasure::Query query;
  size_t memory_bytes() const { return visited.memory_bytes(); }
};

// Whether rows nearer than the range lead on but are no hits.
inline bool FromFar(const DistanceRange& range) {
  return range.nearest > -std::numeric_limits<float>::infinity();
}

// An open graph. Search chooses how to answer (search_plan.h), scans, and ranks by exact distances:
// hnsw_search.cc; the walks are in hnsw_walks.cc.
class HnswIndex final : public VectorIndex {
 public:
  HnswIndex(std::vector<uint64_t> copy, const HnswGraph& graph, const VectorRows& rows,
            kernels::Metric metric)
      : copy_(std::move(copy)),
        graph_(graph),
        rows_(rows),
        metric_(metric),
        codes_(rows, metric, graph.codes),
        exact_(rows, metric, {}) {}

  absl::StatusOr<std::vector<Neighbor>> Search(const SearchRequest& request,
                                               SearchStatistics* statistics) const override;
  bool reads_few_rows() const override { return codes_.has_codes(); }
  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this) + copy_.size() * 8 + pool_.memory_bytes());
  }

 private:
  // A search under way.
  struct Work {
    const SearchRequest& request;
    const kernels::BitView allowed;  // Empty: all rows.
    const NodeMeasure& measure;      // What walks compare by.
    GraphSearchFacts facts;
    HnswScratch& scratch;
    SearchStatistics& statistics;
    // What a scan costs: a walk that costs more is given up.
    double budget = 0;
    // Codes err by less than this near the query, as far as was tried; 0 without codes.
    float slack = 0;

    bool filtered() const { return facts.num_allowed < facts.num_nodes; }
    bool from_far() const { return FromFar(request.range); }
  };
  // What a walk found: as far as is known by what it compared. Nothing: it was given up.
  using Found = std::optional<std::vector<Neighbor>>;

  GraphSearchFacts FactsOf(const SearchRequest& request, const AllowedRows& allowed, int64_t ef,
                           bool by_codes) const;
  absl::StatusOr<std::vector<Neighbor>> Run(SearchStrategy strategy, Work& work) const;
  absl::StatusOr<std::vector<Neighbor>> ScanRows(Work& work) const;
  absl::StatusOr<std::vector<Neighbor>> ScanCodes(Work& work) const;
  absl::StatusOr<std::vector<Neighbor>> NearestCodes(int64_t candidates, Work& work) const;
  absl::StatusOr<Found> Walk(SearchStrategy strategy, Work& work) const;
  Neighbor Descend(Work& work) const;
  WalkEnd WalkUnfiltered(const Neighbor& seed, Work& work, std::vector<Neighbor>& found,
                         WalkCounts& counts) const;
  WalkEnd WalkFiltered(const Neighbor& seed, Work& work, std::vector<Neighbor>& found,
                       WalkCounts& counts) const;
  WalkEnd WalkWide(const Neighbor& seed, Work& work, std::vector<Neighbor>& found,
                   WalkCounts& counts) const;
  WalkEnd WalkAllowed(const Neighbor& seed, Work& work, std::vector<Neighbor>& found,
                      WalkCounts& counts) const;
  template <typename Pool, typename GiveUp>
  WalkEnd WalkAll(Pool& pool, const Neighbor& seed, Work& work, WalkCounts& counts,
                  GiveUp&& give_up) const;
  absl::Status FindSlack(Work& work, std::span<const uint32_t> rows) const;
  bool InRange(Work& work, uint32_t row, float distance) const;
  absl::StatusOr<bool> RefineTo(std::vector<Neighbor>& found, Work& work) const;
  // A node's neighbours; valid until the next call with the same scratch.
  std::span<const uint32_t> Links(uint32_t level, uint32_t node, WalkScratch& scratch) const {
    return graph_.Links(level, node, scratch.unpacked);
  }
  void FetchLinks(uint32_t node) const {
    __builtin_prefetch(graph_.PlaceOf(node));
    __builtin_prefetch(graph_.PlaceOf(node) + 64);  // The next cache line.
  }

  const std::vector<uint64_t> copy_;  // Of a file that did not lie aligned.
  const HnswGraph graph_;
  const VectorRows rows_;
  const kernels::Metric metric_;
  const NodeMeasure codes_;  // Measures rows where the graph has no codes.
  const NodeMeasure exact_;
  const kernels::SelectSetFunction select_set_ = kernels::SelectSetOfCpu();
  mutable ScratchPool<HnswScratch> pool_;
};

}  // namespace elanus::index
