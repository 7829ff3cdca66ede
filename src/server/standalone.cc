#include "server/standalone.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "common/check.h"
#include "common/executor.h"
#include "common/logging.h"
#include "common/memory_limit.h"
#include "common/metric_families.h"
#include "common/version.h"
#include "coord/coordinator.h"
#include "datanode/local_data_node.h"
#include "indexnode/local_index_node.h"
#include "kernels/distance.h"
#include "log/log.h"
#include "meta/sqlite_meta_store.h"
#include "proxy/proxy_context.h"
#include "proxy/rpc_table.h"
#include "proxy/wire_status.h"
#include "querynode/local_query_node.h"
#include "segment/interim_index.h"
#include "segment/segment_set.h"
#include "segment/watermark.h"
#include "server/call_metrics.h"
#include "server/gauges.h"
#include "server/grpc_server.h"
#include "server/object_store.h"
#include "storage/file_system.h"
#include "storage/metered_object_store.h"
#include "storage/object_store.h"

namespace elanus::server {
namespace {

// Calls that wait for the disk or for one another; they hold a thread each while they do.
constexpr int kBlockingThreads = 64;
// How often growing segments are looked at for age and the log for its length.
constexpr auto kMaintenancePeriod = std::chrono::seconds(2);
// How often an object store that is down at the start is asked again.
constexpr auto kBucketPeriod = std::chrono::seconds(1);
// Uploads in parts that are older are nobody's any more.
constexpr int64_t kStaleUploadS = 24 * 3600;
constexpr std::string_view kObjectStore = "object store";

coord::Limits CatalogLimits(const Settings& settings) {
  coord::Limits limits;
  limits.shards_max = settings.proxy.shards_max;
  limits.partitions_max = settings.catalog.partitions_max;
  limits.databases_max = settings.catalog.databases_max;
  limits.collections_max = settings.limits.collections_max;
  limits.collections_per_database_max = settings.limits.collections_per_database_max;
  limits.general_capacity_max = settings.catalog.general_capacity_max;
  limits.index_params_bytes_max = settings.proxy.index_params_bytes_max;
  limits.schema.name_bytes_max = settings.proxy.name_length_max;
  limits.schema.fields_max = settings.proxy.fields_max;
  limits.schema.vector_fields_max = settings.proxy.vector_fields_max;
  limits.schema.dimension_max = settings.proxy.dimension_max;
  limits.schema.varchar_bytes_max = settings.proxy.varchar_bytes_max;
  limits.schema.array_capacity_max = settings.proxy.array_capacity_max;
  limits.schema.name_extra_characters = settings.proxy.name_extra_characters;
  limits.schema.description_bytes_max = settings.proxy.collection_description_bytes_max;
  limits.schema.must_use_partition_key = settings.proxy.must_use_partition_key;
  const Settings::AutoIndex& auto_index = settings.auto_index;
  limits.auto_index = {.override_explicit = auto_index.override_explicit,
                       .float_build = auto_index.float_build,
                       .int8_build = auto_index.int8_build,
                       .binary_build = auto_index.binary_build,
                       .sparse_build = auto_index.sparse_build,
                       .override_scalar = auto_index.override_scalar,
                       .scalar_build = auto_index.scalar_build,
                       .bitmap_cardinality_limit = auto_index.bitmap_cardinality_limit};
  const Settings::DiskIndex& disk = settings.disk_index;
  limits.auto_index.disk_build = {
      {"max_degree", std::to_string(disk.max_degree)},
      {"search_list_size", std::to_string(disk.search_list_size)},
      {"pq_code_budget_gb_ratio", fmt::format("{}", disk.code_ratio)},
      {"search_cache_budget_gb_ratio", fmt::format("{}", disk.cache_ratio)}};
  if (auto_index.override_explicit) {
    limits.auto_index_large_topk = auto_index.large_topk_build;
    if (auto_index.deduplicate) limits.auto_index.deduplicate_build = auto_index.deduplicate_build;
  }
  return limits;
}

coord::CompactionRules CompactionRulesOf(const Settings& settings) {
  coord::CompactionRules rules;
  rules.automatic = settings.compaction.enabled && settings.compaction.automatic;
  rules.segment_bytes_max = settings.segment.bytes_max;
  rules.small_share = settings.compaction.small_share;
  rules.compactable_share = settings.compaction.compactable_share;
  rules.expansion = settings.compaction.expansion;
  rules.deleted_share = settings.compaction.deleted_share;
  rules.deltalog_bytes_max = settings.compaction.deltalog_bytes_max;
  rules.deltalog_files_max = settings.compaction.deltalog_files_max;
  rules.expired_bytes_max = settings.compaction.expired_bytes_max;
  rules.expiry_tolerance_ms = settings.compaction.expiry_tolerance_ms;
  rules.hold_build_ms = static_cast<uint64_t>(settings.build.hold_small_ms);
  rules.interval_ms = static_cast<uint64_t>(settings.compaction.interval_ms);
  return rules;
}

coord::ClusteringRules ClusteringRulesOf(const Settings& settings) {
  const Settings::Compaction::Clustering& clustering = settings.compaction.clustering;
  return {.enabled = clustering.enabled,
          .automatic = clustering.automatic,
          .by_partition_key = settings.compaction.partition_key_clusters,
          .look_ms = static_cast<uint64_t>(clustering.look_ms),
          .interval_min_ms = static_cast<uint64_t>(clustering.interval_min_ms),
          .interval_max_ms = static_cast<uint64_t>(clustering.interval_max_ms),
          .new_bytes_min = clustering.new_bytes_min};
}

coord::DeltaMergeRules DeltaMergeRulesOf(const Settings& settings) {
  const Settings::DeltaMerges& merges = settings.delta_merges;
  return {.files_min = merges.files_min,
          .files_max = merges.files_max,
          .bytes_min = merges.bytes_min,
          .bytes_max = merges.bytes_max};
}

datanode::DataNodeOptions DataNodeOptionsOf(const Settings& settings) {
  datanode::DataNodeOptions options;
  options.growing_bytes_max = static_cast<int64_t>(static_cast<double>(settings.segment.bytes_max) *
                                                   settings.segment.seal_proportion);
  options.growing_age_ms_max = static_cast<uint64_t>(settings.segment.life_max_ms);
  options.growing_idle_ms_max = static_cast<uint64_t>(settings.segment.idle_max_ms);
  options.growing_idle_bytes_min = settings.segment.idle_seal_bytes_min;
  return options;
}

segment::WriteOptions WriteOptionsOf(const Settings& settings) {
  const Settings::JsonShredding& shredding = settings.json_shredding;
  segment::WriteOptions options;
  if (shredding.enabled) {
    options.shredding = expr::ShreddingLimits{shredding.columns_max, shredding.share_min};
  }
  options.compress_vectors = settings.compress_vectors;
  return options;
}

// The threads that run builds take part in their work, too.
int BuildHelpers(const Settings& settings, int cores) {
  const auto wanted = static_cast<int>(std::lround(cores * settings.build.thread_ratio));
  return std::max(wanted - std::max(settings.segment.index_build_parallel, 1), 0);
}

int64_t BuildMemory(const Settings& settings) {
  if (settings.build.memory_bytes > 0) return settings.build.memory_bytes;
  const int64_t limit = settings.resources.memory_limit_bytes;
  return (limit > 0 ? limit : AvailableMemory()) / 2;
}

segment::InterimIndexer::Options InterimOptionsOf(const Settings& settings) {
  const int64_t full = DataNodeOptionsOf(settings).growing_bytes_max;
  return {.enabled = settings.interim.enabled,
          .growing_bytes_min =
              static_cast<int64_t>(static_cast<double>(full) * settings.interim.build_ratio),
          .refine_ratio = settings.interim.refine_ratio};
}

absl::Status MakeDirectories(storage::FileSystem& files, const Settings::Paths& paths) {
  for (const std::string& path : {paths.catalog_dir, paths.log_dir}) {
    ELANUS_RETURN_IF_ERROR(files.CreateDirectories(path));
  }
  return absl::OkStatus();
}

// Every part of the process, in the order in which they need each other.
class Roles {
 public:
  static absl::StatusOr<std::unique_ptr<Roles>> Open(const StandaloneContext& context) {
    auto roles = std::unique_ptr<Roles>(new Roles(context));
    ELANUS_RETURN_IF_ERROR(roles->OpenStores());
    ELANUS_RETURN_IF_ERROR(roles->OpenNodes());
    ELANUS_RETURN_IF_ERROR(roles->Listen());
    return roles;
  }

  // Ends calls, flushes, and takes the parts down in reverse.
  void Close() {
    const auto grace = std::chrono::milliseconds(context_.settings.proxy.graceful_stop_timeout_ms);
    grpc_->Shutdown(grace);
    const uint64_t deadline =
        SystemClock().MonotonicNs() + static_cast<uint64_t>(grace.count()) * 1'000'000;
    const absl::Status flushed = data_node_->FlushAll(Cancellation(nullptr, deadline));
    if (!flushed.ok()) {
      // Nothing is lost: what is not in files is in the log.
      ELANUS_LOG(Warn, "not all segments were flushed", Field("reason", MessageOf(flushed)));
    }
  }

  // Background work ends before what it uses goes away, however far Open() came.
  ~Roles() {
    context_.pages.filter.Close();
    grpc_.reset();
    gauges_.reset();
    context_.pages.garbage.Use(nullptr);
    if (store_ != nullptr) store_->Stop();  // Nobody waits for a store that is down.
    if (coordinator_ != nullptr) coordinator_->Stop();
    if (interim_ != nullptr) interim_->Stop();
    for (Executor* executor : {&compute_, &blocking_, &loading_, &background_, &cleanup_,
                               &compaction_, &build_tasks_, &build_work_, &interim_work_}) {
      executor->Stop();
    }
    if (data_node_ != nullptr) data_node_->Stop();
    if (tiers_ != nullptr) tiers_->KeepFiles();
    context_.pages.cache.Show(nullptr);
  }

  void Maintain() {
    FollowSettings();
    data_node_->Maintain();
    query_node_->RetryFailed();
    coordinator_->RetryBuilds();
    coordinator_->MaintainSegments();
    coordinator_->MaintainGarbage();
    if (tiers_ != nullptr) MaintainTiers();
  }

 private:
  explicit Roles(const StandaloneContext& context)
      : context_(context),
        cores_(context.settings.resources.cpu_threads > 0 ? context.settings.resources.cpu_threads
                                                          : AvailableCores()),
        call_metrics_(context.metrics),
        compute_({.name = "compute",
                  .num_threads = cores_,
                  .queue_max = static_cast<size_t>(context.settings.read.queue_max) + 4096}),
        blocking_({.name = "blocking", .num_threads = kBlockingThreads, .queue_max = 4096}),
        loading_({.name = "loading", .num_threads = cores_}),
        background_({.name = "flush", .num_threads = 1, .queue_max = 65536, .nice = 5}),
        cleanup_({.name = "cleanup", .num_threads = 1, .queue_max = 65536, .nice = 10}),
        compaction_({.name = "compact", .num_threads = 1, .queue_max = 65536, .nice = 10}),
        build_tasks_({.name = "build",
                      .num_threads = std::max(context.settings.segment.index_build_parallel, 1),
                      .queue_max = 1 << 20,
                      .nice = context.settings.build.nice}),
        build_work_({.name = "buildwork",
                     .num_threads = BuildHelpers(context.settings, cores_),
                     .queue_max = 65536,
                     .nice = context.settings.build.nice}),
        interim_work_({.name = "interim", .num_threads = 1, .queue_max = 65536, .nice = 5}) {}

  // Roles keep copies of what they go by.
  void FollowSettings() {
    auto current = context_.live.Current();
    if (current == followed_) return;
    followed_ = std::move(current);
    coordinator_->SetLimits(CatalogLimits(*followed_));
    coordinator_->SetCompactionRules(CompactionRulesOf(*followed_));
    coordinator_->SetDeltaMergeRules(DeltaMergeRulesOf(*followed_));
    coordinator_->SetClusteringRules(ClusteringRulesOf(*followed_));
    coordinator_->SetGarbageRules(GarbageRulesOf(*followed_));
    data_node_->SetWriteOptions(WriteOptionsOf(*followed_));
    query_node_->SetReadsShredded(followed_->json_shredding.read);
  }

  // A store that is down or not there yet is waited for: what comes up together with it, as in
  // a compose file, needs no order. What it refuses ends the start.
  absl::Status WaitForBucket(s3::Client& client) {
    for (;;) {
      const absl::Status ready = PrepareBucket(client, context_.object_store.create_bucket);
      if (ready.ok() || s3::IsRefusal(ready)) {
        context_.health.ClearProblem(kObjectStore);
        return ready;
      }
      context_.health.SetProblem(kObjectStore, MessageOf(ready));
      ELANUS_LOG_EVERY(10, Warn, "waiting for the object store", Field("reason", ready));
      if (context_.stop.WaitFor(kBucketPeriod)) return ready;
    }
  }

  // Only once the stamp said that the store is ours.
  void EndStaleUploads() {
    if (remote_ == nullptr) return;
    (void)cleanup_.Submit([this] {
      const auto now_s = static_cast<int64_t>(SystemClock().WallMs() / 1000);
      const auto ended = remote_->AbortStaleUploads(kStaleUploadS, now_s);
      if (!ended.ok()) {
        ELANUS_LOG(Warn, "uploads that a crash left stay", Field("reason", ended.status()));
      } else if (*ended > 0) {
        ELANUS_LOG(Info, "uploads that a crash left are ended", Field("uploads", *ended));
      }
    });
  }

  absl::Status OpenStores() {
    const Settings::Paths& paths = context_.settings.paths;
    storage::FileSystem& files = storage::PosixFileSystem();
    ELANUS_RETURN_IF_ERROR(MakeDirectories(files, paths));
    ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<storage::ObjectStore> objects,
                            MakeObjectStore(paths, context_.object_store, files, &remote_));
    store_ = storage::MakeMeteredObjectStore(std::move(objects), context_.metrics);
    if (remote_ != nullptr) ELANUS_RETURN_IF_ERROR(WaitForBucket(remote_->client()));
    ELANUS_ASSIGN_OR_RETURN(meta_,
                            meta::OpenSqliteMetaStore({.path = paths.catalog_dir + "/catalog.db"}));
    if (remote_ != nullptr) {
      ELANUS_ASSIGN_OR_RETURN(
          tiers_, CacheTiers::Make(context_.settings, *store_, paths.objects_dir + "/cache",
                                   context_.metrics));
      context_.pages.cache.Show(tiers_.get());
    }
    log::LogOptions log_options;
    log_options.directory = paths.log_dir;
    log_options.file_bytes_max = static_cast<uint64_t>(context_.settings.log.file_bytes_max);
    log_options.sync = context_.settings.log.sync == Settings::WalSync::kFsync;
    ELANUS_ASSIGN_OR_RETURN(log_, log::OpenFileLog(files, log_options));
    return absl::OkStatus();
  }

  // Files of what is not loaded any more go once the loads that the catalog asked for had their
  // time.
  void MaintainTiers() {
    tiers_->Maintain();
    const auto loading = [this](const meta::CollectionPtr& collection) {
      return collection->load.loaded &&
             query_node_->GetLoadStatus(collection->id, {}).state == roles::LoadState::kLoading;
    };
    if (left_over_removed_) return;
    const std::vector<meta::CollectionPtr> all = coordinator_->AllCollections();
    if (std::any_of(all.begin(), all.end(), loading)) return;
    left_over_removed_ = true;
    tiers_->RemoveLeftOver();
  }

  // For snapshots outside of the cluster.
  absl::StatusOr<std::unique_ptr<storage::ObjectStore>> OpenExternal(const std::string& path) {
    const Settings& settings = context_.settings;
    const std::string copies = fmt::format(
        "{}/external{}", ObjectDirectory(settings.paths, context_.object_store), ++num_external_);
    return OpenExternalStore(settings, context_.object_store, storage::PosixFileSystem(), path,
                             copies);
  }

  absl::Status OpenNodes() {
    const Settings& settings = context_.settings;
    coord::Options options;
    options.limits = CatalogLimits(settings);
    options.index_rows_min = settings.segment.index_rows_min;
    options.default_ttl_s = settings.compaction.default_ttl_s;
    options.index_build_parallel = settings.segment.index_build_parallel;
    ELANUS_ASSIGN_OR_RETURN(
        coordinator_, coord::Coordinator::Open(
                          {SystemClock(), *meta_, store_.get(), coord::RunOn(build_tasks_),
                           coord::RunOn(cleanup_), coord::RunOn(compaction_), &context_.metrics,
                           [this](const std::string& path) { return OpenExternal(path); }},
                          std::move(options)));
    EndStaleUploads();
    watermark_ =
        std::make_unique<segment::Watermark>([this] { return coordinator_->AllocateTimestamp(); });
    data_node_ = std::make_unique<datanode::LocalDataNode>(
        datanode::LocalDataNode::Parts{SystemClock(), *coordinator_, *log_, *store_, registry_,
                                       *watermark_, background_, TiersOrNull(), &context_.metrics},
        DataNodeOptionsOf(settings));
    interim_ =
        std::make_unique<segment::InterimIndexer>(InterimOptionsOf(settings), &interim_work_);
    query_node_ = std::make_unique<querynode::LocalQueryNode>(querynode::LocalQueryNode::Parts{
        *coordinator_, *store_, registry_, *watermark_, compute_, loading_, interim_.get(),
        settings.compaction.default_ttl_s, TiersOrNull(), settings.tiers, settings.prunes_segments,
        &context_.metrics});
    index_node_ = std::make_shared<indexnode::LocalIndexNode>(
        *store_, build_work_,
        indexnode::LocalIndexNode::Options{
            .memory_bytes_max = BuildMemory(settings),
            .metrics = &context_.metrics,
            .files = &storage::PosixFileSystem(),
            .scratch_directory = settings.paths.objects_dir + "/scratch"});
    context_.metrics.AddRefresher([gauge = context_.metrics.GetGauge(metric::kIndexBuildMemory),
                                   node = std::weak_ptr<indexnode::LocalIndexNode>(index_node_)] {
      const auto alive = node.lock();
      gauge->Set(alive != nullptr ? static_cast<double>(alive->reserved_bytes()) : 0);
    });
    FollowSettings();
    coordinator_->Connect(data_node_.get(), query_node_.get(), index_node_.get());
    const uint64_t begin = SystemClock().MonotonicNs();
    ELANUS_RETURN_IF_ERROR(data_node_->Recover());
    ELANUS_LOG(Info, "recovered", Field("log_bytes", log_->statistics().live_bytes),
               Field("ms", (SystemClock().MonotonicNs() - begin) / 1'000'000));
    coordinator_->SetGarbageRules(GarbageRulesOf(settings));
    coordinator_->Start();
    context_.pages.garbage.Use(coordinator_.get());
    gauges_ =
        std::make_unique<RoleGauges>(context_.metrics, *coordinator_, *data_node_, *query_node_,
                                     tiers_ != nullptr ? tiers_->tiers().disk : nullptr);
    return absl::OkStatus();
  }

  absl::Status Listen() {
    const Settings& settings = context_.settings;
    proxy_.coordinator = coordinator_.get();
    proxy_.data_node = data_node_.get();
    proxy_.query_node = query_node_.get();
    proxy_.metrics = &context_.metrics;
    proxy_.settings = &context_.live;
    // The protocol line spoken, as clients parse it, and who speaks it.
    proxy_.version = fmt::format("v2.6.18-elanus.{}", ElanusVersion());
    proxy_.git_commit = ElanusCommit();
    proxy_.address = settings.network.address + ":" + std::to_string(settings.network.port);
    proxy_.started_ms = SystemClock().WallMs();
    GrpcServerOptions options;
    options.address = settings.network.address;
    options.port = settings.network.port;
    options.receive_bytes_max = static_cast<int>(settings.network.receive_bytes_max);
    options.send_bytes_max = static_cast<int>(settings.network.send_bytes_max);
    options.fill_status = proxy::FillStatus;
    options.on_finished_call = [this](const FinishedCall& call) { call_metrics_.Note(call); };
    ELANUS_ASSIGN_OR_RETURN(grpc_,
                            GrpcServer::Start(std::move(options), proxy::MakeRpcTable(proxy_),
                                              {&compute_, &blocking_}));
    context_.pages.filter.Open(proxy_);
    return absl::OkStatus();
  }

  const cache::Tiers* TiersOrNull() const { return tiers_ != nullptr ? &tiers_->tiers() : nullptr; }

  const StandaloneContext context_;
  const int cores_;
  CallMetrics call_metrics_;
  std::unique_ptr<storage::ObjectStore> store_;
  s3::S3ObjectStore* remote_ = nullptr;   // Within store_; null: local storage.
  std::atomic<int64_t> num_external_{0};  // Stores opened for snapshots outside of the cluster.
  std::unique_ptr<CacheTiers> tiers_;     // Null: local storage.
  bool left_over_removed_ = false;        // Of tiers_.
  std::unique_ptr<meta::MetaStore> meta_;
  segment::SegmentRegistry registry_;
  Executor compute_;
  Executor blocking_;
  Executor loading_;
  Executor background_;
  Executor cleanup_;
  Executor compaction_;
  Executor build_tasks_;
  Executor build_work_;
  Executor interim_work_;
  std::unique_ptr<coord::Coordinator> coordinator_;
  std::unique_ptr<segment::Watermark> watermark_;
  std::unique_ptr<datanode::LocalDataNode> data_node_;
  std::unique_ptr<log::Log> log_;  // Its thread calls into the data node: goes first.
  std::unique_ptr<segment::InterimIndexer> interim_;
  std::unique_ptr<querynode::LocalQueryNode> query_node_;
  std::shared_ptr<indexnode::LocalIndexNode> index_node_;
  std::unique_ptr<RoleGauges> gauges_;
  std::shared_ptr<const Settings> followed_;
  proxy::ProxyContext proxy_;
  std::unique_ptr<GrpcServer> grpc_;
};

}  // namespace

coord::GarbageRules GarbageRulesOf(const Settings& settings) {
  const Settings::Garbage& garbage = settings.garbage;
  return {.enabled = garbage.enabled,
          .interval_ms = static_cast<uint64_t>(garbage.interval_ms),
          .scan_interval_ms = static_cast<uint64_t>(garbage.scan_interval_ms),
          .missing_tolerance_ms = static_cast<uint64_t>(garbage.missing_tolerance_ms),
          .drop_tolerance_ms = static_cast<uint64_t>(garbage.drop_tolerance_ms)};
}

absl::Status RunStandalone(const StandaloneContext& context) {
  const uint64_t begin = SystemClock().MonotonicNs();
  ELANUS_CHECK(
      kernels::LimitSimd(context.settings.resources.simd_type));  // Settings admit no other.
  auto opened = Roles::Open(context);
  if (!opened.ok() && context.stop.Requested()) return absl::OkStatus();
  ELANUS_ASSIGN_OR_RETURN(const std::unique_ptr<Roles> roles, std::move(opened));
  context.health.SetServing();
  ELANUS_LOG(Info, "serving", Field("start_ms", (SystemClock().MonotonicNs() - begin) / 1'000'000),
             Field("simd", kernels::SimdTargetName()));
  while (!context.stop.WaitFor(kMaintenancePeriod)) roles->Maintain();
  context.health.SetStopping();
  ELANUS_LOG(Info, "stopping");
  roles->Close();
  return absl::OkStatus();
}

}  // namespace elanus::server
