#pragma once

#include "common/executor.h"
#include "common/metrics.h"
#include "index/index_kinds.h"
#include "indexnode/build_budget.h"
#include "indexnode/build_report.h"
#include "roles/index_node.h"
#include "storage/object_store.h"

namespace elanus::indexnode {

// Builds indexes in this process. Threads: any.
class LocalIndexNode final : public roles::IndexNode {
 public:
  struct Options {
    // What all builds at a time may take (index/build_memory.h). A build waits until it fits; one
    // that never will fails.
    int64_t memory_bytes_max = INT64_MAX;
    MetricRegistry* metrics = nullptr;  // May be null.
  };
  // `executor` (borrowed) runs the parallel part of a build at low priority.
  LocalIndexNode(storage::ObjectStore& store, Executor& executor, const Options& options)
      : store_(store),
        executor_(executor),
        metrics_(options.metrics),
        budget_(options.memory_bytes_max) {}

  absl::StatusOr<roles::BuildResult> Build(const roles::BuildTask& task,
                                           const Cancellation& cancellation,
                                           const roles::BuildObserver& observer) override;

  // Of running builds, by their estimates.
  int64_t reserved_bytes() const { return budget_.reserved(); }

 private:
  absl::StatusOr<roles::BuildResult> BuildAndStore(const roles::BuildTask& task,
                                                   const Cancellation& cancellation,
                                                   const roles::BuildObserver& observer);

  // The bytes of an index file; empty if there is nothing to build.
  absl::StatusOr<std::string> BuildVectors(const roles::BuildTask& task,
                                           const index::IndexKind& kind,
                                           const schema::ColumnView& column,
                                           const Cancellation& cancellation, BuildReport& report,
                                           std::vector<meta::IndexPart>& parts);
  // The first rows of the parts that an index over this segment gets.
  absl::StatusOr<std::vector<int64_t>> TenantStarts(const meta::Segment& segment);
  absl::StatusOr<std::string> BuildTexts(const roles::BuildTask& task,
                                         const schema::ColumnView& column,
                                         const Cancellation& cancellation, BuildReport& report);
  absl::StatusOr<std::string> BuildScalars(const roles::BuildTask& task,
                                           const index::IndexKind& kind,
                                           const schema::ColumnView& column,
                                           const Cancellation& cancellation, BuildReport& report);

  storage::ObjectStore& store_;
  Executor& executor_;
  MetricRegistry* const metrics_;
  BuildBudget budget_;
};

}  // namespace elanus::indexnode
