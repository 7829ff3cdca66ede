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

// About: a key, a timestamp and a partition.
constexpr int64_t kDeleteBytes = 24;

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
  if (candidate.num_deleted * kDeleteBytes > rules.deltalog_bytes_max ||
      (candidate.num_deleted > 0 && candidate.num_delta_files > rules.deltalog_files_max)) {
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

int64_t BytesOf(const meta::Delta& delta) {
  return delta.num_rows * kDeleteBytes;
}

}  // namespace

bool WantsCompaction(const meta::Collection& collection) {
  return collection.Property("collection.autocompaction.enabled") != "false";
}

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
      } else if (LiveBytes(member) < small_bytes && !member.segment->clustered_by.valid()) {
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

FieldId ClusteringKeyOf(const ClusteringRules& rules, const schema::CollectionSchema& schema) {
  for (const schema::FieldSchema& field : schema.fields) {
    if (field.is_clustering_key) return field.id;
  }
  const schema::FieldSchema* partition_key = schema.partition_key();
  return rules.by_partition_key && partition_key != nullptr ? partition_key->id : FieldId();
}

std::vector<SegmentGroup> PlanClustering(FieldId key, int64_t bytes_max,
                                         std::vector<CompactionCandidate> candidates) {
  std::vector<SegmentGroup> plans;
  for (auto& [shard, members] : ByShard(std::move(candidates))) {
    std::map<int64_t, int64_t>
        runs;  // Bytes of what was clustered together; 0: by nothing, or else.
    const auto run_of = [&](const CompactionCandidate& member) {
      return member.segment->clustered_by == key ? member.segment->clustering : 0;
    };
    for (const CompactionCandidate& member : members) runs[run_of(member)] += LiveBytes(member);
    // As much as one plan may take lies in ranges already.
    std::erase_if(members, [&](const CompactionCandidate& member) {
      return run_of(member) != 0 && runs[run_of(member)] >= bytes_max / 2;
    });
    std::erase_if(runs,
                  [&](const auto& run) { return run.first != 0 && run.second >= bytes_max / 2; });
    if (members.empty() || (runs.size() == 1 && runs.begin()->first != 0)) continue;
    // By age, so that what was clustered together stays together.
    std::sort(members.begin(), members.end(),
              [](const auto& a, const auto& b) { return a.segment->id < b.segment->id; });
    int64_t bytes = 0;
    SegmentGroup group;
    for (const CompactionCandidate& member : members) {
      if (group.size() == kSourcesMax || (bytes >= bytes_max && !group.empty())) {
        plans.push_back(std::exchange(group, {}));
        bytes = 0;
      }
      bytes += LiveBytes(member);
      group.push_back(member.segment);
    }
    plans.push_back(std::move(group));
  }
  return plans;
}

std::vector<SegmentGroup> WorthClustering(const ClusteringRules& rules,
                                          std::vector<SegmentGroup> plans, uint64_t now_ms) {
  std::erase_if(plans, [&](const SegmentGroup& group) {
    int64_t last = 0;
    uint64_t last_ms = 0;
    for (const meta::SegmentPtr& segment : group) {
      if (segment->clustering <= last) continue;
      last = segment->clustering;
      last_ms = PhysicalMs(segment->flushed);
    }
    int64_t new_bytes = 0;
    for (const meta::SegmentPtr& segment : group) {
      if (last == 0 || segment->clustering != last) new_bytes += segment->bytes();
    }
    if (new_bytes >= rules.new_bytes_min && last == 0) return false;
    if (last == 0 || new_bytes == 0 || now_ms < last_ms + rules.interval_min_ms) return true;
    return new_bytes < rules.new_bytes_min && now_ms < last_ms + rules.interval_max_ms;
  });
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
        return b.first + more <= target_bytes && b.second.size() < kSourcesMax &&
               !b.second.front()->clustered_by.valid() && !member.segment->clustered_by.valid();
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
