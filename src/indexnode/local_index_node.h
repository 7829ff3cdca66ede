#pragma once

#include "common/executor.h"
#include "roles/index_node.h"
#include "storage/object_store.h"

namespace elanus::indexnode {

// Builds indexes in this process. Threads: any.
class LocalIndexNode final : public roles::IndexNode {
 public:
  // `executor` (borrowed) runs the parallel part of a build at low priority.
  LocalIndexNode(storage::ObjectStore& store, Executor& executor)
      : store_(store), executor_(executor) {}

  absl::StatusOr<roles::BuildResult> Build(const roles::BuildTask& task,
                                           const Cancellation& cancellation,
                                           const std::function<void(double)>& progress) override;

 private:
  storage::ObjectStore& store_;
  Executor& executor_;
};

}  // namespace elanus::indexnode
