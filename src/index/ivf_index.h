// Inverted lists in memory or in a file, and how they are searched. For index/ivf_*.cc alone.
#pragma once

#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include "index/ivf_file.h"
#include "index/ivf_list_cache.h"
#include "index/ivf_list_codes.h"
#include "index/refiner.h"
#include "index/vector_index.h"
#include "kernels/bitset.h"
#include "kernels/distance.h"
#include "kernels/top_k.h"

namespace elanus::index {

// A row has one distance to a query: that by the codes of its list, or if candidates are refined
// that which refines them. IVF_FLAT is the case without codes: every row is "refined".
class IvfIndex final : public VectorIndex {
 public:
  IvfIndex(std::vector<uint64_t> copy, const IvfLists& lists, IvfListCodes codes,
           const VectorRows& rows, kernels::Metric metric);
  // Of a file whose lists are read as they are wanted.
  IvfIndex(std::unique_ptr<IvfBlocks> blocks, IvfListCodes codes, const VectorRows& rows,
           kernels::Metric metric);

  // Which rows are in lists, if not all are. `rows`: all lists.
  void SetListed(std::span<const uint32_t> rows);

  absl::StatusOr<std::vector<Neighbor>> Search(const SearchRequest& request,
                                               SearchStatistics* statistics) const override;
  absl::StatusOr<std::vector<std::vector<Neighbor>>> SearchMany(
      const SearchRequest& request, int64_t num_queries,
      SearchStatistics* statistics) const override;
  bool reads_few_rows() const override { return codes_.store != nullptr; }
  int64_t memory_bytes() const override;

 private:
  struct Plan {
    int64_t nprobe = 0;
    bool fill = true;             // Read more lists than nprobe while there are fewer than k hits,
    int64_t max_empty_lists = 0;  // but none after so many beyond the range.
    bool scan = false;            // All allowed rows, one by one.
    bool by_codes = false;        // Compare codes first; false: what refines, at once.
    bool sparse = false;     // So few rows are allowed that whole blocks of codes may have none.
    int64_t candidates = 0;  // To find.
    SearchCosts costs = {};
  };
  // A search under way.
  struct Work {
    const SearchRequest& request;
    const Plan plan;
    SearchStatistics& statistics;
    kernels::TopK found;
    // A row nearer than the range's end was seen since this was set.
    bool reached = false;
  };

  static constexpr size_t kBatchRows = 256;  // Compared by one call of a kernel; whole kCodeBlocks.
  static constexpr size_t kListsAtOnce = 16;  // Read from a file at the same time.

  bool refines() const { return codes_.store == nullptr || codes_.refine != RefineBy::kNothing; }
  Plan MakePlan(const SearchRequest& request) const;
  absl::Status Scan(RowDistances& distances, Work& work) const;
  absl::Status Probe(RowDistances* distances, Work& work) const;
  // A list in memory.
  struct List {
    std::span<const uint32_t> rows;
    const uint8_t* run = nullptr;  // Of codes, if there are any.
    IvfListCache::ListPtr owner;   // Null: the index itself.
  };
  absl::StatusOr<std::vector<List>> Fetch(std::span<const uint64_t> lists,
                                          SearchStatistics& statistics) const;
  // Offers the allowed rows of a list to what is found.
  void CompareRows(const List& list, RowDistances& distances, Work& work) const;
  void CompareCodes(const List& list, const CodeShift& shift, CodeQuery& query, Work& work) const;
  void Offer(const uint32_t* rows, const float* distances, size_t count, Work& work) const;
  // Ranks by what refines codes what they proposed; k hits at most.
  absl::Status Refine(RowDistances& distances, const SearchRequest& request,
                      std::vector<Neighbor>& hits, SearchStatistics& statistics) const;
  // Of the column, where candidates are refined by it and it is not all there.
  RowPins* PinsOf(const SearchRequest& request) const {
    return codes_.refine == RefineBy::kColumn ? request.pins : nullptr;
  }
  // See ivf_batch.cc.
  class Batch;
  // The distance between query and centroid by the index's metric, from that which ranks lists.
  float ListDistance(float ranked, uint64_t list, float query_length) const {
    if (metric_ != kernels::Metric::kIp && metric_ != kernels::Metric::kCosine) return ranked;
    return ranked * query_length * std::sqrt(norms_[list]);
  }
  // Of a query prepared for ranking lists. Beyond float's range or for other metrics: 1.
  static float LengthOf(const kernels::QueryVector& query) {
    return query.inverse_norm > 0 ? 1 / query.inverse_norm : 1;
  }
  // The query as RankLists takes it, and as codes do. `buffer`: (dim), not for binary vectors.
  kernels::QueryVector ProbeQuery(const uint8_t* query, float* buffer) const;
  // All lists, the first `*count` of them the nearest to the query in ascending order. Lists nearer
  // than the range hold some of its rows, so `*count` grows by their number: they are to be read
  // too.
  std::vector<Neighbor> RankLists(const kernels::QueryVector& query, const DistanceRange& range,
                                  size_t* count) const;

  const std::vector<uint64_t> copy_;   // Of a file that did not lie aligned.
  std::unique_ptr<IvfBlocks> blocks_;  // Null: the whole file lies in memory.
  std::unique_ptr<IvfListCache> cache_;
  const IvfLists lists_;
  const IvfListCodes codes_;
  const VectorRows rows_;
  const kernels::Metric metric_;
  const kernels::DistanceFunctions functions_, probe_functions_;
  std::vector<float> norms_;  // Squared length of each centroid; none for binary vectors.
  kernels::Bitset listed_;    // Empty: every row is in a list.
};

}  // namespace elanus::index
