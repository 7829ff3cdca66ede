#include "kernels/centroid_panels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/centroid_panels.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h: includes this file once per target.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace elanus::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kPanel = 64;
constexpr size_t kLanesMax = 16;
constexpr size_t kRowsOfTile = 6;    // By two registers: twelve sums, which fit sixteen registers.
constexpr size_t kRowsOfChunk = 48;  // Compared with a panel while it is in the cache.

using D = hn::CappedTag<float, kLanesMax>;

// The nearest so far of one row, lane by lane.
struct Best {
  HWY_ALIGN float score[kLanesMax];
  HWY_ALIGN int32_t first[kLanesMax];  // Number of the centroid in lane 0 at that time.
};

// Raises `best` by the centroids first ... of which `dots` are the inner products.
HWY_INLINE void Offer(hn::Vec<D> dots, const float* half_norms, size_t first, Best& best) {
  const D df;
  const hn::RebindToSigned<D> di;
  const auto score = hn::Sub(hn::LoadU(df, half_norms), dots);
  const auto old = hn::Load(df, best.score);
  const auto better = hn::Lt(score, old);
  hn::Store(hn::IfThenElse(better, score, old), df, best.score);
  const auto here = hn::Set(di, static_cast<int32_t>(first));
  hn::Store(hn::IfThenElse(hn::RebindMask(di, better), here, hn::Load(di, best.first)), di,
            best.first);
}

// Six rows with the two registers of centroids at `panel`; `first` is the number of the first.
HWY_INLINE void SixByTwo(const float* HWY_RESTRICT rows, size_t stride, size_t dim,
                         const float* HWY_RESTRICT panel, const float* half_norms, size_t first,
                         Best* best) {
  const D df;
  const size_t lanes = hn::Lanes(df);
  auto a0 = hn::Zero(df), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0;
  auto b0 = a0, b1 = a0, b2 = a0, b3 = a0, b4 = a0, b5 = a0;
  const float* HWY_RESTRICT r3 = rows + 3 * stride;
  for (size_t d = 0; d < dim; ++d, panel += kPanel) {
    const auto a = hn::LoadU(df, panel), b = hn::LoadU(df, panel + lanes);
    const auto x0 = hn::Set(df, rows[d]), x1 = hn::Set(df, rows[stride + d]);
    a0 = hn::MulAdd(x0, a, a0);
    b0 = hn::MulAdd(x0, b, b0);
    a1 = hn::MulAdd(x1, a, a1);
    b1 = hn::MulAdd(x1, b, b1);
    const auto x2 = hn::Set(df, rows[2 * stride + d]), x3 = hn::Set(df, r3[d]);
    a2 = hn::MulAdd(x2, a, a2);
    b2 = hn::MulAdd(x2, b, b2);
    a3 = hn::MulAdd(x3, a, a3);
    b3 = hn::MulAdd(x3, b, b3);
    const auto x4 = hn::Set(df, r3[stride + d]), x5 = hn::Set(df, r3[2 * stride + d]);
    a4 = hn::MulAdd(x4, a, a4);
    b4 = hn::MulAdd(x4, b, b4);
    a5 = hn::MulAdd(x5, a, a5);
    b5 = hn::MulAdd(x5, b, b5);
  }
  const auto offer = [&](size_t row, auto a, auto b) HWY_ATTR {
    Offer(a, half_norms, first, best[row]);
    Offer(b, half_norms + lanes, first + lanes, best[row]);
  };
  offer(0, a0, b0);
  offer(1, a1, b1);
  offer(2, a2, b2);
  offer(3, a3, b3);
  offer(4, a4, b4);
  offer(5, a5, b5);
}

HWY_INLINE hn::Vec<D> DotsOfOne(const float* HWY_RESTRICT row, size_t dim,
                                const float* HWY_RESTRICT panel) {
  const D df;
  auto sum = hn::Zero(df);
  for (size_t d = 0; d < dim; ++d) {
    sum = hn::MulAdd(hn::Set(df, row[d]), hn::LoadU(df, panel + d * kPanel), sum);
  }
  return sum;
}

uint32_t NearestOf(const Best& best) {
  const size_t lanes = hn::Lanes(D());
  float score = best.score[0];
  uint32_t nearest = static_cast<uint32_t>(best.first[0]);
  for (size_t lane = 1; lane < lanes; ++lane) {
    const uint32_t centroid = static_cast<uint32_t>(best.first[lane]) + static_cast<uint32_t>(lane);
    if (best.score[lane] < score || (best.score[lane] == score && centroid < nearest)) {
      score = best.score[lane];
      nearest = centroid;
    }
  }
  return nearest;
}

void NearestRows(const float* rows, size_t stride, size_t num_rows, size_t dim, const float* panels,
                 const float* half_norms, size_t num_panels, uint32_t* nearest) {
  const D df;
  const size_t lanes = hn::Lanes(df);
  Best best[kRowsOfChunk];
  for (size_t begin = 0; begin < num_rows; begin += kRowsOfChunk) {
    const size_t count = HWY_MIN(kRowsOfChunk, num_rows - begin);
    for (size_t i = 0; i < count; ++i) {
      for (size_t lane = 0; lane < kLanesMax; ++lane) {
        best[i].score[lane] = __builtin_inff();
        best[i].first[lane] = 0;
      }
    }
    for (size_t p = 0; p < num_panels; ++p) {
      const float* panel = panels + p * kPanel * dim;
      const float* norms = half_norms + p * kPanel;
      for (size_t column = 0; column < kPanel; column += 2 * lanes) {
        const size_t first = p * kPanel + column;
        size_t i = 0;
        for (; i + kRowsOfTile <= count; i += kRowsOfTile) {
          SixByTwo(rows + (begin + i) * stride, stride, dim, panel + column, norms + column, first,
                   best + i);
        }
        for (; i < count; ++i) {
          const float* row = rows + (begin + i) * stride;
          for (size_t at = 0; at < 2 * lanes; at += lanes) {
            Offer(DotsOfOne(row, dim, panel + column + at), norms + column + at, first + at,
                  best[i]);
          }
        }
      }
    }
    for (size_t i = 0; i < count; ++i) nearest[begin + i] = NearestOf(best[i]);
  }
}

// out: room for whole panels.
void DotsOfPanels(const float* row, size_t dim, const float* panels, size_t num_panels,
                  float* out) {
  const D df;
  const size_t lanes = hn::Lanes(df);
  for (size_t p = 0; p < num_panels; ++p) {
    const float* panel = panels + p * kPanel * dim;
    for (size_t column = 0; column < kPanel; column += lanes) {
      hn::StoreU(DotsOfOne(row, dim, panel + column), df, out + p * kPanel + column);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace elanus::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cstring>
#include <limits>

namespace elanus::kernels {

HWY_EXPORT(NearestRows);
HWY_EXPORT(DotsOfPanels);

CentroidPanels::CentroidPanels(const float* centroids, size_t count, size_t dim)
    : count_(count), dim_(dim) {
  const size_t num_panels = (count + kWidth - 1) / kWidth;
  panels_.resize(num_panels * kWidth * dim);
  half_norms_.resize(num_panels * kWidth, std::numeric_limits<float>::infinity());
  for (size_t c = 0; c < count; ++c) {
    float* panel = &panels_[c / kWidth * kWidth * dim + c % kWidth];
    double norm = 0;
    for (size_t d = 0; d < dim; ++d) {
      const float value = centroids[c * dim + d];
      panel[d * kWidth] = value;
      norm += static_cast<double>(value) * value;
    }
    half_norms_[c] = static_cast<float>(norm / 2);
  }
}

void CentroidPanels::Nearest(const float* rows, size_t stride, size_t num_rows,
                             uint32_t* nearest) const {
  HWY_DYNAMIC_DISPATCH(NearestRows)
  (rows, stride, num_rows, dim_, panels_.data(), half_norms_.data(), half_norms_.size() / kWidth,
   nearest);
}

void CentroidPanels::Dots(const float* row, float* out) const {
  const size_t whole = count_ / kWidth;
  HWY_DYNAMIC_DISPATCH(DotsOfPanels)(row, dim_, panels_.data(), whole, out);
  if (count_ % kWidth == 0) return;
  float last[kWidth];
  HWY_DYNAMIC_DISPATCH(DotsOfPanels)
  (row, dim_, panels_.data() + whole * kWidth * dim_, 1, last);
  std::memcpy(out + whole * kWidth, last, count_ % kWidth * sizeof(float));
}

}  // namespace elanus::kernels
#endif  // HWY_ONCE
