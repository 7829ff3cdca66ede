// Bytes made smaller: by zstd, and floats by their planes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/status.h"

namespace elanus::storage {

// How the bytes of a block are stored.
enum class Codec : uint8_t {
  kRaw = 0,
  kZstd = 1,
  kFloatPlanes = 2,  // 4-byte floats: the first bytes of all, then the second ones, ...
  kHalfPlanes = 3,   // Likewise 2-byte ones.
};
inline constexpr uint32_t kNumCodecs = 4;

// `raw` compressed, or nothing if that saves less than an eighth.
std::optional<std::string> Compress(std::string_view raw);

// Floats by their planes (kFloatPlanes, kHalfPlanes), each raw or by zstd; nothing if that saves
// less than an eighth. Signs and lowest mantissa bits share a byte, so that the exponents, of which
// embeddings have few, have one for themselves; of floats that once were halves most bits of the
// mantissa are zero. `raw`: whole values.
std::optional<std::string> CompressPlanes(std::string_view raw, Codec codec);

// Undoes any codec into exactly `raw`. Fails on damaged input, and if it holds another number of
// bytes.
absl::Status Decode(Codec codec, std::string_view stored, std::span<uint8_t> raw);

// Undoes Compress into exactly `raw`. Fails on damaged input, and if it holds another number of
// bytes.
absl::Status Decompress(std::string_view stored, std::span<uint8_t> raw);

// How many bytes Decompress would give, as far as the input itself says so.
std::optional<uint64_t> DecompressedSize(std::string_view stored);

}  // namespace elanus::storage
