// The rows of each key of a scalar index: plain numbers behind each other where keys have few rows,
// else packed lists (packed_rows.h).
#pragma once

#include <memory>

#include "common/cancellation.h"
#include "index/scalar/scalar_file.h"
#include "index/scalar/scalar_keys.h"
#include "index/scalar/scalar_query.h"
#include "kernels/row_set.h"

namespace elanus::index {

// Threads: any.
class RowLists {
 public:
  // Of a file that outlives them.
  static absl::StatusOr<RowLists> Open(const ScalarFile& file);

  // How many entries lie before a key's; `key` may be the number of keys.
  absl::StatusOr<uint64_t> EntriesBefore(uint64_t key, Scratch& scratch) const;
  // Sets the bits of the rows of the keys [begin, end), which have `num_entries` entries.
  absl::Status Add(uint64_t begin, uint64_t end, Scratch& scratch, kernels::Bitset& rows) const;
  // The rows of all these keys, which have `num_entries` entries together, as a list if GiveList.
  absl::StatusOr<kernels::RowSet> Rows(std::span<const KeyRange> keys, uint64_t num_entries,
                                       const Cancellation& cancellation) const;
  bool GiveList(std::span<const KeyRange> keys, uint64_t num_entries) const;

 private:
  explicit RowLists(const ScalarFile& file) : file_(&file) {}
  // Appends the rows of one key.
  absl::Status Append(uint64_t key, Scratch& scratch, std::vector<uint32_t>& rows) const;
  absl::Status AddPacked(uint64_t begin, uint64_t end, Scratch& scratch,
                         kernels::Bitset& rows) const;

  const ScalarFile* file_;
};

// Makes the sections of row lists.
class RowListWriter {
 public:
  // `packed`: as packed lists. `one_row_each`: every key has one row.
  RowListWriter(int64_t num_rows, bool packed, bool one_row_each)
      : num_rows_(num_rows), packed_(packed), one_row_each_(one_row_each) {}

  // The rows of the next key: ascending, not none.
  void Add(std::span<const uint32_t> rows);
  // After the last one.
  void Finish();

  uint64_t num_entries() const { return num_entries_; }
  bool packed() const { return packed_; }
  Bytes counts() const { return BytesOf(counts_); }
  Bytes offsets() const { return BytesOf(offsets_); }
  Bytes rows() const { return packed_ ? BytesOf(lists_) : BytesOf(rows_); }

 private:
  const int64_t num_rows_;
  const bool packed_, one_row_each_;
  uint64_t num_entries_ = 0;
  std::vector<uint32_t> counts_;
  std::vector<uint64_t> offsets_;
  std::vector<uint8_t> lists_;
  std::vector<uint32_t> rows_;
};

// The sections of keys that are texts, and of their rows.
inline void PutSections(const TextKeyWriter& keys, const RowListWriter& lists,
                        std::span<Bytes> sections) {
  sections[kScalarKeys] = BytesOf(keys.keys());
  sections[kScalarGroups] = BytesOf(keys.groups());
  sections[kScalarFences] = BytesOf(keys.fences());
  sections[kScalarCounts] = lists.counts();
  sections[kScalarOffsets] = lists.offsets();
  sections[kScalarRows] = lists.rows();
}

}  // namespace elanus::index
