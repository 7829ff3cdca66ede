// Runs compactions, one at a time, in the background, and remembers how they went.
//
// Nothing here is durable: a compaction that a crash ends has changed nothing, and what was worth
// doing is found again.
//
// Threads: any.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "common/cancellation.h"
#include "common/clock.h"
#include "coord/compaction_metrics.h"
#include "coord/compaction_plan.h"
#include "coord/task_runner.h"
#include "roles/coordinator.h"

namespace elanus::coord {

class Compactor {
 public:
  struct Task {
    int64_t job = 0;
    CollectionId collection;
    SegmentGroup sources;
    bool asked_for = false;           // By a client: all deletes count, and the result says so.
    FieldId cluster_by;               // The sources become segments of ranges of this field.
    int64_t segment_bytes = 0;        // Of these, about.
    std::vector<meta::Delta> deltas;  // Not empty: these become one, and there are no sources.
  };
  // Does one compaction: the segments made, none if no row was left.
  using Run =
      std::function<absl::StatusOr<std::vector<SegmentId>>(const Task&, const Cancellation&)>;

  Compactor(TaskRunner runner, Run run, const Clock& clock, MetricRegistry* metrics)
      : runner_(std::move(runner)), run_(std::move(run)), clock_(clock), metrics_(metrics) {}

  // Queues the tasks of one job. Those with a source that waits or runs already are left out.
  // Returns the job as it stands; one without plans is not kept.
  roles::CompactionJob Add(std::vector<Task> tasks);
  // Adds to a job the plans of `job` that are done already; makes it if there is none.
  void AddFinished(const roles::CompactionJob& job);
  std::optional<roles::CompactionJob> Find(int64_t job) const;
  // The segment waits to be compacted or is being.
  bool IsBusy(SegmentId segment) const;
  // Delta files of the collection are being merged or wait for it.
  bool MergesDeltas(CollectionId collection) const;
  // Rows of the collection are being clustered or wait for it.
  bool Clusters(CollectionId collection) const;
  // Ends what runs soon and forgets what waits, of a collection.
  void Cancel(CollectionId collection);
  // Cancels everything and waits.
  void Stop();

 private:
  struct Queued {
    Task task;
    size_t plan = 0;  // In its job.
    uint64_t since_ns = 0;
  };

  void StartWorker();
  void ForgetLocked(const Task& task);  // By mutex_: it has ended.
  void RunOne();
  roles::CompactionPlan* PlanOf(const Queued& queued);  // By mutex_; null if the job is forgotten.
  void ForgetOldJobs();                                 // By mutex_.

  const TaskRunner runner_;
  const Run run_;
  const Clock& clock_;
  const CompactionMetrics metrics_;
  mutable std::mutex mutex_;
  std::deque<Queued> queue_;  // By mutex_, as all below.
  std::set<SegmentId> busy_;
  std::set<CollectionId> merging_deltas_;
  std::map<int64_t, roles::CompactionJob> jobs_;
  std::optional<CollectionId> running_;
  std::multiset<CollectionId> clustering_;
  std::shared_ptr<std::atomic<bool>> cancelled_;  // Of what runs.
  bool has_worker_ = false;
  bool stopping_ = false;
  TaskGroup tasks_;
};

}  // namespace elanus::coord
