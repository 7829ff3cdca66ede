// Where rows go and reads look: shards by primary key, partitions by partition key.
#pragma once

#include <string>
#include <vector>

#include "common/status.h"
#include "expr/expr.h"
#include "meta/types.h"
#include "roles/data_node.h"
#include "schema/row_batch.h"

namespace elanus::proxy {

bool HasPartitionKey(const meta::Collection& collection);

// The partition that a write names, or the default one. With a partition key no name is allowed and
// rows choose their own: the result is nothing then.
absl::StatusOr<const meta::Partition*> WritePartition(const meta::Collection& collection,
                                                      const std::string& name);

// Rows by shard and partition; `partition` null = by the partition key. Rows that all go to one
// place are moved, not copied.
std::vector<roles::RowGroup> RouteRows(const meta::Collection& collection,
                                       const meta::Partition* partition, schema::RowBatch rows);

// The partitions that a read looks into; empty = all loaded ones. Names are refused with a
// partition key; there the filter may leave only some partitions.
absl::StatusOr<std::vector<PartitionId>> ReadPartitions(const meta::Collection& collection,
                                                        const std::vector<std::string>& names,
                                                        const expr::Plan& filter);

}  // namespace elanus::proxy
