#include "query/aggregate.h"

#include <algorithm>
#include <numeric>

namespace elanus::query {

Aggregator::Aggregator(std::vector<schema::ColumnType> group_types,
                       const std::vector<Aggregate>& aggregates)
    : group_types_(std::move(group_types)) {
  for (const schema::ColumnType& type : group_types_) group_values_.emplace_back(type);
  for (const Aggregate& aggregate : aggregates) {
    accumulators_.push_back(MakeAccumulator(aggregate));
    value_types_.push_back(ResultType(aggregate));
  }
  if (!group_types_.empty()) return;
  num_groups_ = 1;
  for (const auto& accumulator : accumulators_) accumulator->Resize(num_groups_);
}

absl::StatusOr<int32_t> Aggregator::GroupOf(std::span<const schema::ColumnView> columns,
                                            int64_t row) {
  key_.clear();
  for (const schema::ColumnView& column : columns) AppendSortKey(column, row, {}, key_);
  const auto found = numbers_.find(key_);
  if (found != numbers_.end()) return found->second;
  if (num_groups_ == kGroupsMax) {
    return UserError(ErrorCode::kParameterInvalid,
                     "the query has more than {} groups; filter rows or group by fewer fields",
                     kGroupsMax);
  }
  const auto number = static_cast<int32_t>(num_groups_++);
  numbers_.emplace(key_, number);
  for (size_t i = 0; i < columns.size(); ++i) group_values_[i].AppendRow(columns[i], row);
  return number;
}

absl::Status Aggregator::NumberRows(std::span<const schema::ColumnView> groups,
                                    std::span<const int32_t> rows) {
  row_groups_.resize(rows.size());
  if (groups.empty()) {
    std::fill(row_groups_.begin(), row_groups_.end(), 0);
    return absl::OkStatus();
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    ELANUS_ASSIGN_OR_RETURN(row_groups_[i], GroupOf(groups, rows[i]));
  }
  return absl::OkStatus();
}

absl::Status Aggregator::Add(std::span<const schema::ColumnView> groups,
                             std::span<const schema::ColumnView> inputs,
                             std::span<const int32_t> rows) {
  ELANUS_RETURN_IF_ERROR(NumberRows(groups, rows));
  for (size_t i = 0; i < accumulators_.size(); ++i) {
    accumulators_[i]->Resize(num_groups_);
    accumulators_[i]->Add(inputs[i], rows, row_groups_);
  }
  return absl::OkStatus();
}

absl::Status Aggregator::Merge(const Aggregator& other) {
  std::vector<schema::ColumnView> groups;
  for (const schema::Column& column : other.group_values_) groups.push_back(column.View());
  std::vector<int32_t> rows(other.num_groups_);
  std::iota(rows.begin(), rows.end(), 0);
  ELANUS_RETURN_IF_ERROR(NumberRows(groups, rows));
  for (size_t i = 0; i < accumulators_.size(); ++i) {
    accumulators_[i]->Resize(num_groups_);
    accumulators_[i]->Merge(*other.accumulators_[i], row_groups_);
  }
  return absl::OkStatus();
}

std::vector<int32_t> Aggregator::Ordered(const GroupOrder& which) const {
  std::vector<int32_t> groups(num_groups_);
  std::iota(groups.begin(), groups.end(), 0);
  std::vector<std::string> keys(num_groups_);
  for (const GroupOrder::Column& column : which.order) {
    const schema::ColumnView values = group_values_[column.group].View();
    for (int32_t g : groups) AppendSortKey(values, g, column.direction, keys[g]);
  }
  for (const auto& [key, group] : numbers_) keys[group] += key;
  const auto first = std::min<int64_t>(which.offset, num_groups_);
  const int64_t end =
      which.limit < 0 ? num_groups_ : first + std::min(which.limit, num_groups_ - first);
  std::partial_sort(groups.begin(), groups.begin() + end, groups.end(),
                    [&](int32_t a, int32_t b) { return keys[a] < keys[b]; });
  return {groups.begin() + first, groups.begin() + end};
}

absl::StatusOr<AggregateTable> Aggregator::Finish(const GroupOrder& which) const {
  AggregateTable table;
  const std::vector<int32_t> groups = Ordered(which);
  table.num_rows = static_cast<int64_t>(groups.size());
  for (const schema::Column& values : group_values_) {
    schema::Column& column = table.groups.emplace_back(values.type());
    for (const int32_t group : groups) column.AppendRow(values.View(), group);
  }
  for (size_t i = 0; i < accumulators_.size(); ++i) {
    schema::Column& column = table.values.emplace_back(value_types_[i]);
    for (const int32_t group : groups) {
      ELANUS_RETURN_IF_ERROR(accumulators_[i]->AppendTo(group, column));
    }
  }
  return table;
}

}  // namespace elanus::query
