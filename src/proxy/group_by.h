// Grouping search: what hits are grouped by, checked.
#pragma once

#include "common/settings.h"
#include "common/status.h"
#include "meta/types.h"
#include "proxy/search_params.h"
#include "roles/query_node.h"

namespace elanus::proxy {

// The field (its name, a key of the dynamic field, or with 3.0 a path `field["a"]["b"]`) or several
// ones of the schema, sizes and the cast of JSON values. kFieldNotFound for an unknown field, else
// kParameterInvalid.
//
//   vector   the field that is searched: not every type can be grouped
absl::StatusOr<roles::Grouping> GroupingOf(const SearchParams& params,
                                           const meta::Collection& collection,
                                           const schema::FieldSchema& vector,
                                           const Settings::Limits& limits);

// How the groups' values are described in the answer. `type`: of their column.
schema::FieldSchema GroupField(const roles::GroupField& grouping,
                               const schema::CollectionSchema& schema,
                               const schema::ColumnType& type);

}  // namespace elanus::proxy
