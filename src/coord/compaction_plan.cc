#include "coord/compaction_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/timestamp.h"

namespace elanus::coord {
namespace {

// So many segments of similar size make the next larger one.
constexpr size_t kTierSegments = 4;
// Below this all are of similar size.
constexpr int64_t kTierBytesMin = 1 << 20;
// Files that one merge has open.
constexpr size_t kSourcesMax = 256;

// Deleted and expired rows may be the same ones.
int64_t GoneRows(const CompactionCandidate& candidate) {
  return std::max(candidate.num_deleted, candidate.num_expired);
}

int64_t BytesOf(const CompactionCandidate& candidate, int64_t rows) {
  const auto all = static_cast<double>(std::max<int64_t>(candidate.segment->num_rows, 1));
  return static_cast<int64_t>(static_cast<double>(candidate.segment->bytes()) *
                              static_cast<double>(rows) / all);
}

// What is left of a segment without its deleted and expired rows, about.
int64_t LiveBytes(const CompactionCandidate& candidate) {
  return BytesOf(candidate, candidate.segment->num_rows - GoneRows(candidate));
}

bool IsEmpty(const CompactionCandidate& candidate) {
  return candidate.num_expired >= candidate.segment->num_rows;
}

bool IsWornOut(const CompactionRules& rules, const CompactionCandidate& candidate,
               uint64_t now_ms) {
  if (static_cast<double>(GoneRows(candidate)) >
      rules.deleted_share * static_cast<double>(candidate.segment->num_rows)) {
    return true;
  }
  if (BytesOf(candidate, candidate.num_expired) > rules.expired_bytes_max) return true;
  return rules.expiry_tolerance_ms >= 0 && candidate.first_expiry_ms <= now_ms &&
         now_ms - candidate.first_expiry_ms > static_cast<uint64_t>(rules.expiry_tolerance_ms);
}

using Shard = std::pair<PartitionId, int32_t>;

std::map<Shard, std::vector<CompactionCandidate>> ByShard(
    std::vector<CompactionCandidate> candidates) {
  std::map<Shard, std::vector<CompactionCandidate>> out;
  for (CompactionCandidate& candidate : candidates) {
    const Shard shard(candidate.segment->partition, candidate.segment->shard);
    out[shard].push_back(std::move(candidate));
  }
  return out;
}

SegmentGroup GroupOf(const std::vector<CompactionCandidate>& members) {
  SegmentGroup out;
  for (const CompactionCandidate& member : members) out.push_back(member.segment);
  return out;
}

// Small segments of one shard, largest first; those that make a full segment leave `small`.
void TakeFull(const CompactionRules& rules, std::vector<CompactionCandidate>& small,
              std::vector<SegmentGroup>& plans) {
  const auto full =
      static_cast<int64_t>(static_cast<double>(rules.segment_bytes_max) * rules.compactable_share);
  const auto bytes_max =
      static_cast<int64_t>(static_cast<double>(rules.segment_bytes_max) * rules.expansion);
  for (;;) {
    std::vector<CompactionCandidate> group, rest;
    int64_t bytes = 0;
    for (CompactionCandidate& candidate : small) {
      const int64_t more = LiveBytes(candidate);
      const bool fits = bytes < full && bytes + more <= bytes_max && group.size() < kSourcesMax;
      (fits ? group : rest).push_back(candidate);
      if (fits) bytes += more;
    }
    if (group.size() < 2 || (bytes < full && group.size() < kSourcesMax)) return;
    plans.push_back(GroupOf(group));
    small = std::move(rest);
  }
}

// `small` ascending by size.
void TakeTier(const CompactionRules& rules, std::vector<CompactionCandidate> small,
              std::vector<SegmentGroup>& plans) {
  std::vector<CompactionCandidate> group;
  int64_t bytes = 0;
  for (CompactionCandidate& candidate : small) {
    const int64_t more = LiveBytes(candidate);
    if (more > std::max(bytes, kTierBytesMin) || bytes + more > rules.segment_bytes_max ||
        group.size() == kSourcesMax) {
      // A gap: the larger ones wait for company, and so does what was found if it is too little.
      if (group.size() >= kTierSegments) break;
      group.clear();
      bytes = 0;
    }
    bytes += more;
    group.push_back(std::move(candidate));
  }
  if (group.size() >= kTierSegments) plans.push_back(GroupOf(group));
}

// About: a key, a timestamp and a partition.
int64_t BytesOf(const meta::Delta& delta) {
  constexpr int64_t kDeleteBytes = 24;
  return delta.num_rows * kDeleteBytes;
}

}  // namespace

std::vector<meta::Delta> PlanDeltaMerge(const DeltaMergeRules& rules,
                                        std::vector<meta::Delta> deltas) {
  std::erase_if(deltas,
                [&](const meta::Delta& delta) { return BytesOf(delta) >= rules.bytes_min; });
  std::sort(deltas.begin(), deltas.end(), [](const meta::Delta& a, const meta::Delta& b) {
    return a.max_timestamp != b.max_timestamp ? a.max_timestamp < b.max_timestamp : a.id < b.id;
  });
  int64_t bytes = 0;
  size_t taken = 0;
  while (taken < deltas.size() && std::cmp_less(taken, rules.files_max) &&
         bytes + BytesOf(deltas[taken]) <= rules.bytes_max) {
    bytes += BytesOf(deltas[taken++]);
  }
  deltas.resize(taken);
  const bool enough = std::cmp_greater_equal(taken, rules.files_min) || bytes >= rules.bytes_min;
  if (taken < 2 || !enough) deltas.clear();
  return deltas;
}

std::vector<SegmentGroup> PlanCompactions(const CompactionRules& rules,
                                          std::vector<CompactionCandidate> candidates,
                                          uint64_t now_ms) {
  std::vector<SegmentGroup> plans;
  const auto small_bytes =
      static_cast<int64_t>(static_cast<double>(rules.segment_bytes_max) * rules.small_share);
  for (auto& [shard, members] : ByShard(std::move(candidates))) {
    std::vector<CompactionCandidate> small;
    uint64_t newest_ms = 0;
    for (CompactionCandidate& member : members) {
      newest_ms = std::max(newest_ms, PhysicalMs(member.segment->flushed));
      if (IsEmpty(member)) {
        plans.push_back({member.segment});
      } else if (LiveBytes(member) < small_bytes) {
        small.push_back(std::move(member));
      } else if (IsWornOut(rules, member, now_ms)) {
        plans.push_back({member.segment});
      }
    }
    // By size, then age, so that the same segments give the same plan.
    std::sort(small.begin(), small.end(), [](const auto& a, const auto& b) {
      const int64_t x = LiveBytes(a), y = LiveBytes(b);
      return x != y ? x > y : a.segment->id < b.segment->id;
    });
    TakeFull(rules, small, plans);
    std::reverse(small.begin(), small.end());
    const size_t before = plans.size();
    if (now_ms >= newest_ms + rules.interval_ms) TakeTier(rules, small, plans);
    const SegmentGroup taken = plans.size() > before ? plans.back() : SegmentGroup();
    for (const CompactionCandidate& member : small) {
      const bool in_tier = std::find(taken.begin(), taken.end(), member.segment) != taken.end();
      if (!in_tier && IsWornOut(rules, member, now_ms)) plans.push_back({member.segment});
    }
  }
  return plans;
}

std::vector<SegmentGroup> PlanForcedMerge(std::vector<CompactionCandidate> candidates,
                                          int64_t target_bytes) {
  std::vector<SegmentGroup> plans;
  for (auto& [shard, members] : ByShard(std::move(candidates))) {
    std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) {
      const int64_t x = LiveBytes(a), y = LiveBytes(b);
      return x != y ? x > y : a.segment->id < b.segment->id;
    });
    // First fit, largest first.
    std::vector<std::pair<int64_t, SegmentGroup>> bins;
    for (const CompactionCandidate& member : members) {
      const int64_t more = LiveBytes(member);
      const auto bin = std::find_if(bins.begin(), bins.end(), [&](const auto& b) {
        return b.first + more <= target_bytes && b.second.size() < kSourcesMax;
      });
      if (bin == bins.end()) {
        bins.push_back({more, {member.segment}});
      } else {
        bin->first += more;
        bin->second.push_back(member.segment);
      }
    }
    for (auto& [bytes, group] : bins) plans.push_back(std::move(group));
  }
  return plans;
}

}  // namespace elanus::coord
