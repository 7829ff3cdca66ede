#include "proxy/statistics.h"

#include "absl/container/flat_hash_set.h"
#include "proxy/proxy_context.h"

namespace elanus::proxy {

int64_t CountRows(ProxyContext& proxy, CollectionId collection,
                  std::optional<PartitionId> partition) {
  const auto counts = [&partition](PartitionId id) { return !partition || *partition == id; };
  // Growing ones first: a segment that is flushed in between is then counted once, not missed.
  const std::vector<roles::GrowingSummary> growing = proxy.data_node->GrowingSegments(collection);
  absl::flat_hash_set<SegmentId> flushed;
  int64_t rows = 0;
  for (const meta::SegmentPtr& segment : proxy.coordinator->Segments(collection)) {
    flushed.insert(segment->id);
    if (counts(segment->partition)) rows += segment->num_rows;
  }
  for (const roles::GrowingSummary& segment : growing) {
    if (counts(segment.partition) && !flushed.contains(segment.id)) rows += segment.num_rows;
  }
  return rows;
}

}  // namespace elanus::proxy
