// The range of values in each run of rows of a column, so that a filter can pass over runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "schema/column.h"
#include "storage/byte_reader.h"

namespace elanus::storage {

struct Zone {
  uint32_t num_nulls = 0;
  bool has_range = false;  // False: no value but nulls and NaN.
  bool has_nan = false;    // NaN stand outside the range.
  // By the column's type: integers, booleans and Timestamptz have the first pair, and the second as
  // what they are as doubles; Float and Double the second; VarChar the third.
  int64_t min_int = 0;
  int64_t max_int = 0;
  double min_real = 0;
  double max_real = 0;
  std::string min_text;             // At most kZoneTextBytes: a prefix of the least value.
  std::string max_text;             // Likewise of the greatest.
  bool max_text_is_prefix = false;  // Values may follow max_text, but all begin at or before it.

  friend bool operator==(const Zone&, const Zone&) = default;
};

struct ZoneMap {
  int64_t zone_rows = 0;    // Of every zone but the last.
  std::vector<Zone> zones;  // None for types without an order.
};

inline constexpr int64_t kZoneRows = 8192;
inline constexpr size_t kZoneTextBytes = 32;

ZoneMap MakeZoneMap(const schema::ColumnView& column);
void EncodeZoneMap(const ZoneMap& map, const schema::ColumnType& type, std::string& out);
absl::StatusOr<ZoneMap> DecodeZoneMap(ByteReader& in, const schema::ColumnType& type,
                                      uint64_t num_rows);

}  // namespace elanus::storage
