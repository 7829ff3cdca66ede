// The vector search of one request over the segments of its read.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/cancellation.h"
#include "common/executor.h"
#include "common/status.h"
#include "expr/element_filter.h"
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
  // `field` is the one searched.
  SegmentSearch(const roles::SearchRequest& request, const schema::FieldSchema& field,
                std::span<const segment::SegmentPtr> segments, Executor& compute,
                const Cancellation& cancellation, segment::InterimIndexer* interim = nullptr)
      : request_(request),
        lists_(field.type == schema::DataType::kArrayOfVector),
        width_(lists_ ? field.column_type().element_width() : field.column_type().width()),
        segments_(segments),
        compute_(compute),
        cancellation_(cancellation),
        interim_(interim),
        work_(segments.size()) {}

  // Of the candidates' elements only these may be hits (one set a segment, borrowed), where
  // elements are.
  void KeepElements(std::span<const expr::ElementMatches> elements) { elements_ = elements; }

  // The k nearest candidates of each query within the request's range.
  absl::StatusOr<std::vector<Hits>> Nearest(int64_t k, const CandidateRows& candidates) const;

  // The same for one query and any range.
  absl::StatusOr<Hits> NearestOf(int64_t query, int64_t k, const kernels::DistanceRange& range,
                                 const CandidateRows& candidates) const;

  // As NearestOf within the request's range; where k cuts through hits of one distance, those of
  // the smallest keys are taken, and `cut_ties` is set.
  absl::StatusOr<Hits> NearestWithTies(int64_t query, int64_t k, const CandidateRows& candidates,
                                       bool* cut_ties) const;

  // What the searches so far did in each segment that they looked into.
  std::vector<roles::SegmentWork> TakeWork(const CandidateRows& candidates) const
      ABSL_LOCKS_EXCLUDED(work_mutex_);
  // Whether single vectors inside rows are hits.
  bool finds_elements() const { return lists_ && request_.list_begins.empty(); }

  schema::PrimaryKeyView KeyAt(const query::RowRef& at) const {
    return segments_[at.segment]->Key(at.row);
  }
  const Cancellation& cancellation() const { return cancellation_; }

 private:
  using SegmentHits = std::vector<Hits>;  // One list a segment.
  struct Asked {
    int64_t first_query = 0;
    int64_t num_queries = 0;
    int64_t k = 0;
    kernels::DistanceRange range;
  };
  void NoteWork(size_t segment, const segment::SearchTrace& trace) const
      ABSL_LOCKS_EXCLUDED(work_mutex_);
  absl::Status SearchSegment(size_t segment, const Asked& asked, const CandidateRows& candidates,
                             std::span<SegmentHits> hits) const;
  absl::StatusOr<Hits> Merge(int64_t query, int64_t k, const kernels::DistanceRange& range,
                             const CandidateRows& candidates, SegmentHits& hits) const;

  const roles::SearchRequest& request_;
  const bool lists_;     // Rows are lists of vectors.
  const int64_t width_;  // Bytes of one query vector.
  const std::span<const segment::SegmentPtr> segments_;
  std::span<const expr::ElementMatches> elements_;  // Empty: all.
  Executor& compute_;
  const Cancellation& cancellation_;
  segment::InterimIndexer* const interim_;
  mutable absl::Mutex work_mutex_;
  mutable std::vector<roles::SegmentWork> work_ ABSL_GUARDED_BY(work_mutex_);  // One a segment.
};

}  // namespace elanus::querynode
