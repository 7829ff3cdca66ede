// Shredded files of hostile bytes, as they are and with a right checksum over the directory.

#include <cstring>
#include <string>

#include "storage/crc32c.h"
#include "storage/shredded_file.h"

namespace elanus::storage {
namespace {

// Makes the end's magic and checksum right; the directory begins where the trailer says, or at the
// first byte behind the header if that is impossible.
void MakeRight(std::string& file) {
  constexpr size_t kHeaderBytes = 64;
  if (file.size() < kHeaderBytes + kShreddedTrailerBytes) return;
  const size_t trailer = file.size() - kShreddedTrailerBytes;
  uint32_t bytes = 0;
  std::memcpy(&bytes, file.data() + trailer, sizeof(bytes));
  bytes = static_cast<uint32_t>(bytes % (trailer - kHeaderBytes + 1));
  std::memcpy(file.data() + trailer, &bytes, sizeof(bytes));
  const std::string_view summed =
      std::string_view(file).substr(trailer - bytes, bytes + sizeof(bytes));
  const uint32_t crc = Crc32c(summed);
  std::memcpy(file.data() + trailer + sizeof(bytes), &crc, sizeof(crc));
  file.replace(trailer + 8, 8, "ELANSEND");
}

void Read(const std::string& file) {
  const auto directory = ReadShreddedDirectory("fuzz", file, file.size());
  if (!directory.ok()) return;
  volatile char sum = 0;
  for (const ShreddedEntry& entry : directory->entries) {
    for (const ColumnRange& range : {entry.values, entry.others}) {
      if (range.bytes == 0) continue;
      sum = static_cast<char>(sum ^ file[range.offset] ^ file[range.offset + range.bytes - 1]);
    }
  }
}

}  // namespace
}  // namespace elanus::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  elanus::storage::Read(file);
  elanus::storage::MakeRight(file);
  elanus::storage::Read(file);
  return 0;
}
