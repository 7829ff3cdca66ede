#include "coord/compactor.h"

#include <algorithm>

#include "common/logging.h"

namespace elanus::coord {
namespace {

constexpr size_t kJobsKept = 1000;

using State = roles::CompactionPlan::State;

std::string_view TypeOf(const Compactor::Task& task) {
  if (!task.deltas.empty()) return CompactionMetrics::kDeltas;
  return task.cluster_by.valid() ? CompactionMetrics::kClustering : CompactionMetrics::kMerge;
}

}  // namespace

roles::CompactionJob Compactor::Add(std::vector<Task> tasks) {
  roles::CompactionJob job;
  {
    std::lock_guard lock(mutex_);
    for (Task& task : tasks) {
      const bool busy = std::any_of(task.sources.begin(), task.sources.end(),
                                    [&](const auto& source) { return busy_.contains(source->id); });
      if (busy || stopping_) continue;
      if (!task.deltas.empty() && !merging_deltas_.insert(task.collection).second) continue;
      if (task.cluster_by.valid()) clustering_.insert(task.collection);
      roles::CompactionPlan plan;
      for (const meta::SegmentPtr& source : task.sources) {
        plan.sources.push_back(source->id);
        busy_.insert(source->id);
      }
      job.id = task.job;
      job.collection = task.collection;
      job.plans.push_back(std::move(plan));
      metrics_.Waits(TypeOf(task));
      queue_.push_back({std::move(task), job.plans.size() - 1, clock_.MonotonicNs()});
    }
    if (job.plans.empty()) return job;
    jobs_[job.id] = job;
    ForgetOldJobs();
  }
  StartWorker();
  return job;
}

void Compactor::AddFinished(const roles::CompactionJob& job) {
  std::lock_guard lock(mutex_);
  roles::CompactionJob& kept = jobs_[job.id];
  kept.id = job.id;
  kept.collection = job.collection;
  // Those that run or ran are first, and further on than `job` knows.
  kept.plans.insert(kept.plans.end(), job.plans.begin() + std::ssize(kept.plans), job.plans.end());
  ForgetOldJobs();
}

void Compactor::ForgetOldJobs() {
  // Ids grow: the first ones are the oldest.
  while (jobs_.size() > kJobsKept) jobs_.erase(jobs_.begin());
}

std::optional<roles::CompactionJob> Compactor::Find(int64_t job) const {
  std::lock_guard lock(mutex_);
  const auto it = jobs_.find(job);
  if (it == jobs_.end()) return std::nullopt;
  return it->second;
}

bool Compactor::IsBusy(SegmentId segment) const {
  std::lock_guard lock(mutex_);
  return busy_.contains(segment);
}

bool Compactor::MergesDeltas(CollectionId collection) const {
  std::lock_guard lock(mutex_);
  return merging_deltas_.contains(collection);
}

bool Compactor::Clusters(CollectionId collection) const {
  std::lock_guard lock(mutex_);
  return clustering_.contains(collection);
}

roles::CompactionPlan* Compactor::PlanOf(const Queued& queued) {
  const auto it = jobs_.find(queued.task.job);
  return it == jobs_.end() ? nullptr : &it->second.plans[queued.plan];
}

void Compactor::StartWorker() {
  {
    std::lock_guard lock(mutex_);
    if (has_worker_ || stopping_ || queue_.empty()) return;
    has_worker_ = true;
  }
  if (tasks_.Run(runner_, [this] { RunOne(); })) return;
  std::lock_guard lock(mutex_);
  has_worker_ = false;
}

void Compactor::RunOne() {
  Queued next;
  std::shared_ptr<std::atomic<bool>> cancelled;
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queue_.empty()) {
      has_worker_ = false;
      return;
    }
    next = std::move(queue_.front());
    queue_.pop_front();
    cancelled = cancelled_ = std::make_shared<std::atomic<bool>>(false);
    running_ = next.task.collection;
    if (auto* plan = PlanOf(next)) plan->state = State::kRunning;
  }
  const uint64_t begin_ns = clock_.MonotonicNs();
  metrics_.Begins(TypeOf(next.task), begin_ns - next.since_ns);
  const absl::StatusOr<std::vector<SegmentId>> made = run_(next.task, Cancellation(cancelled, 0));
  if (!made.ok() && CodeOf(made.status()) != ErrorCode::kCancelled) {
    ELANUS_LOG_EVERY(10, Warn, "compaction failed; its segments stay as they are",
                     Field("collection", next.task.collection.value()),
                     Field("sources", next.task.sources.size()), Field("reason", made.status()));
  }
  metrics_.Ends(TypeOf(next.task), made.ok(), clock_.MonotonicNs() - begin_ns);
  {
    std::lock_guard lock(mutex_);
    ForgetLocked(next.task);
    running_.reset();
    has_worker_ = false;
    if (auto* plan = PlanOf(next)) {
      plan->state = made.ok() ? State::kDone : State::kFailed;
      if (made.ok()) plan->targets = *made;
      if (!made.ok()) plan->fail_reason = std::string(MessageOf(made.status()));
    }
  }
  // One compaction a task, so that other work on the same thread gets its turn.
  StartWorker();
}

void Compactor::ForgetLocked(const Task& task) {
  for (const meta::SegmentPtr& source : task.sources) busy_.erase(source->id);
  if (!task.deltas.empty()) merging_deltas_.erase(task.collection);
  const auto clustered = clustering_.find(task.collection);
  if (task.cluster_by.valid() && clustered != clustering_.end()) clustering_.erase(clustered);
}

void Compactor::Cancel(CollectionId collection) {
  std::lock_guard lock(mutex_);
  if (running_ == collection) *cancelled_ = true;
  std::erase_if(queue_, [&](const Queued& queued) {
    if (queued.task.collection != collection) return false;
    ForgetLocked(queued.task);
    metrics_.IsForgotten(TypeOf(queued.task));
    return true;
  });
  std::erase_if(jobs_, [&](const auto& entry) { return entry.second.collection == collection; });
}

void Compactor::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    if (cancelled_ != nullptr) *cancelled_ = true;
  }
  tasks_.Stop();
}

}  // namespace elanus::coord
