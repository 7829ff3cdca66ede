#include "kernels/find_bytes.h"

#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/find_bytes.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h: includes this file once per target.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace elanus::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Like memmem(3) by generic SIMD (Mula, "SIMD-friendly algorithms for substring searching", 2016).
//   needle_size  at least 2, at most `size`
size_t FindLong(const uint8_t* HWY_RESTRICT bytes, size_t size, const uint8_t* HWY_RESTRICT needle,
                size_t needle_size) {
  const hn::CappedTag<uint8_t, 64> d;
  const size_t lanes = hn::Lanes(d);
  const size_t num_places = size - needle_size + 1;
  const auto first = hn::Set(d, needle[0]);
  const auto last = hn::Set(d, needle[needle_size - 1]);
  const auto is_here = [&](size_t at) {
    return std::memcmp(bytes + at + 1, needle + 1, needle_size - 2) == 0;
  };
  size_t at = 0;
  for (; at + lanes <= num_places; at += lanes) {
    const auto begins = hn::Eq(hn::LoadU(d, bytes + at), first);
    const auto ends = hn::Eq(hn::LoadU(d, bytes + at + needle_size - 1), last);
    const auto both = hn::And(begins, ends);
    if (hn::AllFalse(d, both)) continue;
    uint64_t places = 0;
    hn::StoreMaskBits(d, both, reinterpret_cast<uint8_t*>(&places));
    for (; places != 0; places &= places - 1) {
      const size_t place = at + static_cast<size_t>(std::countr_zero(places));
      if (is_here(place)) return place;
    }
  }
  for (; at < num_places; ++at) {
    if (bytes[at] == needle[0] && bytes[at + needle_size - 1] == needle[needle_size - 1] &&
        is_here(at)) {
      return at;
    }
  }
  return std::string_view::npos;
}

}  // namespace HWY_NAMESPACE
}  // namespace elanus::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elanus::kernels {

HWY_EXPORT(FindLong);

size_t FindBytes(std::string_view haystack, std::string_view needle) {
  if (needle.size() < 2 || needle.size() > haystack.size()) return haystack.find(needle);
  return HWY_DYNAMIC_DISPATCH(FindLong)(
      reinterpret_cast<const uint8_t*>(haystack.data()), haystack.size(),
      reinterpret_cast<const uint8_t*>(needle.data()), needle.size());
}

}  // namespace elanus::kernels
#endif  // HWY_ONCE
