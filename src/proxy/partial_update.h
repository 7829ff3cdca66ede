// Upserts that send only some columns: the rest comes from the rows as they are.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/status.h"
#include "proxy/proxy_context.h"
#include "schema/row_batch.h"

namespace elanus::proxy {

enum class ArrayOp { kReplace, kAppend, kRemove };

// By field name. kAppend and kRemove are for arrays; kRemove takes out every element that is equal
// to one of those sent.
using ArrayOps = std::vector<std::pair<std::string, ArrayOp>>;

// Completes `rows` (its primary key included) from the stored rows with the same keys. Rows whose
// key is not stored are inserts: they need every required field.
absl::Status FillFromStoredRows(ProxyContext& proxy, const meta::CollectionPtr& collection,
                                const ArrayOps& ops, const Cancellation& cancellation,
                                schema::RowBatch& rows);

}  // namespace elanus::proxy
