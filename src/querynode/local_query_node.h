// The query node of one process: loads sealed segments, searches them and the data node's growing
// ones.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/executor.h"
#include "common/metrics.h"
#include "expr/answer_tally.h"
#include "expr/element_filter.h"
#include "index/index_kinds.h"
#include "querynode/loaded_collection.h"
#include "querynode/warmup.h"
#include "roles/coordinator.h"
#include "roles/query_node.h"
#include "segment/growing_indexes.h"
#include "segment/interim_index.h"
#include "segment/loaded_deletes.h"
#include "segment/segment_set.h"
#include "segment/watermark.h"
#include "storage/object_store.h"

namespace elanus::querynode {

class LocalQueryNode final : public roles::QueryNode {
 public:
  // All referenced objects outlive this. `compute` shares out a request's segments, `loading` opens
  // segments behind Load.
  struct Parts {
    roles::Coordinator& coordinator;
    storage::ObjectStore& store;
    segment::SegmentRegistry& registry;
    segment::Watermark& watermark;
    Executor& compute;
    Executor& loading;
    segment::InterimIndexer* interim = nullptr;  // Null: rows without an index are all compared.
    int64_t default_ttl_s = -1;  // Of rows of collections that say nothing about it; -1: none.
    const cache::Tiers* tiers = nullptr;  // Null: segments are opened whole.
    WarmupDefaults warmup = {};           // Of tiers.
    bool prunes_segments = false;         // By what the catalog says of their values.
    MetricRegistry* metrics = nullptr;    // May be null.
  };
  explicit LocalQueryNode(Parts parts);
  // `loading` has ended by then.
  ~LocalQueryNode() override;

  // Whether filters read JSON paths from columns of their own, from now on.
  void SetReadsShredded(bool reads) { reads_shredded_ = reads; }

  // Begins anew what failed because the object store could not be read: loads, and opening indexes.
  // Call now and then.
  void RetryFailed() ABSL_LOCKS_EXCLUDED(failed_mutex_);

  absl::StatusOr<roles::SearchResult> Search(const roles::SearchRequest& request,
                                             const Cancellation& cancellation) override;
  absl::StatusOr<roles::QueryResult> Query(const roles::QueryRequest& request,
                                           const Cancellation& cancellation) override;
  absl::StatusOr<std::vector<roles::FilterWork>> ExplainFilter(
      const roles::ReadScope& scope, bool analyze, const Cancellation& cancellation) override;
  roles::LoadStatus GetLoadStatus(CollectionId collection,
                                  const std::vector<PartitionId>& partitions) override;
  std::vector<roles::QuerySegment> LoadedSegments(CollectionId collection) override;
  void OnLoadChanged(meta::CollectionPtr collection, bool refresh) override;
  void OnCollectionChanged(meta::CollectionPtr collection) override;
  void OnCollectionDropped(CollectionId collection) override;
  void OnPartitionDropped(CollectionId collection, PartitionId partition) override;
  void OnCollectionTruncated(CollectionId collection, Timestamp at) override;
  void OnSegmentIndexesChanged(meta::SegmentPtr segment) override;
  void OnSegmentsMerged(CollectionId collection, const std::vector<SegmentId>& replaced,
                        const std::vector<meta::SegmentPtr>& made) override;

 private:
  // The segments of a read, its timestamp, and the set they came from.
  struct ReadView {
    Timestamp at;
    Timestamp now;  // When it was opened, also if `at` is in the past.
    segment::SegmentSet::Snapshot all;
    std::vector<segment::SegmentPtr> segments;  // Those in scope.
    int64_t num_pruned = 0;                     // Segments in scope that the filter leaves out.
  };
  // `searched`: the field whose index the read is going to use.
  absl::StatusOr<ReadView> OpenRead(const roles::ReadScope& scope, const Cancellation& cancellation,
                                    std::optional<FieldId> searched = std::nullopt);
  // The catalog's entry of a segment that no row of passes the filter; null: it is to be looked at.
  meta::SegmentPtr FindPruned(const roles::ReadScope& scope, SegmentId segment) const;
  // Visible rows that pass the filter, by segment. With `keys_wanted`, of segments in the order of
  // keys only as many as hold that many of the smallest keys.
  absl::StatusOr<std::vector<kernels::Bitset>> Candidates(
      const roles::ReadScope& scope, const ReadView& view, const Cancellation& cancellation,
      std::optional<int64_t> keys_wanted = std::nullopt);
  // Those on scalar fields that growing rows may have.
  // Those that growing rows may have.
  static std::vector<IndexId> ScalarIndexIds(const meta::Collection& collection);
  static std::vector<segment::DeclaredIndex> DeclaredIndexes(const meta::Collection& collection);
  void DeclareIndexes(const meta::Collection& collection, const ReadView& view) const;
  // What answered a filter, in metrics.
  void CountAnswers(const ReadView& view, std::span<const expr::AnswerTally> tallies) const;
  // What searches on this field may use: an index without files is asked for exact answers.
  segment::InterimIndexer* InterimFor(const meta::Collection& collection, FieldId field) const;
  // The matching elements of the candidates, by segment; none if the filter keeps rows.
  absl::StatusOr<std::vector<expr::ElementMatches>> Elements(
      const roles::ReadScope& scope, const ReadView& view,
      const std::vector<kernels::Bitset>& candidates, const Cancellation& cancellation);
  std::shared_ptr<LoadedCollection> Find(CollectionId collection) const;
  std::shared_ptr<LoadedCollection> Get(CollectionId collection);
  // What to load, as it was when the load was asked for.
  struct LoadTask {
    meta::CollectionPtr collection;
    std::shared_ptr<LoadedCollection> loaded;
    std::shared_ptr<segment::SegmentSet> set;
    uint64_t load = 0;  // Of `loaded`.
    uint64_t wish = 0;  // Of `set`.
  };
  LoadTask BeginLoad(meta::CollectionPtr collection);
  // Has the segments loaded behind; false if there is no room for it.
  bool StartLoad(const LoadTask& task);
  absl::Status LoadSegments(const LoadTask& task);
  // Those of `todo`; `done` of `total` counts all of the load's.
  absl::Status LoadSegments(const LoadTask& task, const std::vector<meta::SegmentPtr>& todo,
                            size_t total, segment::LoadedDeletes& deletes,
                            std::atomic<int64_t>& done);
  // The object of an index that is on its way before its segment is open; null: none is.
  using EarlyIndex = std::shared_ptr<const cache::StoredObject>;
  absl::Status LoadSegment(const meta::Collection& collection, const meta::SegmentPtr& flushed,
                           segment::SegmentSet& set, segment::LoadedDeletes& deletes,
                           const EarlyIndex& early = nullptr);
  // Puts the segment in place without reading it, where the collection wants none of it to be there
  // before a request uses it. False: it is to be loaded now.
  bool AddCold(const meta::Collection& collection, const meta::SegmentPtr& flushed,
               segment::SegmentSet& set);
  // Loads segments that were put in place so, and beside that has each one's index of a field
  // fetched.
  absl::Status OpenCold(CollectionId collection, segment::SegmentSet& set,
                        const std::vector<segment::ColdSegment>& cold,
                        std::optional<FieldId> searched, const Cancellation& cancellation)
      ABSL_LOCKS_EXCLUDED(cold_mutex_);
  absl::Status OpenColdSegment(const meta::Collection& collection, SegmentId segment,
                               std::optional<FieldId> searched, segment::SegmentSet& set,
                               segment::LoadedDeletes& deletes, const Cancellation& cancellation)
      ABSL_LOCKS_EXCLUDED(cold_mutex_);
  EarlyIndex FetchIndex(const meta::Collection& collection, const meta::Segment& flushed,
                        FieldId field);
  // Makes a segment use the indexes that the catalog names now.
  void RefreshIndexes(CollectionId collection, SegmentId segment)
      ABSL_LOCKS_EXCLUDED(indexes_mutex_);
  void UseIndexes(const meta::Collection& collection, const meta::Segment& flushed,
                  segment::SealedSegment& sealed, const EarlyIndex& early = nullptr);
  absl::StatusOr<std::shared_ptr<segment::LoadedIndex>> OpenIndex(
      const index::IndexKind& kind, const meta::Index& index, const meta::SegmentIndex& built,
      CollectionId collection, const index::VectorRows& rows, int64_t num_rows,
      kernels::Metric metric, const EarlyIndex& early);
  // The client would rather have memory than speed.
  static bool WantsMmap(const meta::Index& index);
  // An index of encoded lists of vectors.
  static bool EncodesLists(const meta::Index& index);
  // A vector index that is read block by block where it lies, not brought.
  static bool OpensBlocks(const index::IndexKind& kind, const meta::Index& index);
  // `built`: its key is empty if there is no file.
  void UseScalarIndex(const meta::Collection& collection, const meta::Segment& flushed,
                      const meta::Index& index, const meta::SegmentIndex& built,
                      segment::SealedSegment& sealed);
  absl::StatusOr<std::shared_ptr<segment::LoadedScalarIndex>> OpenScalarIndex(
      const meta::Collection& collection, const schema::FieldSchema& field,
      const meta::Index& index, const meta::SegmentIndex& built, int64_t num_rows);
  // A file that cannot be used costs speed, never answers. It is read again later, or built anew.
  void NoteBadIndex(const meta::Collection& collection, const meta::Segment& flushed,
                    const meta::Index& index, const std::string& key, const absl::Status& status)
      ABSL_LOCKS_EXCLUDED(failed_mutex_);
  void AskForRebuild(SegmentId segment, IndexId index, const std::string& key)
      ABSL_LOCKS_EXCLUDED(failed_mutex_);
  // Brings behind what the collection wants so.
  void WarmBehind(const meta::Collection& collection,
                  std::shared_ptr<const segment::SealedSegment> sealed);

  const Parts parts_;
  mutable absl::Mutex mutex_;
  std::map<CollectionId, std::shared_ptr<LoadedCollection>> collections_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> reads_shredded_ = true;
  std::atomic<uint64_t> num_samples_ = 0;  // Makes each random_sample another one.
  // Who looks last into the catalog is the last to set an index.
  absl::Mutex indexes_mutex_;
  absl::Mutex cold_mutex_;
  absl::CondVar cold_opened_;
  std::set<SegmentId> opening_ ABSL_GUARDED_BY(cold_mutex_);
  // The deletes in files, of collections with segments that are not open yet.
  std::map<CollectionId, std::shared_ptr<segment::LoadedDeletes>> cold_deletes_
      ABSL_GUARDED_BY(cold_mutex_);
  // What the object store could not serve just now: loads, and segments with an unread index.
  absl::Mutex failed_mutex_;
  std::vector<LoadTask> failed_loads_ ABSL_GUARDED_BY(failed_mutex_);
  std::set<std::pair<CollectionId, SegmentId>> failed_indexes_ ABSL_GUARDED_BY(failed_mutex_);
  // How often damaged indexes were asked for anew.
  std::map<std::pair<SegmentId, IndexId>, int> rebuilds_ ABSL_GUARDED_BY(failed_mutex_);
};

}  // namespace elanus::querynode
