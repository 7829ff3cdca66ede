// An index on a scalar field of one segment: which rows pass a predicate.
//
// All index types (INVERTED, BITMAP, STL_SORT, TRIE, HYBRID, NGRAM, RTREE) are one of three
// structures: values with their rows (value_index.cc), n-grams with the rows whose text has them
// (gram_index.cc), a tree of bounding boxes (box_index.cc). One file form: scalar_file.h. What an
// index over all paths of JSON documents holds at one of them is one too (path_index.h).
#pragma once

#include <memory>
#include <optional>

#include "common/cancellation.h"
#include "common/status.h"
#include "index/index_file.h"
#include "index/scalar/scalar_query.h"
#include "schema/data_type.h"
#include "storage/block_reader.h"

namespace elanus::index {

// Threads: any.
class ScalarIndex {
 public:
  virtual ~ScalarIndex() = default;

  // Nothing if the index cannot answer, or not within `budget_ns` (about nanoseconds): a look at
  // the whole column is then no worse. kDataIntegrity names a damaged block.
  virtual absl::StatusOr<std::optional<ScalarPlan>> Plan(const ScalarQuery& query,
                                                         double budget_ns) const = 0;
  virtual absl::StatusOr<ScalarRows> Rows(const ScalarQuery& query, const ScalarPlan& plan,
                                          const Cancellation& cancellation) const = 0;

  virtual schema::DataType key_type() const = 0;
  virtual int64_t num_rows() const = 0;
  virtual int64_t memory_bytes() const = 0;
};

// `file`: borrowed, must outlive the index; every byte is verified. kDataIntegrity for damage and
// for a file of other than `num_rows` rows.
absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenScalarIndex(Bytes file, int64_t num_rows);
// Reads and verifies blocks as they are wanted.
absl::StatusOr<std::unique_ptr<ScalarIndex>> OpenScalarIndex(
    std::unique_ptr<storage::BlockReader> file, int64_t num_rows);

}  // namespace elanus::index
