// Reads that the proxy does for itself: rows by primary key or filter, as fresh as a write needs.
#pragma once

#include <vector>

#include "common/cancellation.h"
#include "common/status.h"
#include "expr/expr.h"
#include "meta/types.h"
#include "proxy/proxy_context.h"
#include "roles/query_node.h"
#include "schema/column.h"

namespace elanus::proxy {

// The filter `pk in [keys]`.
absl::StatusOr<expr::PlanPtr> KeysFilter(const meta::Collection& collection,
                                         const schema::ColumnView& keys);

// All rows with those keys, ascending by key, with everything acknowledged before the call.
absl::StatusOr<schema::RowBatch> ReadByKeys(ProxyContext& proxy,
                                            const meta::CollectionPtr& collection,
                                            const schema::ColumnView& keys,
                                            std::vector<FieldId> fields,
                                            const Cancellation& cancellation);

}  // namespace elanus::proxy
