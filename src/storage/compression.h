// Bytes made smaller, by zstd.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/status.h"

namespace elanus::storage {

// How the bytes of a block are stored.
enum class Codec : uint8_t { kRaw = 0, kZstd = 1 };

// `raw` compressed, or nothing if that saves less than an eighth.
std::optional<std::string> Compress(std::string_view raw);

// Undoes Compress into exactly `raw`. Fails on damaged input, and if it holds another number of
// bytes.
absl::Status Decompress(std::string_view stored, std::span<uint8_t> raw);

// How many bytes Decompress would give, as far as the input itself says so.
std::optional<uint64_t> DecompressedSize(std::string_view stored);

}  // namespace elanus::storage
