#include "proxy/row_routing.h"

#include <algorithm>
#include <utility>

#include "schema/primary_key.h"

namespace elanus::proxy {
namespace {

using schema::ColumnView;
using schema::PrimaryKeyView;

size_t PartitionIndex(const meta::Collection& collection, PrimaryKeyView key) {
  return schema::StableHash(key) % collection.partitions.size();
}

// The number of each row's group: shard * partitions + partition.
std::vector<size_t> GroupOfRows(const meta::Collection& collection,
                                const meta::Partition* partition, const schema::RowBatch& rows) {
  std::vector<size_t> groups(rows.num_rows, 0);
  if (collection.num_shards > 1) {
    const ColumnView keys = rows.Find(collection.schema.primary_key().id)->View();
    for (int64_t row = 0; row < rows.num_rows; ++row) {
      groups[row] = schema::StableHash(PrimaryKeyView::Of(keys, row)) % collection.num_shards;
    }
  }
  if (partition != nullptr) return groups;
  const ColumnView keys = rows.Find(collection.schema.partition_key()->id)->View();
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    groups[row] = groups[row] * collection.partitions.size() +
                  PartitionIndex(collection, PrimaryKeyView::Of(keys, row));
  }
  return groups;
}

schema::RowBatch Gather(const schema::RowBatch& rows, const std::vector<int64_t>& wanted) {
  schema::RowBatch out;
  out.num_rows = static_cast<int64_t>(wanted.size());
  out.columns.reserve(rows.columns.size());
  for (const auto& [field, column] : rows.columns) {
    const ColumnView view = column.View();
    schema::Column gathered(column.type());
    gathered.Reserve(out.num_rows);
    for (const int64_t row : wanted) gathered.AppendRow(view, row);
    out.columns.emplace_back(field, std::move(gathered));
  }
  return out;
}

}  // namespace

bool HasPartitionKey(const meta::Collection& collection) {
  return collection.schema.partition_key() != nullptr;
}

absl::StatusOr<const meta::Partition*> WritePartition(const meta::Collection& collection,
                                                      const std::string& name) {
  if (HasPartitionKey(collection)) {
    if (name.empty()) return nullptr;
    return UserError(ErrorCode::kParameterInvalid,
                     "not support manually specifying the partition names if partition key mode is "
                     "used");
  }
  const std::string wanted = name.empty() ? std::string(meta::kDefaultPartition) : name;
  const meta::Partition* partition = collection.FindPartition(wanted);
  // The default partition's name is a setting; it is the first one.
  if (partition == nullptr && name.empty() && !collection.partitions.empty()) {
    partition = &collection.partitions.front();
  }
  if (partition == nullptr) {
    return UserError(ErrorCode::kPartitionNotFound, "partition not found[partition={}]", wanted);
  }
  return partition;
}

std::vector<roles::RowGroup> RouteRows(const meta::Collection& collection,
                                       const meta::Partition* partition, schema::RowBatch rows) {
  std::vector<roles::RowGroup> out;
  const size_t num_partitions = partition != nullptr ? 1 : collection.partitions.size();
  const auto place = [&](size_t group, schema::RowBatch batch) {
    roles::RowGroup& placed = out.emplace_back();
    placed.shard = static_cast<int32_t>(group / num_partitions);
    placed.partition =
        partition != nullptr ? partition->id : collection.partitions[group % num_partitions].id;
    placed.rows = std::move(batch);
  };
  if (collection.num_shards <= 1 && num_partitions == 1) {
    place(0, std::move(rows));
    return out;
  }
  const std::vector<size_t> groups = GroupOfRows(collection, partition, rows);
  if (std::adjacent_find(groups.begin(), groups.end(), std::not_equal_to<>()) == groups.end()) {
    place(groups.front(), std::move(rows));
    return out;
  }
  std::vector<std::vector<int64_t>> members(num_partitions *
                                            std::max<int32_t>(1, collection.num_shards));
  for (int64_t row = 0; row < rows.num_rows; ++row) members[groups[row]].push_back(row);
  for (size_t group = 0; group < members.size(); ++group) {
    if (!members[group].empty()) place(group, Gather(rows, members[group]));
  }
  return out;
}

absl::StatusOr<std::vector<PartitionId>> ReadPartitions(const meta::Collection& collection,
                                                        const std::vector<std::string>& names,
                                                        const expr::Plan& filter) {
  std::vector<PartitionId> out;
  const auto add = [&out](PartitionId id) {
    if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
  };
  if (!HasPartitionKey(collection)) {
    for (const std::string& name : names) {
      const meta::Partition* partition = collection.FindPartition(name);
      if (partition == nullptr) {
        return UserError(ErrorCode::kPartitionNotFound,
                         "partition name {} not found: partition not found[partition={}]", name,
                         name);
      }
      add(partition->id);
    }
    return out;
  }
  if (!names.empty()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "not support manually specifying the partition names if partition key mode is "
                     "used");
  }
  const auto values = expr::RequiredValues(filter, collection.schema.partition_key()->id);
  // No value at all matches no row; looking everywhere finds that as well.
  if (!values || values->empty()) return out;
  for (const schema::PrimaryKey& value : *values) {
    add(collection.partitions[PartitionIndex(collection, value)].id);
  }
  if (out.size() == collection.partitions.size()) out.clear();
  return out;
}

}  // namespace elanus::proxy
