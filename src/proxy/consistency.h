// How fresh a read must be, from what the request says and the collection's level.
#pragma once

#include <cstdint>
#include <optional>

#include "common/timestamp.h"
#include "meta/types.h"

namespace elanus::proxy {

struct ConsistencyRequest {
  bool use_default = false;  // The collection's level.
  int32_t level = 0;         // meta::ConsistencyLevel; unknown numbers count as the collection's.
  uint64_t guarantee = 0;    // As sent.
};

// The timestamp up to which a read must see everything. Never below the collection's last change.
//
//   now               a fresh timestamp
//   graceful_time_ms  how far Bounded may lag
Timestamp GuaranteeOf(const ConsistencyRequest& request, const meta::Collection& collection,
                      Timestamp now, int64_t graceful_time_ms);

// The snapshot that a page of an iterator reads at: the timestamp that its first page was given.
std::optional<Timestamp> IteratorSnapshot(bool iterator, uint64_t guarantee);

}  // namespace elanus::proxy
