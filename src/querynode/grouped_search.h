// A search whose hits come in groups that share a value (query.md 5.4).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "query/grouping.h"
#include "querynode/group_values.h"
#include "querynode/segment_search.h"

namespace elanus::querynode {

// The nearest `k` groups behind the first `offset` ones, each with its nearest `size` hits.
//
// The first round is a search as any other, for more hits than are wanted at least. If they are of
// too few groups, the rows of the groups that are there are excluded and the rest is searched
// again, for twice as many hits each time, until there are groups enough or no rows left: a group
// found later is farther than all found before. With a strict size the rows of groups that are not
// full are then searched in the same way. So the answer is exact where the searches are, and there
// are at most log2(rows) rounds of each kind. Threads: one calls Run, which uses `compute`.
class GroupedSearch {
 public:
  // All referenced objects outlive this. request.grouping has a value; its fields are in the
  // schema.
  GroupedSearch(const roles::SearchRequest& request, const SegmentSearch& search,
                std::span<const segment::SegmentPtr> segments, const CandidateRows& candidates,
                Executor& compute);

  // The hits of each query: group after group, nearest group first.
  absl::StatusOr<std::vector<Hits>> Run();

  // The values of these rows' groups, a column for each field of the grouping.
  absl::StatusOr<std::vector<schema::Column>> ValuesOf(
      const std::vector<query::RowRef>& rows) const;

 private:
  // What is known of one query.
  struct Progress {
    explicit Progress(query::GroupCollector groups) : groups(std::move(groups)) {}
    query::GroupCollector groups;
    Hits taken;
    absl::flat_hash_set<std::pair<schema::PrimaryKeyView, int32_t>>
        keys;  // And elements of `taken`.
    bool finished = false;
  };
  void Offer(const query::Hit& hit, int32_t group, Progress& progress) const;
  absl::StatusOr<Progress> FirstRound(const Hits& nearest, int64_t asked)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Finish(int64_t query, Progress& progress) const;
  // Offers the k nearest rows of the groups of `wanted` (one entry a number) that are no hits yet.
  // True: there were no more than that.
  absl::StatusOr<bool> Round(int64_t query, int64_t k, const std::vector<bool>& wanted,
                             Progress& progress) const;

  // Makes row_groups_.
  absl::Status ReadAllRows() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status ReadSegment(size_t segment) ABSL_LOCKS_EXCLUDED(mutex_);
  // The number of a group by its key.
  int32_t NumberOf(const std::string& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const roles::SearchRequest& request_;
  const roles::Grouping& grouping_;
  std::vector<const schema::FieldSchema*> fields_;
  const SegmentSearch& search_;
  const std::span<const segment::SegmentPtr> segments_;
  const CandidateRows& candidates_;
  Executor& compute_;

  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, int32_t> numbers_ ABSL_GUARDED_BY(mutex_);
  // The group of every candidate, by segment and row; -1 for other rows. Made between the first
  // round and the others, if there are any, and then constant, as is the number of groups.
  std::vector<std::vector<int32_t>> row_groups_;
  size_t num_groups_ = 0;
};

}  // namespace elanus::querynode
