#include "common/settings.h"

#include <arpa/inet.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <tuple>

#include "common/config.h"
#include "common/status.h"

namespace elanus {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLoopback = "127.0.0.1";

// Without the slash at the end that "/var/lib/milvus/data/" has.
fs::path Directory(const std::string& text) {
  fs::path path = fs::path(text).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

// A directory key of the reference: empty where it says nothing of its own, see
// ConfigurationPage().
fs::path OwnDirectory(const Config& config, std::string_view key, std::string_view usual) {
  const std::string text = config.Text(key);
  if (text.empty()) return {};
  const fs::path path = Directory(text);
  return config.IsGiven("elanus.dataDir") && path == usual ? fs::path() : path;
}

// A root path without slashes at its ends.
std::string ObjectPrefix(std::string prefix) {
  while (prefix.starts_with('/')) prefix.erase(0, 1);
  while (prefix.ends_with('/')) prefix.pop_back();
  return prefix;
}

Settings::Paths MakePaths(const Config& config) {
  const fs::path objects = OwnDirectory(config, "localStorage.path", "/var/lib/milvus/data");
  const fs::path log = OwnDirectory(config, "rocksmq.path", "/var/lib/milvus/rdb_data");
  fs::path data = Directory(config.Text("elanus.dataDir"));
  if (!config.IsGiven("elanus.dataDir") && !objects.empty() && objects.has_parent_path()) {
    data = objects.parent_path();
  }
  return {.data_dir = data.string(),
          .objects_dir = (objects.empty() ? data / "data" : objects).string(),
          .log_dir = (log.empty() ? data / "rdb_data" : log).string(),
          .catalog_dir = (data / "catalog").string(),
          .object_prefix = ObjectPrefix(config.Text("minio.rootPath"))};
}

absl::StatusOr<std::string> CheckAddress(const Config& config, std::string_view key) {
  std::string address = config.Text(key);
  if (address == "localhost") return std::string(kLoopback);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  in6_addr ignored;
  if (inet_pton(AF_INET, address.c_str(), &ignored) == 1 ||
      inet_pton(AF_INET6, address.c_str(), &ignored) == 1) {
    return address;
  }
  return UserError(ErrorCode::kParameterInvalid,
                   "{}: {} = \"{}\" is refused: expected an IPv4 or IPv6 address",
                   config.SourceOf(key), key, address);
}

absl::StatusOr<Settings::Network> MakeNetwork(const Config& config) {
  Settings::Network network;
  const std::string address = config.Text("proxy.ip");
  network.address_given = !address.empty() && address != "auto";
  if (network.address_given) {
    ELANUS_ASSIGN_OR_RETURN(network.address, CheckAddress(config, "proxy.ip"));
  }
  network.http_address = network.address;
  if (!config.Text("elanus.metrics.address").empty()) {
    ELANUS_ASSIGN_OR_RETURN(network.http_address, CheckAddress(config, "elanus.metrics.address"));
  }
  network.port = static_cast<int>(config.Int("proxy.port"));
  network.http_port = static_cast<int>(config.Int("elanus.metrics.port"));
  if (network.port == network.http_port && network.port != 0) {
    return UserError(
        ErrorCode::kParameterInvalid,
        "proxy.port ({}) and elanus.metrics.port ({}) are both {}: give them two ports",
        config.SourceOf("proxy.port"), config.SourceOf("elanus.metrics.port"), network.port);
  }
  network.receive_bytes_max = config.Bytes("proxy.grpc.serverMaxRecvSize");
  network.send_bytes_max = config.Bytes("proxy.grpc.serverMaxSendSize");
  return network;
}

Settings::Log MakeLog(const Config& config) {
  return {.sync = config.Text("elanus.walSyncMode") == "none" ? Settings::WalSync::kNone
                                                              : Settings::WalSync::kFsync,
          .file_bytes_max = config.Bytes("elanus.logMaxBytes"),
          .physical_channels = static_cast<int>(config.Int("rootCoord.dmlChannelNum")),
          .channel_prefix = config.Text("msgChannel.chanNamePrefix.cluster"),
          .dml_channel_name = config.Text("msgChannel.chanNamePrefix.rootCoordDml")};
}

Settings::Proxy MakeProxy(const Config& config) {
  return {
      .name_length_max = config.Int("proxy.maxNameLength"),
      .name_extra_characters = config.Text("proxy.nameValidation.allowedChars"),
      .role_name_extra_characters = config.Text("proxy.roleNameValidation.allowedChars"),
      .fields_max = config.Int("proxy.maxFieldNum"),
      .vector_fields_max = config.Int("proxy.maxVectorFieldNum"),
      .shards_max = config.Int("proxy.maxShardNum"),
      .dimension_max = config.Int("proxy.maxDimension"),
      .varchar_bytes_max = config.Int("proxy.maxVarCharLength"),
      .text_bytes_max = config.Int("proxy.maxTextLength"),
      .tasks_max = config.Int("proxy.maxTaskNum"),
      .ddl_concurrency = static_cast<int>(config.Int("proxy.ddlConcurrency")),
      .dcl_concurrency = static_cast<int>(config.Int("proxy.dclConcurrency")),
      .result_entries_max = config.Int("proxy.maxResultEntries"),
      .must_use_partition_key = config.Bool("proxy.mustUsePartitionKey"),
      .connections_max = config.Int("proxy.maxConnectionNum"),
      .connection_check_interval_ms = config.DurationMs("proxy.connectionCheckIntervalSeconds"),
      .connection_info_ttl_ms = config.DurationMs("proxy.connectionClientInfoTTLSeconds"),
      .slow_query_ms = config.DurationMs("proxy.slowQuerySpanInSeconds"),
      .partial_result_ratio = config.Float("proxy.partialResultRequiredDataRatio"),
      .graceful_stop_timeout_ms = config.DurationMs("proxy.gracefulStopTimeout"),
      .index_params_bytes_max = config.Bytes("proxy.maxIndexParamsSize"),
      .array_capacity_max = config.Int("proxy.maxArrayCapacity"),
      .collection_description_bytes_max = config.Int("proxy.maxCollectionDescriptionLength"),
      .users_max = config.Int("proxy.maxUserNum"),
      .roles_max = config.Int("proxy.maxRoleNum"),
      .username_length_max = config.Int("proxy.maxUsernameLength"),
      .password_length_max = config.Int("proxy.maxPasswordLength"),
  };
}

Settings::Limits MakeLimits(const Config& config) {
  Settings::Limits limits = {
      .topk_max = config.Int("quotaAndLimits.limits.topK"),
      .nq_max = config.Int("quotaAndLimits.limits.nq"),
      .query_result_window_max = config.Int("quotaAndLimits.limits.maxQueryResultWindow"),
      .large_topk_max = config.Int("quotaAndLimits.limits.largeTopK"),
      .large_query_result_window_max =
          config.Int("quotaAndLimits.limits.largeMaxQueryResultWindow"),
      .output_bytes_max = config.Bytes("quotaAndLimits.limits.maxOutputSize"),
      .insert_bytes_max = config.Bytes("quotaAndLimits.limits.maxInsertSize"),
      .group_size_max = config.Int("quotaAndLimits.limits.maxGroupSize"),
      .collections_max = config.Int("quotaAndLimits.limits.maxCollectionNum"),
      .collections_per_database_max = config.Int("quotaAndLimits.limits.maxCollectionNumPerDB"),
  };
  if (config.Bool("quotaAndLimits.enabled") && config.Bool("quotaAndLimits.flushRate.enabled")) {
    limits.flushes_per_second = config.Float("quotaAndLimits.flushRate.max");
    limits.collection_flushes_per_second = config.Float("quotaAndLimits.flushRate.collection.max");
  }
  return limits;
}

Settings::Segment MakeSegment(const Config& config) {
  return {
      .bytes_max = config.Bytes("dataCoord.segment.maxSize"),
      .seal_proportion = config.Float("dataCoord.segment.sealProportion"),
      .seal_proportion_jitter = config.Float("dataCoord.segment.sealProportionJitter"),
      .life_max_ms = config.DurationMs("dataCoord.segment.maxLife"),
      .idle_max_ms = config.DurationMs("dataCoord.segment.maxIdleTime"),
      .idle_seal_bytes_min = config.Bytes("dataCoord.segment.minSizeFromIdleToSealed"),
      .chunk_bytes = config.Bytes("dataNode.segment.insertBufSize"),
      .index_rows_min = config.Int("indexCoord.segment.minSegmentNumRowsToEnableIndex"),
      .index_build_parallel = static_cast<int>(config.Int("indexNode.scheduler.buildParallel")),
  };
}

Settings::JsonShredding MakeJsonShredding(const Config& config) {
  return {
      .enabled = config.Bool("common.enabledJSONShredding"),
      .read = config.Bool("common.usingJSONShreddingForQuery"),
      .columns_max = config.Int("dataCoord.jsonShreddingMaxColumns"),
      .share_min = config.Float("dataCoord.jsonShreddingRatioThreshold"),
  };
}

Settings::Compaction MakeCompaction(const Config& config) {
  return {
      .enabled = config.Bool("dataCoord.enableCompaction"),
      .automatic = config.Bool("dataCoord.compaction.enableAutoCompaction"),
      .small_share = config.Float("dataCoord.segment.smallProportion"),
      .compactable_share = config.Float("dataCoord.segment.compactableProportion"),
      .expansion = config.Float("dataCoord.segment.expansionRate"),
      .deleted_share = config.Float("dataCoord.compaction.single.ratio.threshold"),
      .expired_bytes_max = config.Bytes("dataCoord.compaction.single.expiredlog.maxsize"),
      .expiry_tolerance_ms =
          std::max<int64_t>(config.DurationMs("dataCoord.compaction.expiry.tolerance"), -1),
      // Below a second it would round to 0: none as well.
      .default_ttl_s = config.DurationMs("common.entityExpiration") > 0
                           ? config.DurationMs("common.entityExpiration") / 1000
                           : -1,
      .interval_ms = config.DurationMs("dataCoord.compaction.mix.triggerInterval"),
      .deltalog_bytes_max = config.Bytes("dataCoord.compaction.single.deltalog.maxsize"),
      .deltalog_files_max = config.Int("dataCoord.compaction.single.deltalog.maxnum"),
      .partition_key_clusters = config.Bool("common.usePartitionKeyAsClusteringKey"),
      .clustering =
          {
              .enabled = config.Bool("dataCoord.compaction.clustering.enable"),
              .automatic = config.Bool("dataCoord.compaction.clustering.autoEnable"),
              .look_ms = config.DurationMs("dataCoord.compaction.clustering.triggerInterval"),
              .interval_min_ms = config.DurationMs("dataCoord.compaction.clustering.minInterval"),
              .interval_max_ms = config.DurationMs("dataCoord.compaction.clustering.maxInterval"),
              .new_bytes_min = config.Bytes("dataCoord.compaction.clustering.newDataSizeThreshold"),
          },
  };
}

Settings::Garbage MakeGarbage(const Config& config) {
  return {
      .enabled = config.Bool("dataCoord.enableGarbageCollection"),
      .interval_ms = config.DurationMs("dataCoord.gc.interval"),
      .missing_tolerance_ms = config.DurationMs("dataCoord.gc.missingTolerance"),
      .drop_tolerance_ms = config.DurationMs("dataCoord.gc.dropTolerance"),
      .scan_interval_ms = config.DurationMs("dataCoord.gc.scanInterval"),
  };
}

absl::StatusOr<Settings::AutoIndex> MakeAutoIndex(const Config& config) {
  Settings::AutoIndex auto_index;
  auto_index.override_explicit = config.Bool("autoIndex.enable");
  auto_index.deduplicate = config.Bool("autoIndex.params.deduplicate.enable");
  auto_index.override_scalar = config.Bool("scalarAutoIndex.enable");
  auto_index.bitmap_cardinality_limit = config.Int("scalarAutoIndex.params.bitmapCardinalityLimit");
  const std::pair<std::string_view, std::string*> builds[] = {
      {"autoIndex.params.build", &auto_index.float_build},
      {"autoIndex.params.int8.build", &auto_index.int8_build},
      {"autoIndex.params.binary.build", &auto_index.binary_build},
      {"autoIndex.params.sparse.build", &auto_index.sparse_build},
      {"autoIndex.params.largeTopK.build", &auto_index.large_topk_build},
      {"autoIndex.params.deduplicate.build", &auto_index.deduplicate_build},
      {"scalarAutoIndex.params.build", &auto_index.scalar_build},
  };
  for (const auto& [key, build] : builds) {
    *build = config.Text(key);
    if (!build->empty() && (build->front() != '{' || build->back() != '}')) {
      return UserError(ErrorCode::kParameterInvalid,
                       "{}: {} = \"{}\" is refused: expected a JSON object", config.SourceOf(key),
                       key, *build);
    }
  }
  return auto_index;
}

Settings::DiskIndex MakeDiskIndex(const Config& config) {
  return {.max_degree = config.Int("common.DiskIndex.MaxDegree"),
          .search_list_size = config.Int("common.DiskIndex.SearchListSize"),
          .code_ratio = config.Float("common.DiskIndex.PQCodeBudgetGBRatio"),
          .cache_ratio = config.Float("common.DiskIndex.SearchCacheBudgetGBRatio")};
}

Settings::Logging MakeLogging(const Config& config) {
  const int64_t backups = config.Int("log.file.maxBackups");
  return {.level = config.Text("log.level"),
          .json = config.Text("log.format") == "json",
          .directory = config.Text("log.file.rootPath"),
          .file_bytes_max = config.Bytes("log.file.maxSize"),
          .age_max_ms = config.DurationMs("log.file.maxAge"),
          .files_max = backups == 0 ? 10000 : static_cast<int>(backups),
          .also_stderr = config.Bool("log.stdout")};
}

Settings::Tiers::Warmup WarmupOf(const Config& config, std::string_view what) {
  using Warmup = Settings::Tiers::Warmup;
  const std::string value =
      config.Text(fmt::format("queryNode.segcore.tieredStorage.warmup.{}", what));
  if (value == "async") return Warmup::kAsync;
  return value == "sync" ? Warmup::kSync : Warmup::kDisable;
}

absl::StatusOr<Settings::Tiers> MakeTiers(const Config& config) {
  const auto key = [](std::string_view name) {
    return fmt::format("queryNode.segcore.tieredStorage.{}", name);
  };
  Settings::Tiers tiers = {.scalar_field = WarmupOf(config, "scalarField"),
                           .scalar_index = WarmupOf(config, "scalarIndex"),
                           .vector_field = WarmupOf(config, "vectorField"),
                           .vector_index = WarmupOf(config, "vectorIndex"),
                           .evicts = config.Bool(key("evictionEnabled")),
                           .evicts_behind = config.Bool(key("backgroundEvictionEnabled")),
                           .memory_low = config.Float(key("memoryLowWatermarkRatio")),
                           .memory_high = config.Float(key("memoryHighWatermarkRatio")),
                           .disk_low = config.Float(key("diskLowWatermarkRatio")),
                           .disk_high = config.Float(key("diskHighWatermarkRatio")),
                           .memory_bytes = config.Bytes("elanus.cache.memory"),
                           .disk_bytes = config.Bytes("elanus.cache.disk"),
                           .ttl_ms = config.DurationMs(key("cacheTtl")),
                           .touch_window_ms = config.DurationMs(key("cacheTouchWindowMs")),
                           .wait_ms = config.Int(key("loadingTimeoutMs")),
                           .map_vectors = config.Bool("queryNode.mmap.vectorField")};
  for (const auto& [low, high, name] : {std::tuple{tiers.memory_low, tiers.memory_high, "memory"},
                                        std::tuple{tiers.disk_low, tiers.disk_high, "disk"}}) {
    if (low > high) {
      return UserError(ErrorCode::kParameterInvalid, "{} ({}) must not be above {} ({})",
                       key(fmt::format("{}LowWatermarkRatio", name)), low,
                       key(fmt::format("{}HighWatermarkRatio", name)), high);
    }
  }
  return tiers;
}

}  // namespace

Settings::AutoIndex::AutoIndex()
    : float_build(R"({"M":18,"efConstruction":240,"index_type":"HNSW","metric_type":"COSINE"})"),
      int8_build(float_build),
      binary_build(R"({"index_type":"BIN_FLAT","metric_type":"HAMMING"})"),
      sparse_build(R"({"index_type":"SPARSE_INVERTED_INDEX","metric_type":"IP"})"),
      large_topk_build(R"({"index_type":"IVF_SQ8","metric_type":"COSINE","nlist":128})"),
      deduplicate_build(R"({"index_type":"MINHASH_LSH","metric_type":"MHJACCARD"})") {}

absl::StatusOr<Settings> MakeSettings(const Config& config) {
  Settings settings;
  settings.paths = MakePaths(config);
  ELANUS_ASSIGN_OR_RETURN(settings.network, MakeNetwork(config));
  settings.resources = {.memory_limit_bytes = config.Bytes("elanus.memoryLimit"),
                        .cpu_threads = static_cast<int>(config.Int("elanus.cpuThreads")),
                        .simd_type = config.Text("common.simdType")};
  settings.log = MakeLog(config);
  settings.proxy = MakeProxy(config);
  settings.limits = MakeLimits(config);
  settings.catalog = {.partitions_max = config.Int("rootCoord.maxPartitionNum"),
                      .databases_max = config.Int("rootCoord.maxDatabaseNum"),
                      .general_capacity_max = config.Int("rootCoord.maxGeneralCapacity"),
                      .default_partition_name = config.Text("common.defaultPartitionName")};
  settings.segment = MakeSegment(config);
  settings.json_shredding = MakeJsonShredding(config);
  settings.compress_vectors = config.Bool("elanus.storage.compressVectors");
  settings.prunes_segments = config.Bool("queryNode.enableSegmentPrune");
  settings.compaction = MakeCompaction(config);
  settings.garbage = MakeGarbage(config);
  settings.snapshot.protection_max_s =
      config.Int("dataCoord.snapshot.maxCompactionProtectionSeconds");
  const std::string export_dir = config.Text("elanus.snapshot.exportPath");
  settings.snapshot.export_dir =
      export_dir.empty() ? settings.paths.objects_dir + "/exports" : export_dir;
  settings.delta_merges = {
      .files_min = config.Int("dataCoord.compaction.levelzero.forceTrigger.deltalogMinNum"),
      .files_max = config.Int("dataCoord.compaction.levelzero.forceTrigger.deltalogMaxNum"),
      .bytes_min = config.Bytes("dataCoord.compaction.levelzero.forceTrigger.minSize"),
      .bytes_max = config.Bytes("dataCoord.compaction.levelzero.forceTrigger.maxSize"),
  };
  settings.read = {
      .graceful_time_ms = config.DurationMs("common.gracefulTime"),
      .queue_max = config.Int("queryNode.scheduler.unsolvedQueueSize"),
      .tells_bytes = config.Bool("queryNode.segcore.tieredStorage.storageUsageTrackingEnabled")};
  settings.build = {.thread_ratio = config.Float("common.buildIndexThreadPoolRatio"),
                    .nice = static_cast<int>(config.Int("elanus.indexBuild.nice")),
                    .memory_bytes = config.Bytes("elanus.indexBuild.memory"),
                    .hold_small_ms = config.DurationMs("elanus.indexBuild.holdSmall")};
  settings.interim = {.enabled = config.Bool("queryNode.segcore.interimIndex.enableIndex"),
                      .build_ratio = config.Float("queryNode.segcore.interimIndex.indexBuildRatio"),
                      .refine_ratio = config.Float("queryNode.segcore.interimIndex.refineRatio")};
  ELANUS_ASSIGN_OR_RETURN(settings.tiers, MakeTiers(config));
  ELANUS_ASSIGN_OR_RETURN(settings.auto_index, MakeAutoIndex(config));
  settings.disk_index = MakeDiskIndex(config);
  settings.logging = MakeLogging(config);
  return settings;
}

}  // namespace elanus
