#include "querynode/segment_pruning.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "expr/outcomes.h"
#include "expr/plan.h"

namespace elanus::querynode {
namespace {

using Kind = meta::ColumnValues::Kind;

storage::Zone ZoneOf(const meta::ColumnValues& values) {
  storage::Zone zone;
  zone.num_nulls = static_cast<uint32_t>(std::min<int64_t>(values.num_nulls, UINT32_MAX));
  zone.has_range = values.kind != Kind::kNone;
  zone.has_nan = values.has_nan;
  zone.min_int = values.min_int;
  zone.max_int = values.max_int;
  zone.min_real = values.min_real;
  zone.max_real = values.max_real;
  zone.min_text = values.min_text;
  zone.max_text = values.max_text;
  zone.max_text_is_prefix = values.max_is_prefix;
  return zone;
}

const meta::ColumnValues* ValuesOf(const meta::Segment& segment, FieldId field) {
  for (const meta::FieldFile& file : segment.files) {
    if (file.field == field && !file.paths)
      return file.values.has_value() ? &*file.values : nullptr;
  }
  return nullptr;
}

// Zones of one value each, and one of nulls if there are some: every row lies in one of them. None
// if the values are not all known.
std::vector<storage::Zone> ZonesOfValues(const meta::ColumnValues& values) {
  std::vector<storage::Zone> zones;
  for (const int64_t value : values.ints) {
    storage::Zone& zone = zones.emplace_back();
    zone.has_range = true;
    zone.min_int = zone.max_int = value;
  }
  for (const std::string& value : values.texts) {
    storage::Zone& zone = zones.emplace_back();
    zone.has_range = true;
    zone.min_text = zone.max_text = value;
  }
  if (!zones.empty() && values.num_nulls > 0) zones.emplace_back().num_nulls = 1;
  return zones;
}

}  // namespace

bool MayHoldMatches(const expr::Plan& filter, const meta::Segment& segment) {
  std::vector<std::optional<storage::Zone>> zones(filter.fields.size());
  const auto zone_of = [&](int slot) { return zones[slot].has_value() ? &*zones[slot] : nullptr; };
  const auto may_pass = [&] { return expr::OutcomesOf(*filter.root, zone_of).yes; };
  bool known = false;
  for (size_t slot = 0; slot < zones.size(); ++slot) {
    const meta::ColumnValues* values = ValuesOf(segment, filter.fields[slot].id);
    if (values != nullptr) zones[slot] = ZoneOf(*values);
    known |= values != nullptr;
  }
  if (!known) return true;
  if (!may_pass()) return false;
  // A value between the least and the greatest may be missing all the same.
  for (size_t slot = 0; slot < zones.size(); ++slot) {
    if (!zones[slot].has_value()) continue;
    const std::vector<storage::Zone> of_values =
        ZonesOfValues(*ValuesOf(segment, filter.fields[slot].id));
    if (of_values.empty()) continue;
    const storage::Zone whole = *zones[slot];
    const bool any =
        std::any_of(of_values.begin(), of_values.end(), [&](const storage::Zone& zone) {
          zones[slot] = zone;
          return may_pass();
        });
    zones[slot] = whole;
    if (!any) return false;
  }
  return true;
}

}  // namespace elanus::querynode
