#include "index/row_codes.h"

#include <cstring>

namespace elanus::index {
namespace {

constexpr size_t kCentreRows = 4096;  // Whose mean is the centre of codes that need no training.
constexpr size_t kChunkRows = 256;    // Coded by one task; a multiple of kCodeBlock.

// The rows of `sample` less `centre`, one after the other.
std::vector<float> ResidualsOf(const FloatRows& rows, std::span<const uint32_t> sample,
                               const std::vector<float>& centre) {
  std::vector<float> residuals(sample.size() * rows.dim());
  for (size_t i = 0; i < sample.size(); ++i) {
    float* out = &residuals[i * rows.dim()];
    rows.Get(sample[i], out);
    for (size_t d = 0; d < rows.dim(); ++d) out[d] -= centre[d];
  }
  return residuals;
}

std::vector<float> MeanOf(const FloatRows& rows, const std::vector<uint32_t>& sample) {
  std::vector<double> sum(rows.dim());
  std::vector<float> row(rows.dim()), mean(rows.dim());
  for (const uint32_t member : sample) {
    rows.Get(member, row.data());
    for (size_t d = 0; d < rows.dim(); ++d) sum[d] += row[d];
  }
  for (size_t d = 0; d < rows.dim() && !sample.empty(); ++d) {
    mean[d] = static_cast<float>(sum[d] / static_cast<double>(sample.size()));
  }
  return mean;
}

}  // namespace

absl::StatusOr<RowCodesBytes> BuildRowCodes(const BuildOptions& options, const CodeSpec& spec,
                                            const std::vector<uint32_t>& members) {
  const FloatRows rows(options.rows, options.metric);
  const size_t dim = rows.dim(), num_rows = rows.num_rows();
  const auto sample = SampleOf(members, TrainingRows(spec), options.seed);
  std::vector<float> centre(dim);
  if (spec.kind != CodeKind::kHalf) {
    centre = MeanOf(rows, sample.empty() ? SampleOf(members, kCentreRows, options.seed) : sample);
  }
  const std::vector<float> residuals = ResidualsOf(rows, sample, centre);
  ELANUS_ASSIGN_OR_RETURN(const auto store,
                          TrainCodes(spec, {dim, options.metric, &residuals, options.seed,
                                            options.executor, options.cancellation}));
  RowCodesBytes out;
  out.head.resize(sizeof(spec) + dim * sizeof(float));
  std::memcpy(out.head.data(), &spec, sizeof(spec));
  std::memcpy(out.head.data() + sizeof(spec), centre.data(), dim * sizeof(float));
  out.parameters = store->Parameters();
  out.codes.resize(store->RunBytes(num_rows));
  const auto encode = [&](size_t chunk) {
    if (options.cancellation != nullptr && options.cancellation->cancelled()) return;
    const size_t begin = chunk * kChunkRows, count = std::min(kChunkRows, num_rows - begin);
    std::vector<float> chunk_residuals(count * dim);
    for (size_t i = 0; i < count; ++i) {
      const auto row = static_cast<int64_t>(begin + i);
      if (!options.valid.empty() && !options.valid.Test(row)) continue;
      float* to = &chunk_residuals[i * dim];
      rows.Get(row, to);
      for (size_t d = 0; d < dim; ++d) to[d] -= centre[d];
    }
    store->Encode(chunk_residuals.data(), centre.data(), count, begin, num_rows, out.codes.data());
  };
  const size_t num_chunks = (num_rows + kChunkRows - 1) / kChunkRows;
  if (options.executor != nullptr) {
    options.executor->ParallelFor(num_chunks, encode);
  } else {
    for (size_t chunk = 0; chunk < num_chunks; ++chunk) encode(chunk);
  }
  if (options.cancellation != nullptr) ELANUS_RETURN_IF_ERROR(options.cancellation->Check());
  return out;
}

RowCodes::RowCodes(std::unique_ptr<CodeStore> store, std::vector<float> centre,
                   kernels::Metric metric, const uint8_t* run)
    : store_(std::move(store)), centre_(std::move(centre)), metric_(metric), run_(run) {
  for (const float value : centre_) centre_norm_ += value * value;
}

absl::StatusOr<std::unique_ptr<RowCodes>> RowCodes::Open(Bytes head, Bytes parameters, Bytes codes,
                                                         size_t dim, size_t num_rows,
                                                         kernels::Metric metric) {
  CodeSpec spec;
  if (head.size() != sizeof(spec) + dim * sizeof(float)) {
    return InternalError(ErrorCode::kDataIntegrity, "index file is damaged: head of its row codes");
  }
  std::memcpy(&spec, head.data(), sizeof(spec));
  std::vector<float> centre(dim);
  std::memcpy(centre.data(), head.data() + sizeof(spec), dim * sizeof(float));
  ELANUS_ASSIGN_OR_RETURN(auto store, OpenCodes(spec, dim, metric, parameters));
  if (spec.in_blocks != 0 || codes.size() != store->RunBytes(num_rows)) {
    return InternalError(ErrorCode::kDataIntegrity, "index file is damaged: size of its row codes");
  }
  return std::unique_ptr<RowCodes>(
      new RowCodes(std::move(store), std::move(centre), metric, codes.data()));
}

RowQuery RowCodes::Query(const float* query) const {
  float base = 0;
  for (size_t d = 0; d < centre_.size(); ++d) {
    if (metric_ == kernels::Metric::kL2) {
      base += (query[d] - centre_[d]) * (query[d] - centre_[d]);
    } else {
      base -= query[d] * centre_[d];
    }
  }
  return {store_->Query(query), ShiftTo(metric_, base, centre_norm_), run_};
}

}  // namespace elanus::index
