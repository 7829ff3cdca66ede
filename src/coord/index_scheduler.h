// Runs the index builds of flushed segments, a few at a time, in the background.
//
// What is to be built is durable: a SegmentIndex in state kPending in the catalog. The queue here
// is only the order of work, and is filled again from the catalog at start. A build that fails for
// a reason that may pass is tried again, a bounded number of times; lack of memory or disk then
// leaves it pending until the next build is asked for, anything else makes it failed.
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
#include <string>
#include <utility>
#include <vector>

#include "common/cancellation.h"
#include "coord/task_runner.h"
#include "meta/types.h"
#include "roles/index_node.h"

namespace elanus::coord {

class IndexScheduler {
 public:
  struct Options {
    int parallel = 1;
    int attempts_max = 3;
  };
  // Where builds come from and where their results go: the coordinator.
  struct Catalog {
    // The build as the catalog wants it now; nothing if it is done or no longer wanted.
    std::function<std::optional<roles::BuildTask>(SegmentId, IndexId)> prepare;
    // Records the result. A failure to record leaves the build pending.
    std::function<absl::Status(const roles::BuildTask&, const absl::StatusOr<roles::BuildResult>&)>
        finish;
  };
  IndexScheduler(Options options, roles::IndexNode& node, TaskRunner runner, Catalog catalog)
      : options_(options), node_(node), runner_(std::move(runner)), catalog_(std::move(catalog)) {}

  // Queues a build, and those that wait for better times. Queued twice, it is done once.
  void Add(SegmentId segment, IndexId index);
  // Queues what waits for better times.
  void RetryParked();
  // Ends running builds of an index soon; queued ones find that they are not wanted.
  void CancelIndex(IndexId index);
  void CancelSegment(SegmentId segment);  // The same of a segment.
  // Cancels everything and waits.
  void Stop();
  // Nothing queued and nothing running (parked builds do not count).
  bool idle() const;
  // How a pending build goes.
  struct Status {
    double progress = 0;  // 0...1.
    std::string waiting;  // Why it has not begun or has to be tried again; may be empty.
  };
  Status StatusOf(SegmentId segment, IndexId index) const;

 private:
  using Key = std::pair<SegmentId, IndexId>;
  using Flag = std::shared_ptr<std::atomic<bool>>;
  struct Running {
    Flag cancelled = std::make_shared<std::atomic<bool>>(false);
    Status status;
  };

  void StartMore();
  void RunOne();
  void Build(Key key, const Flag& cancelled);
  roles::BuildObserver ObserverOf(Key key);
  // What becomes of a build that failed: true if it is to be recorded as failed.
  bool IsFinal(Key key, const absl::Status& status);

  const Options options_;
  roles::IndexNode& node_;
  const TaskRunner runner_;
  const Catalog catalog_;
  mutable std::mutex mutex_;
  std::deque<Key> queue_;  // By mutex_, as all below.
  struct Failures {
    int attempts = 0;
    std::string last;  // Why.
  };
  std::map<Key, Failures> failures_;  // Of builds that wait for another attempt.
  std::map<Key, Running> running_;
  std::vector<Key> parked_;  // They have had all their attempts for now.
  int num_workers_ = 0;
  bool stopping_ = false;
  TaskGroup tasks_;
};

}  // namespace elanus::coord
