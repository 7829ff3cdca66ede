// The index over all paths of the JSON documents of one segment (json_cast_type JSON).
//
// What it holds at one path is an index like that of the path and a cast type, and is asked the
// same: the questions become those about runs of keys (path_keys.h) of an index of texts.
#pragma once

#include <memory>
#include <string>

#include "common/status.h"
#include "index/index_file.h"
#include "index/scalar/scalar_file.h"
#include "index/scalar/scalar_index.h"
#include "storage/block_reader.h"

namespace elanus::index {

// Threads: any.
class PathIndex {
 public:
  // `file`: borrowed, must outlive the index; every byte is verified. kDataIntegrity for damage and
  // for a file of other than `num_rows` rows.
  static absl::StatusOr<std::unique_ptr<const PathIndex>> Open(Bytes file, int64_t num_rows);
  // Reads and verifies blocks as they are wanted.
  static absl::StatusOr<std::unique_ptr<const PathIndex>> Open(
      std::unique_ptr<storage::BlockReader> file, int64_t num_rows);

  struct Place {
    std::string path;       // As AppendPathStep writes it.
    bool elements = false;  // Of the array there.
    // Rows without a value are wanted, not only those that pass.
    bool tells_absent = true;
  };
  // Reads nothing by itself. The type of its values is that of the query's keys.
  static std::shared_ptr<const ScalarIndex> At(std::shared_ptr<const PathIndex> index, Place place);

  int64_t memory_bytes() const { return values_->memory_bytes(); }

 private:
  class View;
  explicit PathIndex(std::unique_ptr<ScalarIndex> values) : values_(std::move(values)) {}
  static absl::StatusOr<std::unique_ptr<const PathIndex>> Of(
      absl::StatusOr<std::unique_ptr<const ScalarFile>> file);

  const std::unique_ptr<const ScalarIndex> values_;  // The keys as texts.
};

}  // namespace elanus::index
