#include "server/gauges.h"

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/metric_families.h"

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
         roles::QueryNode& query_node)
      : metrics_(metrics),
        coordinator_(coordinator),
        data_node_(data_node),
        query_node_(query_node) {}

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
      if (it == present.end()) Forget({{"collection_id", id}});
      if (it == present.end() || it->second != name) {
        Forget({{"db_name", name.first}, {"collection_name", name.second}});
      }
    }
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
  }

  void SetLoaded(const meta::Collection& collection, Totals& totals) {
    const std::string id = std::to_string(collection.id.value());
    int64_t rows[2] = {0, 0}, segments[2] = {0, 0};
    for (const roles::QuerySegment& segment : query_node_.LoadedSegments(collection.id)) {
      rows[segment.growing ? 1 : 0] += segment.num_rows;
      ++segments[segment.growing ? 1 : 0];
    }
    const char* const states[2] = {"Sealed", "Growing"};
    for (int i = 0; i < 2; ++i) {
      Set(metric::kQueryEntities, {collection.database_name, collection.schema.name, id, states[i]},
          rows[i]);
      Set(metric::kQuerySegments, {id, states[i], "L1"}, segments[i]);
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
  std::mutex mutex_;  // Of all below; held over a scrape.
  bool detached_ = false;
  std::map<std::string, Name> shown_;  // By collection id, as text.
};

RoleGauges::RoleGauges(MetricRegistry& metrics, coord::Coordinator& coordinator,
                       roles::DataNode& data_node, roles::QueryNode& query_node)
    : source_(std::make_shared<Source>(metrics, coordinator, data_node, query_node)) {
  metrics.AddRefresher([source = source_] { source->Refresh(); });
}

RoleGauges::~RoleGauges() {
  source_->Detach();
}

}  // namespace elanus::server
