// order_by_fields: what rows and hits are ordered by (query.md 3.3, 5.9).
#pragma once

#include <string_view>
#include <vector>

#include "common/status.h"
#include "roles/query_node.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

// "f[:asc|desc[:nulls_first|nulls_last]], ..."; nothing said about nulls: last when ascending,
// first when descending. kParameterInvalid, kFieldNotFound.

// Of a query: Bool, integers, Float, Double and VarChar. If rows are grouped (`group_by` is not
// null), any of the group fields and nothing else.
absl::StatusOr<std::vector<roles::Ordering>> QueryOrder(std::string_view text,
                                                        const schema::CollectionSchema& schema,
                                                        const std::vector<FieldId>* group_by);

// Of a search: also paths in JSON fields and keys of the dynamic field.
absl::StatusOr<std::vector<roles::Ordering>> SearchOrder(std::string_view text,
                                                         const schema::CollectionSchema& schema);

}  // namespace elanus::proxy
