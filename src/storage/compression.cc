#include "storage/compression.h"

#include <zstd.h>

#include <memory>

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
