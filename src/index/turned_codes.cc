#include "index/turned_codes.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "index/index_params.h"
#include "index/principal_axes.h"
#include "index/product_codes.h"
#include "index/row_products.h"

namespace elanus::index {
namespace {

// out: (count, num_axes) of vectors: (count, dim).
std::vector<float> Turn(const float* vectors, size_t count, size_t dim,
                        const std::vector<float>& axes) {
  std::vector<float> out(count * axes.size() / dim);
  MultiplyByRows({vectors, count * dim}, axes, dim, nullptr, out);
  return out;
}

class TurnedQuery final : public CodeQuery {
 public:
  TurnedQuery(std::vector<float> query, const CodeStore& codes)
      : query_(std::move(query)), codes_(codes.Query(query_.data())) {}

  void Scan(const uint8_t* run, size_t run_rows, size_t begin, size_t count, const CodeShift& shift,
            float* out) override {
    codes_->Scan(run, run_rows, begin, count, shift, out);
  }
  void ScanWithin(const uint8_t* run, size_t run_rows, size_t begin, size_t count,
                  const CodeShift& shift, float bound, float* out) override {
    codes_->ScanWithin(run, run_rows, begin, count, shift, bound, out);
  }
  void Gather(const uint8_t* run, const uint32_t* ids, size_t count, const CodeShift& shift,
              float* out) override {
    codes_->Gather(run, ids, count, shift, out);
  }

 private:
  const std::vector<float> query_;
  const std::unique_ptr<CodeQuery> codes_;
};

class TurnedCodes final : public CodeStore {
 public:
  TurnedCodes(size_t dim, std::vector<float> axes, std::unique_ptr<CodeStore> codes)
      : dim_(dim), axes_(std::move(axes)), codes_(std::move(codes)) {}

  size_t RunBytes(size_t rows) const override { return codes_->RunBytes(rows); }
  void Encode(const float* residuals, const float* centre, size_t count, size_t begin,
              size_t run_rows, uint8_t* run) const override {
    const std::vector<float> turned = Turn(residuals, count, dim_, axes_);
    const std::vector<float> turned_centre = Turn(centre, 1, dim_, axes_);
    codes_->Encode(turned.data(), turned_centre.data(), count, begin, run_rows, run);
  }
  std::unique_ptr<CodeQuery> Query(const float* query) const override {
    return std::make_unique<TurnedQuery>(Turn(query, 1, dim_, axes_), *codes_);
  }
  std::vector<uint8_t> Parameters() const override {
    const Bytes axes = BytesOf(axes_);
    std::vector<uint8_t> out(axes.begin(), axes.end());
    const std::vector<uint8_t> of_codes = codes_->Parameters();
    out.insert(out.end(), of_codes.begin(), of_codes.end());
    return out;
  }
  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this) + axes_.capacity() * sizeof(float)) +
           codes_->memory_bytes();
  }

 private:
  const size_t dim_;
  const std::vector<float> axes_;  // (axes, dim)
  const std::unique_ptr<CodeStore> codes_;
};

// Of the product codes underneath.
CodeSpec Inner(CodeSpec spec) {
  spec.axes = 0;
  return spec;
}

}  // namespace

uint32_t AxesOf(const Params& params, int64_t dim, int64_t num_parts) {
  const auto it = params.find(kAxesParam);
  if (it == params.end() || num_parts < 1) return 0;
  const int64_t axes = it->second == "all" ? dim : IntParam(params, kAxesParam, 0);
  if (axes < 1 || axes > dim || axes % num_parts != 0) return 0;
  return dim > static_cast<int64_t>(kTurnedDimMax) ? 0 : static_cast<uint32_t>(axes);
}

std::vector<uint32_t> ShareAxes(const std::vector<double>& variances, size_t num_parts) {
  std::vector<uint32_t> by_variance(variances.size());
  std::iota(by_variance.begin(), by_variance.end(), 0u);
  std::stable_sort(by_variance.begin(), by_variance.end(),
                   [&](uint32_t a, uint32_t b) { return variances[a] > variances[b]; });
  const size_t room = variances.size() / num_parts;
  std::vector<double> logs(num_parts);
  std::vector<std::vector<uint32_t>> parts(num_parts);
  // The scale is the smallest's, so that every axis makes a product larger.
  const double least = std::max(variances[by_variance.back()], 1e-30);
  for (const uint32_t axis : by_variance) {
    size_t to = num_parts;
    for (size_t part = 0; part < num_parts; ++part) {
      if (parts[part].size() < room && (to == num_parts || logs[part] < logs[to])) to = part;
    }
    parts[to].push_back(axis);
    logs[to] += std::log(std::max(variances[axis], least) / least);
  }
  std::vector<uint32_t> out;
  for (const auto& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

absl::StatusOr<std::unique_ptr<CodeStore>> TrainTurnedCodes(const CodeSpec& spec,
                                                            const CodeTraining& training) {
  const std::vector<float>& residuals = *training.residuals;
  const size_t dim = training.dim, count = residuals.size() / dim, num_axes = spec.axes;
  ELANUS_ASSIGN_OR_RETURN(const std::vector<float> found,
                          PrincipalAxes(residuals, dim, num_axes, training.seed, training.executor,
                                        training.cancellation));
  std::vector<float> turned = Turn(residuals.data(), count, dim, found);
  std::vector<double> variances(num_axes);
  for (size_t i = 0; i < turned.size(); ++i) {
    variances[i % num_axes] += static_cast<double>(turned[i]) * turned[i];
  }
  const std::vector<uint32_t> order = ShareAxes(variances, spec.parts);
  std::vector<float> axes(found.size());
  for (size_t i = 0; i < num_axes; ++i) {
    std::copy_n(&found[order[i] * dim], dim, &axes[i * dim]);
  }
  turned = Turn(residuals.data(), count, dim, axes);
  CodeTraining inner = training;
  inner.dim = num_axes;
  inner.residuals = &turned;
  ELANUS_ASSIGN_OR_RETURN(auto codes, TrainProductCodes(Inner(spec), inner));
  return std::make_unique<TurnedCodes>(dim, std::move(axes), std::move(codes));
}

std::unique_ptr<CodeStore> OpenTurnedCodes(const CodeSpec& spec, size_t dim, kernels::Metric metric,
                                           Bytes parameters) {
  std::vector<float> axes(size_t{spec.axes} * dim);
  const size_t bytes = axes.size() * sizeof(float);
  if (parameters.size() < bytes) return nullptr;
  std::memcpy(axes.data(), parameters.data(), bytes);
  auto codes = OpenProductCodes(Inner(spec), spec.axes, metric, parameters.subspan(bytes));
  if (codes == nullptr) return nullptr;
  return std::make_unique<TurnedCodes>(dim, std::move(axes), std::move(codes));
}

}  // namespace elanus::index
