// Where the parts of a column file lie: its footer, read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/status.h"
#include "schema/column.h"
#include "storage/column_file_format.h"
#include "storage/column_statistics.h"
#include "storage/zone_map.h"

namespace elanus::storage {

struct ColumnLayout {
  schema::ColumnType type;
  int64_t num_rows = 0;
  uint64_t data_end = 0;  // Where the footer begins.
  std::array<Stream, kNumStreamKinds> streams;
  ZoneMap zones;
  std::optional<ColumnStatistics> statistics;  // Since version 2.

  const Stream& StreamOf(StreamKind kind) const { return streams[static_cast<size_t>(kind)]; }
};

uint64_t RawBytes(const Stream& stream);

// kDataIntegrity: "column file is damaged: <name> at offset <offset>: <what>".
absl::Status ColumnDamaged(std::string_view name, uint64_t offset, std::string_view what);

// How many bytes footer and trailer take, read from the trailer alone. `tail`: the last bytes of
// the file, at least kColumnTrailerBytes; `file_bytes`: how long the file is.
absl::StatusOr<uint64_t> ColumnTailBytes(std::string_view name, std::string_view tail,
                                         uint64_t file_bytes);

// Reads the footer, whose checksum and every number are checked. `tail` holds at least what
// ColumnTailBytes says.
absl::StatusOr<ColumnLayout> ReadColumnLayout(std::string_view name, std::string_view tail,
                                              uint64_t file_bytes);

}  // namespace elanus::storage
