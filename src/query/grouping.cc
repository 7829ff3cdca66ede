#include "query/grouping.h"

namespace elanus::query {

bool GroupCollector::Offer(const Hit& hit, int32_t group) {
  const auto it = places_.find(group);
  size_t place = groups_.size();
  if (it != places_.end()) {
    place = it->second;
    if (static_cast<int64_t>(groups_[place].size()) >= group_size_) return false;
  } else {
    if (has_all_groups()) return false;
    places_.emplace(group, place);
    groups_.emplace_back();
  }
  groups_[place].push_back(hit);
  ++num_hits_;
  return true;
}

bool GroupCollector::IsFull(int32_t group) const {
  return static_cast<int64_t>(groups_[places_.at(group)].size()) >= group_size_;
}

std::vector<Hit> GroupCollector::Flatten(int64_t offset) const {
  std::vector<Hit> out;
  for (size_t i = static_cast<size_t>(offset); i < groups_.size(); ++i) {
    out.insert(out.end(), groups_[i].begin(), groups_[i].end());
  }
  return out;
}

}  // namespace elanus::query
