#include "coord/held_builds.h"

#include <algorithm>

namespace elanus::coord {

void HeldBuilds::NoteFlush(CollectionId collection, uint64_t now_ms) {
  std::lock_guard lock(mutex_);
  const auto it = collections_.find(collection);
  if (it != collections_.end()) it->second.flushed_ms = now_ms;
}

void HeldBuilds::Hold(CollectionId collection, Build build, uint64_t now_ms) {
  std::lock_guard lock(mutex_);
  Collection& held = collections_[collection];
  held.flushed_ms = now_ms;
  held.builds.push_back({build, now_ms});
}

std::vector<HeldBuilds::Build> HeldBuilds::TakeDue(uint64_t rest_ms, uint64_t now_ms) {
  std::vector<Build> due;
  std::lock_guard lock(mutex_);
  for (auto it = collections_.begin(); it != collections_.end();) {
    auto& [flushed_ms, builds] = it->second;
    const bool rests = now_ms - flushed_ms >= rest_ms;
    const auto is_due = [&](const Held& held) {
      return rests || now_ms - held.since_ms >= kRestsMax * rest_ms;
    };
    for (const Held& held : builds) {
      if (is_due(held)) due.push_back(held.build);
    }
    std::erase_if(builds, is_due);
    it = builds.empty() ? collections_.erase(it) : std::next(it);
  }
  return due;
}

}  // namespace elanus::coord
