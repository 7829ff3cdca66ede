// Row counts as the catalog knows them.
#pragma once

#include <cstdint>
#include <optional>

#include "common/strong_id.h"

namespace elanus::proxy {

struct ProxyContext;

// Rows of flushed and growing segments, of one partition or of all. Deleted rows count until
// compaction; exact numbers come from count(*).
int64_t CountRows(ProxyContext& proxy, CollectionId collection,
                  std::optional<PartitionId> partition);

}  // namespace elanus::proxy
