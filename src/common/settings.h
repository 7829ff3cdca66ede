// What the server was told, as plain values: read once from the configuration and handed down.
//
// Each field repeats the default of its key in config_keys.cc (a test compares all of them), so a
// test or a benchmark may simply write `Settings settings;`. Fields are grouped by who reads them.
// Fields of hot keys are marked; SettingsHolder hands out the current ones after a reload.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace elanus {

class Config;

struct Settings {
  struct Paths {
    std::string data_dir = "elanus-data";             // elanus.dataDir
    std::string objects_dir = "elanus-data/data";     // localStorage.path, else below data_dir
    std::string log_dir = "elanus-data/rdb_data";     // rocksmq.path, else below data_dir
    std::string catalog_dir = "elanus-data/catalog";  // always below data_dir
    std::string object_prefix = "files";              // minio.rootPath
    bool operator==(const Paths&) const = default;
  } paths;

  struct Network {
    std::string address = "127.0.0.1";       // proxy.ip, or loopback when nobody gave one
    bool address_given = false;              // By flag, file or environment.
    int port = 19530;                        // proxy.port (gRPC, later REST too)
    std::string http_address = "127.0.0.1";  // elanus.metrics.address, else as `address`
    int http_port = 9091;                    // elanus.metrics.port, METRICS_PORT
    int64_t receive_bytes_max = 64 << 20;    // proxy.grpc.serverMaxRecvSize
    int64_t send_bytes_max = 256 << 20;      // proxy.grpc.serverMaxSendSize
    bool operator==(const Network&) const = default;
  } network;

  struct Security {
    bool authorization = false;  // common.security.authorizationEnabled
    bool operator==(const Security&) const = default;
  } security;

  // Whole-process resources.
  struct Resources {
    int64_t memory_limit_bytes = 0;  // elanus.memoryLimit; 0: the machine's or cgroup's own limit.
    int cpu_threads = 0;             // elanus.cpuThreads; 0: the cores the process may use.
    std::string simd_type = "auto";  // common.simdType
    bool operator==(const Resources&) const = default;
  } resources;

  enum class WalSync { kFsync, kNone };
  struct Log {
    WalSync sync = WalSync::kFsync;                  // elanus.walSyncMode
    int64_t file_bytes_max = 64 << 20;               // elanus.logMaxBytes
    int physical_channels = 16;                      // rootCoord.dmlChannelNum
    std::string channel_prefix = "by-dev";           // msgChannel.chanNamePrefix.cluster
    std::string dml_channel_name = "rootcoord-dml";  // msgChannel.chanNamePrefix.rootCoordDml
    bool operator==(const Log&) const = default;
  } log;

  // Limits checked in the proxy. All hot.
  struct Proxy {
    int64_t name_length_max = 255;
    std::string name_extra_characters = "$";
    std::string role_name_extra_characters = "$";
    int64_t fields_max = 64;
    int64_t vector_fields_max = 10;
    int64_t shards_max = 16;
    int64_t dimension_max = 32768;  // Float; binary vectors 8 times that.
    int64_t varchar_bytes_max = 65535;
    int64_t text_bytes_max = 2097152;
    int64_t tasks_max = 1024;
    int ddl_concurrency = 16;         // Not hot.
    int dcl_concurrency = 16;         // Not hot.
    int64_t result_entries_max = -1;  // nq x topk x group size; -1: no limit.
    bool must_use_partition_key = false;
    int64_t connections_max = 10000;  // Entries of the client registry.
    int64_t connection_check_interval_ms = 120'000;
    int64_t connection_info_ttl_ms = 86'400'000;
    int64_t slow_query_ms = 1000;
    double partial_result_ratio = 1.0;
    int64_t graceful_stop_timeout_ms = 30'000;
    int64_t index_params_bytes_max = 102400;
    int64_t array_capacity_max = 4096;
    int64_t collection_description_bytes_max = 1024;
    int64_t users_max = 100;
    int64_t roles_max = 10;
    int64_t username_length_max = 32;
    int64_t password_length_max = 72;
    bool operator==(const Proxy&) const = default;
  } proxy;

  // quotaAndLimits.limits.* and the flush rate. All hot.
  struct Limits {
    int64_t topk_max = 16384;
    int64_t nq_max = 16384;
    int64_t query_result_window_max = 16384;
    int64_t large_topk_max = 1'000'000;
    int64_t large_query_result_window_max = 1'000'000;
    int64_t output_bytes_max = 104857600;
    int64_t insert_bytes_max = -1;
    int64_t group_size_max = 10;
    int64_t collections_max = 65536;
    int64_t collections_per_database_max = 65536;
    // Flushes a second; negative: unlimited. The reference limits a collection to 0.1 by default;
    // here a flush is cheap and nothing is limited unless quotaAndLimits.flushRate says so.
    double flushes_per_second = -1;
    double collection_flushes_per_second = -1;
    bool operator==(const Limits&) const = default;
  } limits;

  struct Catalog {
    int64_t partitions_max = 1024;         // rootCoord.maxPartitionNum, a collection (hot)
    int64_t databases_max = 64;            // rootCoord.maxDatabaseNum (hot)
    int64_t general_capacity_max = 65536;  // rootCoord.maxGeneralCapacity (hot)
    std::string default_partition_name = "_default";
    bool operator==(const Catalog&) const = default;
  } catalog;

  // When a growing segment is sealed, and how large it becomes. All hot.
  struct Segment {
    int64_t bytes_max = int64_t{1024} << 20;  // dataCoord.segment.maxSize
    double seal_proportion = 0.12;
    double seal_proportion_jitter = 0.1;
    int64_t life_max_ms = 86'400'000;
    int64_t idle_max_ms = 600'000;
    int64_t idle_seal_bytes_min = 16 << 20;
    int64_t chunk_bytes = 16 << 20;  // dataNode.segment.insertBufSize
    int64_t index_rows_min = 1024;   // indexCoord.segment.minSegmentNumRowsToEnableIndex
    int index_build_parallel = 1;    // indexNode.scheduler.buildParallel
    bool operator==(const Segment&) const = default;
  } segment;

  // Frequent paths of JSON fields as columns of their own. All hot.
  struct JsonShredding {
    bool enabled = true;         // common.enabledJSONShredding
    bool read = true;            // common.usingJSONShreddingForQuery
    int64_t columns_max = 1024;  // dataCoord.jsonShreddingMaxColumns
    double share_min = 0.3;      // dataCoord.jsonShreddingRatioThreshold
    bool operator==(const JsonShredding&) const = default;
  } json_shredding;
  bool compress_vectors = false;  // elanus.storage.compressVectors. Hot.

  // Merging of segments, and what it leaves out. All hot but default_ttl_s.
  struct Compaction {
    bool enabled = true;                   // dataCoord.enableCompaction
    bool automatic = true;                 // dataCoord.compaction.enableAutoCompaction
    double small_share = 0.5;              // dataCoord.segment.smallProportion
    double compactable_share = 0.85;       // dataCoord.segment.compactableProportion
    double expansion = 1.25;               // dataCoord.segment.expansionRate
    double deleted_share = 0.2;            // dataCoord.compaction.single.ratio.threshold
    int64_t expired_bytes_max = 10 << 20;  // dataCoord.compaction.single.expiredlog.maxsize
    int64_t expiry_tolerance_ms = -1;      // dataCoord.compaction.expiry.tolerance; negative: never
    int64_t default_ttl_s = -1;            // common.entityExpiration; below 1: none
    int64_t interval_ms = 60'000;          // dataCoord.compaction.mix.triggerInterval
    int64_t deltalog_bytes_max = 16 << 20;  // dataCoord.compaction.single.deltalog.maxsize
    int64_t deltalog_files_max = 200;       // dataCoord.compaction.single.deltalog.maxnum
    bool partition_key_clusters = false;    // common.usePartitionKeyAsClusteringKey
    struct Clustering {                     // dataCoord.compaction.clustering.*
      bool enabled = true;                  // enable
      bool automatic = false;               // autoEnable
      int64_t look_ms = 600'000;            // triggerInterval
      int64_t interval_min_ms = 3'600'000;
      int64_t interval_max_ms = 259'200'000;
      int64_t new_bytes_min = 512 << 20;  // newDataSizeThreshold
      bool operator==(const Clustering&) const = default;
    } clustering;
    bool operator==(const Compaction&) const = default;
  } compaction;

  // Removal of objects that nothing names. All hot.
  struct Garbage {
    bool enabled = true;                        // dataCoord.enableGarbageCollection
    int64_t interval_ms = 3'600'000;            // dataCoord.gc.interval
    int64_t missing_tolerance_ms = 86'400'000;  // dataCoord.gc.missingTolerance
    int64_t drop_tolerance_ms = 10'800'000;     // dataCoord.gc.dropTolerance
    int64_t scan_interval_ms = 604'800'000;     // dataCoord.gc.scanInterval
    bool operator==(const Garbage&) const = default;
  } garbage;

  struct Read {
    int64_t graceful_time_ms = 5000;  // common.gracefulTime: staleness allowed by Bounded (hot)
    int64_t queue_max = 1024;         // queryNode.scheduler.unsolvedQueueSize (hot)
    bool tells_bytes = false;  // queryNode.segcore.tieredStorage.storageUsageTracking... (hot)
    bool operator==(const Read&) const = default;
  } read;

  // What index builds may take of the machine.
  struct Build {
    double thread_ratio = 0.75;  // common.buildIndexThreadPoolRatio, of cpu_threads
    int nice = 10;               // elanus.indexBuild.nice
    int64_t memory_bytes = 0;    // elanus.indexBuild.memory; 0: half of what the server may use.
    int64_t hold_small_ms = 10'000;  // elanus.indexBuild.holdSmall
    bool operator==(const Build&) const = default;
  } build;

  // How rows are searched before their index is built: queryNode.segcore.interimIndex.*
  struct Interim {
    bool enabled = true;
    double build_ratio = 0.1;  // Of the size at which a growing segment is sealed.
    double refine_ratio = 4.5;
    bool operator==(const Interim&) const = default;
  } interim;

  // What of a remote store is kept here: queryNode.segcore.tieredStorage.*
  struct Tiers {
    enum class Warmup { kSync, kDisable, kAsync };
    Warmup scalar_field = Warmup::kSync;
    Warmup scalar_index = Warmup::kSync;
    Warmup vector_field = Warmup::kDisable;
    Warmup vector_index = Warmup::kSync;
    bool evicts = false;
    bool evicts_behind = false;
    double memory_low = 0.75;  // Of memory_limit_bytes.
    double memory_high = 0.8;
    double disk_low = 0.75;  // Of the file system below localStorage.path.
    double disk_high = 0.8;
    int64_t memory_bytes = 0;  // elanus.cache.memory; 0: by memory_high.
    int64_t disk_bytes = 0;    // elanus.cache.disk; 0: by disk_high.
    int64_t ttl_ms = 0;
    int64_t touch_window_ms = 3000;
    int64_t wait_ms = -1;     // For room; -1: as the cache likes.
    bool map_vectors = true;  // queryNode.mmap.vectorField
    bool operator==(const Tiers&) const = default;
  } tiers;

  bool prunes_segments = false;  // queryNode.enableSegmentPrune

  // What AUTOINDEX becomes, as JSON objects of index parameters. All hot.
  struct AutoIndex {
    bool override_explicit = false;  // autoIndex.enable
    std::string float_build;
    std::string int8_build;
    std::string binary_build;
    std::string sparse_build;
    std::string large_topk_build;
    std::string deduplicate_build;
    bool deduplicate = false;      // autoIndex.params.deduplicate.enable
    bool override_scalar = false;  // scalarAutoIndex.enable
    std::string scalar_build;      // An index type by data type.
    int64_t bitmap_cardinality_limit = 100;
    AutoIndex();  // The defaults are long; see settings.cc.
    bool operator==(const AutoIndex&) const = default;
  } auto_index;

  // Of DISKANN; common.DiskIndex.*. For indexes created from then on.
  struct DiskIndex {
    int64_t max_degree = 56;
    int64_t search_list_size = 100;
    double code_ratio = 0.125;
    double cache_ratio = 0.1;
    bool operator==(const DiskIndex&) const = default;
  } disk_index;

  struct Logging {
    std::string level = "info";  // Hot.
    bool json = false;           // log.format
    std::string directory;       // log.file.rootPath; empty: standard error only.
    int64_t file_bytes_max = int64_t{300} << 20;
    int64_t age_max_ms = int64_t{10} * 86'400'000;
    int files_max = 20;
    bool also_stderr = true;  // log.stdout
    bool operator==(const Logging&) const = default;
  } logging;

  struct Snapshots {
    int64_t protection_max_s = 604'800;  // dataCoord.snapshot.maxCompactionProtectionSeconds (hot)
    // elanus.snapshot.exportPath, else below objects_dir: with local storage.
    std::string export_dir = "elanus-data/data/exports";
    bool operator==(const Snapshots&) const = default;
  } snapshot;

  // Merges of files of deletes: dataCoord.compaction.levelzero.forceTrigger.* (hot)
  struct DeltaMerges {
    int64_t files_min = 10;
    int64_t files_max = 1000;
    int64_t bytes_min = 8 << 20;
    int64_t bytes_max = 64 << 20;
    bool operator==(const DeltaMerges&) const = default;
  } delta_merges;

  bool operator==(const Settings&) const = default;
};

// Fails where two values do not go together (a value alone was checked when it was read).
absl::StatusOr<Settings> MakeSettings(const Config& config);

// Hands the current settings to those who follow hot keys. Threads: any.
class SettingsHolder {
 public:
  explicit SettingsHolder(Settings settings)
      : current_(std::make_shared<const Settings>(std::move(settings))) {}

  std::shared_ptr<const Settings> Current() const {
    std::lock_guard lock(mutex_);
    return current_;
  }
  void Replace(Settings settings) {
    auto fresh = std::make_shared<const Settings>(std::move(settings));
    std::lock_guard lock(mutex_);
    current_ = std::move(fresh);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> current_;
};

}  // namespace elanus
