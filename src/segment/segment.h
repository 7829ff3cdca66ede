// Rows of one segment as a reader sees them: visibility, filter, search, fetch.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cache/stored_object.h"
#include "common/cancellation.h"
#include "common/strong_id.h"
#include "common/timestamp.h"
#include "expr/element_filter.h"
#include "expr/expr.h"
#include "index/minhash.h"
#include "index/vector_index.h"
#include "kernels/bitset.h"
#include "kernels/metric.h"
#include "schema/collection_schema.h"
#include "schema/primary_key.h"

namespace elanus::segment {

class InterimIndexer;

// How one segment was searched, for metrics and for people who ask why a search is slow.
struct SearchTrace {
  // "exact", "codes of ... rows", the type of the index and how it searched: "HNSW: walk".
  std::string strategy;
  index::SearchStatistics statistics;
  cache::Waits waits;  // For what was not there.
};

struct SearchSpec {
  FieldId field;
  kernels::Metric metric = kernels::Metric::kL2;
  const index::Params* params = nullptr;
  // (num_queries, width) of the field's own type, or of its elements' type for an ArrayOfVector.
  const uint8_t* queries = nullptr;
  int64_t num_queries = 0;
  // Not null: a query is a list of vectors, number q those from list_begins[q] to list_begins[q +
  // 1] of `queries`, and rows of an ArrayOfVector field are ranked by MaxSim (index/max_sim.h).
  const int64_t* list_begins = nullptr;
  int64_t k = 0;
  kernels::DistanceRange range;  // Other rows are no hits.
  // Codes rows that no index covers, so that the next search is faster. Null: compares all of them.
  InterimIndexer* interim = nullptr;
  SearchTrace* trace = nullptr;  // Added to; may be null.
  // Single vectors in an ArrayOfVector field: which of the candidates' may be hits; null: all.
  const expr::ElementMatches* elements = nullptr;
};

// Which vector of a row of an ArrayOfVector field a hit is. Searches with single vectors give
// these, packed into Neighbor::row: ordered by row, then element.
struct ElementOfRow {
  static constexpr int kBits = 20;  // Far more vectors than a row may have.
  int64_t row = 0;
  int64_t element = 0;

  int64_t Pack() const { return row << kBits | element; }
  static ElementOfRow Unpack(int64_t packed) {
    return {packed >> kBits, packed & ((int64_t{1} << kBits) - 1)};
  }
};

// Of MHJACCARD: how vectors are compared without an index.
inline kernels::SignatureShape SignatureOf(const SearchSpec& spec) {
  return spec.metric == kernels::Metric::kMinHash && spec.params != nullptr
             ? index::SignatureOf(*spec.params)
             : kernels::SignatureShape{};
}

// What a plan reads of a segment.
struct PlanReads {
  std::span<const FieldId> fields;
  kernels::BitView rows;  // A bit for each row; empty: all. Others may read as anything.
  bool shredded = true;   // JSON paths that are kept as columns are read there.
};

// Row numbers run from 0 and never change within one segment object. Threads: const calls from any
// number of threads, also while rows are appended.
class Segment {
 public:
  Segment(SegmentId id, PartitionId partition, int32_t shard)
      : id_(id), partition_(partition), shard_(shard) {}
  virtual ~Segment() = default;

  SegmentId id() const { return id_; }
  PartitionId partition() const { return partition_; }
  int32_t shard() const { return shard_; }
  virtual bool growing() const = 0;
  // Rows present now, deleted ones included.
  virtual int64_t num_rows() const = 0;
  virtual int64_t memory_bytes() const = 0;
  // Rows that were deleted at or before this may be left out: an earlier read may miss them.
  virtual Timestamp deletes_applied() const { return {}; }
  // True when rows are in ascending (key, timestamp) order.
  virtual bool sorted_by_key() const = 0;
  // Of a sealed segment whose rows lie in another order: its rows by (key, timestamp). Else empty.
  virtual std::span<const uint32_t> KeyOrder() const { return {}; }

  // One bit for each of the rows a reader at `at` has to consider; set = inserted at or before `at`
  // and not hidden by a delete at or before `at`. Smaller than num_rows() when newer rows follow.
  virtual kernels::Bitset Visible(Timestamp at) const = 0;
  // Clears the bits of rows inserted at or before `at` among the first rows.size().
  virtual void HideInsertedUpTo(Timestamp at, kernels::Bitset& rows) const = 0;

  // Makes the columns of these fields readable through Source as long as the pins live. Who waits
  // here must hold no pins of other calls. Errors: cache::CacheManager::Pin.
  virtual absl::StatusOr<cache::TierPins> Pin(std::span<const FieldId> fields,
                                              const Cancellation& cancellation) const {
    return cache::TierPins();
  }

  // What Pin would have to bring of the field, in bytes of its column; 0: it is all there.
  virtual int64_t BytesAway(FieldId) const { return 0; }

  // The first `num_rows` rows as columns, of which those may be read that are pinned. `schema`
  // (borrowed) says what fields added later hold.
  virtual std::unique_ptr<expr::ColumnSource> Source(const schema::CollectionSchema& schema,
                                                     int64_t num_rows) const = 0;

  // The same for one plan: what it reads is pinned as long as the source lives, JSON paths that are
  // kept as columns by themselves, and whole. Errors: as Pin.
  virtual absl::StatusOr<std::unique_ptr<expr::ColumnSource>> SourceFor(
      const expr::Plan& plan, const PlanReads& reads, const schema::CollectionSchema& schema,
      int64_t num_rows, const Cancellation& cancellation) const {
    return Source(schema, num_rows);
  }

  virtual schema::PrimaryKeyView Key(int64_t row) const = 0;
  virtual Timestamp RowTimestamp(int64_t row) const = 0;

  // Appends the field's values of `rows` (any order) to `out`, whose type is the field's. Brings
  // what is not there.
  virtual absl::Status Fetch(const schema::FieldSchema& field, std::span<const int64_t> rows,
                             schema::Column& out, const Cancellation& cancellation) const = 0;

  // The nearest candidates of each query, nearest first. `candidates` has at most num_rows() bits.
  // In an ArrayOfVector field each vector of a row is a hit of its own, unless queries are lists.
  virtual absl::StatusOr<std::vector<std::vector<index::Neighbor>>> Search(
      const SearchSpec& spec, const kernels::Bitset& candidates,
      const Cancellation& cancellation) const = 0;

 private:
  const SegmentId id_;
  const PartitionId partition_;
  const int32_t shard_;
};
using SegmentPtr = std::shared_ptr<const Segment>;

}  // namespace elanus::segment
