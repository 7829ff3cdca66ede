#include "querynode/hit_order.h"

#include <algorithm>
#include <numeric>

#include "querynode/fetch.h"
#include "querynode/json_readings.h"

namespace elanus::querynode {
namespace {

using expr::JsonType;
using expr::JsonValue;

// Appends the key of a JSON value: its kind comes before the value.
void AppendJsonKey(const JsonValue* value, query::SortDirection direction, std::string& scratch,
                   std::string& key) {
  const auto append = [&](double kind, const auto& append_value) {
    query::AppendNumberKey(kind, direction, key);
    append_value();
  };
  switch (value == nullptr ? JsonType::kNull : value->type) {
    case JsonType::kBool:
      return append(0, [&] { query::AppendNumberKey(value->boolean ? 1 : 0, direction, key); });
    case JsonType::kInt:
      return append(
          1, [&] { query::AppendNumberKey(static_cast<double>(value->integer), direction, key); });
    case JsonType::kUnsigned:
      return append(1, [&] {
        query::AppendNumberKey(static_cast<double>(value->unsigned_integer), direction, key);
      });
    case JsonType::kDouble:
      return append(1, [&] { query::AppendNumberKey(value->number, direction, key); });
    case JsonType::kString:
      return append(2,
                    [&] { query::AppendTextKey(expr::JsonText(*value, scratch), direction, key); });
    case JsonType::kArray:
    case JsonType::kObject:
    case JsonType::kNull:
    case JsonType::kMissing:
      return query::AppendNullKey(direction, key);
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> OrderKeys(std::span<const roles::Ordering> order,
                                                   const schema::CollectionSchema& schema,
                                                   std::span<const segment::SegmentPtr> segments,
                                                   const std::vector<query::RowRef>& rows,
                                                   const Cancellation& cancellation) {
  std::vector<std::string> keys(rows.size());
  for (const roles::Ordering& by : order) {
    const schema::FieldSchema* field = schema.Find(by.field);
    if (field == nullptr) continue;
    ELANUS_ASSIGN_OR_RETURN(const schema::Column column,
                            FetchRows(segments, *field, rows, cancellation));
    const schema::ColumnView values = column.View();
    if (field->type != schema::DataType::kJson) {
      for (size_t i = 0; i < rows.size(); ++i) {
        query::AppendSortKey(values, static_cast<int64_t>(i), by.direction, keys[i]);
      }
      continue;
    }
    JsonReadings readings(by.path);
    std::string scratch;
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      AppendJsonKey(values.IsValid(row) ? readings.Find(values.Bytes(row)) : nullptr, by.direction,
                    scratch, keys[i]);
    }
  }
  return keys;
}

std::vector<size_t> OrderHits(std::span<const std::string> keys,
                              std::span<const std::string> groups) {
  std::vector<size_t> places(keys.size());
  std::iota(places.begin(), places.end(), 0);
  const auto before = [&](size_t a, size_t b) { return keys[a] < keys[b]; };
  if (groups.empty()) {
    std::stable_sort(places.begin(), places.end(), before);
    return places;
  }
  std::vector<std::vector<size_t>> runs;
  for (size_t i = 0; i < places.size(); ++i) {
    if (i == 0 || groups[i] != groups[i - 1]) runs.emplace_back();
    runs.back().push_back(i);
  }
  for (std::vector<size_t>& run : runs) std::stable_sort(run.begin(), run.end(), before);
  std::stable_sort(runs.begin(), runs.end(),
                   [&](const auto& a, const auto& b) { return before(a.front(), b.front()); });
  places.clear();
  for (const std::vector<size_t>& run : runs) places.insert(places.end(), run.begin(), run.end());
  return places;
}

}  // namespace elanus::querynode
