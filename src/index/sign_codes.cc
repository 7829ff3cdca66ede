#include "index/sign_codes.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "common/check.h"
#include "index/rotation.h"
#include "kernels/scalar_codes.h"
#include "kernels/table_codes.h"

namespace elanus::index {
namespace {

using kernels::Metric;

constexpr size_t kBatch = 256;  // A multiple of the blocks of signs.

// Of one code; in an array behind the signs of the run.
struct Facts {
  float term;
  float factor;  // |r|^2 / (y r).
};

// The same by the signs alone, behind the facts of the run.
struct FirstFacts {
  float term;
  float factor;     // |r|^2 / (signs r).
  float deviation;  // Of the inner product with a query of length 1.
};

// How many deviations the first estimate may be off (measured: with 3 no hit of IVF_RABITQ with
// rbq_bits 4 and 8 is lost on 63 666 embeddings).
constexpr float kDeviations = 3;

// Where things lie in a run: blocks of signs, facts, facts of the signs, further bits.
struct Layout {
  Layout(size_t dim, const CodeSpec& spec) : Layout(dim, spec.bits, spec.levels == 2) {}
  Layout(size_t dim, uint32_t bits, bool two_steps)
      : dim(dim),
        parts((dim + 3) / 4),
        two_steps(two_steps),
        more_bits(static_cast<int>(bits) - 1),
        packed_bits(more_bits <= 4   ? 4
                    : more_bits <= 6 ? 6
                                     : 8),
        more_bytes(more_bits == 0 ? 0 : kernels::ScalarCodeBytes(dim, packed_bits)) {}

  size_t FactsAt(size_t rows) const {
    return (rows + kernels::kNibbleBlock - 1) / kernels::kNibbleBlock *
           kernels::NibbleBlockBytes(parts);
  }
  size_t FirstFactsAt(size_t rows) const { return FactsAt(rows) + rows * sizeof(Facts); }
  size_t MoreAt(size_t rows) const {
    return FirstFactsAt(rows) + (two_steps ? rows * sizeof(FirstFacts) : 0);
  }
  size_t RunBytes(size_t rows) const { return MoreAt(rows) + rows * more_bytes; }

  const size_t dim, parts;
  const bool two_steps;
  const int more_bits, packed_bits;
  const size_t more_bytes;  // Of one code.
};

class SignQuery final : public CodeQuery {
 public:
  SignQuery(const Layout& layout, Metric metric, const std::vector<float>& rotated)
      : layout_(layout), weight_(DotWeight(metric)) {
    // Entry e of a part: the sum of its four components, those whose bit in e is 0 negated.
    std::vector<float> tables(layout.parts * 16);
    for (size_t p = 0; p < layout.parts; ++p) {
      for (size_t e = 0; e < 16; ++e) {
        for (size_t j = 0; j < 4 && 4 * p + j < layout.dim; ++j) {
          const float value = rotated[4 * p + j];
          tables[p * 16 + e] += (e >> j & 1) != 0 ? value : -value;
        }
      }
    }
    tables_.resize(kernels::PaddedNibbleParts(layout.parts) * 16);
    scale_ = kernels::QuantizeTables(tables.data(), layout.parts, 16, tables_.data());
    if (layout.more_bits == 0) return;
    for (const float value : rotated) {
      sum_ += value;
      squared_length_ += value * value;
    }
    rounding_ = scale_.step * std::sqrt(static_cast<float>(layout.parts));
    query_.resize(layout.dim + kernels::kScalarGroup);
    unit_ = kernels::QuantizeQuery(rotated.data(), layout.dim, query_.data());
  }

  void Scan(const uint8_t* run, size_t run_rows, size_t begin, size_t count, const CodeShift& shift,
            float* out) override {
    ScanWithin(run, run_rows, begin, count, shift, std::numeric_limits<float>::infinity(), out);
  }
  void ScanWithin(const uint8_t* run, size_t run_rows, size_t begin, size_t count,
                  const CodeShift& shift, float bound, float* out) override {
    for (size_t i = 0; i < count; i += kBatch) {
      const Batch batch{run, run_rows, begin + i, std::min(kBatch, count - i)};
      Compare(batch, shift, bound, out + i);
    }
  }
  void Gather(const uint8_t* /*run*/, const uint32_t* /*ids*/, size_t /*count*/,
              const CodeShift& /*shift*/, float* /*out*/) override {
    ELANUS_CHECK(false);  // There are no such codes by row (see FitsDim).
  }

 private:
  // Codes of a run.
  struct Batch {
    const uint8_t* run;
    size_t run_rows, begin, count;
  };
  template <typename T>
  static T At(const uint8_t* array, size_t index) {
    T value;
    std::memcpy(&value, array + index * sizeof(T), sizeof(T));
    return value;
  }

  void Compare(const Batch& batch, const CodeShift& shift, float bound, float* out) const {
    float dots[kBatch];
    uint32_t ids[kBatch];
    kernels::SumNibbleBlocks(
        tables_.data(),
        batch.run + batch.begin / kernels::kNibbleBlock * kernels::NibbleBlockBytes(layout_.parts),
        layout_.parts, (batch.count + kernels::kNibbleBlock - 1) / kernels::kNibbleBlock, dots);
    for (size_t i = 0; i < batch.count; ++i) dots[i] = scale_.offset + scale_.step * dots[i];
    size_t left = batch.count;
    const bool bounded = layout_.two_steps && bound < std::numeric_limits<float>::infinity();
    if (bounded) left = KeepNear(batch, shift, bound, dots, ids, out);
    if (left == 0) return;
    if (layout_.more_bits > 0) AddMore(batch, bounded ? ids : nullptr, left, dots);
    const uint8_t* facts = batch.run + layout_.FactsAt(batch.run_rows);
    for (size_t n = 0; n < left; ++n) {
      const size_t i = bounded ? ids[n] : n;
      const auto of_code = At<Facts>(facts, batch.begin + i);
      out[i] = CodeDistance(shift, of_code.term, weight_, of_code.factor * dots[i]);
    }
  }
  // Which codes may be within the bound; the others get their distance. Returns how many.
  size_t KeepNear(const Batch& batch, const CodeShift& shift, float bound, const float* dots,
                  uint32_t* ids, float* out) const {
    // What is estimated is the inner product of what is left of the query (codes.h).
    const float squared = weight_ == 2 ? shift.base : squared_length_ + shift.base * shift.tilt;
    const float spread = kDeviations * std::sqrt(std::max(squared, 0.0f));
    const uint8_t* facts = batch.run + layout_.FirstFactsAt(batch.run_rows);
    size_t left = 0;
    for (size_t i = 0; i < batch.count; ++i) {
      const auto first = At<FirstFacts>(facts, batch.begin + i);
      const float distance = CodeDistance(shift, first.term, weight_, first.factor * dots[i]);
      const float margin = weight_ * (spread * first.deviation + first.factor * rounding_);
      out[i] = std::numeric_limits<float>::infinity();
      ids[left] = static_cast<uint32_t>(i);
      left += distance - margin > bound ? 0 : 1;
    }
    return left;
  }
  // Makes inner products with signs such with all bits; of codes ids[0 ... count - 1] of the batch,
  // or all where ids is null.
  void AddMore(const Batch& batch, const uint32_t* ids, size_t count, float* dots) const {
    int32_t more[kBatch];
    kernels::ScalarCodeDots(
        query_.data(), layout_.dim, layout_.packed_bits,
        batch.run + layout_.MoreAt(batch.run_rows) + batch.begin * layout_.more_bytes,
        layout_.more_bytes, ids, count, more);
    // y = 2^more_bits [sign] + further bits - (2^bits - 1) / 2.
    const auto high = static_cast<float>(1 << layout_.more_bits);
    for (size_t n = 0; n < count; ++n) {
      float& dot = dots[ids != nullptr ? ids[n] : n];
      dot = high / 2 * (dot + sum_) + unit_ * static_cast<float>(more[n]) - (high - 0.5f) * sum_;
    }
  }

  const Layout& layout_;
  const float weight_;
  std::vector<uint8_t> tables_;
  kernels::TableScale scale_;
  std::vector<int16_t> query_;
  float unit_ = 0, sum_ = 0;
  float squared_length_ = 0;
  float rounding_ = 0;  // What tables of 8 bits may be off.
};

class SignCodes final : public CodeStore {
 public:
  SignCodes(const CodeSpec& spec, size_t dim, Metric metric, uint64_t seed)
      : layout_(dim, spec), metric_(metric), seed_(seed), rotation_(dim, seed) {}

  size_t RunBytes(size_t rows) const override { return layout_.RunBytes(rows); }
  void Encode(const float* residuals, const float* centre, size_t count, size_t begin,
              size_t run_rows, uint8_t* run) const override;
  std::unique_ptr<CodeQuery> Query(const float* query) const override {
    std::vector<float> rotated(layout_.dim);
    rotation_.Apply(query, rotated.data());
    return std::make_unique<SignQuery>(layout_, metric_, rotated);
  }
  std::vector<uint8_t> Parameters() const override {
    std::vector<uint8_t> bytes(sizeof(seed_));
    std::memcpy(bytes.data(), &seed_, sizeof(seed_));
    return bytes;
  }
  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this) + rotation_.memory_bytes());
  }

 private:
  // The further bits of each component of a rotated residual.
  void ChooseMore(const std::vector<float>& r, std::vector<uint8_t>& more) const;

  const Layout layout_;
  const Metric metric_;
  const uint64_t seed_;
  const Rotation rotation_;
};

// y is r times a scale, rounded to odd halves. The best scale makes the angle between y and r the
// smallest; it lies where few components are cut off.
void SignCodes::ChooseMore(const std::vector<float>& r, std::vector<uint8_t>& more) const {
  float largest = 0;
  for (const float value : r) largest = std::max(largest, std::abs(value));
  more.assign(r.size(), 0);
  if (!(largest > 0) || !std::isfinite(largest)) return;
  const float top = static_cast<float>(1 << layout_.more_bits) - 1;
  float best_scale = 0, best = -1;
  for (const float cut : {1.0f, 1.2f, 1.4f, 1.7f, 2.0f, 2.4f, 2.9f}) {
    const float scale = (top + 1) / largest * cut;
    float dot = 0, norm = 0;
    for (const float value : r) {
      const float y = std::min(std::floor(std::abs(value) * scale), top) + 0.5f;
      dot += y * std::abs(value);
      norm += y * y;
    }
    const float cosine = dot * dot / norm;
    if (cosine <= best) continue;
    best = cosine;
    best_scale = scale;
  }
  for (size_t d = 0; d < r.size(); ++d) {
    const float size = std::min(std::floor(std::abs(r[d]) * best_scale), top);
    // Counted from the lowest value of the sign's half upwards.
    more[d] = static_cast<uint8_t>(r[d] > 0 ? size : top - size);
  }
}

void SignCodes::Encode(const float* residuals, const float* centre, size_t count, size_t begin,
                       size_t run_rows, uint8_t* run) const {
  const size_t dim = layout_.dim, parts = layout_.parts;
  std::vector<float> rotated(dim), rotated_centre(dim);
  rotation_.Apply(centre, rotated_centre.data());
  std::vector<uint8_t> signs(count * parts), more;
  const auto high = static_cast<float>(1 << layout_.more_bits);
  for (size_t i = 0; i < count; ++i) {
    rotation_.Apply(residuals + i * dim, rotated.data());
    if (layout_.more_bits > 0) ChooseMore(rotated, more);
    double squared = 0, dot = 0, y_dot = 0, y_centre = 0, sign_dot = 0, sign_centre = 0;
    for (size_t d = 0; d < dim; ++d) {
      const bool sign = rotated[d] > 0;
      if (sign) signs[i * parts + d / 4] |= static_cast<uint8_t>(1 << (d % 4));
      float y = sign ? 1.0f : -1.0f;
      if (layout_.more_bits > 0) y = (sign ? high : 0) + more[d] - (high - 0.5f);
      squared += rotated[d] * rotated[d];
      dot += rotated[d] * rotated_centre[d];
      y_dot += y * rotated[d];
      y_centre += y * rotated_centre[d];
      sign_dot += std::abs(rotated[d]);
      sign_centre += sign ? rotated_centre[d] : -rotated_centre[d];
    }
    const double factor = y_dot > 0 ? squared / y_dot : 0;
    const Facts facts{CodeTerm(metric_, squared, dot, factor * y_centre),
                      static_cast<float>(factor)};
    std::memcpy(run + layout_.FactsAt(run_rows) + (begin + i) * sizeof(Facts), &facts,
                sizeof(facts));
    if (layout_.two_steps) {
      const double first = sign_dot > 0 ? squared / sign_dot : 0;
      // Of the signs, scaled so, what is no multiple of r has this length; a random rotation turns
      // it anywhere at a right angle to r.
      const double lost = std::max(first * first * static_cast<double>(dim) - squared, 0.0);
      const FirstFacts facts_of_signs{
          CodeTerm(metric_, squared, dot, first * sign_centre), static_cast<float>(first),
          static_cast<float>(std::sqrt(lost / static_cast<double>(std::max<size_t>(dim - 1, 1))))};
      std::memcpy(run + layout_.FirstFactsAt(run_rows) + (begin + i) * sizeof(FirstFacts),
                  &facts_of_signs, sizeof(facts_of_signs));
    }
    if (layout_.more_bits > 0) {
      kernels::PackScalarCode(more.data(), dim, layout_.packed_bits,
                              run + layout_.MoreAt(run_rows) + (begin + i) * layout_.more_bytes);
    }
  }
  kernels::PackNibbleBlocks(signs.data(), count, parts,
                            run + begin / kernels::kNibbleBlock * kernels::NibbleBlockBytes(parts));
}

}  // namespace

std::unique_ptr<CodeStore> MakeSignCodes(const CodeSpec& spec, size_t dim, Metric metric,
                                         uint64_t seed) {
  return std::make_unique<SignCodes>(spec, dim, metric, seed);
}

std::unique_ptr<CodeStore> OpenSignCodes(const CodeSpec& spec, size_t dim, Metric metric,
                                         Bytes parameters) {
  uint64_t seed;
  if (parameters.size() != sizeof(seed)) return nullptr;
  std::memcpy(&seed, parameters.data(), sizeof(seed));
  return MakeSignCodes(spec, dim, metric, seed);
}

}  // namespace elanus::index
