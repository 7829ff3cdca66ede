#include "common/error_code.h"

namespace elanus {

// No default: a new code does not compile until somebody has said whose fault it is.
ErrorKind KindOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kServiceNotReady:
    case ErrorCode::kServiceUnavailable:
    case ErrorCode::kTooManyRequests:
    case ErrorCode::kRateLimit:
    case ErrorCode::kCollectionNotFullyLoaded:
    case ErrorCode::kCollectionOnRecovering:
    case ErrorCode::kPartitionNotFullyLoaded:
    case ErrorCode::kIoUnexpectedEof:
    case ErrorCode::kIoTooManyRequests:
    case ErrorCode::kClusteringNotSubmitted:
    case ErrorCode::kClusteringNotCommitted:
    case ErrorCode::kClusteringNoCollection:
    case ErrorCode::kCompactionBlocked:
      return ErrorKind::kRetryable;
    case ErrorCode::kInternal:
    case ErrorCode::kMemoryLimitExceeded:
    case ErrorCode::kDiskLimitExceeded:
    case ErrorCode::kChannelNotAvailable:
    case ErrorCode::kSegmentNotFound:
    case ErrorCode::kSegmentLoadFailed:
    case ErrorCode::kReplicaNotFound:
    case ErrorCode::kIoKeyNotFound:
    case ErrorCode::kIoFailed:
    case ErrorCode::kIoPermissionDenied:
    case ErrorCode::kIoBucketNotFound:
    case ErrorCode::kIoInvalidCredentials:
    case ErrorCode::kDataIntegrity:
    case ErrorCode::kUnexpected:
      return ErrorKind::kInternal;
    case ErrorCode::kOk:
    case ErrorCode::kQuotaExceeded:
    case ErrorCode::kUnimplemented:
    case ErrorCode::kCollectionNotFound:
    case ErrorCode::kCollectionNotLoaded:
    case ErrorCode::kCollectionNumLimitExceeded:
    case ErrorCode::kCollectionLoaded:
    case ErrorCode::kCollectionIllegalSchema:
    case ErrorCode::kVectorClusteringKeyNotAllowed:
    case ErrorCode::kClusteringOff:
    case ErrorCode::kClusteringKeyMissing:
    case ErrorCode::kClusteringRuns:
    case ErrorCode::kSchemaMismatch:
    case ErrorCode::kPartitionNotFound:
    case ErrorCode::kPartitionNotLoaded:
    case ErrorCode::kGeneralCapacityExceeded:
    case ErrorCode::kResourceGroupNotFound:
    case ErrorCode::kIndexNotFound:
    case ErrorCode::kIndexNotSupported:
    case ErrorCode::kIndexDuplicate:
    case ErrorCode::kDatabaseNotFound:
    case ErrorCode::kDatabaseNumLimitExceeded:
    case ErrorCode::kDatabaseInvalidName:
    case ErrorCode::kParameterInvalid:
    case ErrorCode::kParameterMissing:
    case ErrorCode::kParameterTooLarge:
    case ErrorCode::kMetricNotFound:
    case ErrorCode::kNotAuthenticated:
    case ErrorCode::kNotPermitted:
    case ErrorCode::kAliasNotFound:
    case ErrorCode::kAliasCollectionNameConflict:
    case ErrorCode::kAliasAlreadyExists:
    case ErrorCode::kFieldNotFound:
    case ErrorCode::kFieldInvalidName:
    case ErrorCode::kSnapshotNotFound:
    case ErrorCode::kSnapshotPinned:
    case ErrorCode::kOperationNotSupported:
    case ErrorCode::kCancelled:
    case ErrorCode::kDeadlineExceeded:
      return ErrorKind::kUser;
  }
  return ErrorKind::kInternal;
}

bool MayPass(ErrorCode code) {
  return KindOf(code) == ErrorKind::kRetryable || code == ErrorCode::kIoPermissionDenied ||
         code == ErrorCode::kIoBucketNotFound || code == ErrorCode::kIoInvalidCredentials;
}

std::string_view BaseText(ErrorCode code) {
  switch (code) {
    case ErrorCode::kOk:
    case ErrorCode::kCancelled:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kUnexpected:
      return "";
    case ErrorCode::kServiceNotReady: return "service not ready";
    case ErrorCode::kServiceUnavailable: return "service unavailable";
    case ErrorCode::kMemoryLimitExceeded: return "memory limit exceeded";
    case ErrorCode::kTooManyRequests: return "too many concurrent requests, queue is full";
    case ErrorCode::kInternal: return "service internal error";
    case ErrorCode::kDiskLimitExceeded: return "disk limit exceeded";
    case ErrorCode::kRateLimit: return "rate limit exceeded";
    case ErrorCode::kQuotaExceeded: return "quota exceeded";
    case ErrorCode::kUnimplemented: return "service unimplemented";
    case ErrorCode::kCollectionNotFound: return "collection not found";
    case ErrorCode::kCollectionNotLoaded: return "collection not loaded";
    case ErrorCode::kCollectionNumLimitExceeded: return "exceeded the limit number of collections";
    case ErrorCode::kCollectionNotFullyLoaded: return "collection not fully loaded";
    case ErrorCode::kCollectionLoaded: return "collection already loaded";
    case ErrorCode::kCollectionIllegalSchema: return "illegal collection schema";
    case ErrorCode::kCollectionOnRecovering: return "collection on recovering";
    case ErrorCode::kVectorClusteringKeyNotAllowed: return "vector clustering key not allowed";
    case ErrorCode::kSchemaMismatch: return "collection schema mismatch";
    case ErrorCode::kPartitionNotFound: return "partition not found";
    case ErrorCode::kPartitionNotLoaded: return "partition not loaded";
    case ErrorCode::kPartitionNotFullyLoaded: return "partition not fully loaded";
    case ErrorCode::kGeneralCapacityExceeded: return "general capacity exceeded";
    case ErrorCode::kResourceGroupNotFound: return "resource group not found";
    case ErrorCode::kReplicaNotFound: return "replica not found";
    case ErrorCode::kChannelNotAvailable: return "channel not available";
    case ErrorCode::kSegmentNotFound: return "segment not found";
    case ErrorCode::kSegmentLoadFailed: return "segment load failed";
    case ErrorCode::kIndexNotFound: return "index not found";
    case ErrorCode::kIndexNotSupported: return "index type not supported";
    case ErrorCode::kIndexDuplicate: return "index duplicates";
    case ErrorCode::kDatabaseNotFound: return "database not found";
    case ErrorCode::kDatabaseNumLimitExceeded: return "exceeded the limit number of database";
    case ErrorCode::kDatabaseInvalidName: return "invalid database name";
    case ErrorCode::kIoKeyNotFound: return "key not found";
    case ErrorCode::kIoFailed: return "IO failed";
    case ErrorCode::kIoUnexpectedEof: return "unexpected EOF";
    case ErrorCode::kIoTooManyRequests: return "too many requests";
    case ErrorCode::kIoPermissionDenied: return "permission denied";
    case ErrorCode::kIoBucketNotFound: return "bucket not found";
    case ErrorCode::kIoInvalidCredentials: return "invalid credentials";
    case ErrorCode::kDataIntegrity: return "data integrity check failed";
    case ErrorCode::kParameterInvalid: return "invalid parameter";
    case ErrorCode::kParameterMissing: return "missing parameter";
    case ErrorCode::kParameterTooLarge: return "parameter too large";
    case ErrorCode::kMetricNotFound: return "metric not found";
    case ErrorCode::kNotAuthenticated: return "not authenticated";
    case ErrorCode::kNotPermitted: return "privilege not permitted";
    case ErrorCode::kAliasNotFound: return "alias not found";
    case ErrorCode::kAliasCollectionNameConflict: return "alias and collection name conflict";
    case ErrorCode::kAliasAlreadyExists: return "alias already exist";
    case ErrorCode::kFieldNotFound: return "field not found";
    case ErrorCode::kFieldInvalidName: return "field name invalid";
    case ErrorCode::kClusteringOff: return "milvus cluster not support clustering compaction";
    case ErrorCode::kClusteringKeyMissing:
      return "collection not support clustering compaction";
    case ErrorCode::kClusteringRuns: return "collection is compacting";
    case ErrorCode::kClusteringNotSubmitted: return "fail to submit task";
    case ErrorCode::kClusteringNotCommitted: return "fail to update meta in clustering compaction";
    case ErrorCode::kClusteringNoCollection: return "fail to get collection in compaction";
    case ErrorCode::kCompactionBlocked: return "compaction blocked by snapshot protection";
    case ErrorCode::kSnapshotNotFound: return "snapshot not found";
    case ErrorCode::kSnapshotPinned: return "snapshot is pinned";
    case ErrorCode::kOperationNotSupported: return "unsupported operation";
  }
  return "";
}

int32_t LegacyCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kOk: return 0;
    case ErrorCode::kCollectionNotFound: return 4;
    case ErrorCode::kParameterInvalid:
    case ErrorCode::kParameterMissing:
    case ErrorCode::kParameterTooLarge: return 5;
    case ErrorCode::kPartitionNotFound:
    case ErrorCode::kReplicaNotFound: return 15;
    case ErrorCode::kIndexNotFound: return 25;
    case ErrorCode::kChannelNotAvailable: return 46;
    case ErrorCode::kSegmentNotFound: return 47;
    case ErrorCode::kQuotaExceeded: return 48;
    case ErrorCode::kRateLimit: return 49;
    case ErrorCode::kMemoryLimitExceeded: return 52;
    case ErrorCode::kDiskLimitExceeded: return 54;
    case ErrorCode::kServiceNotReady: return 56;
    case ErrorCode::kSchemaMismatch: return 62;
    default: return 1;  // UnexpectedError: the protocol's own catch-all
  }
}

}  // namespace elanus
