// Every metric that this server exports. Names, labels and buckets are those of the reference, so
// that its dashboard works; see MetricRegistry for how to use a row.
#pragma once

#include "common/metrics.h"

namespace elanus::metric {

// Milliseconds: 18 doublings.
inline constexpr double kMs[] = {1,   2,    4,    8,    16,   32,    64,    128,   256,
                                 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072};
inline constexpr double kSubMs[] = {0.1,  0.25, 0.5,  1,     2,     4,     8,
                                    16,   32,   64,   128,   256,   512,   1024,
                                    2048, 4096, 8192, 16384, 32768, 65536, 131072};
inline constexpr double kLongMs[] = {1,      100,     500,     1000,    5000,
                                     10000,  20000,   50000,   100000,  250000,
                                     500000, 1000000, 3600000, 5000000, 10000000};
inline constexpr double kIndexSeconds[] = {0.001, 0.1, 0.5, 1,    5,    10,   20,   50,
                                           100,   250, 500, 1000, 3600, 5000, 10000};
// Ten steps of a factor 2.576 from 1 ms to 5 s, and of 3.71 from 64 B to 8 MiB.
inline constexpr double kWalSeconds[] = {0.001,  0.00258, 0.00664, 0.0171, 0.0440,
                                         0.1134, 0.2922,  0.7528,  1.9395, 5};
inline constexpr double kWalBytes[] = {64,    237,    878,    3255,    12066,
                                       44731, 165821, 614718, 2278840, 8388608};

inline constexpr MetricType kCounter = MetricType::kCounter;
inline constexpr MetricType kGauge = MetricType::kGauge;
inline constexpr MetricType kHistogram = MetricType::kHistogram;

// --- Proxy ---
inline constexpr MetricFamily kProxyRequests{
    "milvus_proxy_req_count",
    kCounter,
    "node_id,function_name,status,db_name,collection_name",
    {},
    "requests; each adds one to total and one to its outcome"};
inline constexpr MetricFamily kProxyRequestLatency{
    "milvus_proxy_req_latency", kHistogram, "node_id,function_name", kMs, "whole request, ms"};
inline constexpr MetricFamily kProxyGrpcLatency{"milvus_proxy_grpc_latency", kHistogram,
                                                "node_id,function_name,status", kMs,
                                                "time inside the gRPC layer, ms"};
inline constexpr MetricFamily kProxyQueueLatency{"milvus_proxy_req_in_queue_latency", kHistogram,
                                                 "node_id,function_name", kSubMs,
                                                 "wait in the task queue, ms"};
inline constexpr MetricFamily kProxySearchLatency{"milvus_proxy_sq_latency", kHistogram,
                                                  "node_id,query_type,db_name,collection_name", kMs,
                                                  "search or query, end to end, ms"};
inline constexpr MetricFamily kProxyCollectionSearchLatency{
    "milvus_proxy_collection_sq_latency", kHistogram, "node_id,query_type,db_name,collection_name",
    kMs, "the same by collection, ms"};
inline constexpr MetricFamily kProxyWaitResultLatency{"milvus_proxy_sq_wait_result_latency",
                                                      kHistogram, "node_id,query_type", kMs,
                                                      "wait for the segments' answers, ms"};
inline constexpr MetricFamily kProxyReduceLatency{"milvus_proxy_sq_reduce_result_latency",
                                                  kHistogram, "node_id,query_type", kSubMs,
                                                  "merge of answers, ms"};
inline constexpr MetricFamily kProxyDecodeLatency{"milvus_proxy_sq_decode_result_latency",
                                                  kHistogram, "node_id,query_type", kMs,
                                                  "conversion of answers, ms"};
inline constexpr MetricFamily kProxyMutationLatency{"milvus_proxy_mutation_latency", kHistogram,
                                                    "node_id,msg_type,db_name,collection_name", kMs,
                                                    "insert, delete or upsert, end to end, ms"};
inline constexpr MetricFamily kProxyCollectionMutationLatency{
    "milvus_proxy_collection_mutation_latency", kHistogram,
    "node_id,msg_type,db_name,collection_name", kMs, "the same by collection, ms"};
inline constexpr MetricFamily kProxyMutationSendLatency{"milvus_proxy_mutation_send_latency",
                                                        kHistogram, "node_id,msg_type", kLongMs,
                                                        "append to the log, ms"};
inline constexpr MetricFamily kProxySearchVectors{"milvus_proxy_search_vectors_count",
                                                  kCounter,
                                                  "node_id,db_name,collection_name",
                                                  {},
                                                  "query vectors searched"};
inline constexpr MetricFamily kProxyInsertRows{"milvus_proxy_insert_vectors_count",
                                               kCounter,
                                               "node_id,db_name,collection_name",
                                               {},
                                               "rows inserted"};
inline constexpr MetricFamily kProxyUpsertRows{"milvus_proxy_upsert_vectors_count",
                                               kCounter,
                                               "node_id,db_name,collection_name",
                                               {},
                                               "rows upserted"};
inline constexpr MetricFamily kProxyDeleteRows{"milvus_proxy_delete_vectors_count",
                                               kCounter,
                                               "node_id,db_name,collection_name",
                                               {},
                                               "rows deleted"};
inline constexpr MetricFamily kProxyReceivedNq{"milvus_proxy_received_nq",
                                               kCounter,
                                               "node_id,query_type,db_name,collection_name",
                                               {},
                                               "query vectors received"};
inline constexpr MetricFamily kProxyReceivedBytes{"milvus_proxy_receive_bytes_count",
                                                  kCounter,
                                                  "node_id,msg_type,db_name,collection_name",
                                                  {},
                                                  "request bytes"};
inline constexpr MetricFamily kProxySentBytes{
    "milvus_proxy_send_bytes_count", kCounter, "node_id", {}, "answer bytes"};
inline constexpr MetricFamily kProxyRateLimits{"milvus_proxy_rate_limit_req_count",
                                               kCounter,
                                               "node_id,msg_type,status",
                                               {},
                                               "limiter verdicts"};
inline constexpr MetricFamily kProxySlowQueries{"milvus_proxy_slow_query_count",
                                                kCounter,
                                                "node_id,msg_type",
                                                {},
                                                "requests over proxy.slowQuerySpanInSeconds"};
inline constexpr MetricFamily kProxyCacheHits{"milvus_proxy_cache_hit_count",
                                              kCounter,
                                              "node_id,cache_name,cache_state",
                                              {},
                                              "metadata cache lookups"};
inline constexpr MetricFamily kProxyQueuedTasks{"milvus_proxy_queue_task_num",
                                                kGauge,
                                                "node_id,queue_type,task_state",
                                                {},
                                                "tasks by queue and state"};
inline constexpr MetricFamily kProxyParseExprLatency{"milvus_proxy_parse_expr_latency", kHistogram,
                                                     "node_id,function_name,status", kSubMs,
                                                     "filter parsing, ms"};

// --- Root coordinator ---
inline constexpr MetricFamily kRootProxies{
    "milvus_rootcoord_proxy_num", kGauge, "", {}, "live proxies"};
inline constexpr MetricFamily kRootDdlRequests{
    "milvus_rootcoord_ddl_req_count", kCounter, "function_name,status", {}, "schema changes"};
inline constexpr MetricFamily kRootDdlLatency{"milvus_rootcoord_ddl_req_latency", kHistogram,
                                              "function_name", kMs, "schema change, ms"};
inline constexpr MetricFamily kRootTimestamp{
    "milvus_rootcoord_timestamp", kGauge, "", {}, "last timestamp given out"};
inline constexpr MetricFamily kRootTimestampSaved{
    "milvus_rootcoord_timestamp_saved", kGauge, "", {}, "timestamp bound in the catalog"};
inline constexpr MetricFamily kRootIds{
    "milvus_rootcoord_id_alloc_count", kCounter, "", {}, "ids allocated"};
inline constexpr MetricFamily kRootDatabases{
    "milvus_rootcoord_database_num", kGauge, "", {}, "databases"};
inline constexpr MetricFamily kRootCollections{
    "milvus_rootcoord_collection_num", kGauge, "db_name", {}, "collections"};
inline constexpr MetricFamily kRootPartitions{
    "milvus_rootcoord_partition_num", kGauge, "", {}, "partitions"};
inline constexpr MetricFamily kRootChannels{
    "milvus_rootcoord_dml_channel_num", kGauge, "", {}, "physical channels"};
inline constexpr MetricFamily kRootEntities{"milvus_rootcoord_entity_num",
                                            kGauge,
                                            "db_name,collection_name,status",
                                            {},
                                            "rows; status all or loaded"};

// --- Query side ---
inline constexpr MetricFamily kQueryCoordCollections{
    "milvus_querycoord_collection_num", kGauge, "", {}, "loaded collections"};
inline constexpr MetricFamily kQueryCoordPartitions{
    "milvus_querycoord_partition_num", kGauge, "", {}, "loaded partitions"};
inline constexpr MetricFamily kQueryCoordLoads{
    "milvus_querycoord_load_req_count", kCounter, "status", {}, "load requests"};
inline constexpr MetricFamily kQueryCoordReleases{
    "milvus_querycoord_release_req_count", kCounter, "status", {}, "release requests"};
inline constexpr MetricFamily kQueryCoordLoadLatency{"milvus_querycoord_load_latency", kHistogram,
                                                     "", kLongMs, "load, ms"};
inline constexpr MetricFamily kQueryCoordNodes{
    "milvus_querycoord_querynode_num", kGauge, "", {}, "query nodes"};
inline constexpr MetricFamily kQueryCollections{
    "milvus_querynode_collection_num", kGauge, "node_id", {}, "loaded collections"};
inline constexpr MetricFamily kQueryPartitions{
    "milvus_querynode_partition_num", kGauge, "node_id", {}, "loaded partitions"};
inline constexpr MetricFamily kQuerySegments{"milvus_querynode_segment_num",
                                             kGauge,
                                             "node_id,collection_id,segment_state,segment_level",
                                             {},
                                             "segments"};
inline constexpr MetricFamily kQueryEntities{
    "milvus_querynode_entity_num",
    kGauge,
    "db_name,collection_name,node_id,collection_id,segment_state",
    {},
    "searchable rows"};
inline constexpr MetricFamily kQueryEntityBytes{"milvus_querynode_entity_size",
                                                kGauge,
                                                "node_id,collection_id,segment_state",
                                                {},
                                                "bytes loaded"};
inline constexpr MetricFamily kQueryRequests{"milvus_querynode_sq_req_count",
                                             kCounter,
                                             "node_id,query_type,status,scope,collection_id",
                                             {},
                                             "searches and queries"};
inline constexpr MetricFamily kQueryRequestLatency{"milvus_querynode_sq_req_latency", kHistogram,
                                                   "node_id,query_type,scope", kMs,
                                                   "search or query, ms"};
inline constexpr MetricFamily kQueryQueueLatency{"milvus_querynode_sq_queue_latency", kHistogram,
                                                 "node_id,query_type,db_name,rg", kSubMs,
                                                 "wait in the read queue, ms"};
inline constexpr MetricFamily kQueryWaitLatency{"milvus_querynode_sq_wait_tsafe_latency",
                                                kHistogram, "node_id,query_type", kMs,
                                                "wait for consistency, ms"};
inline constexpr MetricFamily kQuerySegmentLatency{"milvus_querynode_sq_segment_latency",
                                                   kHistogram, "node_id,query_type,segment_state",
                                                   kSubMs, "work of one segment, ms"};
inline constexpr MetricFamily kQueryCoreLatency{"milvus_querynode_sq_core_latency", kHistogram,
                                                "node_id,query_type", kSubMs, "index call, ms"};
inline constexpr MetricFamily kQueryReduceLatency{"milvus_querynode_sq_reduce_latency", kHistogram,
                                                  "node_id,query_type,reduce_level,reduce_type",
                                                  kSubMs, "merging, ms"};
inline constexpr MetricFamily kQueryLoadSegmentLatency{
    "milvus_querynode_load_segment_latency", kHistogram, "node_id", kLongMs, "segment load, ms"};
inline constexpr MetricFamily kQueryReadyTasks{
    "milvus_querynode_read_task_ready_len", kGauge, "node_id", {}, "reads waiting"};
inline constexpr MetricFamily kQueryRunningTasks{
    "milvus_querynode_read_task_concurrency", kGauge, "node_id", {}, "reads running"};
inline constexpr MetricFamily kQueryNq{"milvus_querynode_search_nq", kHistogram, "node_id", kMs,
                                       "vectors of a search"};
inline constexpr MetricFamily kQueryTopk{"milvus_querynode_search_topk", kHistogram, "node_id", kMs,
                                         "limit of a search"};
inline constexpr MetricFamily kSearchDistances{"elanus_search_distances_total",
                                               kCounter,
                                               "node_id,segment_state",
                                               {},
                                               "distances worked out by searches"};
inline constexpr MetricFamily kSearchHops{"elanus_search_hops_total",
                                          kCounter,
                                          "node_id,segment_state",
                                          {},
                                          "graph nodes and lists that searches looked into"};
inline constexpr MetricFamily kSearchReads{"elanus_search_reads_total",
                                           kCounter,
                                           "node_id,segment_state",
                                           {},
                                           "blocks that searches read from disk"};
inline constexpr MetricFamily kSearchReadBytes{
    "elanus_search_read_bytes_total", kCounter, "node_id,segment_state", {}, "bytes of them"};
inline constexpr MetricFamily kFilterLeaves{
    "elanus_filter_leaves_total",
    kCounter,
    "node_id,segment_state,answered_by",
    {},
    "predicates of filters, in each segment, by what answered them: an index type, "
    "shredded_column, zones, column"};
// Tiers: `tier` is memory or disk, `kind` scalar_field, vector_field, scalar_index or vector_index.
inline constexpr MetricFamily kCacheHits{"elanus_cache_hits_total",
                                         kCounter,
                                         "node_id,tier,kind",
                                         {},
                                         "cells that were there when they were wanted"};
inline constexpr MetricFamily kCacheMisses{
    "elanus_cache_misses_total", kCounter, "node_id,tier,kind", {}, "cells that had to be loaded"};
inline constexpr MetricFamily kCacheLoadedBytes{"elanus_cache_loaded_bytes_total",
                                                kCounter,
                                                "node_id,tier,kind",
                                                {},
                                                "bytes of the cells that were loaded"};
inline constexpr MetricFamily kCacheEvictedBytes{"elanus_cache_evicted_bytes_total",
                                                 kCounter,
                                                 "node_id,tier,kind",
                                                 {},
                                                 "bytes of the cells that were evicted"};
inline constexpr MetricFamily kCacheFailures{
    "elanus_cache_failures_total", kCounter, "node_id,tier,kind", {}, "loads that failed"};
inline constexpr MetricFamily kCacheResidentBytes{"elanus_cache_resident_bytes",
                                                  kGauge,
                                                  "node_id,tier,kind",
                                                  {},
                                                  "bytes of the cells that are there"};
inline constexpr MetricFamily kCacheLoadLatency{"elanus_cache_load_latency", kHistogram,
                                                "node_id,tier,kind", kMs,
                                                "one load of cells of one object, ms"};
inline constexpr MetricFamily kCacheFetchedBytes{"elanus_cache_fetched_bytes_total",
                                                 kCounter,
                                                 "node_id,kind",
                                                 {},
                                                 "bytes read from the object store for cells"};
inline constexpr MetricFamily kQueryDiskCacheLoaded{"milvus_querynode_disk_cache_load_bytes",
                                                    kCounter,
                                                    "node_id,db_name,rg",
                                                    {},
                                                    "bytes loaded into the local disk cache"};
inline constexpr MetricFamily kQueryDiskCacheEvicted{"milvus_querynode_disk_cache_evict_bytes",
                                                     kCounter,
                                                     "node_id,db_name,rg",
                                                     {},
                                                     "bytes evicted from the local disk cache"};
inline constexpr MetricFamily kQueryDiskUsed{
    "milvus_querynode_disk_used_size", kGauge, "node_id", {}, "local disk in use, MB"};

// --- Data side ---
inline constexpr MetricFamily kDataCoordNodes{
    "milvus_datacoord_datanode_num", kGauge, "", {}, "data nodes"};
inline constexpr MetricFamily kDataCoordSegments{
    "milvus_datacoord_segment_num",
    kGauge,
    "segment_state,segment_level,segment_is_sorted,segment_storage_version",
    {},
    "segments"};
inline constexpr MetricFamily kDataCoordRows{"milvus_datacoord_stored_rows_num",
                                             kGauge,
                                             "db_name,collection_id,collection_name,segment_state",
                                             {},
                                             "stored rows"};
inline constexpr MetricFamily kDataCoordBytes{"milvus_datacoord_stored_binlog_size",
                                              kGauge,
                                              "db_name,collection_id,segment_state",
                                              {},
                                              "bytes of column files"};
inline constexpr MetricFamily kDataCoordIndexBytes{"milvus_datacoord_stored_index_files_size",
                                                   kGauge,
                                                   "db_name,collection_name,collection_id",
                                                   {},
                                                   "bytes of index files"};
inline constexpr MetricFamily kDataCoordCheckpoint{
    "milvus_datacoord_channel_checkpoint_unix_seconds",
    kGauge,
    "node_id,channel_name",
    {},
    "time up to which a channel is in segments"};
inline constexpr MetricFamily kDataCoordIndexRequests{
    "milvus_datacoord_index_req_count", kCounter, "status", {}, "index requests"};
inline constexpr MetricFamily kDataCoordIndexTasks{"milvus_datacoord_index_task_count",
                                                   kGauge,
                                                   "collection_id,index_task_status",
                                                   {},
                                                   "index builds by state"};
inline constexpr MetricFamily kDataNodeRows{
    "milvus_datanode_msg_rows_count", kCounter, "node_id,msg_type", {}, "rows taken from the log"};
inline constexpr MetricFamily kDataNodeMessages{"milvus_datanode_consume_msg_count",
                                                kCounter,
                                                "node_id,msg_type,collection_id",
                                                {},
                                                "messages taken from the log"};
inline constexpr MetricFamily kDataNodeFlushedBytes{"milvus_datanode_flushed_data_size",
                                                    kCounter,
                                                    "node_id,data_source,segment_level",
                                                    {},
                                                    "bytes flushed"};
inline constexpr MetricFamily kDataNodeFlushedRows{
    "milvus_datanode_flushed_data_rows", kCounter, "node_id,data_source", {}, "rows flushed"};
inline constexpr MetricFamily kDataNodeFlushes{
    "milvus_datanode_flush_req_count", kCounter, "node_id,status", {}, "flushes"};
inline constexpr MetricFamily kDataNodeSaveLatency{"milvus_datanode_save_latency", kHistogram,
                                                   "node_id,msg_type", kLongMs, "flush, ms"};
inline constexpr MetricFamily kCompactionTasks{"milvus_datacoord_compaction_task_num",
                                               kGauge,
                                               "node_id,compaction_type,status",
                                               {},
                                               "compactions by state, since the start"};
inline constexpr MetricFamily kCompactionLatency{
    "milvus_datacoord_compaction_latency", kHistogram,
    "is_vector_field,channel_name,compaction_type,compaction_stage", kLongMs,
    "how long compactions wait and run, ms"};
inline constexpr MetricFamily kDataNodeCompactionLatency{"milvus_datanode_compaction_latency",
                                                         kHistogram, "node_id,compaction_type",
                                                         kLongMs, "merge of rows, ms"};
inline constexpr MetricFamily kCompactionRowsLeftOut{
    "elanus_compaction_rows_left_out_total",
    kCounter,
    "",
    {},
    "rows that compactions left out: deleted, replaced or expired"};
inline constexpr MetricFamily kDataCoordDeletes{"milvus_datacoord_l0_delete_entries_num",
                                                kGauge,
                                                "db_name,collection_id",
                                                {},
                                                "deletes in files of deletes"};
inline constexpr MetricFamily kSnapshotPins{"milvus_datacoord_snapshot_active_pins",
                                            kGauge,
                                            "collection_id,snapshot_name",
                                            {},
                                            "pins that keep a snapshot from being dropped"};
inline constexpr MetricFamily kIndexTasks{
    "milvus_indexnode_index_task_count", kCounter, "node_id,status", {}, "index builds"};
inline constexpr MetricFamily kIndexLoadLatency{"milvus_indexnode_load_field_latency", kHistogram,
                                                "node_id", kIndexSeconds, "read of input, s"};
inline constexpr MetricFamily kIndexBuildLatency{"milvus_indexnode_build_index_latency", kHistogram,
                                                 "node_id", kIndexSeconds, "whole build, s"};
inline constexpr MetricFamily kIndexEncodeLatency{"milvus_indexnode_encode_index_latency",
                                                  kHistogram, "node_id", kIndexSeconds,
                                                  "serialising, s"};
inline constexpr MetricFamily kIndexSaveLatency{"milvus_indexnode_save_index_latency", kHistogram,
                                                "node_id", kIndexSeconds, "upload, s"};
inline constexpr MetricFamily kIndexBuildPercent{"elanus_index_build_percent",
                                                 kGauge,
                                                 "node_id,segment_id,index_id",
                                                 {},
                                                 "how far a running index build is"};
inline constexpr MetricFamily kIndexBuildMemory{
    "elanus_index_build_memory_bytes", kGauge, "node_id", {}, "reserved by running index builds"};
inline constexpr MetricFamily kIndexQueueLatency{"milvus_indexnode_index_task_latency_in_queue",
                                                 kHistogram, "node_id", kMs, "queue wait, ms"};

// --- Metadata, objects, log ---
inline constexpr MetricFamily kMetaLatency{"milvus_meta_request_latency", kHistogram,
                                           "meta_op_type", kMs, "catalog operation, ms"};
inline constexpr MetricFamily kMetaOperations{
    "milvus_meta_op_count", kCounter, "meta_op_type,status", {}, "catalog operations"};
inline constexpr MetricFamily kMetaBytes{"milvus_meta_kv_size", kHistogram, "meta_op_type", kMs,
                                         "catalog value sizes"};
inline constexpr MetricFamily kStorageLatency{"milvus_storage_request_latency", kHistogram,
                                              "persistent_data_op_type", kMs,
                                              "object operation, ms"};
inline constexpr MetricFamily kStorageOperations{
    "milvus_storage_op_count", kCounter, "persistent_data_op_type,status", {}, "object operations"};
inline constexpr MetricFamily kStorageBytes{"milvus_storage_kv_size", kHistogram,
                                            "persistent_data_op_type", kMs, "object sizes"};
inline constexpr MetricFamily kLogLatency{"milvus_msgstream_request_latency", kHistogram,
                                          "message_op_type", kMs, "log operation, ms"};
inline constexpr MetricFamily kLogOperations{
    "milvus_msgstream_op_count", kCounter, "message_op_type,status", {}, "log operations"};
inline constexpr MetricFamily kWalAppendBytes{"milvus_wal_append_message_bytes", kHistogram,
                                              "node_id,channel_name,status", kWalBytes,
                                              "bytes of an append"};
inline constexpr MetricFamily kWalAppends{"milvus_wal_append_message_total",
                                          kCounter,
                                          "node_id,channel_name,message_type,status",
                                          {},
                                          "appends"};
inline constexpr MetricFamily kWalAppendSeconds{"milvus_wal_append_message_duration_seconds",
                                                kHistogram, "node_id,channel_name,status",
                                                kWalSeconds, "append until durable, s"};

// --- Engine ---
inline constexpr MetricFamily kEngineSearchLatency{"search_latency", kHistogram, "module", kMs,
                                                   "vector search in one index, ms"};
inline constexpr MetricFamily kEngineBuildLatency{"build_latency", kHistogram, "module",
                                                  kIndexSeconds, "index build, s"};
inline constexpr MetricFamily kEngineLoadLatency{"load_latency", kHistogram, "module", kMs,
                                                 "index load, ms"};
inline constexpr MetricFamily kEngineTopk{"search_topk", kHistogram, "module", kMs, "limit"};
inline constexpr MetricFamily kInternalStorageLatency{"internal_storage_request_latency",
                                                      kHistogram, "persistent_data_op_type", kMs,
                                                      "object operation of the engine, ms"};
inline constexpr MetricFamily kInternalStorageOperations{"internal_storage_op_count",
                                                         kCounter,
                                                         "persistent_data_op_type,status",
                                                         {},
                                                         "object operations of the engine"};

inline constexpr MetricFamily kInternalStorageBytes{"internal_storage_kv_size", kHistogram,
                                                    "persistent_data_op_type", kMs,
                                                    "object sizes of the engine"};

// --- Garbage in the object store ---
inline constexpr MetricFamily kGarbageRounds{
    "milvus_datacoord_gc_run_count", kCounter, "node_id", {}, "listings for unused objects"};
inline constexpr MetricFamily kGarbageRemoved{
    "elanus_gc_objects_total", kCounter, "status", {}, "unused objects: removed, failed"};
inline constexpr MetricFamily kGarbageWaiting{
    "elanus_gc_objects_waiting", kGauge, "", {}, "replaced objects whose time has not come"};

// --- Process ---
inline constexpr MetricFamily kNodes{
    "milvus_num_node", kGauge, "node_id,role_name", {}, "1 for each role of this process"};
inline constexpr MetricFamily kBuildInfo{
    "milvus_build_info", kGauge, "version,built,git_commit", {}, "constant 1"};
inline constexpr MetricFamily kRuntimeInfo{
    "milvus_runtime_info", kGauge, "mq,meta", {}, "constant 1"};
inline constexpr MetricFamily kThreads{"milvus_thread_num", kGauge, "", {}, "threads"};
inline constexpr MetricFamily kUnprotectedListener{
    "milvus_unprotected_listener",
    kGauge,
    "address",
    {},
    "1 while this address, which is not loopback, serves without authorization"};
// The dashboard's drop-downs read this series; without it every panel is empty.
inline constexpr MetricFamily kGoInfo{"go_info", kGauge, "version", {}, "constant 1"};
inline constexpr MetricFamily kGoroutines{"go_goroutines", kGauge, "", {}, "threads"};
inline constexpr MetricFamily kGoThreads{"go_threads", kGauge, "", {}, "threads"};
inline constexpr MetricFamily kGoAllocBytes{
    "go_memstats_alloc_bytes", kGauge, "", {}, "private resident memory, bytes"};
inline constexpr MetricFamily kGoHeapBytes{
    "go_memstats_heap_inuse_bytes", kGauge, "", {}, "private resident memory, bytes"};
inline constexpr MetricFamily kProcessCpu{
    "process_cpu_seconds_total", kCounter, "", {}, "user and system CPU time, s"};
inline constexpr MetricFamily kProcessResident{
    "process_resident_memory_bytes", kGauge, "", {}, "resident memory"};
inline constexpr MetricFamily kProcessVirtual{
    "process_virtual_memory_bytes", kGauge, "", {}, "virtual memory"};
inline constexpr MetricFamily kProcessOpenFiles{"process_open_fds", kGauge, "", {}, "open files"};
inline constexpr MetricFamily kProcessFilesMax{"process_max_fds", kGauge, "", {}, "their limit"};
inline constexpr MetricFamily kProcessStart{
    "process_start_time_seconds", kGauge, "", {}, "start, Unix time"};

}  // namespace elanus::metric
