// Which segments are to become one: pure functions of what the catalog and the query node know.
#pragma once

#include <cstdint>
#include <vector>

#include "meta/types.h"

namespace elanus::coord {

struct CompactionRules {
  bool automatic = true;  // dataCoord.enableCompaction and compaction.enableAutoCompaction
  int64_t segment_bytes_max = int64_t{1024} << 20;  // dataCoord.segment.maxSize
  double small_share = 0.5;                         // Of that size: segments below are merged.
  double compactable_share = 0.85;        // Small ones that make as much are merged at once.
  double expansion = 1.25;                // How much larger the last of them may make the whole.
  double deleted_share = 0.2;             // More deleted rows: the segment is written anew.
  int64_t deltalog_bytes_max = 16 << 20;  // Deletes of its rows that are more do the same,
  int64_t deltalog_files_max = 200;       // as do more files of deletes, if any is of its rows.
  int64_t expired_bytes_max = 10 << 20;   // More bytes of expired rows do the same.
  // As does a row that has been expired for so long; negative: never.
  int64_t expiry_tolerance_ms = -1;
  // Segments from this size up to small ones: their index builds wait for the merge, so long after
  // the last flush of the collection.
  int64_t held_bytes_min = 16 << 20;
  uint64_t hold_build_ms = 0;     // elanus.indexBuild.holdSmall; 0: they do not wait.
  uint64_t interval_ms = 60'000;  // dataCoord.compaction.mix.triggerInterval
};

// dataCoord.compaction.levelzero.forceTrigger.*: so many small delta files of a collection, or
// small ones of so many bytes together, become one; at most so many and so much at a time.
struct DeltaMergeRules {
  int64_t files_min = 10;
  int64_t files_max = 1000;
  int64_t bytes_min = 8 << 20;
  int64_t bytes_max = 64 << 20;
};

// Whether anything of the collection is compacted unasked.
bool WantsCompaction(const meta::Collection& collection);

// A flushed segment, as a plan sees it.
struct CompactionCandidate {
  meta::SegmentPtr segment;
  int64_t num_deleted = 0;                // Of its rows.
  int64_t num_delta_files = 0;            // That may hold deletes of them and are not worked in.
  int64_t num_expired = 0;                // At least so many, deleted or not.
  uint64_t first_expiry_ms = UINT64_MAX;  // When the first of them expires or did.
};

// The sources of one merged segment each; they share partition and shard.
using SegmentGroup = std::vector<meta::SegmentPtr>;

// What is worth doing unasked:
// - a segment without any row left is dropped;
// - one with too many deleted or expired rows is written anew;
// - small ones that together make a full segment are merged;
// - clustered segments are left alone otherwise: merged, their ranges would be lost;
// - where nothing was flushed for `interval_ms`, at least four small ones of similar size are
//   merged: each at most as large as all smaller ones together. So a row is written again only
//   when its segment grows to a multiple, and the number of segments stays logarithmic.
std::vector<SegmentGroup> PlanCompactions(const CompactionRules& rules,
                                          std::vector<CompactionCandidate> candidates,
                                          uint64_t now_ms);

// The delta files of one collection that are to become one, oldest first; none or at least two.
// Large ones are left as they are, so that a delete is written again only a few times.
std::vector<meta::Delta> PlanDeltaMerge(const DeltaMergeRules& rules,
                                        std::vector<meta::Delta> deltas);

// When rows of a collection are put together by its clustering key unasked:
// dataCoord.compaction.clustering.*
struct ClusteringRules {
  bool enabled = true;            // A client may ask for it.
  bool automatic = false;         // And nobody has to.
  bool by_partition_key = false;  // common.usePartitionKeyAsClusteringKey
  uint64_t look_ms = 600'000;
  uint64_t interval_min_ms = 3'600'000;
  uint64_t interval_max_ms = 259'200'000;
  int64_t new_bytes_min = 512 << 20;
};

// The field that rows of the collection are put together by; not valid: none.
FieldId ClusteringKeyOf(const ClusteringRules& rules, const schema::CollectionSchema& schema);

// The segments of each partition and shard, unless all of them lie in ranges of `key` already. What
// one plan takes has a bound: so many segments and about `bytes_max` bytes. Where there is more
// than that, several plans have ranges of their own, and those that are half full are left as they
// are.
std::vector<SegmentGroup> PlanClustering(FieldId key, int64_t bytes_max,
                                         std::vector<CompactionCandidate> candidates);

// Those of the plans that are worth it unasked.
std::vector<SegmentGroup> WorthClustering(const ClusteringRules& rules,
                                          std::vector<SegmentGroup> plans, uint64_t now_ms);

// What a client asked for: every candidate is in one group, and groups are at most `target_bytes`
// large where they have more than one segment. Clustered ones are alone.
std::vector<SegmentGroup> PlanForcedMerge(std::vector<CompactionCandidate> candidates,
                                          int64_t target_bytes);

}  // namespace elanus::coord
