#include "proxy/consistency.h"

#include <algorithm>

namespace elanus::proxy {
namespace {

using meta::ConsistencyLevel;

constexpr uint64_t kEventually = 1;  // "Nothing in particular" on the wire.
constexpr uint64_t kBounded = 2;     // What old clients send for Bounded, with level 0.

Timestamp Before(Timestamp now, int64_t milliseconds) {
  const uint64_t back = static_cast<uint64_t>(std::max<int64_t>(milliseconds, 0)) << kLogicalBits;
  return Timestamp(now.value() > back ? now.value() - back : kEventually);
}

Timestamp OfLevel(ConsistencyLevel level, uint64_t guarantee, Timestamp now,
                  int64_t graceful_time_ms) {
  switch (level) {
    case ConsistencyLevel::kStrong:
      return now;
    case ConsistencyLevel::kBounded:
      return Before(now, graceful_time_ms);
    case ConsistencyLevel::kEventually:
      return Timestamp(kEventually);
    case ConsistencyLevel::kSession:
    case ConsistencyLevel::kCustomized:
      return Timestamp(guarantee);
  }
  return now;
}

}  // namespace

Timestamp GuaranteeOf(const ConsistencyRequest& request, const meta::Collection& collection,
                      Timestamp now, int64_t graceful_time_ms) {
  const bool known = request.level >= 0 && request.level <= 4;
  Timestamp guarantee;
  if (request.use_default || !known) {
    guarantee = OfLevel(collection.consistency, request.guarantee, now, graceful_time_ms);
  } else if (request.level == 0 && request.guarantee > 0) {
    // Old clients know no levels and put their wish into the timestamp.
    guarantee = request.guarantee == kBounded ? Before(now, graceful_time_ms)
                                              : Timestamp(request.guarantee);
  } else {
    guarantee = OfLevel(static_cast<ConsistencyLevel>(request.level), request.guarantee, now,
                        graceful_time_ms);
  }
  // A timestamp from the future would wait until it has come.
  return std::min(std::max(guarantee, collection.updated), std::max(now, collection.updated));
}

std::optional<Timestamp> IteratorSnapshot(bool iterator, uint64_t guarantee) {
  // Small numbers are levels, not points in time.
  if (!iterator || PhysicalMs(Timestamp(guarantee)) == 0) return std::nullopt;
  return Timestamp(guarantee);
}

}  // namespace elanus::proxy
