#include "coord/coordinator.h"

#include <random>

#include "common/check.h"
#include "common/crash_point.h"
#include "common/logging.h"
#include "coord/catalog_load.h"
#include "coord/change.h"
#include "coord/crash_points.h"
#include "coord/store_stamp.h"

namespace elanus::coord {
namespace {

std::string DrawInstance() {
  std::random_device device;
  std::string out;
  for (int i = 0; i < 4; ++i) out += fmt::format("{:08x}", device());
  return out;
}

// The key of an object that the catalog names; empty if it names none.
std::string AnyObjectOf(const CatalogState& state) {
  for (const meta::CollectionPtr& collection : state.Collections()) {
    for (const meta::SegmentPtr& segment : state.SegmentsOf(collection->id)) {
      if (!segment->files.empty()) return segment->files.front().key;
    }
  }
  return "";
}

}  // namespace

Coordinator::Coordinator(Environment environment, Options options)
    : environment_(std::move(environment)),
      options_(std::move(options)),
      limits_(options_.limits),
      remover_(environment_.objects, environment_.run_cleanup, environment_.clock) {}

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Open(Environment environment,
                                                               Options options) {
  std::unique_ptr<Coordinator> out(new Coordinator(std::move(environment), std::move(options)));
  const Environment& env = out->environment_;
  // The format is checked before anything is written: a store of another kind stays as it is.
  const Timestamp birth = MakeTimestamp(env.clock.WallMs());
  const std::string& wanted = out->options_.instance;
  ELANUS_ASSIGN_OR_RETURN(
      out->instance_,
      LoadCatalog(env.store, wanted.empty() ? DrawInstance() : wanted, birth, out->state_));
  if (env.objects != nullptr) {
    ELANUS_RETURN_IF_ERROR(CheckStoreStamp(*env.objects, out->instance_, AnyObjectOf(out->state_)));
  }
  ELANUS_ASSIGN_OR_RETURN(out->timestamps_,
                          TimestampOracle::Open(env.clock, env.store,
                                                out->options_.timestamp_lease_ms, env.run_cleanup));
  ELANUS_ASSIGN_OR_RETURN(
      out->ids_, IdAllocator::Open(env.store, out->timestamps_->Next(), out->options_.id_lease));
  return out;
}

Coordinator::~Coordinator() {
  Stop();
}

void Coordinator::Connect(roles::DataNode* data_node, roles::QueryNode* query_node,
                          roles::IndexNode* index_node) {
  data_node_ = data_node;
  query_node_ = query_node;
  index_node_ = index_node;
  if (data_node != nullptr) {
    compactor_ = std::make_unique<Compactor>(
        environment_.run_compaction,
        [this](const Compactor::Task& task, const Cancellation& cancellation) {
          return RunCompaction(task, cancellation);
        },
        environment_.clock, environment_.metrics);
  }
  if (index_node == nullptr) return;
  scheduler_ = std::make_unique<IndexScheduler>(
      IndexScheduler::Options{.parallel = options_.index_build_parallel,
                              .attempts_max = options_.index_build_attempts_max},
      *index_node, environment_.run_build,
      IndexScheduler::Catalog{
          .prepare = [this](SegmentId segment,
                            IndexId index) { return PrepareBuild(segment, index); },
          .finish =
              [this](const roles::BuildTask& task,
                     const absl::StatusOr<roles::BuildResult>& result) {
                return FinishBuild(task, result);
              }});
}

void Coordinator::Start() {
  if (const absl::Status status = PendUnbuilt(); !status.ok()) {
    ELANUS_LOG(Warn, "scalar indexes of older segments are not built", Field("reason", status));
  }
  {
    Change change(*this);
    for (const meta::CollectionPtr& collection : state_.Collections()) {
      if (collection->load.loaded) {
        change.Notify([collection](roles::DataNode*, roles::QueryNode* query_node) {
          if (query_node != nullptr) query_node->OnLoadChanged(collection, /*refresh=*/false);
        });
      }
      for (const meta::SegmentPtr& segment : state_.SegmentsOf(collection->id)) {
        for (const meta::SegmentIndex& index : segment->indexes) {
          if (index.state != meta::BuildState::kPending || scheduler_ == nullptr) continue;
          change.Notify([this, segment = segment->id, id = index.index](auto*, auto*) {
            scheduler_->Add(segment, id);
          });
        }
      }
    }
  }
  for (const meta::RestoreJob& job : state_.Restores()) {
    if (job.state != meta::RestoreJob::State::kExecuting) continue;
    (void)restores_.Run(environment_.run_compaction, [this, job] { (void)RunRestore(job); });
  }
  if (environment_.objects == nullptr) return;
  {
    std::lock_guard lock(garbage_mutex_);
    if (!garbage_rules_.enabled) return;
    scanned_ns_ = replaced_removed_ns_ = environment_.clock.MonotonicNs();
    scanning_ = true;
  }
  StartScan();
}

void Coordinator::Stop() {
  if (compactor_ != nullptr) compactor_->Stop();
  if (scheduler_ != nullptr) scheduler_->Stop();
  restores_.Stop();
  cleanup_.Stop();
  remover_.Stop();
  if (timestamps_ != nullptr) timestamps_->Stop();
}

void Coordinator::RetryBuilds() {
  if (scheduler_ != nullptr) scheduler_->RetryParked();
}

void Coordinator::SetLimits(const Limits& limits) {
  std::lock_guard lock(ddl_mutex_);
  limits_ = limits;
}

absl::Status Coordinator::CommitLocked(const CatalogChange& change) {
  if (change.empty()) return absl::OkStatus();
  CrashPoint(kChangeBefore);
  ELANUS_ASSIGN_OR_RETURN(const bool committed, environment_.store.Commit(change.transaction()));
  ELANUS_CHECK(committed);  // It has no compares: the store is ours alone.
  CrashPoint(kChangeAfter);
  state_.Apply(change.effect());
  return absl::OkStatus();
}

Timestamp Coordinator::AllocateTimestamp() {
  return timestamps_->Next();
}

std::shared_ptr<void> Coordinator::HoldIds() {
  return held_ids_.Hold(ids_->next());
}

absl::StatusOr<int64_t> Coordinator::AllocateIds(int64_t count) {
  return ids_->Allocate(count);
}

}  // namespace elanus::coord
