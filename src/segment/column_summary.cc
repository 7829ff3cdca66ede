#include "segment/column_summary.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "schema/integer_at.h"

namespace elanus::segment {
namespace {

using schema::ColumnView;
using schema::DataType;

// Zones of several runs as one.
storage::Zone Join(const storage::Zone& a, const storage::Zone& b) {
  storage::Zone out = a.has_range ? a : b;
  out.num_nulls = a.num_nulls + b.num_nulls;
  out.has_nan = a.has_nan || b.has_nan;
  if (!a.has_range || !b.has_range) return out;
  out.min_int = std::min(a.min_int, b.min_int);
  out.max_int = std::max(a.max_int, b.max_int);
  out.min_real = std::min(a.min_real, b.min_real);
  out.max_real = std::max(a.max_real, b.max_real);
  out.min_text = std::min(a.min_text, b.min_text);
  out.max_text = std::max(a.max_text, b.max_text);
  // Of equal beginnings one may go on.
  out.max_text_is_prefix = (a.max_text == out.max_text && a.max_text_is_prefix) ||
                           (b.max_text == out.max_text && b.max_text_is_prefix);
  return out;
}

// Takes off a character that was cut through. True if there was one.
bool TrimCutCharacter(std::string& text) {
  size_t begin = text.size();
  while (begin > 0 && (static_cast<uint8_t>(text[begin - 1]) & 0xC0) == 0x80) --begin;
  if (begin == 0) return false;
  const auto lead = static_cast<uint8_t>(text[--begin]);
  const size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() - begin >= size) return false;
  text.resize(begin);
  return true;
}

// All values, ascending; none if they are too many or too long.
template <typename T, typename ValueAt>
std::vector<T> FewValues(const ColumnView& column, const ValueAt& value_at) {
  std::set<T, std::less<>> values;
  int64_t last = -1;  // Equal ones often lie together.
  for (int64_t row = 0; row < column.num_rows; ++row) {
    if (!column.IsValid(row)) continue;
    const auto value = value_at(row);
    if (last >= 0 && value == value_at(last)) continue;
    last = row;
    if constexpr (std::is_same_v<T, std::string>) {
      if (value.size() > storage::kZoneTextBytes) return {};
    }
    if (values.contains(value)) continue;
    values.emplace(value);
    if (values.size() > kSummaryValuesMax) return {};
  }
  return {values.begin(), values.end()};
}

}  // namespace

std::optional<ColumnSummary> Summarize(const ColumnView& column) {
  const storage::ZoneMap map = storage::MakeZoneMap(column);
  if (map.zones.empty()) return std::nullopt;
  ColumnSummary out;
  out.zone = map.zones.front();
  for (size_t i = 1; i < map.zones.size(); ++i) out.zone = Join(out.zone, map.zones[i]);
  if (!std::isfinite(out.zone.min_real) || !std::isfinite(out.zone.max_real)) return std::nullopt;
  TrimCutCharacter(out.zone.min_text);
  if (TrimCutCharacter(out.zone.max_text)) out.zone.max_text_is_prefix = true;
  if (column.type.type == DataType::kVarChar) {
    out.kind = ColumnSummary::Kind::kTexts;
    out.texts = FewValues<std::string>(column, [&](int64_t row) { return column.Bytes(row); });
  } else if (schema::IsFloating(column.type.type)) {
    out.kind = ColumnSummary::Kind::kReals;
  } else {
    out.ints =
        FewValues<int64_t>(column, [&](int64_t row) { return schema::IntegerAt(column, row); });
  }
  return out;
}

}  // namespace elanus::segment
