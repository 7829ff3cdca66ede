#include "storage/compression.h"

#include <zstd.h>

#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <vector>

namespace elanus::storage {
namespace {

// Level 1: at level 3 the blocks of our columns get about 5 % smaller and take twice as long.
constexpr int kLevel = 1;

template <typename Context, size_t (*kFree)(Context*)>
struct ContextDeleter {
  void operator()(Context* context) const { kFree(context); }
};

ZSTD_CCtx* CompressionContext() {
  thread_local const std::unique_ptr<ZSTD_CCtx, ContextDeleter<ZSTD_CCtx, ZSTD_freeCCtx>> context(
      ZSTD_createCCtx());
  return context.get();
}

ZSTD_DCtx* DecompressionContext() {
  thread_local const std::unique_ptr<ZSTD_DCtx, ContextDeleter<ZSTD_DCtx, ZSTD_freeDCtx>> context(
      ZSTD_createDCtx());
  return context.get();
}

}  // namespace

namespace {

constexpr uint32_t kCompressedPlane = 1u << 31;

absl::Status Damaged(std::string_view what) {
  return InternalError(ErrorCode::kDataIntegrity, "compressed block is damaged: {}", what);
}

// The sign goes to the lowest place, so that the exponent begins a byte. Loops over plain arrays,
// which compilers turn into vector instructions.
template <typename Value>
void Split(std::string_view raw, std::vector<uint8_t>& planes) {
  const size_t count = raw.size() / sizeof(Value);
  thread_local std::vector<Value> turned;
  turned.resize(count);
  std::memcpy(turned.data(), raw.data(), raw.size());
  Value* const __restrict values = turned.data();
  for (size_t i = 0; i < count; ++i) values[i] = std::rotl(values[i], 1);
  planes.resize(raw.size());
  for (size_t j = 0; j < sizeof(Value); ++j) {
    uint8_t* const __restrict plane = planes.data() + j * count;
    for (size_t i = 0; i < count; ++i) plane[i] = static_cast<uint8_t>(values[i] >> (8 * j));
  }
}

template <typename Value>
void Join(const std::array<const uint8_t*, sizeof(Value)>& planes, std::span<uint8_t> raw) {
  const size_t count = raw.size() / sizeof(Value);
  thread_local std::vector<Value> joined;
  joined.assign(count, 0);
  Value* const __restrict values = joined.data();
  for (size_t j = 0; j < sizeof(Value); ++j) {
    const uint8_t* const __restrict plane = planes[j];
    for (size_t i = 0; i < count; ++i) {
      values[i] = static_cast<Value>(values[i] | static_cast<Value>(plane[i]) << (8 * j));
    }
  }
  for (size_t i = 0; i < count; ++i) values[i] = std::rotr(values[i], 1);
  std::memcpy(raw.data(), joined.data(), raw.size());
}

// Whether the bytes differ little enough in frequency for an entropy code to be of no use: most
// planes of a mantissa. Cheaper than trying.
bool LooksRandom(std::string_view plane) {
  plane = plane.substr(plane.size() / 2, 4096);
  std::array<uint32_t, 256> counts = {};
  for (const char byte : plane) ++counts[static_cast<uint8_t>(byte)];
  // The sum of squares is least where all are equally frequent: n^2 / 256.
  double squares = 0;
  for (const uint32_t count : counts) squares += static_cast<double>(count) * count;
  const auto size = static_cast<double>(plane.size());
  return plane.size() >= 4096 && squares < 1.5 * size * size / 256;
}

template <typename Value>
absl::Status DecodePlanes(std::string_view stored, std::span<uint8_t> raw) {
  constexpr size_t kPlanes = sizeof(Value);
  if (raw.size() % kPlanes != 0 || stored.size() < kPlanes * 4) return Damaged("its planes");
  std::array<uint32_t, kPlanes> sizes;
  std::memcpy(sizes.data(), stored.data(), sizeof(sizes));
  stored.remove_prefix(sizeof(sizes));
  const size_t plane_bytes = raw.size() / kPlanes;
  thread_local std::vector<uint8_t> unpacked;
  unpacked.resize(raw.size());
  std::array<const uint8_t*, kPlanes> planes;
  for (size_t j = 0; j < kPlanes; ++j) {
    const size_t size = sizes[j] & ~kCompressedPlane;
    if (size > stored.size()) return Damaged("its planes");
    const std::string_view plane = stored.substr(0, size);
    stored.remove_prefix(size);
    planes[j] = reinterpret_cast<const uint8_t*>(plane.data());
    if ((sizes[j] & kCompressedPlane) != 0) {
      uint8_t* const into = unpacked.data() + j * plane_bytes;
      ELANUS_RETURN_IF_ERROR(Decompress(plane, {into, plane_bytes}));
      planes[j] = into;
    } else if (size != plane_bytes) {
      return Damaged("its planes");
    }
  }
  if (!stored.empty()) return Damaged("its planes");
  Join<Value>(planes, raw);
  return absl::OkStatus();
}

}  // namespace

std::optional<std::string> CompressPlanes(std::string_view raw, Codec codec) {
  thread_local std::vector<uint8_t> split;
  const size_t num_planes = codec == Codec::kFloatPlanes ? 4 : 2;
  if (codec == Codec::kFloatPlanes) {
    Split<uint32_t>(raw, split);
  } else {
    Split<uint16_t>(raw, split);
  }
  const size_t plane_bytes = raw.size() / num_planes;
  std::string out(num_planes * 4, '\0');
  for (size_t j = 0; j < num_planes; ++j) {
    const std::string_view plane(reinterpret_cast<const char*>(split.data()) + j * plane_bytes,
                                 plane_bytes);
    const std::optional<std::string> compressed =
        LooksRandom(plane) ? std::nullopt : Compress(plane);
    const std::string_view stored = compressed.has_value() ? *compressed : plane;
    const uint32_t size =
        static_cast<uint32_t>(stored.size()) | (compressed.has_value() ? kCompressedPlane : 0);
    std::memcpy(out.data() + j * 4, &size, 4);
    out.append(stored);
  }
  if (out.size() > raw.size() - raw.size() / 8) return std::nullopt;
  return out;
}

absl::Status Decode(Codec codec, std::string_view stored, std::span<uint8_t> raw) {
  switch (codec) {
    case Codec::kRaw:
      if (stored.size() != raw.size()) return Damaged("wrong length");
      std::memcpy(raw.data(), stored.data(), stored.size());
      return absl::OkStatus();
    case Codec::kZstd:
      return Decompress(stored, raw);
    case Codec::kFloatPlanes:
      return DecodePlanes<uint32_t>(stored, raw);
    case Codec::kHalfPlanes:
      return DecodePlanes<uint16_t>(stored, raw);
  }
  return Damaged("unknown codec");
}

std::optional<std::string> Compress(std::string_view raw) {
  // No room for more than is worth it: what does not fit is kept raw.
  std::string stored(raw.size() - raw.size() / 8, '\0');
  const size_t size = ZSTD_compressCCtx(CompressionContext(), stored.data(), stored.size(),
                                        raw.data(), raw.size(), kLevel);
  if (ZSTD_isError(size) != 0) return std::nullopt;
  stored.resize(size);
  return stored;
}

absl::Status Decompress(std::string_view stored, std::span<uint8_t> raw) {
  const size_t size = ZSTD_decompressDCtx(DecompressionContext(), raw.data(), raw.size(),
                                          stored.data(), stored.size());
  if (ZSTD_isError(size) != 0) {
    return InternalError(ErrorCode::kDataIntegrity, "compressed block is damaged: {}",
                         ZSTD_getErrorName(size));
  }
  if (size != raw.size()) {
    return InternalError(ErrorCode::kDataIntegrity, "compressed block is damaged: wrong length");
  }
  return absl::OkStatus();
}

std::optional<uint64_t> DecompressedSize(std::string_view stored) {
  const unsigned long long size = ZSTD_getFrameContentSize(stored.data(), stored.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return std::nullopt;
  return size;
}

}  // namespace elanus::storage
