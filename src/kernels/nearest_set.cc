#include "kernels/nearest_set.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/nearest_set.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h: includes this file once per target.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace elanus::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Writes the distances below the bound and first + their places; returns how many.
size_t Below(const float* distances, size_t count, float bound, uint32_t first, float* out,
             uint32_t* positions) {
  size_t found = 0, i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<float> df;
  const hn::RebindToUnsigned<decltype(df)> du;
  const auto limit = hn::Set(df, bound);
  for (; i + hn::Lanes(df) <= count; i += hn::Lanes(df)) {
    const auto values = hn::LoadU(df, distances + i);
    const auto below = hn::Lt(values, limit);
    if (hn::AllFalse(df, below)) continue;
    hn::CompressBlendedStore(hn::Iota(du, first + static_cast<uint32_t>(i)),
                             hn::RebindMask(du, below), du, positions + found);
    found += hn::CompressBlendedStore(values, below, df, out + found);
  }
#endif
  for (; i < count; ++i) {
    if (!(distances[i] < bound)) continue;
    out[found] = distances[i];
    positions[found++] = first + static_cast<uint32_t>(i);
  }
  return found;
}

// Keeps what is below the bound, in place; returns how many.
size_t KeepBelow(float* distances, uint32_t* positions, size_t count, float bound) {
  size_t found = 0, i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<float> df;
  const hn::RebindToUnsigned<decltype(df)> du;
  const auto limit = hn::Set(df, bound);
  for (; i + hn::Lanes(df) <= count; i += hn::Lanes(df)) {
    const auto values = hn::LoadU(df, distances + i);
    const auto below = hn::Lt(values, limit);
    hn::CompressBlendedStore(hn::LoadU(du, positions + i), hn::RebindMask(du, below), du,
                             positions + found);
    found += hn::CompressBlendedStore(values, below, df, distances + found);
  }
#endif
  for (; i < count; ++i) {
    if (!(distances[i] < bound)) continue;
    distances[found] = distances[i];
    positions[found++] = positions[i];
  }
  return found;
}

NearestSetFunctions NearestSetFunctionsOfTarget() {
  return {&Below, &KeepBelow};
}

}  // namespace HWY_NAMESPACE
}  // namespace elanus::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elanus::kernels {
namespace {

constexpr size_t kSample = 32;
constexpr size_t kSlack = 64;  // Lanes that a register's store may touch behind the last one.

bool Nearer(const NearestSet::Entry& a, const NearestSet::Entry& b) {
  return a.distance != b.distance ? a.distance < b.distance : a.position < b.position;
}

}  // namespace

HWY_EXPORT(NearestSetFunctionsOfTarget);

NearestSet::NearestSet() : functions_(HWY_DYNAMIC_DISPATCH(NearestSetFunctionsOfTarget)()) {}

void NearestSet::Begin(size_t width) {
  width_ = std::max<size_t>(width, 1);
  size_ = 0;
  bound_ = std::numeric_limits<float>::infinity();
}

void NearestSet::Reserve(size_t count) {
  distances_.resize(count + kSlack);
  positions_.resize(count + kSlack);
}

// Cuts back to somewhat more than the width by a pivot taken from a sample. False if the sample
// led too far astray (equal distances).
bool NearestSet::CutByPivot() {
  float sample[kSample];
  for (size_t i = 0; i < kSample; ++i) sample[i] = distances_[i * size_ / kSample];
  std::sort(sample, sample + kSample);
  for (size_t at = (width_ + width_ / 4) * kSample / size_; at < kSample; at += 3) {
    size_t count = 0;
    for (size_t i = 0; i < size_; ++i) count += distances_[i] < sample[at] ? 1 : 0;
    if (count < width_) continue;
    bound_ = sample[at];
    size_ = functions_.keep_below(distances_.data(), positions_.data(), size_, bound_);
    return size_ <= width_ + width_ / 2;
  }
  return false;
}

void NearestSet::Cut() {
  if (size_ >= kSample && CutByPivot()) return;
  Fill();
  std::nth_element(entries_.begin(), entries_.begin() + static_cast<int64_t>(width_ - 1),
                   entries_.end(), Nearer);
  size_ = width_;
  bound_ = entries_[width_ - 1].distance;
  for (size_t i = 0; i < size_; ++i) {
    distances_[i] = entries_[i].distance;
    positions_[i] = entries_[i].position;
  }
}

void NearestSet::Fill() {
  entries_.resize(size_);
  for (size_t i = 0; i < size_; ++i) entries_[i] = {distances_[i], positions_[i]};
}

// Buckets of equal breadth, then insertions among those that are nearly sorted.
const std::vector<NearestSet::Entry>& NearestSet::Sorted() {
  constexpr size_t kBuckets = 512;
  Fill();
  if (size_ == 0) return entries_;
  float from = distances_[0], to = from;
  for (size_t i = 1; i < size_; ++i) {
    from = std::min(from, distances_[i]);
    to = std::max(to, distances_[i]);
  }
  const float scale = (kBuckets - 1) / (to - from);
  if (!(scale > 0 && scale < std::numeric_limits<float>::infinity())) {
    std::sort(entries_.begin(), entries_.end(), Nearer);
  } else {
    const auto bucket = [&](const Entry& entry) {
      return static_cast<size_t>((entry.distance - from) * scale);
    };
    uint32_t ends[kBuckets + 1] = {};
    for (const Entry& entry : entries_) ++ends[bucket(entry) + 1];
    for (size_t b = 0; b < kBuckets; ++b) ends[b + 1] += ends[b];
    buckets_.resize(size_);
    for (const Entry& entry : entries_) buckets_[ends[bucket(entry)]++] = entry;
    entries_.swap(buckets_);
    for (size_t i = 1; i < size_; ++i) {
      const Entry entry = entries_[i];
      size_t at = i;
      for (; at > 0 && Nearer(entry, entries_[at - 1]); --at) entries_[at] = entries_[at - 1];
      entries_[at] = entry;
    }
  }
  if (size_ > width_) entries_.resize(width_);
  return entries_;
}

}  // namespace elanus::kernels
#endif  // HWY_ONCE
