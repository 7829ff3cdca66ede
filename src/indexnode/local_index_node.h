#pragma once

#include <atomic>

#include "common/executor.h"
#include "common/metrics.h"
#include "index/index_kinds.h"
#include "indexnode/build_budget.h"
#include "indexnode/build_report.h"
#include "roles/index_node.h"
#include "storage/file_system.h"
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
    // Where files that need not fit memory are put together; null: in memory. The directory is this
    // object's own.
    storage::FileSystem* files = nullptr;
    std::string scratch_directory;
  };
  // `executor` (borrowed) runs the parallel part of a build at low priority.
  LocalIndexNode(storage::ObjectStore& store, Executor& executor, const Options& options)
      : store_(store),
        executor_(executor),
        metrics_(options.metrics),
        files_(options.files),
        scratch_directory_(options.scratch_directory),
        budget_(options.memory_bytes_max) {
    if (files_ == nullptr) return;
    // Of an earlier process. What cannot be made shows when it is needed.
    files_->RemoveRecursively(scratch_directory_).IgnoreError();
    files_->CreateDirectories(scratch_directory_).IgnoreError();
  }

  absl::StatusOr<roles::BuildResult> Build(const roles::BuildTask& task,
                                           const Cancellation& cancellation,
                                           const roles::BuildObserver& observer) override;

  // Of running builds, by their estimates.
  int64_t reserved_bytes() const { return budget_.reserved(); }

 private:
  absl::StatusOr<roles::BuildResult> BuildAndStore(const roles::BuildTask& task,
                                                   const Cancellation& cancellation,
                                                   const roles::BuildObserver& observer);

  // The bytes of an index file, in memory or mapped; empty if there is nothing to build.
  struct BuiltFile {
    std::string memory;
    std::shared_ptr<storage::MappedFile> mapped;
    std::string_view bytes() const;
  };
  absl::StatusOr<BuiltFile> BuildVectors(const roles::BuildTask& task, const index::IndexKind& kind,
                                         const schema::ColumnView& column,
                                         const Cancellation& cancellation, BuildReport& report,
                                         std::vector<meta::IndexPart>& parts);
  // One that need not fit memory, if the kind and the settings allow that.
  absl::StatusOr<BuiltFile> BuildOne(const index::IndexKind& kind,
                                     const index::BuildOptions& options);
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
  storage::FileSystem* const files_;
  const std::string scratch_directory_;
  std::atomic<uint64_t> last_scratch_{0};
  BuildBudget budget_;
};

}  // namespace elanus::indexnode
