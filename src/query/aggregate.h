// count, sum, avg, min and max over rows, in groups (query.md 3.2).
//
// One Aggregator reads the rows of one segment in batches of columns; those of several segments are
// merged. Nulls are skipped by everything but count(*); null group values make one group.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/status.h"
#include "common/strong_id.h"
#include "query/accumulator.h"
#include "query/sort_key.h"
#include "schema/column.h"

namespace elanus::query {

// One row a group.
struct AggregateTable {
  int64_t num_rows = 0;
  std::vector<schema::Column> groups;  // As the group fields were given.
  std::vector<schema::Column> values;  // As the aggregates were given.
};

// Which of the groups, in which order: by `order`, then by all group values ascending, nulls last.
struct GroupOrder {
  struct Column {
    size_t group = 0;  // Its place among the group fields.
    SortDirection direction;
  };
  std::vector<Column> order;
  int64_t offset = 0;
  int64_t limit = -1;  // Negative: all.
};

class Aggregator {
 public:
  // How many groups there may be; a group takes about 100 bytes besides its texts.
  static constexpr int64_t kGroupsMax = 5'000'000;

  // Without group fields all rows are one group, which is there even if there are no rows.
  Aggregator(std::vector<schema::ColumnType> group_types, const std::vector<Aggregate>& aggregates);

  // Takes in the rows `rows` of a batch: `groups` and `inputs` are its columns, one for each group
  // field and aggregate (count(*) has none: an empty view). kParameterInvalid for too many groups.
  absl::Status Add(std::span<const schema::ColumnView> groups,
                   std::span<const schema::ColumnView> inputs, std::span<const int32_t> rows);
  // `other` was made with the same fields.
  absl::Status Merge(const Aggregator& other);

  // kParameterInvalid if a sum of integers is beyond Int64.
  absl::StatusOr<AggregateTable> Finish(const GroupOrder& which) const;

  int64_t num_groups() const { return num_groups_; }

 private:
  // The group of a row, made if it is new.
  absl::StatusOr<int32_t> GroupOf(std::span<const schema::ColumnView> columns, int64_t row);
  absl::Status NumberRows(std::span<const schema::ColumnView> groups,
                          std::span<const int32_t> rows);
  std::vector<int32_t> Ordered(const GroupOrder& which) const;

  std::vector<schema::ColumnType> group_types_;
  std::vector<schema::ColumnType> value_types_;
  std::vector<std::unique_ptr<Accumulator>> accumulators_;
  std::vector<schema::Column> group_values_;           // Of the groups, by number.
  absl::flat_hash_map<std::string, int32_t> numbers_;  // By sort keys of the values.
  int64_t num_groups_ = 0;
  std::string key_;  // Scratch.
  std::vector<int32_t> row_groups_;
};

}  // namespace elanus::query
