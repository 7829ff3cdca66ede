// Queries for aggregates: `count(*)`, `sum(f)`... among the output fields, and group_by_fields
// (query.md 3.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "proxy/convert_column_out.h"
#include "proxy/wire_types.h"
#include "roles/query_node.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

// What was asked for, and how the answer is laid out.
struct AggregateQuery {
  struct Output {
    std::string name;  // As written.
    bool is_group = false;
    size_t place = 0;  // Into request.group_by or request.values.
  };
  roles::Aggregation request;
  std::vector<Output> outputs;

  // count(*) and nothing else, which needs no columns.
  bool counts_only() const;
  bool has_count_of_rows() const;
};

// Nothing if neither aggregates nor groups are asked for. kParameterInvalid for what cannot be
// grouped by or computed, and for plain fields that are no group fields.
//
//   names      the request's output fields
//   group_by   group_by_fields, a list with commas
absl::StatusOr<std::optional<AggregateQuery>> AggregateQueryOf(
    const std::vector<std::string>& names, std::string_view group_by,
    const schema::CollectionSchema& schema);

// Columns named as the client wrote them, in its order.
void AggregatesToWire(const query::AggregateTable& table, const AggregateQuery& query,
                      const schema::CollectionSchema& schema, const ColumnOutOptions& options,
                      milvus_pb::QueryResults* out);

}  // namespace elanus::proxy
