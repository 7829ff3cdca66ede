// Paths of one JSON field of one sealed segment as columns, in one object.
// docs/formats/shredded.md has the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "schema/column.h"

namespace elanus::storage {

inline constexpr uint64_t kShreddedTrailerBytes = 16;

// A part of the object that is a column file by itself.
struct ColumnRange {
  uint64_t offset = 0;
  uint64_t bytes = 0;  // 0: there is none.
};

struct ShreddedEntry {
  std::vector<std::string> keys;                    // Of objects, from the outside in.
  schema::DataType type = schema::DataType::kNone;  // Bool, Int64, Double, VarChar or Json.
  ColumnRange values;  // Of that type; null where the row has none of it.
  ColumnRange others;  // Json: the values of other types as written.
};

struct ShreddedDirectory {
  int64_t num_rows = 0;
  std::vector<ShreddedEntry> entries;  // No keys twice.
};

class ShreddedFileWriter {
 public:
  explicit ShreddedFileWriter(int64_t num_rows);

  // `others` may be null. Both have num_rows rows.
  absl::Status Add(std::vector<std::string> keys, const schema::ColumnView& values,
                   const schema::ColumnView* others);
  bool empty() const { return directory_.entries.empty(); }
  // The whole file.
  std::string Finish() &&;

 private:
  absl::StatusOr<ColumnRange> Put(const schema::ColumnView& column);

  std::string file_;
  ShreddedDirectory directory_;
};

// How many bytes directory and trailer take. `tail`: the last bytes of the file, at least
// kShreddedTrailerBytes; `file_bytes`: how long the file is. Damage: kDataIntegrity.
absl::StatusOr<uint64_t> ShreddedTailBytes(std::string_view name, std::string_view tail,
                                           uint64_t file_bytes);

// Reads the directory, whose checksum and every number are checked. `tail` holds at least what
// ShreddedTailBytes says. The columns have checksums of their own.
absl::StatusOr<ShreddedDirectory> ReadShreddedDirectory(std::string_view name,
                                                        std::string_view tail, uint64_t file_bytes);

}  // namespace elanus::storage
