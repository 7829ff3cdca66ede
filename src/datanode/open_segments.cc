#include "datanode/open_segments.h"

#include <algorithm>

namespace elanus::datanode {

OpenSegmentPtr OpenSegments::FindOpen(const Slot& slot) const {
  const auto it = open_.find(slot);
  return it == open_.end() ? nullptr : it->second;
}

void OpenSegments::Open(const Slot& slot, OpenSegmentPtr segment) {
  open_[slot] = std::move(segment);
}

void OpenSegments::Seal(const Slot& slot) {
  const auto it = open_.find(slot);
  if (it == open_.end()) return;
  sealing_.push_back(std::move(it->second));
  open_.erase(it);
}

void OpenSegments::SealCollection(CollectionId collection) {
  for (auto it = open_.begin(); it != open_.end();) {
    if (it->first.collection == collection && it->second->assigned_rows > 0) {
      sealing_.push_back(std::move(it->second));
      it = open_.erase(it);
    } else {
      ++it;
    }
  }
}

void OpenSegments::Forget(const std::vector<OpenSegmentPtr>& segments) {
  const auto gone = [&](const OpenSegmentPtr& segment) {
    return std::find(segments.begin(), segments.end(), segment) != segments.end();
  };
  std::erase_if(sealing_, gone);
  std::erase_if(open_, [&](const auto& entry) { return gone(entry.second); });
}

std::vector<OpenSegmentPtr> OpenSegments::Sealing(CollectionId collection) const {
  std::vector<OpenSegmentPtr> out;
  for (const OpenSegmentPtr& segment : sealing_) {
    if (segment->collection == collection) out.push_back(segment);
  }
  return out;
}

int64_t OpenSegments::SealingBytes() const {
  int64_t sum = 0;
  for (const OpenSegmentPtr& segment : sealing_) sum += segment->assigned_bytes;
  return sum;
}

std::vector<OpenSegmentPtr> OpenSegments::All(CollectionId collection) const {
  std::vector<OpenSegmentPtr> out;
  const auto add = [&](const OpenSegmentPtr& segment) {
    if (!collection.valid() || segment->collection == collection) out.push_back(segment);
  };
  for (const auto& [slot, segment] : open_) add(segment);
  for (const OpenSegmentPtr& segment : sealing_) add(segment);
  return out;
}

std::vector<std::pair<OpenSegments::Slot, OpenSegmentPtr>> OpenSegments::Open() const {
  return {open_.begin(), open_.end()};
}

}  // namespace elanus::datanode
