#include "index/half_codes.h"

#include "kernels/distance.h"
#include "kernels/half.h"

namespace elanus::index {
namespace {

using kernels::ElementType;
using kernels::Metric;

class HalfQuery final : public CodeQuery {
 public:
  HalfQuery(const kernels::DistanceFunctions& functions, size_t dim, const float* query)
      : functions_(functions), dim_(dim), query_{query, 0} {}

  void Scan(const uint8_t* run, size_t /*run_rows*/, size_t begin, size_t count,
            const CodeShift& /*shift*/, float* out) override {
    functions_.rows(query_, run + begin * dim_ * 2, count, dim_, out);
  }
  void Gather(const uint8_t* run, const uint32_t* ids, size_t count, const CodeShift& /*shift*/,
              float* out) override {
    functions_.gather(query_, run, ids, count, dim_, out);
  }

 private:
  const kernels::DistanceFunctions functions_;
  const size_t dim_;
  const kernels::QueryVector query_;
};

class HalfCodes final : public CodeStore {
 public:
  HalfCodes(ElementType type, size_t dim, Metric metric)
      : type_(type),
        dim_(dim),
        // Rows are at unit length where the metric is COSINE.
        functions_(kernels::DistanceFunctionsFor(
            type, metric == Metric::kL2 ? Metric::kL2 : Metric::kIp)) {}

  size_t RunBytes(size_t rows) const override { return rows * dim_ * 2; }
  void Encode(const float* residuals, const float* centre, size_t count, size_t begin,
              size_t /*run_rows*/, uint8_t* run) const override {
    std::vector<float> row(dim_);
    for (size_t i = 0; i < count; ++i) {
      for (size_t d = 0; d < dim_; ++d) row[d] = residuals[i * dim_ + d] + centre[d];
      // A value too large for float16 becomes infinity: the row is farthest from everything.
      (void)kernels::FloatToHalf(type_, row.data(), dim_, run + (begin + i) * dim_ * 2);
    }
  }
  std::unique_ptr<CodeQuery> Query(const float* query) const override {
    return std::make_unique<HalfQuery>(functions_, dim_, query);
  }
  std::vector<uint8_t> Parameters() const override { return {}; }
  int64_t memory_bytes() const override { return sizeof(*this); }

 private:
  const ElementType type_;
  const size_t dim_;
  const kernels::DistanceFunctions functions_;
};

}  // namespace

std::unique_ptr<CodeStore> MakeHalfCodes(const CodeSpec& spec, size_t dim, Metric metric) {
  return std::make_unique<HalfCodes>(
      spec.bits == 16 ? ElementType::kFloat16 : ElementType::kBFloat16, dim, metric);
}

}  // namespace elanus::index
