// One life of a process: all roles but the proxy, over a world.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/executor.h"
#include "coord/coordinator.h"
#include "datanode/local_data_node.h"
#include "engine/world.h"
#include "indexnode/local_index_node.h"
#include "log/log.h"
#include "querynode/local_query_node.h"
#include "segment/segment_set.h"
#include "segment/watermark.h"
#include "storage/object_store.h"

namespace elanus::engine {

inline constexpr char kCollection[] = "rows";
inline constexpr char kObjects[] = "data/objects";

struct EngineOptions {
  datanode::DataNodeOptions data_node;
  uint64_t log_file_bytes_max = 2000;
  int64_t index_rows_min = 4;
  int64_t deltas_min = 10;  // So many small files of deletes are merged.
  bool prunes_segments = false;
  int compute_threads = 0;  // 0: requests compute in their own threads, in one order.
};

// A log whose reports can be held back. Threads: any.
class GatedLog final : public log::Log {
 public:
  explicit GatedLog(std::unique_ptr<log::Log> log) : log_(std::move(log)) {}

  void Close() ABSL_LOCKS_EXCLUDED(mutex_);
  void Open() ABSL_LOCKS_EXCLUDED(mutex_);
  int num_waiting() const ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Status Replay(
      log::Position from,
      const std::function<absl::Status(log::Position, std::string_view)>& visit) override {
    return log_->Replay(from, visit);
  }
  void Append(std::string record, Done done) override ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status TruncateBelow(log::Position position) override {
    return log_->TruncateBelow(position);
  }
  log::LogStatistics statistics() const override { return log_->statistics(); }

 private:
  mutable absl::Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = true;
  std::vector<std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
  const std::unique_ptr<log::Log> log_;  // Last: its thread uses the members above.
};

class Engine {
 public:
  static absl::StatusOr<std::unique_ptr<Engine>> Open(World& world, const EngineOptions& options);
  ~Engine();

  // Waits until nothing goes on behind: flushes, compactions, index builds, loads, removals.
  void Settle();

  meta::CollectionPtr collection(const std::string& name = kCollection) {
    return *coordinator->GetCollection("", name);
  }

  World& world;
  Executor compute;
  Executor loading{{.name = "loading", .num_threads = 1}};
  Executor background{{.name = "flush", .num_threads = 1}};
  Executor builds{{.name = "build", .num_threads = 1}};
  Executor cleanup{{.name = "cleanup", .num_threads = 1}};
  Executor compactions{{.name = "compact", .num_threads = 1}};
  Executor build_work{{.name = "buildwork", .num_threads = 0}};
  std::unique_ptr<storage::ObjectStore> store;
  segment::SegmentRegistry registry;
  std::unique_ptr<coord::Coordinator> coordinator;
  std::unique_ptr<segment::Watermark> watermark;
  std::unique_ptr<datanode::LocalDataNode> data_node;
  std::unique_ptr<GatedLog> log;  // Its thread calls into the data node: goes first.
  std::unique_ptr<querynode::LocalQueryNode> query_node;
  std::unique_ptr<indexnode::LocalIndexNode> index_node;

 private:
  Engine(World& world_in, const EngineOptions& options)
      : world(world_in), compute({.name = "compute", .num_threads = options.compute_threads}) {}
};

// --- What tests ask of the engine ---

inline constexpr int kShards = 2;

// Makes kCollection: key (Int64, or VarChar with `text_keys`), number (Int64), vector (2 floats),
// with an index of that type on the vector.
void MakeCollection(Engine& engine, bool text_keys, const std::string& index_type);
absl::Status MakeIndex(Engine& engine, const std::string& index_type);

struct Row {
  int64_t key = 0;
  int64_t number = 0;  // The vector is (number, 0).
  friend auto operator<=>(const Row&, const Row&) = default;
};
struct PlacedRow {
  Row row;
  std::string partition;
  uint64_t inserted_ms = 0;
};
// How a key is written in the collection; in the order of the numbers.
std::string KeyText(int64_t key);

struct Write {
  std::vector<PlacedRow> inserts;
  std::vector<int64_t> deletes;
  std::string delete_partition;  // Empty: every partition.
};
absl::StatusOr<Timestamp> Apply(Engine& engine, const Write& write);

struct Read {
  std::string filter;
  std::vector<std::string> partitions;  // Empty: all that are loaded.
  std::optional<Timestamp> at;
  Timestamp guarantee;
  bool ignore_growing = false;
  std::string collection = kCollection;
};
absl::StatusOr<int64_t> Count(Engine& engine, const Read& read);
// One row a key, ascending by key.
absl::StatusOr<std::vector<Row>> Query(Engine& engine, const Read& read);
// What else a search can ask for.
struct SearchOptions {
  kernels::DistanceRange range;
  int64_t offset = 0;
  bool exact_ties = false;
};
// The k rows nearest to (x, 0), nearest first.
absl::StatusOr<std::vector<Row>> Search(Engine& engine, const Read& read, float x, int64_t k,
                                        const SearchOptions& options = {});

}  // namespace elanus::engine
