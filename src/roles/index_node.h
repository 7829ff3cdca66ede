#pragma once

#include <functional>
#include <string>

#include "common/cancellation.h"
#include "common/status.h"
#include "meta/types.h"

namespace elanus::roles {

struct BuildTask {
  BuildId build;
  meta::CollectionPtr collection;
  meta::SegmentPtr segment;
  meta::Index index;
};

struct BuildResult {
  std::string key;       // Of the index file; empty = nothing to build.
  int64_t bytes = 0;
  std::vector<meta::IndexPart> parts = {};  // Empty: it is one index over all rows.
};

// Who wants to know how a build goes. Either may be empty; called from any thread.
struct BuildObserver {
  std::function<void(double)> progress;               // 0...1.
  std::function<void(const std::string&)> waiting;    // It cannot begin yet, and why.
};

// Builds the index of one sealed segment from its column file and stores it.
class IndexNode {
 public:
  virtual ~IndexNode() = default;
  // Blocks for the whole build. Threads: any, several at once.
  virtual absl::StatusOr<BuildResult> Build(const BuildTask& task, const Cancellation& cancellation,
                                            const BuildObserver& observer) = 0;
};

}  // namespace elanus::roles
