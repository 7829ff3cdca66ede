// The frequent paths of a sealed segment's JSON field as columns (docs/decisions/014): written
// beside the field's column, read when a filter names them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "cache/stored_object.h"
#include "expr/json_path.h"
#include "expr/json_shredding.h"
#include "expr/shredded_path.h"
#include "storage/file_system.h"
#include "storage/shredded_file.h"

namespace elanus::segment {

// The whole file of a JSON column; empty if no path is frequent enough.
absl::StatusOr<std::string> EncodeShredded(const schema::ColumnView& json,
                                           const expr::ShreddingLimits& limits,
                                           const Cancellation& cancellation);

// Threads: any.
class ShreddedField {
 public:
  // Reads the directory alone. Errors: kDataIntegrity if it is damaged or is not about `num_rows`.
  static absl::StatusOr<std::shared_ptr<const ShreddedField>> Open(
      std::shared_ptr<storage::MappedFile> object, std::string name, int64_t num_rows);
  // In tiers: a path is a cell of the memory tier.
  static absl::StatusOr<std::shared_ptr<const ShreddedField>> Open(
      const cache::Tiers& tiers, cache::Identity identity, uint64_t object_bytes, int64_t num_rows,
      const Cancellation& cancellation);

  struct Found {
    uint32_t entry = 0;
    size_t num_steps = 0;  // Of the path, that lead to the entry's column.
  };
  // The column for a path, or for the longest beginning of it that has one.
  std::optional<Found> Find(const expr::JsonPath& path) const;

  // What Get needs to be pinned, in tiers.
  void Want(const std::set<uint32_t>& entries, cache::TierWants& wants) const;
  // Null if the column is damaged; that is logged. Without tiers it is read at the first call, and
  // stays.
  std::shared_ptr<const expr::ShreddedPath> Get(uint32_t entry) const;

  size_t num_columns() const { return directory_.entries.size(); }
  int64_t memory_bytes() const;

 private:
  class Cells;
  struct Loaded;

  ShreddedField() = default;
  absl::Status Use(std::string name, storage::ShreddedDirectory directory, int64_t num_rows);

  std::string name_;
  storage::ShreddedDirectory directory_;
  std::map<std::vector<std::string>, uint32_t> by_keys_;
  std::shared_ptr<Cells> cells_;                 // In tiers.
  std::shared_ptr<storage::MappedFile> object_;  // Otherwise.

  mutable absl::Mutex mutex_;
  // By entry; null: damaged. Without tiers.
  mutable std::map<uint32_t, std::shared_ptr<const Loaded>> loaded_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace elanus::segment
