// The one form of scalar index files, in memory or read by blocks. docs/formats/scalar_index.md has
// the bytes.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "index/index_blocks.h"
#include "index/index_file.h"
#include "kernels/bitset.h"
#include "schema/data_type.h"

namespace elanus::index {

enum class ScalarStructure : uint32_t {
  kValues = 1,
  kGrams = 2,
  kBoxes = 3,
  kTokens = 4,
  kPaths = 5,  // path_keys.h
};

// A file of tokens (text_index.h) has a magic of its own, and two sections more.
enum class ScalarFileKind : uint8_t { kKeys, kTokens };

// What the file is about, as it lies in it.
struct ScalarFacts {
  ScalarStructure structure = ScalarStructure::kValues;
  uint32_t key_type = 0;  // schema::DataType of the keys.
  uint64_t num_rows = 0;
  uint64_t num_keys = 0;     // Distinct. kBoxes: boxes.
  uint64_t num_entries = 0;  // (key, row) pairs.
  uint64_t num_absent = 0;
  uint64_t num_odd = 0;
  uint32_t packed = 0;  // Row lists are packed_rows, or plain numbers behind each other.
  uint32_t min_gram = 0, max_gram = 0;
  uint32_t reserved = 0;
};
static_assert(sizeof(ScalarFacts) == 64);

enum ScalarSection : size_t {
  kScalarFacts,
  kScalarAbsent,   // Packed rows.
  kScalarOdd,      // Packed rows.
  kScalarKeys,     // Ascending: numbers of the key's width, or texts in groups. kBoxes: all levels.
  kScalarGroups,   // Texts: uint64 where each group begins in the keys, and the end.
  kScalarFences,   // A few of the keys, to stay in memory.
  kScalarCounts,   // uint32 entries before each key, and all; empty if every key has one row.
  kScalarOffsets,  // Packed: uint64 where each key's list begins in the rows, and the end.
  kScalarRows,     // By key.
  kNumScalarSections,
  // kTokens only; token_positions.h.
  kTokenPositionOffsets = kNumScalarSections,  // uint64 where each token's begin, and the end.
  kTokenPositions,
  kNumTokenSections,
};

// What a read may need memory for. One a thread.
using Scratch = std::vector<uint64_t>;

// Threads: any.
class ScalarFile {
 public:
  // `file`: borrowed; verified whole.
  static absl::StatusOr<std::unique_ptr<const ScalarFile>> Open(
      Bytes file, int64_t num_rows, ScalarFileKind kind = ScalarFileKind::kKeys);
  // Verified block by block, as it is read.
  static absl::StatusOr<std::unique_ptr<const ScalarFile>> Open(
      std::unique_ptr<storage::BlockReader> file, int64_t num_rows,
      ScalarFileKind kind = ScalarFileKind::kKeys);

  const ScalarFacts& facts() const { return facts_; }
  using Set = std::shared_ptr<const kernels::Bitset>;  // Null: no rows.
  const Set& absent() const { return absent_; }
  const Set& odd() const { return odd_; }
  // Reads go to the disk.
  bool by_blocks() const { return blocks_ != nullptr; }
  int64_t memory_bytes() const;

  uint64_t section_bytes(size_t section) const {
    return blocks_ ? blocks_->section_bytes(section) : sections_[section].size();
  }
  // `count` values of T from the `begin`th on; they lie in the file or in `scratch`. Places behind
  // the section's end, and damaged blocks, are kDataIntegrity.
  template <typename T>
  absl::StatusOr<std::span<const T>> Read(size_t section, uint64_t begin, uint64_t count,
                                          Scratch& scratch) const {
    const uint64_t num_values = section_bytes(section) / sizeof(T);
    if (begin > num_values || count > num_values - begin) return Damaged("a place behind an end");
    ELANUS_ASSIGN_OR_RETURN(const Bytes bytes,
                            ReadBytes(section, begin * sizeof(T), count * sizeof(T), scratch));
    return std::span<const T>(reinterpret_cast<const T*>(bytes.data()), count);
  }

  static absl::Status Damaged(std::string_view what);

 private:
  absl::StatusOr<Bytes> ReadBytes(size_t section, uint64_t offset, uint64_t size,
                                  Scratch& scratch) const;
  absl::Status ReadHead(int64_t num_rows, ScalarFileKind kind);
  absl::StatusOr<Set> ReadRows(size_t section, uint64_t count) const;

  std::vector<uint64_t> copy_;  // Of a file that does not lie aligned.
  std::vector<Bytes> sections_;
  std::unique_ptr<const IndexBlocks> blocks_;
  ScalarFacts facts_;
  Set absent_, odd_;
};

// The file's bytes. `sections`: all of them but the facts; kNumTokenSections for a file of tokens.
std::string MakeScalarFile(const ScalarFacts& facts, std::span<const Bytes> sections);

}  // namespace elanus::index
