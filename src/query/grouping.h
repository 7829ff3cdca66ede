// Hits in groups that share a value.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "query/merge.h"

namespace elanus::query {

// Fills groups with hits that are offered nearest first. A group is as near as its first hit. Group
// numbers are the caller's. Threads: none.
class GroupCollector {
 public:
  // At most `num_groups` groups of at most `group_size` hits; the groups that are there stay.
  GroupCollector(int64_t num_groups, int64_t group_size)
      : num_groups_(num_groups), group_size_(group_size) {}

  // False if there is no room for this hit.
  bool Offer(const Hit& hit, int32_t group);

  bool Has(int32_t group) const { return places_.contains(group); }
  bool IsFull(int32_t group) const;  // Of a group that it has.
  bool has_all_groups() const { return static_cast<int64_t>(groups_.size()) >= num_groups_; }
  int64_t num_missing_groups() const { return num_groups_ - static_cast<int64_t>(groups_.size()); }
  // Hits that the groups there have room for.
  int64_t num_missing_hits() const {
    return group_size_ * static_cast<int64_t>(groups_.size()) - num_hits_;
  }

  // The groups behind the first `offset` ones, one after another.
  std::vector<Hit> Flatten(int64_t offset) const;

 private:
  int64_t num_groups_;
  int64_t group_size_;
  int64_t num_hits_ = 0;
  std::vector<std::vector<Hit>> groups_;         // In the order they came.
  absl::flat_hash_map<int32_t, size_t> places_;  // Into groups_.
};

}  // namespace elanus::query
