// Delta files of hostile bytes: as they are, and as the body of a file whose checksums are right.

#include <string>

#include "storage/byte_reader.h"
#include "storage/crc32c.h"
#include "storage/delta_file.h"

namespace {

using elanus::storage::AppendNumber;
using elanus::storage::Crc32c;

std::string WithHeader(std::string_view body, uint32_t codec, uint64_t raw_bytes) {
  std::string out = "ELANDEL\n";
  AppendNumber(out, uint32_t{1});
  AppendNumber(out, codec);
  AppendNumber(out, raw_bytes);
  AppendNumber(out, static_cast<uint64_t>(body.size()));
  AppendNumber(out, Crc32c(body));
  AppendNumber(out, Crc32c(out));
  out.append(body);
  return out;
}

void Decode(std::string_view bytes) {
  const auto rows = elanus::storage::DecodeDeltaFile(
      {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "fuzz");
  if (!rows.ok()) return;
  const auto count = static_cast<size_t>(rows->keys.num_rows());
  if (rows->timestamps.size() != count || rows->partitions.size() != count) __builtin_trap();
  if (!elanus::storage::EncodeDeltaFile(*rows).ok()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Decode(bytes);
  Decode(WithHeader(bytes, 0, size));
  if (size >= 4) {
    uint32_t raw_bytes;
    std::memcpy(&raw_bytes, data, 4);
    Decode(WithHeader(bytes.substr(4), 1, raw_bytes % (1 << 20)));
  }
  return 0;
}
