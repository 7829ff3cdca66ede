#pragma once

#include "segment/segment.h"

namespace elanus::segment {

// Which rows are expired at one moment.
struct ExpiredAt {
  Timestamp inserted_up_to;  // Those of this time or an earlier one; not valid: none by age.
  const schema::FieldSchema* field = nullptr;  // Timestamptz with each row's own time; may be null.
  int64_t micros = 0;                          // Those whose own time is this or an earlier one.
};

// Threads: const calls from any.
class ExpiryMask {
 public:
  explicit ExpiryMask(const ExpiredAt& at);

  // Clears the bits of expired rows among the first rows.size().
  absl::Status Hide(const Segment& segment, const schema::CollectionSchema& schema,
                    kernels::Bitset& rows, const Cancellation& cancellation) const;

 private:
  const Timestamp inserted_up_to_;
  const expr::PlanPtr not_expired_;  // By the rows' own times; null: they have none.
};

}  // namespace elanus::segment
