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

// The sign goes to the lowest place, so that the exponent begins a byte.
template <typename Value>
void Split(std::string_view raw, std::string& planes) {
  const size_t count = raw.size() / sizeof(Value);
  planes.resize(raw.size());
  for (size_t i = 0; i < count; ++i) {
    Value value;
    std::memcpy(&value, raw.data() + i * sizeof(Value), sizeof(Value));
    value = std::rotl(value, 1);
    for (size_t j = 0; j < sizeof(Value); ++j) {
      planes[j * count + i] = static_cast<char>(value >> (8 * j));
    }
  }
}

template <typename Value>
void Join(const std::array<const uint8_t*, sizeof(Value)>& planes, std::span<uint8_t> raw) {
  const size_t count = raw.size() / sizeof(Value);
  for (size_t i = 0; i < count; ++i) {
    Value value = 0;
    for (size_t j = 0; j < sizeof(Value); ++j) {
      value = static_cast<Value>(value | static_cast<Value>(planes[j][i]) << (8 * j));
    }
    value = std::rotr(value, 1);
    std::memcpy(raw.data() + i * sizeof(Value), &value, sizeof(Value));
  }
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
  thread_local std::string split;
  const size_t num_planes = codec == Codec::kFloatPlanes ? 4 : 2;
  if (codec == Codec::kFloatPlanes) {
    Split<uint32_t>(raw, split);
  } else {
    Split<uint16_t>(raw, split);
  }
  const size_t plane_bytes = raw.size() / num_planes;
  std::string out(num_planes * 4, '\0');
  for (size_t j = 0; j < num_planes; ++j) {
    const std::string_view plane = std::string_view(split).substr(j * plane_bytes, plane_bytes);
    const std::optional<std::string> compressed = Compress(plane);
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
