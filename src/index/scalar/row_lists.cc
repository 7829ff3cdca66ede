#include "index/scalar/row_lists.h"

#include <algorithm>

#include "index/scalar/packed_rows.h"

namespace elanus::index {
namespace {

// Lists that are read at once, as far as they are this large together.
constexpr uint64_t kKeysAtOnce = 4096;
constexpr uint64_t kRowsAtOnce = 1 << 20;

// Up to this part of all rows a list is made and put to use sooner than a mask; of several keys the
// list has to be sorted.
constexpr uint64_t kListPart = 64, kSortedPart = 8192;

}  // namespace

absl::StatusOr<RowLists> RowLists::Open(const ScalarFile& file) {
  const ScalarFacts& facts = file.facts();
  const bool one_row_each = file.section_bytes(kScalarCounts) == 0;
  const bool counted = one_row_each ? facts.num_entries == facts.num_keys
                                    : file.section_bytes(kScalarCounts) == (facts.num_keys + 1) * 4;
  const bool placed = facts.packed != 0
                          ? file.section_bytes(kScalarOffsets) == (facts.num_keys + 1) * 8
                          : file.section_bytes(kScalarRows) == facts.num_entries * 4;
  if (!counted || !placed) return ScalarFile::Damaged("the size of its row lists");
  return RowLists(file);
}

absl::StatusOr<uint64_t> RowLists::EntriesBefore(uint64_t key, Scratch& scratch) const {
  if (file_->section_bytes(kScalarCounts) == 0) return key;
  ELANUS_ASSIGN_OR_RETURN(const auto count, file_->Read<uint32_t>(kScalarCounts, key, 1, scratch));
  return count[0];
}

absl::Status RowLists::Add(uint64_t begin, uint64_t end, Scratch& scratch,
                           kernels::Bitset& rows) const {
  if (begin >= end) return absl::OkStatus();
  if (file_->facts().packed != 0) {
    for (; begin < end; begin += kKeysAtOnce) {
      ELANUS_RETURN_IF_ERROR(AddPacked(begin, std::min(begin + kKeysAtOnce, end), scratch, rows));
    }
    return absl::OkStatus();
  }
  ELANUS_ASSIGN_OR_RETURN(uint64_t first, EntriesBefore(begin, scratch));
  ELANUS_ASSIGN_OR_RETURN(const uint64_t last, EntriesBefore(end, scratch));
  if (first > last) return ScalarFile::Damaged("the order of its row lists");
  for (; first < last; first += kRowsAtOnce) {
    ELANUS_ASSIGN_OR_RETURN(
        const auto list,
        file_->Read<uint32_t>(kScalarRows, first, std::min(kRowsAtOnce, last - first), scratch));
    for (const uint32_t row : list) {
      if (row >= rows.size()) return ScalarFile::Damaged("a row behind the last one");
      rows.Set(row);
    }
  }
  return absl::OkStatus();
}

absl::Status RowLists::AddPacked(uint64_t begin, uint64_t end, Scratch& scratch,
                                 kernels::Bitset& rows) const {
  const bool one_row_each = file_->section_bytes(kScalarCounts) == 0;
  const uint64_t num_keys = end - begin;
  std::vector<uint32_t> counts;
  if (!one_row_each) {
    ELANUS_ASSIGN_OR_RETURN(const auto read,
                            file_->Read<uint32_t>(kScalarCounts, begin, num_keys + 1, scratch));
    counts.assign(read.begin(), read.end());
  }
  ELANUS_ASSIGN_OR_RETURN(const auto read,
                          file_->Read<uint64_t>(kScalarOffsets, begin, num_keys + 1, scratch));
  const std::vector<uint64_t> offsets(read.begin(), read.end());
  if (!std::is_sorted(offsets.begin(), offsets.end()) ||
      !std::is_sorted(counts.begin(), counts.end())) {
    return ScalarFile::Damaged("the order of its row lists");
  }
  ELANUS_ASSIGN_OR_RETURN(const auto lists,
                          file_->Read<uint8_t>(kScalarRows, offsets.front(),
                                               offsets.back() - offsets.front(), scratch));
  for (uint64_t i = 0; i < num_keys; ++i) {
    const uint64_t count = one_row_each ? 1 : counts[i + 1] - counts[i];
    const Bytes list = lists.subspan(offsets[i] - offsets[0], offsets[i + 1] - offsets[i]);
    if (!AddPackedRows(list, count, rows)) return ScalarFile::Damaged("a list of rows");
  }
  return absl::OkStatus();
}

absl::Status RowLists::Append(uint64_t key, Scratch& scratch, std::vector<uint32_t>& rows) const {
  ELANUS_ASSIGN_OR_RETURN(const uint64_t before, EntriesBefore(key, scratch));
  ELANUS_ASSIGN_OR_RETURN(const uint64_t after, EntriesBefore(key + 1, scratch));
  if (before > after) return ScalarFile::Damaged("the order of its row lists");
  const uint64_t num_rows = file_->facts().num_rows;
  if (file_->facts().packed == 0) {
    ELANUS_ASSIGN_OR_RETURN(const auto list,
                            file_->Read<uint32_t>(kScalarRows, before, after - before, scratch));
    for (const uint32_t row : list) {
      if (row >= num_rows) return ScalarFile::Damaged("a row behind the last one");
    }
    rows.insert(rows.end(), list.begin(), list.end());
    return absl::OkStatus();
  }
  ELANUS_ASSIGN_OR_RETURN(const auto offsets,
                          file_->Read<uint64_t>(kScalarOffsets, key, 2, scratch));
  const uint64_t begin = offsets[0], end = offsets[1];
  if (begin > end) return ScalarFile::Damaged("the order of its row lists");
  ELANUS_ASSIGN_OR_RETURN(const auto list,
                          file_->Read<uint8_t>(kScalarRows, begin, end - begin, scratch));
  if (!ReadPackedRows(list, after - before, static_cast<int64_t>(num_rows), rows)) {
    return ScalarFile::Damaged("a list of rows");
  }
  return absl::OkStatus();
}

bool RowLists::GiveList(std::span<const KeyRange> keys, uint64_t num_entries) const {
  uint64_t num_keys = 0;
  for (const KeyRange& range : keys) num_keys += range.end - std::min(range.begin, range.end);
  const uint64_t part = num_keys <= 1 ? kListPart : kSortedPart;
  return num_entries <= file_->facts().num_rows / part;
}

absl::StatusOr<kernels::RowSet> RowLists::Rows(std::span<const KeyRange> keys, uint64_t num_entries,
                                               const Cancellation& cancellation) const {
  const auto num_rows = static_cast<int64_t>(file_->facts().num_rows);
  Scratch scratch;
  if (!GiveList(keys, num_entries)) {
    kernels::Bitset bits(num_rows);
    for (const KeyRange& range : keys) {
      ELANUS_RETURN_IF_ERROR(cancellation.Check());
      ELANUS_RETURN_IF_ERROR(Add(range.begin, range.end, scratch, bits));
    }
    return kernels::RowSet(std::move(bits));
  }
  std::vector<uint32_t> rows;
  rows.reserve(num_entries);
  for (const KeyRange& range : keys) {
    for (uint64_t key = range.begin; key < range.end; ++key) {
      ELANUS_RETURN_IF_ERROR(Append(key, scratch, rows));
    }
  }
  // Of several keys in any order, or of a file that is not as it was made.
  const auto ascends = [](uint32_t a, uint32_t b) { return a >= b; };
  if (std::adjacent_find(rows.begin(), rows.end(), ascends) != rows.end()) {
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  }
  return kernels::RowSet(num_rows, std::move(rows));
}

void RowListWriter::Add(std::span<const uint32_t> rows) {
  if (!one_row_each_) counts_.push_back(static_cast<uint32_t>(num_entries_));
  num_entries_ += rows.size();
  if (packed_) {
    offsets_.push_back(lists_.size());
    AppendPackedRows(rows, num_rows_, lists_);
  } else {
    rows_.insert(rows_.end(), rows.begin(), rows.end());
  }
}

void RowListWriter::Finish() {
  if (!one_row_each_) counts_.push_back(static_cast<uint32_t>(num_entries_));
  if (packed_) offsets_.push_back(lists_.size());
}

}  // namespace elanus::index
