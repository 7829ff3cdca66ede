// Compactions by kind and state, and how long they wait and run, as dashboards know them.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/metrics.h"

namespace elanus::coord {

// Threads: any.
class CompactionMetrics {
 public:
  // What the protocol calls them.
  static constexpr std::string_view kMerge = "MixCompaction";
  static constexpr std::string_view kDeltas = "Level0DeleteCompaction";
  static constexpr std::string_view kClustering = "ClusteringCompaction";

  explicit CompactionMetrics(MetricRegistry* metrics) : metrics_(metrics) {}  // Null: none.

  // One of them comes into, and leaves, the queue.
  void Waits(std::string_view type) const { Move(type, "pending", 1); }
  void IsForgotten(std::string_view type) const { Move(type, "pending", -1); }
  void Begins(std::string_view type, uint64_t waited_ns) const;
  void Ends(std::string_view type, bool ok, uint64_t ran_ns) const;
  // Rows that a compaction left out: deleted, or expired.
  void LeavesOut(int64_t rows) const;

 private:
  void Move(std::string_view type, std::string_view state, int by) const;
  void Took(std::string_view type, std::string_view stage, uint64_t ns) const;

  MetricRegistry* const metrics_;
};

}  // namespace elanus::coord
