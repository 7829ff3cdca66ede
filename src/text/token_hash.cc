#include "text/token_hash.h"

#include <zlib.h>

#include <algorithm>

namespace elanus::text {

uint32_t TokenHash(std::string_view token) {
  constexpr size_t kHashedBytes = 100;
  const auto sum =
      static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(token.data()),
                                  static_cast<uInt>(std::min(token.size(), kHashedBytes))));
  return sum == UINT32_MAX ? 0 : sum;
}

}  // namespace elanus::text
