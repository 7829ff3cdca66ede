#include "storage/zone_map.h"

#include <algorithm>
#include <cmath>

namespace elanus::storage {
namespace {

using schema::ColumnType;
using schema::ColumnView;
using schema::DataType;

constexpr uint8_t kHasRange = 1;
constexpr uint8_t kHasNan = 2;
constexpr uint8_t kMaxIsPrefix = 4;

enum class RangeKind { kNone, kInt, kReal, kText };

RangeKind KindOfRange(DataType type) {
  if (schema::IsInteger(type) || type == DataType::kBool || type == DataType::kTimestamptz) {
    return RangeKind::kInt;
  }
  if (schema::IsFloating(type)) return RangeKind::kReal;
  return type == DataType::kVarChar ? RangeKind::kText : RangeKind::kNone;
}

void Widen(Zone& zone, int64_t value) {
  zone.min_int = zone.has_range ? std::min(zone.min_int, value) : value;
  zone.max_int = zone.has_range ? std::max(zone.max_int, value) : value;
  zone.has_range = true;
}

void Widen(Zone& zone, double value) {
  if (std::isnan(value)) {
    zone.has_nan = true;
    return;
  }
  zone.min_real = zone.has_range ? std::min(zone.min_real, value) : value;
  zone.max_real = zone.has_range ? std::max(zone.max_real, value) : value;
  zone.has_range = true;
}

template <typename T, typename Wide>
void WidenAll(const ColumnView& column, int64_t begin, int64_t end, Zone& zone) {
  for (int64_t row = begin; row < end; ++row) {
    if (column.IsValid(row)) {
      Widen(zone, static_cast<Wide>(column.Value<T>(row)));
    } else {
      ++zone.num_nulls;
    }
  }
}

void WidenText(const ColumnView& column, int64_t begin, int64_t end, Zone& zone) {
  std::string_view least;
  std::string_view greatest;
  for (int64_t row = begin; row < end; ++row) {
    if (!column.IsValid(row)) {
      ++zone.num_nulls;
      continue;
    }
    const std::string_view value = column.Bytes(row);
    least = zone.has_range ? std::min(least, value) : value;
    greatest = zone.has_range ? std::max(greatest, value) : value;
    zone.has_range = true;
  }
  zone.min_text = least.substr(0, kZoneTextBytes);
  zone.max_text = greatest.substr(0, kZoneTextBytes);
  zone.max_text_is_prefix = greatest.size() > kZoneTextBytes;
}

// Conversion keeps the order, so bounds of integers are those of what they are as doubles.
void NoteAsReal(Zone& zone) {
  zone.min_real = static_cast<double>(zone.min_int);
  zone.max_real = static_cast<double>(zone.max_int);
}

Zone MakeZone(const ColumnView& column, int64_t begin, int64_t end) {
  Zone zone;
  switch (KindOfRange(column.type.type)) {
    case RangeKind::kNone:
      break;
    case RangeKind::kText:
      WidenText(column, begin, end, zone);
      break;
    case RangeKind::kReal:
      column.type.width() == 4 ? WidenAll<float, double>(column, begin, end, zone)
                               : WidenAll<double, double>(column, begin, end, zone);
      break;
    case RangeKind::kInt:
      switch (column.type.width()) {
        case 1:
          WidenAll<int8_t, int64_t>(column, begin, end, zone);
          break;
        case 2:
          WidenAll<int16_t, int64_t>(column, begin, end, zone);
          break;
        case 4:
          WidenAll<int32_t, int64_t>(column, begin, end, zone);
          break;
        default:
          WidenAll<int64_t, int64_t>(column, begin, end, zone);
          break;
      }
      NoteAsReal(zone);
      break;
  }
  return zone;
}

void AppendText(std::string_view text, std::string& out) {
  AppendNumber(out, static_cast<uint8_t>(text.size()));
  out.append(text);
}

bool ReadText(ByteReader& in, std::string& text) {
  uint8_t size = 0;
  std::string_view bytes;
  if (!in.Read(size) || size > kZoneTextBytes || !in.ReadBytes(size, bytes)) return false;
  text = bytes;
  return true;
}

bool ReadZone(ByteReader& in, RangeKind kind, Zone& zone) {
  uint8_t flags = 0;
  if (!in.Read(zone.num_nulls) || !in.Read(flags)) return false;
  zone.has_range = (flags & kHasRange) != 0;
  zone.has_nan = (flags & kHasNan) != 0;
  zone.max_text_is_prefix = (flags & kMaxIsPrefix) != 0;
  if (!zone.has_range) return true;
  switch (kind) {
    case RangeKind::kInt:
      if (!in.Read(zone.min_int) || !in.Read(zone.max_int)) return false;
      NoteAsReal(zone);
      return true;
    case RangeKind::kReal:
      return in.Read(zone.min_real) && in.Read(zone.max_real);
    case RangeKind::kText:
      return ReadText(in, zone.min_text) && ReadText(in, zone.max_text);
    case RangeKind::kNone:
      return false;
  }
  return false;
}

}  // namespace

ZoneMap MakeZoneMap(const ColumnView& column) {
  ZoneMap map;
  map.zone_rows = kZoneRows;
  if (KindOfRange(column.type.type) == RangeKind::kNone) return map;
  for (int64_t begin = 0; begin < column.num_rows; begin += kZoneRows) {
    map.zones.push_back(MakeZone(column, begin, std::min(begin + kZoneRows, column.num_rows)));
  }
  return map;
}

void EncodeZoneMap(const ZoneMap& map, const ColumnType& type, std::string& out) {
  AppendNumber(out, static_cast<uint32_t>(map.zone_rows));
  AppendNumber(out, static_cast<uint32_t>(map.zones.size()));
  for (const Zone& zone : map.zones) {
    AppendNumber(out, zone.num_nulls);
    AppendNumber(
        out, static_cast<uint8_t>((zone.has_range ? kHasRange : 0) | (zone.has_nan ? kHasNan : 0) |
                                  (zone.max_text_is_prefix ? kMaxIsPrefix : 0)));
    if (!zone.has_range) continue;
    switch (KindOfRange(type.type)) {
      case RangeKind::kNone:
        break;
      case RangeKind::kInt:
        AppendNumber(out, zone.min_int);
        AppendNumber(out, zone.max_int);
        break;
      case RangeKind::kReal:
        AppendNumber(out, zone.min_real);
        AppendNumber(out, zone.max_real);
        break;
      case RangeKind::kText:
        AppendText(zone.min_text, out);
        AppendText(zone.max_text, out);
        break;
    }
  }
}

absl::StatusOr<ZoneMap> DecodeZoneMap(ByteReader& in, const ColumnType& type, uint64_t num_rows) {
  const auto damaged = [] {
    return InternalError(ErrorCode::kDataIntegrity, "zone map is damaged");
  };
  uint32_t zone_rows = 0;
  uint32_t num_zones = 0;
  if (!in.Read(zone_rows) || !in.Read(num_zones) || zone_rows == 0) return damaged();
  const RangeKind kind = KindOfRange(type.type);
  const uint64_t expected = kind == RangeKind::kNone ? 0 : (num_rows + zone_rows - 1) / zone_rows;
  if (num_zones != expected) return damaged();
  ZoneMap map;
  map.zone_rows = zone_rows;
  for (uint32_t i = 0; i < num_zones; ++i) {
    if (!ReadZone(in, kind, map.zones.emplace_back())) return damaged();
  }
  return map;
}

}  // namespace elanus::storage
