#include "kernels/bit_select.h"

#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/bit_select.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h: includes this file once per target.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace elanus::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

size_t SelectSet(BitView bits, const uint32_t* ids, size_t count, uint32_t* out) {
  size_t i = 0, selected = 0;
#if HWY_TARGET != HWY_SCALAR
  // Bits are looked up in words of 32, which are the halves of those of 64 in their order.
  static_assert(std::endian::native == std::endian::little);
  const hn::CappedTag<uint32_t, 16> d;
  const hn::RebindToSigned<decltype(d)> di;
  const size_t lanes = hn::Lanes(d);
  const auto* words = reinterpret_cast<const uint32_t*>(bits.words());
  const auto one = hn::Set(d, 1), low = hn::Set(d, 31);
  for (; i + lanes <= count; i += lanes) {
    const auto id = hn::LoadU(d, ids + i);
    const auto word = hn::GatherIndex(d, words, hn::BitCast(di, hn::ShiftRight<5>(id)));
    const auto bit = hn::And(hn::Shr(word, hn::And(id, low)), one);
    selected += hn::CompressStore(id, hn::Eq(bit, one), d, out + selected);
  }
#endif
  for (; i < count; ++i) {
    out[selected] = ids[i];
    selected += bits.Test(ids[i]) ? 1 : 0;
  }
  return selected;
}

SelectSetFunction SelectSetOfTarget() {
  return &SelectSet;
}

}  // namespace HWY_NAMESPACE
}  // namespace elanus::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elanus::kernels {

HWY_EXPORT(SelectSetOfTarget);

SelectSetFunction SelectSetOfCpu() {
  return HWY_DYNAMIC_DISPATCH(SelectSetOfTarget)();
}

}  // namespace elanus::kernels
#endif  // HWY_ONCE
