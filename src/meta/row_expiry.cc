#include "meta/row_expiry.h"

#include <algorithm>
#include <charconv>

namespace elanus::meta {
namespace {

int64_t TtlSeconds(const Collection& collection, int64_t default_ttl_s) {
  const std::optional<std::string> text = collection.Property(kTtlKey);
  int64_t seconds = 0;
  if (!text.has_value() || text->empty()) return default_ttl_s;
  // Checked when it was set.
  (void)std::from_chars(text->data(), text->data() + text->size(), seconds);
  return seconds;
}

const FieldFile* FileOf(const Segment& segment, FieldId field) {
  for (const FieldFile& file : segment.files) {
    if (file.field == field) return &file;
  }
  return nullptr;
}

}  // namespace

Timestamp RowExpiry::InsertedUpTo(Timestamp now) const {
  const uint64_t now_ms = PhysicalMs(now);
  if (ttl_ms == 0 || now_ms < ttl_ms) return {};
  // All of that millisecond.
  return Timestamp(MakeTimestamp(now_ms - ttl_ms + 1).value() - 1);
}

int64_t ExpiredMicros(Timestamp now) {
  return static_cast<int64_t>(PhysicalMs(now)) * 1000;
}

RowExpiry ExpiryOf(const Collection& collection, int64_t default_ttl_s) {
  RowExpiry out;
  if (const std::optional<std::string> name = collection.Property(kTtlFieldKey)) {
    if (const schema::FieldSchema* field = collection.schema.Find(*name)) {
      out.field = field->id;
      return out;
    }
  }
  const int64_t seconds = TtlSeconds(collection, default_ttl_s);
  if (seconds > 0) out.ttl_ms = static_cast<uint64_t>(seconds) * 1000;
  return out;
}

int64_t ExpiredRows(const Segment& segment, const RowExpiry& expiry, Timestamp now) {
  if (segment.num_rows == 0 || !expiry.any()) return 0;
  const bool by_field = expiry.field.valid();
  const Timestamp up_to = expiry.InsertedUpTo(now);
  if (!by_field) {
    if (!up_to.valid() || segment.min_timestamp > up_to) return 0;
    if (segment.max_timestamp <= up_to) return segment.num_rows;
  }
  const FieldFile* file = FileOf(segment, by_field ? expiry.field : kTimestampField);
  if (file == nullptr || file->quantiles.size() < 2) return 0;
  const int64_t limit = by_field ? ExpiredMicros(now) : static_cast<int64_t>(up_to.value());
  const auto expired = std::upper_bound(file->quantiles.begin(), file->quantiles.end(), limit) -
                       file->quantiles.begin();
  const auto steps = static_cast<int64_t>(file->quantiles.size()) - 1;
  if (expired == 0) return 0;
  if (expired > steps) return segment.num_rows;
  // Down, so that of a segment that keeps a row never all are counted.
  return static_cast<int64_t>(static_cast<double>(segment.num_rows) *
                              static_cast<double>(expired - 1) / static_cast<double>(steps));
}

uint64_t FirstExpiryMs(const Segment& segment, const RowExpiry& expiry) {
  if (expiry.ttl_ms > 0) return PhysicalMs(segment.min_timestamp) + expiry.ttl_ms;
  const FieldFile* file = expiry.field.valid() ? FileOf(segment, expiry.field) : nullptr;
  if (file == nullptr || file->quantiles.empty() || file->quantiles.front() == INT64_MAX) {
    return UINT64_MAX;
  }
  return static_cast<uint64_t>(std::max<int64_t>(file->quantiles.front(), 0)) / 1000;
}

}  // namespace elanus::meta
