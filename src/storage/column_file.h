// One field of one sealed segment, as one object. docs/formats/column.md has the bytes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "schema/column.h"
#include "storage/column_statistics.h"
#include "storage/object_store.h"
#include "storage/zone_map.h"

namespace elanus::storage {

// A column file in pieces, behind each other. Vectors that are not compressed are not copied: what
// they were encoded from must outlive this.
struct ColumnFileParts {
  std::string head;
  std::vector<std::string_view> vectors;
  std::string tail;

  uint64_t size() const;
  std::vector<std::string_view> All() const;  // Into this object and the vectors.
};

// Encodes a column: blocks with CRC32C each, a footer with its own. Vectors raw and page-aligned, or
// with `compress_vectors` those of floats by planes if that saves an eighth: such a column cannot be
// mapped. Other types in zstd blocks where that helps.
absl::StatusOr<ColumnFileParts> EncodeColumnFileParts(const schema::ColumnView& column,
                                                      bool compress_vectors = false);
// Dense vectors that lie in several places: `vectors` behind each other are the rows of `column`,
// whose own `fixed` is not looked at.
absl::StatusOr<ColumnFileParts> EncodeColumnFileParts(const schema::ColumnView& column,
                                                      std::span<const std::string_view> vectors,
                                                      bool compress_vectors = false);
absl::StatusOr<std::string> EncodeColumnFile(const schema::ColumnView& column,
                                             bool compress_vectors = false);

// A column read back. Holds the object; views stay valid as long as this lives.
class ColumnFile {
 public:
  // Checks every block. Damage: kDataIntegrity naming `name` and the offset; unknown version:
  // refused.
  static absl::StatusOr<std::shared_ptr<const ColumnFile>> Open(std::shared_ptr<MappedFile> object,
                                                                std::string_view name);
  virtual ~ColumnFile() = default;
  virtual schema::ColumnView View() const = 0;
  virtual int64_t memory_bytes() const = 0;  // Heap; mapped bytes do not count.
  virtual const ZoneMap& zones() const = 0;
  virtual const ColumnStatistics* statistics() const = 0;  // Null in files before version 2.
};

// A batch of rows as bytes without checksum, for the log (which has its own). Same layout family.
void EncodeColumn(const schema::ColumnView& column, std::string& out);
// Reads one column from the front of `in` and advances it. Bounds-checked against hostile bytes.
absl::StatusOr<schema::Column> DecodeColumn(std::string_view& in);

}  // namespace elanus::storage
