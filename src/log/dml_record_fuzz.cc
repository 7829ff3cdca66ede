// Write records of hostile bytes: refused, or read into something that can be written again.

#include "log/dml_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto record = elanus::log::DecodeDmlRecord({reinterpret_cast<const char*>(data), size});
  if (!record.ok()) return 0;
  for (const elanus::log::InsertPart& part : record->inserts) {
    for (const auto& [field, column] : part.rows.columns) {
      if (column.num_rows() != part.rows.num_rows) __builtin_trap();
    }
  }
  const std::string again = elanus::log::EncodeDmlRecord(*record);
  if (!elanus::log::DecodeDmlRecord(again).ok()) __builtin_trap();
  return 0;
}
