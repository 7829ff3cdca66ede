// Building the index over all paths of JSON documents from the keys of each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/cancellation.h"
#include "common/status.h"
#include "index/scalar/interned_texts.h"

namespace elanus::index {

// Threads: one.
class PathIndexBuilder {
 public:
  // A key of path_keys.h that a row has. Rows come in ascending order.
  void Add(std::string_view key, uint32_t row) { keys_.AddCopy(key, row); }
  // A row of which the column alone can tell.
  void AddOdd(uint32_t row) { odd_.push_back(row); }
  // The file's bytes. They depend on the keys alone.
  absl::StatusOr<std::string> Finish(int64_t num_rows, const Cancellation& cancellation) &&;

  // Of distinct keys, and of keys and rows.
  int64_t num_keys() const { return static_cast<int64_t>(keys_.size()); }
  int64_t key_bytes() const { return keys_.text_bytes(); }
  int64_t num_entries() const { return static_cast<int64_t>(keys_.num_entries()); }

 private:
  InternedTexts keys_;
  std::vector<uint32_t> odd_;
};

}  // namespace elanus::index
