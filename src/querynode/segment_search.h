// The vector search of one request over the segments of its read.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/cancellation.h"
#include "common/executor.h"
#include "common/status.h"
#include "kernels/bitset.h"
#include "kernels/distance_range.h"
#include "query/merge.h"
#include "roles/query_node.h"
#include "segment/segment.h"

namespace elanus::querynode {

// Which rows of each segment may be hits: one set a segment.
using CandidateRows = std::vector<kernels::Bitset>;
using Hits = std::vector<query::Hit>;  // Nearest first, one row a key, equal distances by key.

// Refers to what it is given, which outlives it. Threads: const calls from any.
class SegmentSearch {
 public:
  // `width`: bytes of one query vector.
  SegmentSearch(const roles::SearchRequest& request, int64_t width,
                std::span<const segment::SegmentPtr> segments, Executor& compute,
                const Cancellation& cancellation)
      : request_(request),
        width_(width),
        segments_(segments),
        compute_(compute),
        cancellation_(cancellation) {}

  // The k nearest candidates of each query within the request's range.
  absl::StatusOr<std::vector<Hits>> Nearest(int64_t k, const CandidateRows& candidates) const;

  // The same for one query and any range.
  absl::StatusOr<Hits> NearestOf(int64_t query, int64_t k, const kernels::DistanceRange& range,
                                 const CandidateRows& candidates) const;

  // As NearestOf within the request's range; where k cuts through hits of one distance, those of
  // the smallest keys are taken, and `cut_ties` is set.
  absl::StatusOr<Hits> NearestWithTies(int64_t query, int64_t k, const CandidateRows& candidates,
                                       bool* cut_ties) const;

  schema::PrimaryKeyView KeyAt(const query::RowRef& at) const {
    return segments_[at.segment]->Key(at.row);
  }

 private:
  using SegmentHits = std::vector<Hits>;  // One list a segment.
  struct Asked {
    int64_t first_query = 0;
    int64_t num_queries = 0;
    int64_t k = 0;
    kernels::DistanceRange range;
  };
  absl::Status SearchSegment(size_t segment, const Asked& asked, const CandidateRows& candidates,
                             std::span<SegmentHits> hits) const;
  absl::StatusOr<Hits> Merge(int64_t query, int64_t k, const kernels::DistanceRange& range,
                             const CandidateRows& candidates, SegmentHits& hits) const;

  const roles::SearchRequest& request_;
  const int64_t width_;
  const std::span<const segment::SegmentPtr> segments_;
  Executor& compute_;
  const Cancellation& cancellation_;
};

}  // namespace elanus::querynode
