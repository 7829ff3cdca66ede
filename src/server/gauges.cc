#include "server/gauges.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/metric_families.h"
#include "proxy/resource_group.h"

namespace elanus::server {
namespace {

// What one scrape adds up over collections.
struct Totals {
  std::map<std::string, int64_t> collections_by_database;
  int64_t partitions = 0;
  int64_t loaded_collections = 0;
  int64_t loaded_partitions = 0;
  int64_t flushed_segments = 0;
  int64_t growing_segments = 0;
};

}  // namespace

class RoleGauges::Source {
  using Name = std::pair<std::string, std::string>;  // Database, collection.

 public:
  Source(MetricRegistry& metrics, coord::Coordinator& coordinator, roles::DataNode& data_node,
         roles::QueryNode& query_node, const cache::CacheManager* disk)
      : metrics_(metrics),
        coordinator_(coordinator),
        data_node_(data_node),
        query_node_(query_node),
        disk_(disk) {}

  void Detach() {
    std::lock_guard lock(mutex_);
    detached_ = true;
  }

  void Refresh() {
    std::lock_guard lock(mutex_);
    if (detached_) return;
    Totals totals;
    for (const meta::Database& database : coordinator_.ListDatabases()) {
      totals.collections_by_database[database.name] = 0;
    }
    std::map<std::string, Name> present;
    for (const meta::CollectionPtr& collection : coordinator_.AllCollections()) {
      present[std::to_string(collection->id.value())] = {collection->database_name,
                                                         collection->schema.name};
      ++totals.collections_by_database[collection->database_name];
      totals.partitions += static_cast<int64_t>(collection->partitions.size());
      SetStored(*collection, totals);
      if (collection->load.loaded) SetLoaded(*collection, totals);
    }
    for (const auto& [id, name] : shown_) {
      const auto it = present.find(id);
      if (it == present.end()) {
        Forget({{"collection_id", id}});
        snapshots_.erase(id);
      }
      if (it == present.end() || it->second != name) {
        Forget({{"db_name", name.first}, {"collection_name", name.second}});
      }
    }
    if (disk_ != nullptr) CountDiskCache(present);
    shown_ = std::move(present);
    SetTotals(totals);
    SetGarbage();
  }

 private:
  void Set(const MetricFamily& family, MetricRegistry::Labels labels, int64_t value) {
    metrics_.GetGauge(family, labels)->Set(static_cast<double>(value));
  }

  using Label = std::pair<std::string_view, std::string_view>;
  void Forget(const std::vector<Label>& labels) { metrics_.RemoveSeries(labels); }

  void SetStored(const meta::Collection& collection, Totals& totals) {
    const std::string id = std::to_string(collection.id.value());
    int64_t rows = 0, bytes = 0, index_bytes = 0, growing_rows = 0;
    for (const meta::SegmentPtr& segment : coordinator_.Segments(collection.id)) {
      rows += segment->num_rows;
      bytes += segment->bytes();
      for (const meta::SegmentIndex& index : segment->indexes) index_bytes += index.bytes;
      ++totals.flushed_segments;
    }
    for (const roles::GrowingSummary& growing : data_node_.GrowingSegments(collection.id)) {
      growing_rows += growing.num_rows;
      ++totals.growing_segments;
    }
    const std::string& database = collection.database_name;
    const std::string& name = collection.schema.name;
    Set(metric::kDataCoordRows, {database, id, name, "Flushed"}, rows);
    Set(metric::kDataCoordRows, {database, id, name, "Growing"}, growing_rows);
    Set(metric::kDataCoordBytes, {database, id, "Flushed"}, bytes);
    Set(metric::kDataCoordIndexBytes, {database, name, id}, index_bytes);
    int64_t deletes = 0;
    for (const meta::Delta& delta : coordinator_.Deltas(collection.id)) deletes += delta.num_rows;
    Set(metric::kDataCoordDeletes, {database, id}, deletes);
    SetPins(collection);
  }

  // Of the snapshots that there are: those of others are forgotten.
  void SetPins(const meta::Collection& collection) {
    const std::string id = std::to_string(collection.id.value());
    const auto listed =
        coordinator_.ListSnapshots(collection.database_name, collection.schema.name);
    std::set<std::string> names;
    const uint64_t now_ms = SystemClock().WallMs();
    if (listed.ok()) {
      for (const meta::SnapshotPtr& snapshot : *listed) {
        names.insert(snapshot->name);
        Set(metric::kSnapshotPins, {id, snapshot->name},
            std::count_if(snapshot->pins.begin(), snapshot->pins.end(),
                          [&](const meta::SnapshotPin& pin) { return pin.until_ms > now_ms; }));
      }
    }
    std::set<std::string>& before = snapshots_[id];
    for (const std::string& gone : before) {
      if (!names.contains(gone)) Forget({{"collection_id", id}, {"snapshot_name", gone}});
    }
    before = std::move(names);
  }

  // By database: that of the collection, also of one that is gone since the last scrape.
  void CountDiskCache(const std::map<std::string, Name>& present) {
    Set(metric::kQueryDiskUsed, {}, static_cast<int64_t>(disk_->used_bytes() >> 20));
    for (const auto& [owner, now] : disk_->traffic()) {
      const std::string id = std::to_string(owner);
      const auto known = present.find(id);
      const auto before = shown_.find(id);
      if (known == present.end() && before == shown_.end()) continue;
      const std::string& database = (known != present.end() ? known : before)->second.first;
      cache::CacheManager::Traffic& counted = counted_[owner];
      metrics_.GetCounter(metric::kQueryDiskCacheLoaded, {database, proxy::kDefaultResourceGroup})
          ->Add(now.loaded_bytes - counted.loaded_bytes);
      metrics_.GetCounter(metric::kQueryDiskCacheEvicted, {database, proxy::kDefaultResourceGroup})
          ->Add(now.evicted_bytes - counted.evicted_bytes);
      counted = now;
    }
  }

  void SetLoaded(const meta::Collection& collection, Totals& totals) {
    const std::string id = std::to_string(collection.id.value());
    int64_t rows[2] = {0, 0}, segments[2] = {0, 0}, bytes[2] = {0, 0};
    for (const roles::QuerySegment& segment : query_node_.LoadedSegments(collection.id)) {
      rows[segment.growing ? 1 : 0] += segment.num_rows;
      ++segments[segment.growing ? 1 : 0];
      bytes[segment.growing ? 1 : 0] += segment.memory_bytes;
    }
    const char* const states[2] = {"Sealed", "Growing"};
    for (int i = 0; i < 2; ++i) {
      Set(metric::kQueryEntities, {collection.database_name, collection.schema.name, id, states[i]},
          rows[i]);
      Set(metric::kQuerySegments, {id, states[i], "L1"}, segments[i]);
      Set(metric::kQueryEntityBytes, {id, states[i]}, bytes[i]);
    }
    ++totals.loaded_collections;
    totals.loaded_partitions +=
        static_cast<int64_t>(collection.load.all_partitions ? collection.partitions.size()
                                                            : collection.load.partitions.size());
  }

  // Counters only grow: what happened since the last scrape is added.
  void Count(const MetricFamily& family, MetricRegistry::Labels labels, int64_t value) {
    const std::shared_ptr<Counter> counter = metrics_.GetCounter(family, labels);
    const auto now = static_cast<uint64_t>(value);
    if (now > counter->Value()) counter->Add(now - counter->Value());
  }

  void SetGarbage() {
    const coord::GarbageStatistics garbage = coordinator_.garbage_statistics();
    Count(metric::kGarbageRounds, {}, garbage.num_rounds);
    Count(metric::kGarbageRemoved, {"removed"}, garbage.num_removed);
    Count(metric::kGarbageRemoved, {"failed"}, garbage.num_failed);
    Set(metric::kGarbageWaiting, {}, garbage.num_waiting);
  }

  void SetTotals(const Totals& totals) {
    for (const auto& [database, collections] : totals.collections_by_database) {
      Set(metric::kRootCollections, {database}, collections);
    }
    Set(metric::kRootDatabases, {}, static_cast<int64_t>(totals.collections_by_database.size()));
    Set(metric::kRootPartitions, {}, totals.partitions);
    Set(metric::kRootProxies, {}, 1);
    Set(metric::kQueryCoordNodes, {}, 1);
    Set(metric::kDataCoordNodes, {}, 1);
    Set(metric::kQueryCoordCollections, {}, totals.loaded_collections);
    Set(metric::kQueryCoordPartitions, {}, totals.loaded_partitions);
    Set(metric::kQueryCollections, {}, totals.loaded_collections);
    Set(metric::kQueryPartitions, {}, totals.loaded_partitions);
    Set(metric::kDataCoordSegments, {"Flushed", "L1", "true", "1"}, totals.flushed_segments);
    Set(metric::kDataCoordSegments, {"Growing", "L1", "false", "1"}, totals.growing_segments);
  }

  MetricRegistry& metrics_;
  coord::Coordinator& coordinator_;
  roles::DataNode& data_node_;
  roles::QueryNode& query_node_;
  const cache::CacheManager* const disk_;
  std::mutex mutex_;  // Of all below; held over a scrape.
  bool detached_ = false;
  std::map<std::string, std::set<std::string>> snapshots_;   // Names, by collection id, as text.
  std::map<int64_t, cache::CacheManager::Traffic> counted_;  // By collection.
  std::map<std::string, Name> shown_;                        // By collection id, as text.
};

RoleGauges::RoleGauges(MetricRegistry& metrics, coord::Coordinator& coordinator,
                       roles::DataNode& data_node, roles::QueryNode& query_node,
                       const cache::CacheManager* disk)
    : source_(std::make_shared<Source>(metrics, coordinator, data_node, query_node, disk)) {
  metrics.AddRefresher([source = source_] { source->Refresh(); });
}

RoleGauges::~RoleGauges() {
  source_->Detach();
}

}  // namespace elanus::server
