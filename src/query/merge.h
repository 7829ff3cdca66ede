// Merging what segments answered into what the request asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/timestamp.h"
#include "schema/primary_key.h"

namespace elanus::query {

// A row of one of the request's segments.
struct RowRef {
  int32_t segment = 0;
  int64_t row = 0;
  int32_t element = 0;  // Which vector of an ArrayOfVector row, where those are hits.
  friend bool operator==(const RowRef&, const RowRef&) = default;
};

struct Hit {
  float distance = 0;  // Smaller is nearer.
  RowRef at;
};

using KeyAt = std::function<schema::PrimaryKeyView(const RowRef&)>;
using TimestampAt = std::function<Timestamp(const RowRef&)>;

// The k nearest hits of several lists (each nearest first), one per key and element: the nearest row
// of a key stays. Equal distances: smaller key first, then element. `dropped` (may be null) gets the
// number of rows left out because their key was there already.
std::vector<Hit> MergeNearest(std::span<const std::vector<Hit>> lists, int64_t k,
                              const KeyAt& key_at, int64_t* dropped);

// Rows of several lists, each ascending by key, as one list ascending by key with one row per key:
// the newest. Leaves out the first `offset` keys and stops after `limit` (negative: no limit).
std::vector<RowRef> MergeByKey(std::span<const std::vector<RowRef>> lists, int64_t offset,
                               int64_t limit, const KeyAt& key_at, const TimestampAt& timestamp_at);

}  // namespace elanus::query
