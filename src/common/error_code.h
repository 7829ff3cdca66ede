#pragma once

#include <cstdint>
#include <string_view>

namespace elanus {

// The public numeric error codes, as clients know them (Status.code on the wire).
enum class ErrorCode : int32_t {
  kOk = 0,
  kServiceNotReady = 1,
  kServiceUnavailable = 2,
  kMemoryLimitExceeded = 3,
  kTooManyRequests = 4,
  kInternal = 5,
  kDiskLimitExceeded = 7,
  kRateLimit = 8,
  kQuotaExceeded = 9,
  kUnimplemented = 10,
  kCollectionNotFound = 100,
  kCollectionNotLoaded = 101,
  kCollectionNumLimitExceeded = 102,
  kCollectionNotFullyLoaded = 103,
  kCollectionLoaded = 104,
  kCollectionIllegalSchema = 105,
  kCollectionOnRecovering = 106,
  kVectorClusteringKeyNotAllowed = 107,
  kSchemaMismatch = 109,
  kPartitionNotFound = 200,
  kPartitionNotLoaded = 201,
  kPartitionNotFullyLoaded = 202,
  kGeneralCapacityExceeded = 250,
  kResourceGroupNotFound = 300,
  kReplicaNotFound = 400,
  kChannelNotAvailable = 503,
  kSegmentNotFound = 600,
  kSegmentLoadFailed = 604,
  kIndexNotFound = 700,
  kIndexNotSupported = 701,
  kIndexDuplicate = 702,
  kDatabaseNotFound = 800,
  kDatabaseNumLimitExceeded = 801,
  kDatabaseInvalidName = 802,
  kIoKeyNotFound = 1000,
  kIoFailed = 1001,
  kIoUnexpectedEof = 1002,
  kIoTooManyRequests = 1003,
  kIoPermissionDenied = 1005,
  kIoBucketNotFound = 1006,
  kIoInvalidCredentials = 1007,
  kDataIntegrity = 1009,
  kParameterInvalid = 1100,
  kParameterMissing = 1101,
  kParameterTooLarge = 1102,
  kMetricNotFound = 1200,
  kNotAuthenticated = 1400,
  kNotPermitted = 1401,
  kAliasNotFound = 1600,
  kAliasCollectionNameConflict = 1601,
  kAliasAlreadyExists = 1602,
  kFieldNotFound = 1700,
  kFieldInvalidName = 1701,
  kClusteringOff = 2303,
  kClusteringKeyMissing = 2304,
  kClusteringRuns = 2305,
  kClusteringNotSubmitted = 2307,
  kClusteringNotCommitted = 2308,
  kClusteringNoCollection = 2309,
  kCompactionBlocked = 2317,
  kSnapshotNotFound = 2600,
  kSnapshotPinned = 2601,
  kOperationNotSupported = 3000,
  kCancelled = 10000,
  kDeadlineExceeded = 10001,
  kUnexpected = 65535,
};

// Whose fault an error is, and so what a caller may do about it.
enum class ErrorKind { kUser, kRetryable, kInternal };

ErrorKind KindOf(ErrorCode code);

// The same may succeed later without a change of the request: it is retryable, or somebody has to
// set the object store's keys, rights or bucket right.
bool MayPass(ErrorCode code);

// The words that every message of this code contains ("collection not found", "invalid parameter").
std::string_view BaseText(ErrorCode code);

// Status.error_code of the old protocol, which some clients still read. Never 0 for an error.
int32_t LegacyCode(ErrorCode code);

}  // namespace elanus
