// Query vectors taken from stored rows: search by primary keys.
#pragma once

#include <cstdint>
#include <string>

#include "common/status.h"
#include "proxy/proxy_context.h"
#include "proxy/query_vectors.h"
#include "proxy/wire_types.h"

namespace elanus::proxy {

// The vectors of `field` of those rows, ascending by key. Rows whose vector is null are left out,
// so that there may be none. kParameterInvalid for repeated ids, ids that are not found and ids of
// the wrong kind.
absl::StatusOr<QueryVectors> VectorsOfRows(ProxyContext& proxy,
                                           const meta::CollectionPtr& collection,
                                           const schema::FieldSchema& field,
                                           const schema_pb::IDs& ids, int64_t nq_max,
                                           const Cancellation& cancellation);

}  // namespace elanus::proxy
