#include "index/hnsw_measure.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "kernels/half.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

constexpr int64_t kDimMin = 48;
constexpr int64_t kSampleRows = 1 << 14;
constexpr int64_t kChunkRows = 1024;
// Of a component's standard deviation: 16 levels this far to both sides of the mean have the least
// error over normal distributions.
constexpr float kReach = 2.7f;
constexpr size_t kCopyBytesMax = 512;  // Vectors this short are copied into tiles.
constexpr float kValueMax = 1e15f;     // Sums of squares and products of larger ones may overflow.

// The row as codes see it: float32, of length 1 for COSINE. False if it is out of range.
bool ToFloats(DataType type, Metric metric, const uint8_t* row, int64_t dim, float* out) {
  const auto count = static_cast<size_t>(dim);
  if (type == DataType::kFloatVector) {
    std::memcpy(out, row, count * 4);
  } else if (type == DataType::kInt8Vector) {
    for (size_t d = 0; d < count; ++d) out[d] = static_cast<float>(static_cast<int8_t>(row[d]));
  } else {
    kernels::HalfToFloat(ElementTypeOf(type), row, count, out);
  }
  float norms[8] = {}, largest = 0;
  for (size_t d = 0; d < count; ++d) {
    norms[d % 8] += out[d] * out[d];
    largest = std::max(largest, std::abs(out[d]));
  }
  if (!(largest < kValueMax)) return false;
  if (metric != Metric::kCosine) return true;
  float norm = 0;
  for (const float part : norms) norm += part;
  if (norm == 0) return true;
  if (!(norm > 1e-30f)) return false;
  const float inverse = 1 / std::sqrt(norm);
  for (size_t d = 0; d < count; ++d) out[d] *= inverse;
  return true;
}

// Means and standard deviations of a sample spread evenly over the rows.
bool FindScale(const VectorRows& rows, kernels::BitView valid, Metric metric,
               HnswCodeStorage& storage) {
  const auto dim = static_cast<size_t>(rows.dim);
  std::vector<double> sums(dim), squares(dim);
  std::vector<float> row(dim);
  const int64_t stride = std::max<int64_t>(1, rows.num_rows / kSampleRows);
  double count = 0;
  for (int64_t r = 0; r < rows.num_rows; r += stride) {
    if (!valid.empty() && !valid.Test(r)) continue;
    if (!ToFloats(rows.type, metric, rows.Row(r), rows.dim, row.data())) return false;
    ++count;
    for (size_t d = 0; d < dim; ++d) {
      sums[d] += row[d];
      squares[d] += static_cast<double>(row[d]) * row[d];
    }
  }
  storage.centers.assign(dim, 0);
  storage.steps.assign(dim, 0);
  if (count == 0) return true;
  for (size_t d = 0; d < dim; ++d) {
    const double mean = sums[d] / count;
    storage.centers[d] = static_cast<float>(mean);
    storage.steps[d] = static_cast<float>(
        std::sqrt(std::max(0.0, squares[d] / count - mean * mean)) * kReach / 7.5);
  }
  return true;
}

struct RowEncoder {
  const VectorRows& rows;
  const Metric metric;
  HnswCodeStorage& storage;
  std::vector<float>& own_terms;
  std::vector<float> inverse_steps;

  bool Encode(int64_t r, std::vector<float>& row, std::vector<uint8_t>& values) const {
    const auto dim = static_cast<size_t>(rows.dim);
    if (!ToFloats(rows.type, metric, rows.Row(r), rows.dim, row.data())) return false;
    float cross = 0, norm = 0, center = 0;  // x'.y', |x'|^2, x.centers
    for (size_t d = 0; d < dim; ++d) {
      const float moved = row[d] - storage.centers[d];
      const float level = std::clamp(moved * inverse_steps[d] + 8.0f, 0.0f, 15.0f);
      values[d] = static_cast<uint8_t>(level);
      cross += moved * storage.steps[d] * (values[d] - kernels::kNibbleMiddle);
      norm += moved * moved;
      center += row[d] * storage.centers[d];
    }
    uint8_t* code = storage.codes.data() + static_cast<size_t>(r) * kernels::NibbleCodeBytes(dim);
    for (size_t d = 0; d < dim; ++d) {
      code[d / 32 * 16 + d % 16] |= static_cast<uint8_t>(d % 32 < 16 ? values[d] : values[d] << 4);
    }
    if (metric == Metric::kL2) {
      storage.terms[static_cast<size_t>(r)] = own_terms[static_cast<size_t>(r)] = 2 * cross - norm;
    } else {
      own_terms[static_cast<size_t>(r)] = -center;
    }
    return true;
  }
};

}  // namespace

bool HnswHasCodes(DataType type, int64_t dim) {
  return type != DataType::kBinaryVector && dim >= kDimMin;
}

bool EncodeHnswRows(const VectorRows& rows, kernels::BitView valid, Metric metric,
                    Executor* executor, HnswCodeStorage& storage, std::vector<float>& own_terms) {
  const auto dim = static_cast<size_t>(rows.dim), num_rows = static_cast<size_t>(rows.num_rows);
  if (!FindScale(rows, valid, metric, storage)) return false;
  storage.codes.assign(num_rows * kernels::NibbleCodeBytes(dim), 0);
  storage.terms.assign(metric == Metric::kL2 ? num_rows : 0, 0);
  own_terms.assign(num_rows, 0);
  RowEncoder encoder{rows, metric, storage, own_terms, std::vector<float>(dim, 0)};
  for (size_t d = 0; d < dim; ++d) {
    if (storage.steps[d] > 0) encoder.inverse_steps[d] = 1 / storage.steps[d];
    if (!std::isfinite(encoder.inverse_steps[d])) return false;
  }
  std::atomic<bool> good{true};
  const auto encode = [&](size_t chunk) {
    std::vector<float> row(dim);
    std::vector<uint8_t> values(dim);
    const auto begin = static_cast<int64_t>(chunk) * kChunkRows;
    for (int64_t r = begin; r < std::min(begin + kChunkRows, rows.num_rows); ++r) {
      if (!valid.empty() && !valid.Test(r)) continue;
      if (!encoder.Encode(r, row, values)) good = false;
    }
  };
  const size_t num_chunks = (num_rows + kChunkRows - 1) / kChunkRows;
  if (executor != nullptr) {
    executor->ParallelFor(num_chunks, encode);
  } else {
    for (size_t chunk = 0; chunk < num_chunks; ++chunk) encode(chunk);
  }
  return good;
}

NodeMeasure::NodeMeasure(const VectorRows& rows, Metric metric, const HnswCodes& codes,
                         std::span<const float> own_terms)
    : rows_(rows),
      metric_(metric),
      functions_(kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), metric)),
      nibbles_(kernels::NibbleFunctionsOfCpu()),
      codes_(codes),
      own_terms_(own_terms),
      nibble_codes_{codes.codes, codes.terms, static_cast<size_t>(rows.dim)} {
  if (codes.empty()) return;
  // Component d of a row read from its code, times steps[d]: v = steps^2 (c - 7.5) + shift. Its
  // weight is v / unit, where the unit makes the largest one 127.
  const auto dim = static_cast<size_t>(rows.dim);
  const auto shift = [&](size_t d) {
    return metric == Metric::kL2 ? 0 : codes.centers[d] * codes.steps[d];
  };
  float largest = 0;
  for (size_t d = 0; d < dim; ++d) {
    largest = std::max(largest, codes.steps[d] * codes.steps[d] * 7.5f + std::abs(shift(d)));
  }
  scale_.assign(kernels::NibbleWeightBytes(dim), 0);
  bias_.assign(kernels::NibbleWeightBytes(dim), 0);
  code_unit_ = largest > 1e-30f ? largest / 126.9f : 1;
  for (size_t d = 0; d < dim; ++d) {
    const size_t at = kernels::NibblePlace(dim, d);
    const float square = codes.steps[d] * codes.steps[d];
    scale_[at] = static_cast<int16_t>(square / 2 * 256 / code_unit_);  // Of 2 c - 15.
    bias_[at] = static_cast<int16_t>(shift(d) * 256 / code_unit_);
  }
}

void NodeMeasure::PrepareExact(const uint8_t* vector, Query& query) const {
  query.exact_buffer.resize(static_cast<size_t>(rows_.dim));
  query.exact = kernels::PrepareQuery(functions_, static_cast<size_t>(rows_.dim), vector,
                                      query.exact_buffer.data());
}

bool NodeMeasure::Prepare(const uint8_t* vector, Query& query) const {
  PrepareExact(vector, query);
  if (codes_.empty()) return true;
  const auto dim = static_cast<size_t>(rows_.dim);
  query.values.resize(dim);
  query.weights.assign(kernels::NibbleWeightBytes(dim), 0);
  float* v = query.values.data();
  if (!ToFloats(rows_.type, metric_, vector, rows_.dim, v)) return false;
  float parts[8] = {}, largest = 0;  // |q'|^2 for L2, else q.centers.
  for (size_t d = 0; d < dim; ++d) {
    const float moved = v[d] - codes_.centers[d];
    parts[d % 8] += metric_ == Metric::kL2 ? moved * moved : v[d] * codes_.centers[d];
    v[d] = (metric_ == Metric::kL2 ? moved : v[d]) * codes_.steps[d];
    largest = std::max(largest, std::abs(v[d]));
  }
  if (!(largest < 1e30f) || (largest > 0 && largest < 1e-30f)) return false;
  const float unit = largest > 0 ? largest / 127 : 1, inverse = 1 / unit;
  int32_t sum = 0;
  for (size_t d = 0; d < dim; ++d) {
    const float scaled = v[d] * inverse;
    const auto weight = static_cast<int32_t>(scaled + (scaled < 0 ? -0.5f : 0.5f));
    sum += weight;
    query.weights[kernels::NibblePlace(dim, d)] = static_cast<int8_t>(weight);
  }
  float base = 0;
  for (const float part : parts) base += part;
  query.code.weights = query.weights.data();
  query.code.unit = metric_ == Metric::kL2 ? -2 * unit : -unit;
  query.code.offset = (metric_ == Metric::kL2 ? base : -base) -
                      query.code.unit * kernels::kNibbleMiddle * static_cast<float>(sum);
  return std::isfinite(query.code.offset);
}

void NodeMeasure::PrepareRow(uint32_t row, Query& query) const {
  if (codes_.empty()) return PrepareExact(rows_.Row(row), query);
  const auto dim = static_cast<size_t>(rows_.dim);
  query.weights.resize(kernels::NibbleWeightBytes(dim));
  const int32_t sum =
      nibbles_.weights_of(codes_.codes + size_t{row} * kernels::NibbleCodeBytes(dim), dim,
                          scale_.data(), bias_.data(), query.weights.data());
  query.code.weights = query.weights.data();
  query.code.unit = metric_ == Metric::kL2 ? -2 * code_unit_ : -code_unit_;
  query.code.offset =
      own_terms_[row] - query.code.unit * kernels::kNibbleMiddle * static_cast<float>(sum);
}

std::string_view NodeMeasure::BytesOf(uint32_t row) const {
  if (codes_.empty()) {
    return {reinterpret_cast<const char*>(rows_.Row(row)), static_cast<size_t>(rows_.width())};
  }
  const size_t bytes = kernels::NibbleCodeBytes(static_cast<size_t>(rows_.dim));
  return {reinterpret_cast<const char*>(codes_.codes + row * bytes), bytes};
}

NodeTile::NodeTile(const NodeMeasure& measure, std::span<const uint32_t> rows)
    : measure_(measure), rows_(rows) {
  if (!measure.has_codes()) {
    const auto width = static_cast<size_t>(measure.rows_.width());
    if (width > kCopyBytesMax) return;
    vectors_.reserve(rows.size() * width);
    for (const uint32_t row : rows) {
      vectors_.insert(vectors_.end(), measure.rows_.Row(row), measure.rows_.Row(row) + width);
    }
    return;
  }
  const auto dim = static_cast<size_t>(measure.rows_.dim);
  codes_.resize(kernels::NibblePackedBytes(dim, rows.size()));
  kernels::PackNibbleCodes(measure.codes_.codes, dim, rows.data(), rows.size(), codes_.data());
  if (measure.codes_.terms == nullptr) return;
  terms_.resize((rows.size() + kAlignment - 1) / kAlignment * kAlignment);
  for (size_t i = 0; i < rows.size(); ++i) terms_[i] = measure.codes_.terms[rows[i]];
}

void NodeTile::Measure(std::span<const NodeMeasure::Query* const> queries, size_t begin,
                       size_t count, float* out, size_t stride) const {
  const auto dim = static_cast<size_t>(measure_.rows_.dim);
  constexpr size_t kQueries = 64;
  if (!vectors_.empty()) {
    kernels::QueryVector exact[kQueries];
    const uint8_t* vectors = vectors_.data() + begin * static_cast<size_t>(measure_.rows_.width());
    for (size_t first = 0; first < queries.size(); first += kQueries) {
      const size_t here = std::min(kQueries, queries.size() - first);
      for (size_t q = 0; q < here; ++q) exact[q] = queries[first + q]->exact;
      measure_.functions_.tile(exact, here, vectors, count, dim, out + first * stride, stride);
    }
    return;
  }
  if (codes_.empty()) {
    for (size_t q = 0; q < queries.size(); ++q) {
      measure_.Exact(*queries[q], rows_.data() + begin, count, out + q * stride);
    }
    return;
  }
  kernels::NibbleQuery codes[kQueries];
  for (size_t first = 0; first < queries.size(); first += kQueries) {
    const size_t here = std::min(kQueries, queries.size() - first);
    for (size_t q = 0; q < here; ++q) codes[q] = queries[first + q]->code;
    measure_.nibbles_.tile(codes, here, codes_.data() + begin * kernels::NibbleCodeBytes(dim),
                           (count + kAlignment - 1) / kAlignment, dim,
                           terms_.empty() ? nullptr : terms_.data() + begin, out + first * stride,
                           stride);
  }
}

}  // namespace elanus::index
