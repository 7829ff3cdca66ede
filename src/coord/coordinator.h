// The coordinator: the catalog and everything that follows from changing it.
//
// Reads look at CatalogState and never wait for the disk. Every change takes the DDL lock, checks
// itself against the state, commits one transaction and then shows it to readers; afterwards, with
// the lock released, the other roles hear of it, in commit order. The operations are spread over
// files by what they concern: databases.cc, collections.cc, alter_collection.cc, aliases.cc,
// partitions.cc, indexes.cc, load.cc, segments.cc, snapshots.cc.
//
// Threads: any.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "coord/catalog_change.h"
#include "coord/catalog_state.h"
#include "coord/compactor.h"
#include "coord/garbage.h"
#include "coord/held_builds.h"
#include "coord/held_ids.h"
#include "coord/id_allocator.h"
#include "coord/index_scheduler.h"
#include "coord/notifier.h"
#include "coord/object_remover.h"
#include "coord/options.h"
#include "coord/snapshot_source.h"
#include "coord/timestamp_oracle.h"
#include "roles/coordinator.h"
#include "roles/data_node.h"
#include "roles/index_node.h"
#include "roles/query_node.h"

namespace elanus::coord {

class Coordinator final : public roles::Coordinator {
 public:
  // Reads the whole catalog; makes one in an empty store.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Open(Environment environment,
                                                           Options options);
  ~Coordinator() override;

  // Sets the peers; any may be null. Before any change is asked for.
  void Connect(roles::DataNode* data_node, roles::QueryNode* query_node,
               roles::IndexNode* index_node);
  // Takes up what the last process left: tells the query node what is loaded, schedules pending
  // index builds, collects garbage. After Connect, when the peers are ready.
  void Start();
  // Cancels index builds and waits for background work. No change may be asked for afterwards.
  void Stop();

  // Lists the store and finds objects that the catalog does not name and that nobody can be about
  // to name: every id in a key must be older than any that is held (HoldIds). Looks at nothing but
  // insert_log/, delta_log/, stats_log/ and index_files/. Refused if the store's stamp is not ours,
  // or the store knows ids that the catalog does not.
  absl::StatusOr<GarbageReport> FindGarbage();
  // Has those removed that are old enough. Returns how many that will be.
  absl::StatusOr<int64_t> CollectGarbage();
  // Removes what was replaced, lists the store, each when it is time. Call now and then.
  void MaintainGarbage();
  void SetGarbageRules(const GarbageRules& rules);
  // Nothing is removed for so long, but objects that never were in the catalog; with a collection,
  // none of its objects, and nothing that was replaced. Returns the ticket that ends it earlier.
  int64_t PauseGarbage(uint64_t pause_ms, std::optional<CollectionId> collection);
  bool ResumeGarbage(int64_t ticket);
  GarbageStatistics garbage_statistics() const;
  // The newest report. If there is none of the last `fresh_ms`, has one made behind; `failure` is
  // that of the last one asked for.
  struct GarbageAnswer {
    std::shared_ptr<const GarbageReport> report;
    bool listing = false;
    absl::Status failure;
  };
  GarbageAnswer AskForGarbage(uint64_t fresh_ms);

  // Tries builds again that lack of memory or disk has stopped. They are tried whenever a new one
  // comes up, too.
  void RetryBuilds();

  // Finds segments that are worth compacting and begins. Call now and then.
  void MaintainSegments();

  void SetLimits(const Limits& limits);
  void SetCompactionRules(const CompactionRules& rules);
  void SetDeltaMergeRules(const DeltaMergeRules& rules);
  void SetClusteringRules(const ClusteringRules& rules);
  const std::string& instance() const { return instance_; }

  // --- roles::Coordinator ---
  Timestamp AllocateTimestamp() override;
  absl::StatusOr<int64_t> AllocateIds(int64_t count) override;
  std::shared_ptr<void> HoldIds() override;

  absl::Status CreateDatabase(const std::string& name, const meta::KeyValues& properties) override;
  absl::Status DropDatabase(const std::string& name) override;
  absl::Status AlterDatabase(const std::string& name, const meta::KeyValues& set,
                             const std::vector<std::string>& delete_keys) override;
  absl::StatusOr<meta::Database> DescribeDatabase(const std::string& name) override;
  std::vector<meta::Database> ListDatabases() override;

  absl::Status CreateCollection(const roles::CreateCollectionRequest& request) override;
  absl::Status DropCollection(const std::string& db, const std::string& name) override;
  absl::Status TruncateCollection(const std::string& db, const std::string& name) override;
  absl::Status RenameCollection(const std::string& db, const std::string& old_name,
                                const std::string& new_db, const std::string& new_name) override;
  absl::StatusOr<meta::CollectionPtr> GetCollection(std::string_view db,
                                                    std::string_view name) override;
  absl::StatusOr<meta::CollectionPtr> GetCollection(CollectionId id) override;
  absl::StatusOr<std::vector<meta::CollectionPtr>> ListCollections(const std::string& db) override;
  std::vector<meta::CollectionPtr> AllCollections() override;
  absl::Status AlterCollection(const std::string& db, const std::string& name,
                               const meta::KeyValues& set,
                               const std::vector<std::string>& delete_keys) override;
  absl::Status AlterField(const std::string& db, const std::string& collection,
                          const std::string& field, const meta::KeyValues& set,
                          const std::vector<std::string>& delete_keys) override;
  absl::Status AddField(const std::string& db, const std::string& collection,
                        schema::FieldSchema field) override;
  absl::Status AddStruct(const std::string& db, const std::string& collection,
                         const schema::StructSchema& added,
                         std::vector<schema::FieldSchema> fields) override;

  absl::Status CreatePartition(const std::string& db, const std::string& collection,
                               const std::string& name) override;
  absl::Status DropPartition(const std::string& db, const std::string& collection,
                             const std::string& name) override;

  absl::Status CreateAlias(const std::string& db, const std::string& collection,
                           const std::string& alias) override;
  absl::Status DropAlias(const std::string& db, const std::string& alias) override;
  absl::Status AlterAlias(const std::string& db, const std::string& collection,
                          const std::string& alias) override;
  absl::StatusOr<meta::CollectionPtr> DescribeAlias(const std::string& db,
                                                    const std::string& alias) override;

  absl::Status CreateIndex(const roles::CreateIndexRequest& request) override;
  absl::Status DropIndex(const std::string& db, const std::string& collection,
                         const std::string& field, const std::string& index_name) override;
  absl::Status AlterIndex(const std::string& db, const std::string& collection,
                          const std::string& index_name, const meta::KeyValues& set,
                          const std::vector<std::string>& delete_keys) override;
  absl::Status RebuildIndex(SegmentId segment, IndexId index, const std::string& key) override;
  absl::StatusOr<std::vector<roles::IndexProgress>> DescribeIndexes(const std::string& db,
                                                                    const std::string& collection,
                                                                    const std::string& index_name,
                                                                    Timestamp at) override;

  absl::Status Load(const roles::LoadRequest& request) override;
  absl::Status ReleaseCollection(const std::string& db, const std::string& collection) override;
  absl::Status ReleasePartitions(const std::string& db, const std::string& collection,
                                 const std::vector<std::string>& partitions) override;

  std::vector<meta::SegmentPtr> Segments(CollectionId collection) override;
  std::vector<meta::Delta> Deltas(CollectionId collection) override;
  std::optional<meta::SegmentPtr> FindSegment(SegmentId id) override;
  absl::StatusOr<std::vector<meta::SegmentPtr>> CommitFlush(
      std::vector<meta::Segment> segments, std::vector<meta::Delta> deltas,
      std::optional<uint64_t> replay_from) override;
  uint64_t ReplayFrom() override;
  bool IsFlushed(SegmentId id) override;

  absl::StatusOr<roles::CompactionJob> Compact(const roles::CompactionRequest& request) override;
  std::optional<roles::CompactionJob> FindCompaction(int64_t job) override;

  absl::Status CreateSnapshot(const roles::SnapshotRequest& request,
                              const Cancellation& cancellation) override;
  absl::Status DropSnapshot(const std::string& db, const std::string& collection,
                            const std::string& name) override;
  absl::StatusOr<meta::SnapshotPtr> GetSnapshot(const std::string& db,
                                                const std::string& collection,
                                                const std::string& name) override;
  absl::StatusOr<std::vector<meta::SnapshotPtr>> ListSnapshots(
      const std::string& db, const std::string& collection) override;
  absl::StatusOr<int64_t> RestoreSnapshot(const roles::RestoreRequest& request) override;
  std::vector<meta::RestoreJob> RestoreJobs() override;
  absl::StatusOr<meta::RestoreJob> ExportSnapshot(const roles::ExportRequest& request) override;
  absl::StatusOr<int64_t> RestoreExternalSnapshot(
      const roles::ExternalRestoreRequest& request) override;
  absl::StatusOr<int64_t> PinSnapshot(const std::string& db, const std::string& collection,
                                      const std::string& name, int64_t ttl_s) override;
  absl::Status UnpinSnapshot(int64_t pin) override;

 private:
  Coordinator(Environment environment, Options options);

  // Holds the DDL lock; when it goes away it releases the lock and delivers what was to be told.
  class Change;

  // Each of these needs the DDL lock.
  absl::Status CommitLocked(const CatalogChange& change);
  // By its real name; an alias is not found.
  absl::StatusOr<meta::CollectionPtr> FindByRealName(const std::string& db,
                                                     const std::string& name) const;
  absl::StatusOr<std::vector<meta::Partition>> MakePartitions(const meta::Collection& collection,
                                                              int64_t num_partitions);
  absl::Status CheckRoomForAnother() const;  // Collection, in all.
  absl::Status CheckRoomForAnotherIn(const meta::Database& database) const;
  absl::Status ApplyProperties(meta::Collection& collection, const meta::KeyValues& set,
                               const std::vector<std::string>& delete_keys);
  absl::Status EnableDynamicField(meta::Collection& collection);
  absl::StatusOr<meta::SegmentIndex> FirstState(const meta::Index& index,
                                                const meta::Segment& segment);
  bool BelongsNowhere(const meta::Segment& segment) const;

  // The index scheduler's way back (segments.cc).
  std::optional<roles::BuildTask> PrepareBuild(SegmentId segment, IndexId index);
  // Scalar indexes that an older version finished without building them.
  absl::Status PendUnbuilt();
  absl::Status FinishBuild(const roles::BuildTask& task,
                           const absl::StatusOr<roles::BuildResult>& result);

  // Compaction (compactions.cc). Segments that wait for one already are no candidates.
  std::vector<CompactionCandidate> Candidates(const meta::Collection& collection,
                                              Timestamp now) const;
  absl::StatusOr<roles::CompactionJob> Enqueue(std::vector<Compactor::Task> tasks);
  absl::StatusOr<roles::CompactionJob> WithFinished(roles::CompactionJob job,
                                                    CollectionId collection,
                                                    const std::vector<meta::SegmentPtr>& segments);
  // Clustering (clustering.cc). The field to cluster by, if the collection can be clustered now.
  absl::StatusOr<FieldId> ClusteringKey(const meta::Collection& collection) const;
  // What a client asked for with `clusters`.
  absl::StatusOr<roles::CompactionJob> Cluster(const meta::Collection& collection,
                                               std::vector<CompactionCandidate> candidates,
                                               int64_t segment_bytes);
  // What is worth clustering unasked, of all collections.
  void MaintainClusters();
  absl::StatusOr<std::vector<SegmentId>> RunCompaction(const Compactor::Task& task,
                                                       const Cancellation& cancellation);
  absl::Status MergeDeltas(const Compactor::Task& task, const Cancellation& cancellation);
  // One transaction: `made` (if there is one) for the sources.
  absl::Status CommitDeltas(const std::vector<meta::Delta>& sources,
                            const std::optional<meta::Delta>& made);
  absl::StatusOr<std::vector<SegmentId>> MergeAndCommit(const Compactor::Task& task,
                                                        const Cancellation& cancellation);
  // Before the segment is in the catalog, so that it is searched through an index from the first.
  absl::Status BuildIndexes(const meta::Collection& collection, meta::Segment& made,
                            const Cancellation& cancellation);
  // One transaction: all of `made` for the sources, and deltas that no segment needs any more go.
  // Makes `sources` what was listed last.
  absl::Status CommitCompaction(CollectionId collection, std::vector<meta::SegmentPtr>& sources,
                                std::vector<meta::Segment>& made);
  // The indexes of a segment that is about to be listed, as they are wanted now; the keys of those
  // that are not go to `dropped`.
  absl::Status RenewIndexes(const meta::Collection& collection, meta::Segment& made,
                            std::vector<std::string>& dropped);
  absl::StatusOr<bool> WasCommitted(CollectionId collection,
                                    const std::vector<meta::SegmentPtr>& sources,
                                    const std::vector<meta::Segment>& made,
                                    const absl::Status& failure);
  bool IsUndecided(SegmentId segment) const;
  // Whether the segment is likely to be merged soon; by compaction_mutex_.
  bool MayWaitForMerge(const meta::Segment& segment) const;
  // The newest delete file's time before which no row is only in the log.
  Timestamp AllFlushedUpTo(CollectionId collection) const;
  std::vector<meta::Delta> SpentDeltas(CollectionId collection,
                                       const std::vector<meta::SegmentPtr>& sources,
                                       const std::vector<meta::Segment>& made,
                                       Timestamp all_flushed) const;

  // Snapshots (snapshots.cc, restores.cc, exports.cc).
  absl::StatusOr<bool> TrySnapshot(const roles::SnapshotRequest& request, CollectionId collection,
                                   Timestamp at);
  // Why it may not go; needs the DDL lock.
  absl::Status CheckDroppable(const meta::Snapshot& snapshot) const;
  std::set<SegmentId> ProtectedSegments(CollectionId collection) const;
  struct Restored;
  absl::Status BeginJob(meta::RestoreJob& job);  // Gives it an id.
  absl::Status RunRestore(const meta::RestoreJob& job);
  absl::Status Restore(const meta::RestoreJob& job);
  absl::Status Export(meta::RestoreJob job);
  absl::Status CheckNewCollection(const meta::Database& database, const std::string& name) const;
  absl::StatusOr<std::unique_ptr<storage::ObjectStore>> OpenExternal(const std::string& path) const;
  void EndJob(meta::RestoreJob& job) const;  // Well.
  absl::StatusOr<SnapshotSource> SourceOf(const meta::RestoreJob& job) const;
  absl::StatusOr<Restored> PlanRestore(const meta::RestoreJob& job, const meta::Snapshot& snapshot);
  absl::StatusOr<meta::Segment> SegmentFor(const meta::Segment& kept, const Restored& restored,
                                           bool external);
  absl::Status RenameObjects(Restored& restored, meta::Segment& segment);
  absl::Status CopyObjects(meta::RestoreJob job, const Restored& restored,
                           const SnapshotSource& source);
  absl::Status CommitRestore(meta::RestoreJob job, Restored& restored);
  absl::Status CheckRoomFor(const meta::Collection& restored) const;  // Needs the DDL lock.
  absl::Status PutJob(const meta::RestoreJob& job);

  // Garbage (garbage.cc).
  struct Named;
  Named NamedObjects() const;
  absl::StatusOr<std::vector<storage::FileInfo>> ListSettled(GarbageReport& report);
  std::string WhyGarbage(std::string_view key) const;
  bool IsGarbagePaused(std::string_view key) const;
  void StartScan();

  // Objects of what never was in the catalog; no reader has them.
  void DiscardObjectsOf(const meta::Segment& segment);
  // Objects of values that the catalog no longer lists; readers may have them open.
  void RemoveObjectsOf(const std::vector<meta::SegmentPtr>& segments,
                       const std::vector<meta::Delta>& deltas);
  // Those of the keys that neither segments nor snapshots name any more.
  void RemoveUnnamed(std::vector<std::string> keys);

  Environment environment_;
  const Options options_;
  std::string instance_;
  CatalogState state_;
  std::unique_ptr<TimestampOracle> timestamps_;
  std::unique_ptr<IdAllocator> ids_;

  roles::DataNode* data_node_ = nullptr;  // Set by Connect.
  roles::QueryNode* query_node_ = nullptr;
  roles::IndexNode* index_node_ = nullptr;

  mutable std::mutex ddl_mutex_;
  Limits limits_;  // By ddl_mutex_.
  Notifier notifier_;
  ObjectRemover remover_;
  std::unique_ptr<IndexScheduler> scheduler_;  // Set by Connect, as is the next one.
  std::unique_ptr<Compactor> compactor_;

  mutable std::mutex compaction_mutex_;
  CompactionRules compaction_rules_;      // By compaction_mutex_, as are the next two.
  std::set<CollectionId> flushed_since_;  // The last look at what is worth compacting.
  uint64_t looked_at_ms_ = 0;             // At all collections.
  HeldBuilds held_builds_;                // Has a lock of its own.
  // Of compactions of which nobody knows whether they were committed: left alone until the start.
  std::set<SegmentId> undecided_;

  HeldIds held_ids_;
  mutable std::mutex garbage_mutex_;
  GarbageRules garbage_rules_;  // By garbage_mutex_, as is all below.
  GarbageStatistics garbage_statistics_;
  uint64_t replaced_removed_ns_ = 0;
  uint64_t scanned_ns_ = 0;
  int64_t failures_seen_ = 0;  // Removals that failed before the last scan.
  bool scanning_ = false;
  // When objects that nothing names were first seen, where the store does not say their age.
  std::unordered_map<std::string, uint64_t> unnamed_since_;
  struct GarbagePause {
    uint64_t until_ns = 0;
    std::optional<CollectionId> collection;
  };
  std::map<int64_t, GarbagePause> garbage_pauses_;  // By ticket.
  int64_t last_ticket_ = 0;
  std::shared_ptr<const GarbageReport> garbage_report_;
  absl::Status garbage_failure_;
  bool asked_ = false;
  // Of commits of which nobody knows whether they were done: their objects stay.
  std::vector<std::shared_ptr<void>> undecided_holds_;

  TaskGroup cleanup_;
  TaskGroup restores_;
  DeltaMergeRules delta_merge_rules_;  // By compaction_mutex_, as are the next two.
  ClusteringRules clustering_rules_;
  uint64_t clusters_looked_at_ms_ = 0;
};

}  // namespace elanus::coord
