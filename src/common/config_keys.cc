#include <array>
#include <string>
#include <unordered_map>

#include "common/config_key.h"
#include "common/config_name.h"

namespace elanus {
namespace {

constexpr bool kHot = true;
constexpr bool kCold = false;
constexpr ConfigSupport kHonoured = ConfigSupport::kHonoured;
constexpr ConfigSupport kPartly = ConfigSupport::kPartly;
constexpr ConfigSupport kPlanned = ConfigSupport::kPlanned;
constexpr ConfigSupport kIgnored = ConfigSupport::kIgnored;
constexpr bool kSecret = true;
constexpr bool kPlain = false;

constexpr double kMany =
    9007199254740992.0;  // 2^53: every integer up to here is exact as a double.

constexpr ConfigAdmits Bool() {
  return {ConfigType::kBool};
}
constexpr ConfigAdmits OnlyFalse(std::string_view why) {
  return {.type = ConfigType::kEnum, .choices = "false", .why = why};
}
constexpr ConfigAdmits Int(double min = -kMany, double max = kMany) {
  return {ConfigType::kInt, min, max};
}
constexpr ConfigAdmits Port() {
  return Int(1, 65535);
}
constexpr ConfigAdmits Float(double min, double max) {
  return {ConfigType::kFloat, min, max};
}
constexpr ConfigAdmits Share() {
  return Float(0, 1);
}
constexpr ConfigAdmits Text() {
  return {ConfigType::kText};
}
constexpr ConfigAdmits OneOf(std::string_view choices, std::string_view why = {}) {
  return {.type = ConfigType::kEnum, .choices = choices, .why = why};
}
constexpr ConfigAdmits Duration(int64_t unit_ms, double min) {
  return {.type = ConfigType::kDuration, .min = min, .max = 1e12, .unit = unit_ms};
}
constexpr ConfigAdmits Millis(double min = 0) {
  return Duration(1, min);
}
constexpr ConfigAdmits Seconds(double min = 0) {
  return Duration(1000, min);
}
constexpr ConfigAdmits Minutes(double min = 0) {
  return Duration(60'000, min);
}
constexpr ConfigAdmits Hours(double min = 0) {
  return Duration(3'600'000, min);
}
constexpr ConfigAdmits Bytes(double min = 0, int64_t unit = 1) {
  return {.type = ConfigType::kBytes,
          .min = min,
          .max = kMany / static_cast<double>(unit),
          .unit = unit};
}
constexpr ConfigAdmits Megabytes(double min = 0) {
  return Bytes(min, 1 << 20);
}

constexpr std::string_view kNoUsers =
    "users and roles are not in this version, and to ignore the key would leave the server open";
constexpr std::string_view kNoTls =
    "TLS is not in this version, and to ignore the key would send everything in the clear";

constexpr ConfigKey kConfigKeys[] = {
    // --- Elanus itself ---
    {"elanus.dataDir", Text(), "elanus-data", kCold, kHonoured,
     "the directory that holds everything the server keeps; `--data-dir`"},
    {"elanus.walSyncMode", OneOf("fsync|none"), "fsync", kCold, kHonoured,
     "fsync: a write is on stable storage before it is acknowledged. none: relaxed; acknowledged "
     "writes of the last moments are lost when the machine (not the process) stops"},
    {"elanus.logMaxBytes", Bytes(1 << 20), "64m", kCold, kHonoured,
     "size at which the write-ahead log starts its next file"},
    {"elanus.memoryLimit", Bytes(0), "0", kCold, kPartly,
     "memory that the server may use; 0 takes the limit of the container or the machine. So far "
     "index builds follow it (elanus.indexBuild.memory)",
     kPlain, "MEM_LIMIT"},
    {"elanus.cpuThreads", Int(0, 4096), "0", kCold, kHonoured,
     "threads for searches and builds; 0 takes the cores that the process may use"},
    {"elanus.indexBuild.memory", Bytes(0), "0", kCold, kHonoured,
     "memory that index builds may take together, by the estimate of each before it begins: one "
     "that does not fit now waits, one that never will fails; 0 is half of elanus.memoryLimit"},
    {"elanus.indexBuild.nice", Int(0, 19), "10", kCold, kHonoured,
     "added to the niceness of threads that build indexes, so that searches go first"},
    {"elanus.indexBuild.holdSmall", Seconds(0), "10", kHot, kHonoured,
     "index builds of segments that are likely to be merged soon (16 MB and more, below "
     "dataCoord.segment.smallProportion, and not the only such one) wait so long after the last "
     "flush of their collection, six "
     "times as long at most; 0: not at all"},
    {"elanus.metrics.port", Int(0, 65535), "9091", kCold, kHonoured,
     "port of /healthz, /livez and /metrics; `--http-port`", kPlain, "METRICS_PORT"},
    {"elanus.metrics.address", Text(), "", kCold, kHonoured,
     "address of that port; empty listens where the client port does"},

    // --- Endpoints ---
    {"proxy.ip", Text(), "", kCold, kHonoured,
     "address to listen on; empty or `auto` is loopback (127.0.0.1); `--address`"},
    {"proxy.port", Int(0, 65535), "19530", kCold, kHonoured, "client port; `--port`"},
    {"proxy.internalPort", Port(), "19529", kCold, kPlanned,
     "port for the other roles of a cluster"},
    {"proxy.grpc.serverMaxRecvSize", Bytes(1024), "67108864", kCold, kHonoured,
     "largest request; a larger one ends as RESOURCE_EXHAUSTED"},
    {"proxy.grpc.serverMaxSendSize", Bytes(1024), "268435456", kCold, kHonoured, "largest answer"},
    {"proxy.http.enabled", Bool(), "true", kCold, kPlanned, "REST API"},
    {"proxy.http.port", Text(), "", kCold, kPlanned, "REST port; empty shares the client port"},
    {"proxy.http.requestTimeoutMs", Millis(), "30000", kHot, kPlanned, "REST deadline"},
    {"proxy.http.acceptTypeAllowInt64", Bool(), "true", kHot, kPlanned, "int64 as JSON numbers"},
    {"proxy.http.enablePprof", Bool(), "true", kCold, kIgnored, "profiling pages"},
    {"proxy.http.enableWebUI", Bool(), "true", kCold, kPlanned, "web page"},
    {"proxy.http.enableHSTS", Bool(), "false", kHot, kPlanned, "HSTS header"},
    {"proxy.http.hstsMaxAge", Int(0), "31536000", kHot, kPlanned, "its age in seconds"},
    {"proxy.http.hstsIncludeSubDomains", Bool(), "false", kHot, kPlanned, "and its scope"},
    {"proxy.http.readHeaderTimeout", Seconds(), "5s", kCold, kPlanned, "REST time-out"},
    {"proxy.http.readTimeout", Seconds(), "0s", kCold, kPlanned, "REST time-out"},
    {"proxy.http.writeTimeout", Seconds(), "0s", kCold, kPlanned, "REST time-out"},
    {"proxy.http.idleTimeout", Seconds(), "300s", kCold, kPlanned, "REST time-out"},
    {"proxy.http.maxHeaderBytes", Bytes(), "16777216", kCold, kPlanned, "REST header limit"},

    // --- Security ---
    {"common.security.authorizationEnabled", OnlyFalse(kNoUsers), "false", kCold, kPartly,
     "users and roles; `true` stops the start, since this version has neither"},
    {"common.security.tlsMode", OneOf("0", kNoTls), "0", kCold, kPartly,
     "0 off; 1 and 2 (one-way, mutual) stop the start, since this version has no TLS"},
    {"common.security.internaltlsEnabled", OnlyFalse(kNoTls), "false", kCold, kPartly,
     "TLS between roles; `true` stops the start"},
    {"common.security.superUsers", Text(), "", kHot, kPlanned, "may change others' passwords"},
    {"common.security.defaultRootPassword", Text(), "Milvus", kCold, kPlanned,
     "first password of root", kSecret},
    {"common.security.rootShouldBindRole", Bool(), "false", kHot, kPlanned, "root needs a role"},
    {"common.security.enablePublicPrivilege", Bool(), "true", kHot, kPlanned, "rights of `public`"},
    {"common.security.exprEnabled", Bool(), "false", kHot, kIgnored, "never on: runs code"},
    {"common.security.exprAuthMode", Text(), "rootOnly", kHot, kIgnored, "never on: runs code"},
    {"tls.serverPemPath", Text(), "configs/cert/server.pem", kCold, kPlanned, "certificate"},
    {"tls.serverKeyPath", Text(), "configs/cert/server.key", kCold, kPlanned, "its key"},
    {"tls.caPemPath", Text(), "configs/cert/ca.pem", kCold, kPlanned, "authority for clients"},
    {"proxy.maxUserNum", Int(1), "100", kHot, kPlanned, "users"},
    {"proxy.maxRoleNum", Int(1), "10", kHot, kPlanned, "roles"},
    {"proxy.maxUsernameLength", Int(1, 1024), "32", kHot, kPlanned, "bytes of a user name"},
    {"proxy.maxPasswordLength", Int(1, 72), "72", kHot, kPlanned, "bytes of a password"},
    {"proxy.maxRoleDescriptionLength", Int(0), "1024", kHot, kPlanned, "bytes"},
    {"proxy.resolveAliasForPrivilege", Bool(), "true", kHot, kPlanned,
     "rights are checked on the collection behind an alias"},

    // --- Limits of requests ---
    {"proxy.maxNameLength", Int(1, 65535), "255", kHot, kHonoured,
     "bytes of collection, alias, partition, field and index names"},
    {"proxy.nameValidation.allowedChars", Text(), "$", kHot, kHonoured,
     "characters allowed in names beside letters, digits and underscore; add `-` for hyphens"},
    {"proxy.roleNameValidation.allowedChars", Text(), "$", kHot, kHonoured, "the same for roles"},
    {"proxy.maxFieldNum", Int(1, 1024), "64", kHot, kHonoured, "fields of a collection"},
    {"proxy.maxVectorFieldNum", Int(1, 1024), "10", kHot, kHonoured,
     "vector fields of a collection"},
    {"proxy.maxShardNum", Int(1, 1024), "16", kHot, kHonoured, "shards of a collection"},
    {"proxy.maxDimension", Int(1, 1 << 20), "32768", kHot, kHonoured,
     "dimension of a vector; binary vectors 8 times that"},
    {"proxy.maxVarCharLength", Int(1, 1 << 30), "65535", kHot, kHonoured,
     "bytes of a VARCHAR value"},
    {"proxy.maxTextLength", Int(1, 1 << 30), "2097152", kHot, kPlanned, "bytes of a TEXT value"},
    {"proxy.maxTaskNum", Int(1, 1 << 20), "1024", kHot, kPlanned,
     "requests waiting; more are refused with code 4, which clients retry"},
    {"proxy.ddlConcurrency", Int(1, 1024), "16", kCold, kPlanned, "schema changes at a time"},
    {"proxy.dclConcurrency", Int(1, 1024), "16", kCold, kPlanned, "rights changes at a time"},
    {"proxy.maxResultEntries", Int(-1), "-1", kHot, kPlanned,
     "queries x limit x group size of a search; -1 no limit"},
    {"proxy.mustUsePartitionKey", Bool(), "false", kHot, kHonoured,
     "refuse collections without a partition key"},
    {"proxy.maxConnectionNum", Int(1), "10000", kHot, kHonoured, "clients remembered"},
    {"proxy.connectionCheckIntervalSeconds", Seconds(1), "120", kHot, kPlanned,
     "how often forgotten clients are looked for"},
    {"proxy.connectionClientInfoTTLSeconds", Seconds(1), "86400", kHot, kPlanned,
     "how long a silent client is remembered"},
    {"proxy.slowQuerySpanInSeconds", Seconds(0), "1", kHot, kHonoured,
     "requests slower than this are logged and counted; a search counts by query"},
    {"proxy.partialResultRequiredDataRatio", Share(), "1", kHot, kPlanned,
     "below 1, answers may miss that share of the data"},
    {"proxy.gracefulStopTimeout", Seconds(0), "30", kHot, kHonoured,
     "how long SIGTERM waits for running requests"},
    {"proxy.maxIndexParamsSize", Bytes(1), "102400", kHot, kHonoured, "bytes of index parameters"},
    {"proxy.maxArrayCapacity", Int(1, 1 << 20), "4096", kHot, kHonoured, "elements of an ARRAY"},
    {"proxy.maxCollectionDescriptionLength", Int(0), "1024", kHot, kHonoured, "bytes"},
    {"proxy.maxSearchAggregationResultEntries", Int(1), "10000", kHot, kPlanned, "entries"},
    {"proxy.accessLog.enable", Bool(), "false", kHot, kPlanned, "access log"},
    {"proxy.accessLog.minioEnable", Bool(), "false", kHot, kPlanned, "kept in the object store"},
    {"proxy.accessLog.localPath", Text(), "/tmp/milvus_access", kHot, kPlanned, "its directory"},
    {"proxy.accessLog.filename", Text(), "", kHot, kPlanned, "its file; empty standard output"},
    {"proxy.accessLog.maxSize", Megabytes(), "64", kHot, kPlanned, "size of one file"},
    {"proxy.accessLog.rotatedTime", Seconds(), "0", kHot, kPlanned, "age of one file"},
    {"proxy.accessLog.remotePath", Text(), "access_log/", kHot, kPlanned, "object prefix"},
    {"proxy.accessLog.remoteMaxTime", Hours(), "0", kHot, kPlanned, "age of an object"},
    {"proxy.accessLog.cacheSize", Bytes(), "0", kHot, kPlanned, "write buffer"},
    {"proxy.accessLog.cacheFlushInterval", Seconds(), "3", kHot, kPlanned, "its longest wait"},

    // --- quotaAndLimits ---
    {"quotaAndLimits.enabled", Bool(), "true", kHot, kPartly, "switch of the rates below"},
    {"quotaAndLimits.limits.topK", Int(1, 1 << 20), "16384", kHot, kHonoured, "limit of a search"},
    {"quotaAndLimits.limits.nq", Int(1, 1 << 20), "16384", kHot, kHonoured, "vectors of a search"},
    {"quotaAndLimits.limits.maxQueryResultWindow", Int(1), "16384", kHot, kHonoured,
     "offset + limit of a query or search"},
    {"quotaAndLimits.limits.largeTopK", Int(1), "1000000", kHot, kHonoured,
     "limit of a search in collections with query_mode=large_topk"},
    {"quotaAndLimits.limits.largeMaxQueryResultWindow", Int(1), "1000000", kHot, kHonoured,
     "offset + limit in such collections"},
    {"quotaAndLimits.limits.maxOutputSize", Bytes(1), "104857600", kHot, kHonoured,
     "bytes of one answer"},
    {"quotaAndLimits.limits.maxInsertSize", Bytes(-1), "-1", kHot, kHonoured,
     "bytes of one insert; -1 no limit but that of a request"},
    {"quotaAndLimits.limits.maxGroupSize", Int(1), "10", kHot, kHonoured, "rows of a group"},
    {"quotaAndLimits.limits.maxCollectionNum", Int(1), "65536", kHot, kHonoured, "collections"},
    {"quotaAndLimits.limits.maxCollectionNumPerDB", Int(1), "65536", kHot, kHonoured,
     "collections of a database"},
    {"quotaAndLimits.limits.maxResourceGroupNumOfQueryNode", Int(1), "1024", kHot, kPlanned,
     "resource groups"},
    {"quotaAndLimits.limits.complexDeleteLimitEnable", Bool(), "false", kHot, kPlanned,
     "charge deletes by filter"},
    {"quotaAndLimits.limits.allocRetryTimes", Int(0), "15", kHot, kIgnored, ""},
    {"quotaAndLimits.limits.allocWaitInterval", Millis(), "1000", kHot, kIgnored, ""},
    {"quotaAndLimits.flushRate.enabled", Bool(), "false", kHot, kPlanned,
     "limit how often clients flush. The reference's default is true, which refuses a second "
     "flush of a collection within 10 s"},
    {"quotaAndLimits.flushRate.max", Float(-1, kMany), "-1", kHot, kPlanned,
     "flushes a second, whole server; -1 no limit"},
    {"quotaAndLimits.flushRate.collection.max", Float(-1, kMany), "0.1", kHot, kPlanned,
     "flushes a second, one collection; -1 no limit"},
    {"quotaAndLimits.flushRate.db.max", Float(-1, kMany), "-1", kHot, kPlanned, "one database"},
    {"quotaAndLimits.ddl.enabled", Bool(), "false", kHot, kPlanned, "rates of schema changes"},
    {"quotaAndLimits.ddl.collectionRate", Float(-1, kMany), "-1", kHot, kPlanned, "a second"},
    {"quotaAndLimits.ddl.partitionRate", Float(-1, kMany), "-1", kHot, kPlanned, "a second"},
    {"quotaAndLimits.ddl.db.collectionRate", Float(-1, kMany), "-1", kHot, kPlanned, "a second"},
    {"quotaAndLimits.ddl.db.partitionRate", Float(-1, kMany), "-1", kHot, kPlanned, "a second"},
    {"quotaAndLimits.indexRate.enabled", Bool(), "false", kHot, kPlanned, "rate of index changes"},
    {"quotaAndLimits.indexRate.max", Float(-1, kMany), "-1", kHot, kPlanned, "a second"},
    {"quotaAndLimits.compactionRate.enabled", Bool(), "false", kHot, kPlanned,
     "rate of compactions"},
    {"quotaAndLimits.compactionRate.max", Float(-1, kMany), "-1", kHot, kPlanned, "a second"},
    {"quotaAndLimits.dbRate.enabled", Bool(), "false", kHot, kPlanned, "rate of database changes"},
    {"quotaAndLimits.dbRate.max", Float(-1, kMany), "-1", kHot, kPlanned, "a second"},
    {"quotaAndLimits.dml.enabled", Bool(), "false", kHot, kPlanned, "rates of writes"},
    {"quotaAndLimits.dql.enabled", Bool(), "false", kHot, kPlanned, "rates of reads"},
    {"quotaAndLimits.limitWriting.forceDeny", Bool(), "false", kHot, kPlanned, "refuse writes"},
    {"quotaAndLimits.limitWriting.memProtection.enabled", Bool(), "true", kHot, kPlanned,
     "refuse writes when memory runs out"},
    {"quotaAndLimits.limitWriting.diskProtection.enabled", Bool(), "true", kHot, kPlanned,
     "refuse writes over a disk quota"},
    {"quotaAndLimits.limitWriting.diskProtection.diskQuota", Float(-1, kMany), "-1", kHot, kPlanned,
     "MB; -1 no limit"},
    {"quotaAndLimits.limitReading.forceDeny", Bool(), "false", kHot, kPlanned, "refuse reads"},
    {"quotaAndLimits.forceDenyAllDDL", Bool(), "false", kHot, kPlanned, "refuse schema changes"},
    {"quotaAndLimits.quotaCenterCollectInterval", Seconds(), "3", kHot, kIgnored, ""},
    {"quotaAndLimits.factorChangeThreshold", Float(0, 1), "0.05", kHot, kIgnored, ""},

    // --- Catalog ---
    {"rootCoord.maxPartitionNum", Int(1), "1024", kHot, kHonoured, "partitions of a collection"},
    {"rootCoord.maxDatabaseNum", Int(1), "64", kHot, kHonoured, "databases"},
    {"rootCoord.maxGeneralCapacity", Int(1), "65536", kHot, kHonoured,
     "sum over collections of partitions x shards"},
    {"rootCoord.dmlChannelNum", Int(1, 4096), "16", kCold, kPlanned,
     "physical channels of the log, shared by all collections"},
    {"msgChannel.chanNamePrefix.cluster", Text(), "by-dev", kCold, kHonoured,
     "first part of channel names, as describe shows them"},
    {"msgChannel.chanNamePrefix.rootCoordDml", Text(), "rootcoord-dml", kCold, kHonoured,
     "second part of channel names"},
    {"common.defaultPartitionName", Text(), "_default", kCold, kPlanned,
     "name of each collection's first partition; fixed once a collection exists"},
    {"common.defaultIndexName", Text(), "_default_idx", kCold, kIgnored, ""},
    {"common.clusterID", Int(0, 7), "0", kCold, kPlanned, "upper bits of generated ids"},

    // --- Segments ---
    {"dataCoord.segment.maxSize", Megabytes(1), "1024", kHot, kHonoured,
     "target size of a segment"},
    {"dataCoord.segment.diskSegmentMaxSize", Megabytes(1), "2048", kHot, kPlanned,
     "the same for collections with an index on disk"},
    {"dataCoord.segment.sealProportion", Float(0.0001, 1), "0.12", kHot, kHonoured,
     "a growing segment is sealed at this share of maxSize"},
    {"dataCoord.segment.sealProportionJitter", Share(), "0.1", kHot, kPlanned,
     "random part of that share, so that segments do not seal together"},
    {"dataCoord.segment.maxLife", Seconds(1), "86400", kHot, kHonoured,
     "a growing segment is sealed at this age"},
    {"dataCoord.segment.maxIdleTime", Seconds(1), "600", kHot, kHonoured,
     "and when it was not written for so long"},
    {"dataCoord.segment.minSizeFromIdleToSealed", Megabytes(0), "16", kHot, kHonoured,
     "if it holds at least this much"},
    {"dataCoord.segment.maxBinlogFileNumber", Int(1), "32", kHot, kPlanned, "files of a segment"},
    {"dataCoord.segment.smallProportion", Share(), "0.5", kHot, kHonoured,
     "segments below that share of maxSize are merged"},
    {"dataCoord.segment.compactableProportion", Share(), "0.85", kHot, kHonoured,
     "small segments that together have that share of maxSize are merged at once"},
    {"dataCoord.segment.expansionRate", Float(1, 100), "1.25", kHot, kHonoured,
     "so many times maxSize is the most that a merged segment has"},
    {"dataNode.segment.insertBufSize", Bytes(1 << 16), "16777216", kHot, kHonoured,
     "bytes of a growing segment's column that become one file", kPlain, "DATA_NODE_IBUFSIZE"},
    {"dataNode.segment.deleteBufBytes", Bytes(1), "16777216", kHot, kPlanned, "delete buffer"},
    {"dataNode.segment.syncPeriod", Seconds(1), "600", kHot, kPlanned,
     "longest time between flushes"},
    {"indexCoord.segment.minSegmentNumRowsToEnableIndex", Int(0), "1024", kHot, kHonoured,
     "segments of fewer rows are searched without an index", kPlain, "",
     "rootCoord.minSegmentSizeToEnableIndex"},
    {"rootCoord.minSegmentSizeToEnableIndex", Int(0), "1024", kHot, kPartly,
     "old name of indexCoord.segment.minSegmentNumRowsToEnableIndex"},
    {"indexNode.scheduler.buildParallel", Int(1, 1024), "1", kCold, kHonoured,
     "index builds at a time"},
    {"dataCoord.sealPolicy.channel.growingSegmentsMemSize", Megabytes(1), "4096", kHot, kPlanned,
     "growing bytes of a channel"},
    {"common.enabledJSONShredding", Bool(), "true", kHot, kHonoured,
     "frequent paths of JSON fields become columns when a segment is written; the reference's "
     "default is false before 3.0"},
    {"common.usingJSONShreddingForQuery", Bool(), "true", kHot, kHonoured,
     "filters read these columns; answers are the same without, only slower"},
    {"common.enabledGrowingSegmentJSONShredding", Bool(), "false", kHot, kIgnored,
     "growing rows are read as texts until a flush writes their columns; answers are the same"},
    {"dataCoord.jsonShreddingMaxColumns", Int(0, 65536), "1024", kHot, kHonoured,
     "paths of a field that become columns, at most"},
    {"dataCoord.jsonShreddingRatioThreshold", Share(), "0.3", kHot, kHonoured,
     "share of a segment's rows that must have a path for it to become a column"},
    {"dataCoord.jsonShreddingTriggerCount", Int(0), "10", kHot, kIgnored,
     "columns are written with the segment: there are no jobs to begin"},
    {"dataCoord.jsonShreddingTriggerInterval", Seconds(0), "10", kHot, kIgnored,
     "as jsonShreddingTriggerCount"},
    {"dataCoord.enableCompaction", Bool(), "true", kHot, kHonoured,
     "segments are merged and deleted rows left out"},
    {"dataCoord.compaction.enableAutoCompaction", Bool(), "true", kHot, kHonoured,
     "without being asked; collection.autocompaction.enabled turns it off for one collection"},
    {"dataCoord.compaction.mix.triggerInterval", Seconds(1), "60", kHot, kHonoured,
     "how often all segments are looked at; so long a partition rests before few are merged"},
    {"dataCoord.compaction.single.ratio.threshold", Share(), "0.2", kHot, kHonoured,
     "share of deleted or expired rows at which a segment is written anew"},
    {"dataCoord.compaction.single.expiredlog.maxsize", Bytes(0), "10485760", kHot, kHonoured,
     "more bytes of expired rows do the same"},
    {"dataCoord.compaction.expiry.tolerance", Hours(-1), "-1", kHot, kHonoured,
     "so long after the first of its rows expired a segment is written anew; -1: never"},
    {"dataCoord.compaction.single.deltalog.maxsize", Bytes(0), "16m", kHot, kHonoured,
     "more bytes of deletes of its rows do the same"},
    {"dataCoord.compaction.single.deltalog.maxnum", Int(0), "200", kHot, kHonoured,
     "as do more files of deletes since it was written, if they delete any row of it"},
    {"dataCoord.compaction.clustering.enable", Bool(), "true", kHot, kHonoured,
     "rows are put together by the clustering key when a client asks for it; off: error 2303"},
    {"dataCoord.compaction.clustering.autoEnable", Bool(), "false", kHot, kHonoured,
     "and without being asked, by the next four"},
    {"dataCoord.compaction.clustering.triggerInterval", Seconds(1), "600", kHot, kHonoured,
     "how often collections with a clustering key are looked at"},
    {"dataCoord.compaction.clustering.minInterval", Seconds(0), "3600", kHot, kHonoured,
     "so long a partition is left as it is after it was clustered"},
    {"dataCoord.compaction.clustering.maxInterval", Seconds(0), "259200", kHot, kHonoured,
     "after this any new data is reason enough"},
    {"dataCoord.compaction.clustering.newDataSizeThreshold", Bytes(0), "512m", kHot, kHonoured,
     "before that, and the first time, so many bytes of new data are"},
    {"common.usePartitionKeyAsClusteringKey", Bool(), "false", kHot, kHonoured,
     "collections with a partition key and no clustering key are clustered by the partition key"},
    {"dataCoord.compaction.levelzero.forceTrigger.deltalogMinNum", Int(2), "10", kHot, kHonoured,
     "so many small files of deletes of a collection are merged into one"},
    {"dataCoord.compaction.levelzero.forceTrigger.deltalogMaxNum", Int(2), "1000", kHot, kHonoured,
     "at most so many at a time"},
    {"dataCoord.compaction.levelzero.forceTrigger.minSize", Bytes(1), "8388608", kHot, kHonoured,
     "files of deletes up to this are small; fewer are merged if they have as many bytes together"},
    {"dataCoord.compaction.levelzero.forceTrigger.maxSize", Bytes(1), "67108864", kHot, kHonoured,
     "at most so many bytes of deletes are merged into one file"},
    {"dataCoord.enableGarbageCollection", Bool(), "true", kHot, kHonoured,
     "objects that nothing names are removed; off: those of what is dropped or merged, too, stay"},
    {"dataCoord.gc.interval", Seconds(1), "3600", kHot, kHonoured,
     "how often objects of what was dropped or merged are removed, at the longest"},
    {"dataCoord.gc.missingTolerance", Seconds(0), "86400", kHot, kHonoured,
     "age of objects that nothing names at which they are removed"},
    {"dataCoord.gc.dropTolerance", Seconds(0), "10800", kHot, kHonoured,
     "how long objects of what was dropped or merged stay for those who read them"},
    {"dataCoord.gc.scanInterval", Hours(0), "168", kHot, kHonoured,
     "how often the store is listed for objects that nothing names, beside each start"},
    {"dataCoord.snapshot.maxCompactionProtectionSeconds", Int(0), "604800", kHot, kHonoured,
     "the longest that a snapshot may keep its segments from being compacted"},
    {"elanus.snapshot.exportPath", Text(), "", kCold, kHonoured,
     "directory below which snapshots are exported and looked for, with local storage; empty: "
     "exports below localStorage.path"},
    {"common.entityExpiration", Seconds(-1), "-1", kCold, kHonoured,
     "age at which rows of collections without collection.ttl.seconds expire; -1 and 0: never"},

    // --- Reads ---
    {"common.gracefulTime", Millis(0), "5000", kHot, kHonoured,
     "how far a read at consistency Bounded may lag"},
    {"common.buildIndexThreadPoolRatio", Float(0.01, 1), "0.75", kCold, kHonoured,
     "share of elanus.cpuThreads that index builds use together, rounded"},
    {"common.simdType", OneOf("auto|avx512|avx2|avx|sse4_2|scalar"), "auto", kCold, kHonoured,
     "widest instruction set to use"},
    {"queryNode.scheduler.unsolvedQueueSize", Int(1), "1024", kHot, kHonoured,
     "reads waiting; more are refused with code 4"},
    {"queryNode.scheduler.maxReadConcurrentRatio", Float(0.01, 100), "1", kHot, kPlanned,
     "reads at a time, for each core"},
    {"queryNode.scheduler.scheduleReadPolicy.name", OneOf("fifo|user-task-polling"), "fifo", kHot,
     kPlanned, "order of reads"},
    {"queryNode.segcore.interimIndex.enableIndex", Bool(), "true", kCold, kHonoured,
     "code rows that have no index yet, so that they are searched fast"},
    {"queryNode.segcore.interimIndex.indexBuildRatio", Share(), "0.1", kCold, kHonoured,
     "share of its full size from which on a growing segment is coded"},
    {"queryNode.segcore.interimIndex.refineRatio", Float(1, 1000), "4.5", kCold, kHonoured,
     "candidates compared exactly for each hit, beside 64 more"},
    {"queryNode.segcore.interimIndex.denseVectorIndexType", OneOf("IVF_FLAT_CC|SCANN_DVR"),
     "IVF_FLAT_CC", kCold, kIgnored, "codes of five bits a component are used in place of both"},
    {"queryNode.segcore.interimIndex.nlist", Int(1, 65536), "128", kCold, kIgnored,
     "all codes are scanned: there are no lists"},
    {"queryNode.segcore.interimIndex.nprobe", Int(1, 65536), "16", kCold, kIgnored, "as nlist"},
    {"queryNode.segcore.interimIndex.subDim", Int(1, 32768), "4", kCold, kIgnored, "of SCANN_DVR"},
    {"queryNode.segcore.interimIndex.refineQuantType", Text(), "NONE", kCold, kIgnored,
     "candidates are compared by the vectors themselves"},
    {"queryNode.segcore.tieredStorage.warmup.scalarField", OneOf("sync|disable|async"), "sync",
     kCold, kHonoured,
     "when scalar columns are fetched from a remote store: by the load, when they are used first, "
     "or behind the load"},
    {"queryNode.segcore.tieredStorage.warmup.scalarIndex", OneOf("sync|disable|async"), "sync",
     kCold, kHonoured, "likewise scalar and text indexes"},
    {"queryNode.segcore.tieredStorage.warmup.vectorField", OneOf("sync|disable|async"), "disable",
     kCold, kHonoured, "likewise vector columns"},
    {"queryNode.segcore.tieredStorage.warmup.vectorIndex", OneOf("sync|disable|async"), "sync",
     kCold, kHonoured, "likewise vector indexes, with the vectors that they refer to"},
    {"queryNode.segcore.tieredStorage.evictionEnabled", Bool(), "false", kCold, kHonoured,
     "what was fetched may go again when room is wanted; false: it stays, and what does not fit is "
     "refused"},
    {"queryNode.segcore.tieredStorage.backgroundEvictionEnabled", Bool(), "false", kCold, kHonoured,
     "evict by age and down to the low marks behind requests; needs evictionEnabled"},
    {"queryNode.segcore.tieredStorage.memoryLowWatermarkRatio", Share(), "0.75", kCold, kHonoured,
     "share of elanus.memoryLimit down to which memory is evicted"},
    {"queryNode.segcore.tieredStorage.memoryHighWatermarkRatio", Share(), "0.8", kCold, kHonoured,
     "share of elanus.memoryLimit that cells in memory take at most"},
    {"queryNode.segcore.tieredStorage.diskLowWatermarkRatio", Share(), "0.75", kCold, kHonoured,
     "share of the local disk down to which the disk cache is evicted"},
    {"queryNode.segcore.tieredStorage.diskHighWatermarkRatio", Share(), "0.8", kCold, kHonoured,
     "share of the local disk that the disk cache takes at most"},
    {"queryNode.segcore.tieredStorage.cacheTtl", Seconds(), "0", kCold, kHonoured,
     "cells that were not used for so long are evicted behind requests; 0: never"},
    {"queryNode.segcore.tieredStorage.cacheTouchWindowMs", Millis(), "3000", kCold, kHonoured,
     "uses of a cell within this time count once"},
    {"queryNode.segcore.tieredStorage.evictionIntervalMs", Millis(), "1000", kCold, kIgnored,
     "eviction behind requests runs every two seconds"},
    {"queryNode.segcore.tieredStorage.loadingTimeoutMs", Int(-1), "-1", kCold, kHonoured,
     "longest wait for room in the cache; -1: a minute"},
    {"queryNode.segcore.tieredStorage.warmupLoadingTimeoutMs", Int(-1), "0", kCold, kIgnored,
     "a load waits as long as its data takes"},
    {"queryNode.segcore.tieredStorage.evictableMemoryCacheRatio", Share(), "0.3", kCold, kIgnored,
     "room is reserved before anything is loaded: nothing is set aside by estimate"},
    {"queryNode.segcore.tieredStorage.evictableDiskCacheRatio", Share(), "0.3", kCold, kIgnored,
     "likewise"},
    {"queryNode.segcore.tieredStorage.loadingResourceFactor", Float(0, 1000), "1.0", kCold,
     kIgnored, "likewise"},
    {"queryNode.segcore.tieredStorage.storageUsageTrackingEnabled", Bool(), "false", kHot,
     kHonoured,
     "answers of searches and queries tell the bytes they read, and how many of them "
     "from the store"},
    {"elanus.storage.compressVectors", Bool(), "false", kHot, kHonoured,
     "vectors of floats and half floats written from now on are compressed, losslessly, where that "
     "saves an eighth; such columns are decoded into memory and never mapped"},
    {"elanus.cache.memory", Bytes(0), "0", kCold, kHonoured,
     "bytes that cells in memory take at most, in place of memoryHighWatermarkRatio; 0: that "
     "ratio"},
    {"elanus.cache.disk", Bytes(0), "0", kCold, kHonoured,
     "bytes that the disk cache takes at most, in place of diskHighWatermarkRatio; 0: that ratio"},
    {"queryNode.enableSegmentPrune", Bool(), "false", kCold, kHonoured,
     "requests pass over segments of which the catalog tells that no row passes their filter"},
    {"queryNode.enableDisk", Bool(), "false", kCold, kPlanned, "indexes on disk"},
    {"queryNode.maxDiskUsagePercentage", Int(1, 100), "95", kHot, kPlanned, "local disk"},
    {"queryNode.mmap.vectorField", Bool(), "true", kCold, kHonoured,
     "map vector columns from local disk; false: those of a remote store are decoded into memory"},
    {"queryNode.mmap.vectorIndex", Bool(), "false", kCold, kPlanned, "map vector indexes"},
    {"queryNode.mmap.scalarField", Bool(), "false", kCold, kPlanned, "map scalar columns"},
    {"queryNode.mmap.scalarIndex", Bool(), "false", kCold, kPlanned, "map scalar indexes"},
    {"queryNode.mmap.jsonShredding", Bool(), "true", kCold, kIgnored,
     "columns of JSON paths are compressed in their file, and read when a filter names them"},
    {"queryCoord.overloadedMemoryThresholdPercentage", Int(1, 100), "90", kHot, kPlanned,
     "share of memory above which a load is refused"},
    {"queryCoord.loadTimeoutSeconds", Seconds(1), "600", kHot, kPlanned, "longest load"},
    {"common.DiskIndex.MaxDegree", Int(1, 2048), "56", kHot, kHonoured,
     "of DISKANN: links of a node"},
    {"common.DiskIndex.SearchListSize", Int(1, 1 << 20), "100", kHot, kHonoured,
     "of DISKANN: how widely a build looks for them"},
    {"common.DiskIndex.PQCodeBudgetGBRatio", Float(0.001, 1), "0.125", kHot, kHonoured,
     "of DISKANN: codes in memory, as a share of the vectors"},
    {"common.DiskIndex.SearchCacheBudgetGBRatio", Float(0, 1), "0.1", kHot, kHonoured,
     "of DISKANN: blocks kept in memory, as a share of the vectors"},
    {"autoIndex.enable", Bool(), "false", kHot, kHonoured,
     "override every vector index by the parameters below"},
    {"autoIndex.params.build", Text(),
     R"({"M":18,"efConstruction":240,"index_type":"HNSW","metric_type":"COSINE"})", kHot, kHonoured,
     "AUTOINDEX of dense float vectors; the reference's default is HNSW_SQ"},
    {"autoIndex.params.int8.build", Text(),
     R"({"M":18,"efConstruction":240,"index_type":"HNSW","metric_type":"COSINE"})", kHot, kHonoured,
     "AUTOINDEX of int8 vectors"},
    {"autoIndex.params.binary.build", Text(),
     R"({"index_type":"BIN_FLAT","metric_type":"HAMMING"})", kHot, kHonoured,
     "AUTOINDEX of binary vectors; the reference's default is BIN_IVF_FLAT"},
    {"autoIndex.params.sparse.build", Text(),
     R"({"index_type":"SPARSE_INVERTED_INDEX","metric_type":"IP"})", kHot, kHonoured,
     "AUTOINDEX of sparse vectors"},
    {"autoIndex.params.deduplicate.build", Text(),
     R"({"index_type":"MINHASH_LSH","metric_type":"MHJACCARD"})", kHot, kHonoured,
     "AUTOINDEX of binary vectors by MHJACCARD, with the two switches"},
    {"autoIndex.params.deduplicate.enable", Bool(), "false", kHot, kHonoured,
     "with autoIndex.enable: use the parameters above instead of MINHASH_LSH by its defaults"},
    {"autoIndex.params.largeTopK.build", Text(),
     R"({"index_type":"IVF_SQ8","metric_type":"COSINE","nlist":128})", kHot, kHonoured,
     "with autoIndex.enable: dense float vectors of collections with query_mode=large_topk"},
    {"scalarAutoIndex.enable", Bool(), "false", kHot, kHonoured,
     "override every index type of scalar and JSON fields by AUTOINDEX"},
    {"scalarAutoIndex.params.build", Text(), "", kHot, kHonoured,
     "a JSON object of index types by data type (bool, int, float, varchar, json, geometry, "
     "timestamptz) that AUTOINDEX is built as; others as it stands"},
    {"scalarAutoIndex.params.bitmapCardinalityLimit", Int(1, 1000), "100", kHot, kHonoured,
     "distinct values up to which HYBRID is a bitmap"},

    // --- Storage ---
    {"common.storageType", OneOf("local|remote|minio|opendal"), "local", kCold, kHonoured,
     "where objects are kept: local is a directory, all others a store behind the S3 API; the "
     "reference's default is remote"},
    {"localStorage.path", Text(), "", kCold, kHonoured,
     "directory of the objects, or with remote storage of local copies; empty is `data` below the "
     "data directory. When elanus.dataDir is not given, the directory above it is the data "
     "directory"},
    {"minio.rootPath", Text(), "files", kCold, kHonoured, "first part of every object's key"},
    {"minio.address", Text(), "localhost:9000", kCold, kHonoured,
     "object store; without a port minio.port is appended. http:// or https:// in front decides "
     "about TLS"},
    {"minio.port", Port(), "9000", kCold, kHonoured, "its port, when the address has none"},
    {"minio.accessKeyID", Text(), "minioadmin", kCold, kHonoured,
     "access key; when neither it nor the secret is given, AWS_ACCESS_KEY_ID ... and the shared "
     "credentials file are looked at first",
     kSecret},
    {"minio.secretAccessKey", Text(), "minioadmin", kCold, kHonoured, "its secret", kSecret},
    {"minio.sessionToken", Text(), "", kCold, kHonoured,
     "session token that belongs to the access key; not a key of the reference", kSecret},
    {"minio.useSSL", Bool(), "false", kCold, kHonoured, "TLS to the object store"},
    {"minio.ssl.tlsCACert", Text(), "", kCold, kHonoured,
     "PEM file of the authority; empty, or the reference's placeholder /path/to/public.crt, is the "
     "machine's own"},
    {"minio.ssl.tlsMinVersion", OneOf("default|1.0|1.1|1.2|1.3"), "default", kCold, kHonoured,
     "lowest TLS version; default is 1.2"},
    {"minio.ssl.useCRC32C", Bool(), "false", kCold, kHonoured,
     "uploads carry x-amz-checksum-crc32c besides their signed SHA-256"},
    {"minio.bucketName", Text(), "a-bucket", kCold, kHonoured, "bucket"},
    {"minio.createBucket", Bool(), "true", kCold, kHonoured,
     "make the bucket when it is not there; not a key of the reference"},
    {"minio.useIAM", Bool(), "false", kCold, kHonoured,
     "credentials of the environment, the shared file, the container or the instance"},
    {"minio.iamEndpoint", Text(), "", kCold, kHonoured,
     "metadata service to ask instead of http://169.254.169.254"},
    {"minio.cloudProvider", OneOf("aws|gcp|gcpnative|aliyun|azure|tencent|huawei"), "aws", kCold,
     kPartly,
     "aliyun and tencent put the bucket into the host name; azure and gcpnative, which have no S3 "
     "API, are refused with remote storage, and so is minio.useIAM with another provider than aws"},
    {"minio.gcpCredentialJSON", Text(), "", kCold, kPlanned, "credentials of gcpnative", kSecret},
    {"minio.region", Text(), "", kCold, kHonoured,
     "region of the bucket; empty is us-east-1, or what the store says"},
    {"minio.useVirtualHost", Bool(), "false", kCold, kHonoured, "bucket in the host name"},
    {"minio.requestTimeoutMs", Millis(1), "10000", kCold, kHonoured,
     "longest time of a request without a byte in either direction; rounded up to seconds"},
    {"minio.listObjectsMaxKeys", Int(0), "0", kCold, kHonoured,
     "keys of one page of a listing; 0 is what the store likes"},
    {"mq.type", OneOf("default|rocksmq|pulsar|kafka|woodpecker|natsmq"), "default", kCold, kPartly,
     "the log is always the embedded one; pulsar and kafka are planned"},
    {"rocksmq.path", Text(), "", kCold, kHonoured,
     "directory of the write-ahead log; empty is `rdb_data` below the data directory"},
    {"rocksmq.retentionTimeInMinutes", Minutes(-1), "4320", kCold, kIgnored,
     "the log is cut as soon as its rows are in segments"},
    {"rocksmq.retentionSizeInMB", Megabytes(-1), "8192", kCold, kIgnored, "likewise"},
    {"etcd.rootPath", Text(), "by-dev", kCold, kPlanned, "prefix of metadata kept in etcd"},
    {"etcd.auth.password", Text(), "", kCold, kPlanned, "credentials", kSecret},
    {"etcd.auth.userName", Text(), "", kCold, kPlanned, "credentials", kSecret},
    {"kafka.saslPassword", Text(), "", kCold, kPlanned, "credentials", kSecret},
    {"kafka.saslUsername", Text(), "", kCold, kPlanned, "credentials", kSecret},
    {"pulsar.authParams", Text(), "", kCold, kPlanned, "credentials", kSecret},

    // --- Logs and traces ---
    {"log.level", OneOf("trace|debug|info|warn|error|fatal"), "info", kHot, kHonoured,
     "least level written; re-read on SIGHUP"},
    {"log.format", OneOf("text|json"), "text", kCold, kHonoured, "form of a line"},
    {"log.stdout", Bool(), "true", kCold, kHonoured,
     "write to standard error; with a log directory, also there"},
    {"log.file.rootPath", Text(), "", kCold, kHonoured, "log directory; empty writes no file"},
    {"log.file.maxSize", Megabytes(1), "300", kCold, kHonoured,
     "size at which a log file is rotated"},
    {"log.file.maxAge", Duration(86'400'000, 0), "10", kCold, kHonoured,
     "days that rotated files are kept; 0 for ever"},
    {"log.file.maxBackups", Int(0, 10000), "20", kCold, kHonoured,
     "rotated files kept; 0 is 10000"},
    {"trace.exporter", OneOf("noop|stdout|jaeger|otlp"), "noop", kHot, kPlanned, "traces"},
    {"trace.sampleFraction", Share(), "0", kHot, kPlanned, "share of requests traced"},
    {"trace.otlp.headers", Text(), "", kHot, kPlanned, "may hold credentials", kSecret},
    {"common.traceLogMode", Int(0, 2), "0", kHot, kPlanned, "1 brief, 2 full request log"},
};

// Components that Elanus does not have, and keys of those it has that say nothing to it.
constexpr std::string_view kIgnoredPatterns[] = {
    "etcd.*",
    "metastore.*",
    "tikv.*",
    "minio.*",
    "localStorage.*",
    "mq.*",
    "rocksmq.*",
    "natsmq.*",
    "pulsar.*",
    "kafka.*",
    "woodpecker.*",
    "msgChannel.*",
    "grpc.*",
    "tls.*",
    "internaltls.*",
    "mixCoord.*",
    "rootCoord.*",
    "queryCoord.*",
    "queryNode.*",
    "dataCoord.*",
    "dataNode.*",
    "indexCoord.*",
    "indexNode.*",
    "streamingNode.*",
    "streaming.*",
    "knowhere.*",
    "gpu.*",
    "autoIndex.*",
    "scalarAutoIndex.*",
    "function.*",
    "credential.*",
    "trace.*",
    "log.asyncWrite.*",
    "cipherPlugin.*",
    "hook.*",
    "soPath",
    "proxy.grpc.*",
    "proxy.accessLog.*",
    "proxy.http.*",
    "proxy.timeTickInterval",
    "proxy.healthCheckTimeout",
    "proxy.msgStream.*",
    "proxy.metaCacheGCTimeInterval",
    "proxy.ginLogging",
    "proxy.ginLogSkipPaths",
    "proxy.shardLeaderCacheInterval",
    "proxy.costMetricsExpireTime",
    "proxy.checkQueryNodeHealth*",
    "proxy.replicaSelectionPolicy",
    "proxy.queryNodePooling.*",
    "proxy.skipAutoIDCheck",
    "proxy.skipPartitionKeyCheck",
    "common.security.rbac.*",
    "common.security.*privileges*",
    "common.gracefulStopTimeout",
    "common.indexSliceSize",
    "common.session.*",
    "common.estimate.*",
    "common.bloomFilter*",
    "common.maxBloomFalsePositive",
    "common.*JSON*",
    "common.storage.*",
    "common.useVectorAsClusteringKey",
    "common.enableVectorClusteringKey",
    "common.ttMsgEnabled",
    "common.collectionReplicateEnable",
    "common.namespace.*",
    "common.localRPCEnabled",
    "common.enablePosixMode",
    "common.disk*",
    "common.DiskIndex.*Thread*",
    "common.DiskIndex.BeamWidthRatio",
    "common.groupBy.*",
    "common.preferIPv6",
    "common.fileResource.*",
    "common.visibilityFilterEnabled",
    "common.loadTransientBudgetBytes",
    "common.threadCoreCoefficient.*",
    "common.locks.*",
    "common.ttl*",
    "common.sync*",
    "common.loadPartialResult*",
    "common.retentionDuration",
    "common.indexEngineVersion.*",
    "quotaAndLimits.dml.*",
    "quotaAndLimits.dql.*",
    "quotaAndLimits.limitWriting.*",
    "quotaAndLimits.limitReading.*",
    "quotaAndLimits.*Rate.*",
    "quotaAndLimits.ddl.*",
};

}  // namespace

std::span<const ConfigKey> ConfigKeys() {
  return kConfigKeys;
}
std::span<const std::string_view> IgnoredConfigPatterns() {
  return kIgnoredPatterns;
}

const ConfigKey* FindConfigKey(std::string_view name) {
  static const auto* const index = [] {
    auto* map = new std::unordered_map<std::string, const ConfigKey*>;
    for (const ConfigKey& key : kConfigKeys) {
      map->emplace(NormalizeConfigName(key.name), &key);
      if (!key.environment.empty()) map->emplace(NormalizeConfigName(key.environment), &key);
    }
    return map;
  }();
  const auto found = index->find(NormalizeConfigName(name));
  return found == index->end() ? nullptr : found->second;
}

}  // namespace elanus
