#include "segment/expiry_mask.h"

#include "expr/expiry.h"
#include "segment/filter.h"

namespace elanus::segment {

ExpiryMask::ExpiryMask(const ExpiredAt& at)
    : inserted_up_to_(at.inserted_up_to),
      not_expired_(at.field != nullptr ? expr::NotExpired(*at.field, at.micros) : nullptr) {}

absl::Status ExpiryMask::Hide(const Segment& segment, const schema::CollectionSchema& schema,
                              kernels::Bitset& rows, const Cancellation& cancellation) const {
  if (rows.size() == 0) return absl::OkStatus();
  if (inserted_up_to_.valid()) segment.HideInsertedUpTo(inserted_up_to_, rows);
  if (not_expired_ == nullptr) return absl::OkStatus();
  ELANUS_ASSIGN_OR_RETURN(const kernels::RowSet kept,
                          Filter(segment, schema, *not_expired_, rows, cancellation));
  kept.Restrict(rows);
  return absl::OkStatus();
}

}  // namespace elanus::segment
