// When rows of a collection expire: readers do not see them any more, and compaction leaves them
// out.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/timestamp.h"
#include "meta/types.h"

namespace elanus::meta {

// Properties of a collection.
inline constexpr std::string_view kTtlKey = "collection.ttl.seconds";
inline constexpr std::string_view kTtlFieldKey = "ttl_field";

struct RowExpiry {
  uint64_t ttl_ms = 0;  // A row expires so long after it was inserted; 0: never.
  FieldId field;        // Timestamptz: each row's own time, null: never. Not valid: there is none.

  bool any() const { return ttl_ms > 0 || field.valid(); }
  // Rows inserted at or before this are expired at `now`; not valid if none is by its age.
  Timestamp InsertedUpTo(Timestamp now) const;
};

// The point in time as values of Timestamptz fields are: microseconds since the Unix epoch. A row
// whose own time is at or before it is expired.
int64_t ExpiredMicros(Timestamp now);

// `default_ttl_s` is that of collections that say nothing, at most 0: none. A field of its own
// takes the place of any age.
RowExpiry ExpiryOf(const Collection& collection, int64_t default_ttl_s);

// Rows of the segment that are expired at `now`, as far as its statistics tell: never more than
// there are, and all of them exactly when the segment holds nothing else.
int64_t ExpiredRows(const Segment& segment, const RowExpiry& expiry, Timestamp now);
// When the first of its rows expires, in milliseconds since the epoch; UINT64_MAX: never, or not
// known.
uint64_t FirstExpiryMs(const Segment& segment, const RowExpiry& expiry);

}  // namespace elanus::meta
