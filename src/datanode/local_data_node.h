// The data node of one process: appends writes to the log, applies them to growing segments,
// flushes.
//
// A write takes its timestamp and its place in the log under one mutex, so that log order,
// timestamp order and the order of applying are the same. One applier thread applies what the log
// reports durable and wakes the writer: when Write returns, the rows are durable and visible.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "common/executor.h"
#include "common/metrics.h"
#include "datanode/open_segments.h"
#include "log/dml_record.h"
#include "log/log.h"
#include "roles/coordinator.h"
#include "roles/data_node.h"
#include "segment/segment_merge.h"
#include "segment/segment_set.h"
#include "segment/segment_writer.h"
#include "segment/watermark.h"
#include "storage/delta_file.h"
#include "storage/object_store.h"

namespace elanus::datanode {

struct DataNodeOptions {
  int64_t growing_bytes_max = 122 << 20;      // A growing segment is sealed at this size.
  uint64_t log_bytes_max = 1024 << 20;        // More live log seals the oldest growing segments.
  uint64_t growing_age_ms_max = 86'400'000;   // Sealed when it gets this old,
  uint64_t growing_idle_ms_max = 600'000;     // or got no rows for so long
  int64_t growing_idle_bytes_min = 16 << 20;  // and has at least this size.
  int64_t pending_deletes_max = 1 << 20;      // More of a collection start a flush.
  int64_t unflushed_bytes_max = int64_t{2} << 30;  // More sealed rows in memory refuse writes.
};

class LocalDataNode final : public roles::DataNode {
 public:
  // All referenced objects outlive this. `background` runs flushes.
  struct Parts {
    const Clock& clock;
    roles::Coordinator& coordinator;
    log::Log& log;
    storage::ObjectStore& store;
    segment::SegmentRegistry& registry;
    segment::Watermark& watermark;
    Executor& background;
    const cache::Tiers* tiers = nullptr;  // Null: flushed segments are opened whole.
    MetricRegistry* metrics = nullptr;    // Null: nothing is counted.
  };
  LocalDataNode(Parts parts, DataNodeOptions options);
  ~LocalDataNode() override;

  // How segments are written from now on; in which order, their collection says.
  void SetWriteOptions(const segment::WriteOptions& options)
      ABSL_LOCKS_EXCLUDED(write_options_mutex_) {
    absl::MutexLock lock(&write_options_mutex_);
    write_options_ = options;
  }

  // Replays the log into growing segments. Call once, before anything else.
  absl::Status Recover();
  // Seals what got old, idle, or holds back the log; starts its flush. Call now and then.
  void Maintain();
  // Flushes everything (shutdown); best effort.
  absl::Status FlushAll(const Cancellation& cancellation);
  // Takes no more writes, lets those in flight finish, waits for a flush under way. The log must
  // still be there.
  void Stop();

  absl::StatusOr<Timestamp> Write(roles::WriteRequest request) override;
  absl::StatusOr<roles::FlushResult> Flush(CollectionId collection,
                                           const Cancellation& cancellation) override;
  bool IsFlushed(CollectionId collection, Timestamp at) override;
  std::vector<roles::GrowingSummary> GrowingSegments(CollectionId collection) override;
  absl::StatusOr<std::vector<meta::Segment>> Compact(const roles::CompactionTask& task,
                                                     const Cancellation& cancellation) override;
  absl::StatusOr<std::optional<meta::Delta>> MergeDeltas(const roles::DeltaMergeTask& task,
                                                         const Cancellation& cancellation) override;
  void OnCollectionDropped(CollectionId collection) override;
  void OnPartitionDropped(CollectionId collection, PartitionId partition) override;
  void OnCollectionTruncated(CollectionId collection, Timestamp at) override;

 private:
  struct PendingWrite;

  segment::WriteOptions WriteOptionsOf(const meta::Segment& made) const
      ABSL_LOCKS_EXCLUDED(write_options_mutex_) {
    absl::MutexLock lock(&write_options_mutex_);
    segment::WriteOptions options = write_options_;
    options.order_by = made.ordered_by;
    return options;
  }
  // Refuses what must not be written now.
  absl::Status CheckWritable(const meta::Collection& collection, const roles::WriteRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(order_mutex_);
  absl::StatusOr<OpenSegmentPtr> AssignSegment(const meta::Collection& collection,
                                               const roles::RowGroup& group)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(order_mutex_);
  absl::StatusOr<OpenSegmentPtr> NewSegment(const meta::Collection& collection, int32_t shard,
                                            PartitionId partition, SegmentId id);
  void Apply(PendingWrite& write, absl::StatusOr<log::Position> position);
  void StartFlush(CollectionId collection);
  // Runs it on the background executor unless this node has stopped by then.
  void RunBehind(std::function<void()> task);
  absl::Status FlushCollection(CollectionId collection) ABSL_LOCKS_EXCLUDED(order_mutex_);
  absl::Status FlushLocked(CollectionId collection) ABSL_LOCKS_EXCLUDED(order_mutex_);
  // In metrics.
  void CountFlushed(const std::vector<meta::SegmentPtr>& segments, uint64_t begin_ns);
  absl::StatusOr<meta::Segment> WriteFiles(const OpenSegment& open);
  absl::StatusOr<std::vector<meta::Delta>> WriteDeletes(
      CollectionId collection, const std::vector<segment::PendingDelete>& pending);
  // `rows` are not empty.
  absl::StatusOr<meta::Delta> WriteDelta(CollectionId collection, const storage::DeltaRows& rows);
  void HandOver(const meta::Segment& flushed) ABSL_LOCKS_EXCLUDED(handovers_mutex_);
  // Those that the object store could not serve before.
  // Writes the segments that the task's rows become behind those in `all`, which has them after an
  // error too. `what` has all that they share, and the first one's id.
  absl::Status WriteParts(const roles::CompactionTask& task,
                          const std::vector<segment::MergeInput>& inputs, const meta::Segment& what,
                          const Cancellation& cancellation, std::vector<meta::Segment>& all);
  absl::Status WriteMerged(const meta::Collection& collection,
                           const std::vector<segment::MergeInput>& inputs,
                           const Cancellation& cancellation, meta::Segment& made);
  void RetryHandOvers() ABSL_LOCKS_EXCLUDED(handovers_mutex_);
  uint64_t ReplayFrom(const std::vector<OpenSegmentPtr>& done, CollectionId deletes_done);
  std::shared_ptr<absl::Mutex> FlushMutex(CollectionId collection);

  const Parts parts_;
  const DataNodeOptions options_;

  mutable absl::Mutex write_options_mutex_;
  segment::WriteOptions write_options_ ABSL_GUARDED_BY(write_options_mutex_) = {
      .shredding = expr::ShreddingLimits()};

  absl::Mutex order_mutex_;
  OpenSegments segments_ ABSL_GUARDED_BY(order_mutex_);
  bool stopped_ ABSL_GUARDED_BY(order_mutex_) = false;
  absl::Status flush_failure_ ABSL_GUARDED_BY(order_mutex_);  // Of the last flush.

  // Behind the newest record applied: every record below is applied.
  std::atomic<uint64_t> applied_end_{0};

  absl::Mutex flush_mutexes_mutex_;
  std::map<CollectionId, std::shared_ptr<absl::Mutex>> flush_mutexes_
      ABSL_GUARDED_BY(flush_mutexes_mutex_);

  absl::Mutex undecided_mutex_;
  // Of commits of which nobody knows whether they were done: their objects stay.
  std::vector<std::shared_ptr<void>> undecided_holds_ ABSL_GUARDED_BY(undecided_mutex_);
  // Flushed segments still served from memory.
  absl::Mutex handovers_mutex_;
  std::vector<meta::Segment> handovers_ ABSL_GUARDED_BY(handovers_mutex_);

  // Shared with queued flushes, which may come up when this node is gone: then they do nothing.
  struct Background {
    absl::Mutex mutex;
    absl::CondVar idle;
    bool stopped ABSL_GUARDED_BY(mutex) = false;
    int running ABSL_GUARDED_BY(mutex) = 0;
  };
  const std::shared_ptr<Background> background_state_ = std::make_shared<Background>();

  Executor applier_;  // Last: its thread uses the members above.
};

// Gives the columns of a new segment their object keys, with ids from `log_id` on.
std::function<std::string(FieldId)> ColumnKeys(const meta::Segment& made, int64_t log_id);
void AddFiles(std::vector<segment::WrittenColumn> columns, meta::Segment& made);

// Opens the files of a flushed segment.
segment::SealedFiles FilesOf(const meta::Segment& segment);

}  // namespace elanus::datanode
