#include "coord/id_allocator.h"

#include "common/check.h"
#include "common/crash_point.h"
#include "coord/crash_points.h"
#include "meta/catalog_keys.h"
#include "meta/codec.h"

namespace elanus::coord {
namespace {
// Leaves room to add any lease without overflow.
constexpr int64_t kIdMax = int64_t{1} << 62;
}  // namespace

absl::StatusOr<std::unique_ptr<IdAllocator>> IdAllocator::Open(meta::MetaStore& store,
                                                               Timestamp now, int64_t lease) {
  ELANUS_ASSIGN_OR_RETURN(const std::optional<std::string> row, store.Get(meta::kIdBoundKey));
  uint64_t first = now.value();
  if (row.has_value()) {
    ELANUS_ASSIGN_OR_RETURN(first, meta::DecodeNumber(meta::kIdBoundKey, *row));
  }
  if (first == 0 || first >= static_cast<uint64_t>(kIdMax)) {
    return InternalError(ErrorCode::kDataIntegrity, "the catalog is damaged: {}: {} is no id",
                         meta::kIdBoundKey, first);
  }
  return std::unique_ptr<IdAllocator>(new IdAllocator(store, static_cast<int64_t>(first), lease));
}

absl::StatusOr<int64_t> IdAllocator::Allocate(int64_t count) {
  if (count <= 0 || count > kIdMax) {
    return UserError(ErrorCode::kParameterInvalid, "cannot allocate {} ids", count);
  }
  std::lock_guard lock(mutex_);
  if (count > kIdMax - next_) {
    return InternalError(ErrorCode::kInternal, "there are no ids left");
  }
  if (next_ + count > bound_) {
    const int64_t bound = next_ + count + lease_;
    CrashPoint(kIdLeaseBefore);
    meta::Transaction transaction;
    transaction.Put(meta::kIdBoundKey, meta::EncodeNumber(static_cast<uint64_t>(bound)));
    ELANUS_ASSIGN_OR_RETURN(const bool committed, store_.Commit(transaction));
    ELANUS_CHECK(committed);
    CrashPoint(kIdLeaseAfter);
    bound_ = bound;
  }
  const int64_t first = next_;
  next_ += count;
  return first;
}

}  // namespace elanus::coord
