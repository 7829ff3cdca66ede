#include "segment/column_pins.h"

namespace elanus::segment {

cache::TierWants ColumnPins::Wants() {
  pins_.clear();
  ran_out_ = false;
  cache::TierWants wants;
  if (all_) {
    column_.WantAll(wants);
  } else {
    column_.WantListedRows(rows_, wants);
  }
  return wants;
}

absl::Status ColumnPins::PinNow(cache::TierWants wants) {
  absl::StatusOr<cache::TierPins> pins = std::move(wants).PinNow(tiers_, cancellation_, waits_);
  ran_out_ = CodeOf(pins.status()) == ErrorCode::kMemoryLimitExceeded ||
             CodeOf(pins.status()) == ErrorCode::kDiskLimitExceeded;
  ELANUS_RETURN_IF_ERROR(pins.status());
  pins_.push_back(*std::move(pins));
  return absl::OkStatus();
}

absl::Status ColumnPins::Pin(std::span<const uint32_t> rows) {
  if (all_) return absl::OkStatus();
  const size_t begin = rows_.size();
  rows_.insert(rows_.end(), rows.begin(), rows.end());
  cache::TierWants wants;
  column_.WantListedRows(std::span(rows_).subspan(begin), wants);
  return PinNow(std::move(wants));
}

absl::Status ColumnPins::PinAll() {
  if (all_) return absl::OkStatus();
  all_ = true;
  cache::TierWants wants;
  column_.WantAll(wants);
  return PinNow(std::move(wants));
}

}  // namespace elanus::segment
