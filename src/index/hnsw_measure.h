// Distances between a query and the nodes of a graph: over codes of four bits where the graph has
// them, else over the column's rows.
//
// A walk compares hundreds of rows that lie anywhere in memory. Codes take an eighth of the bytes
// of float32 and a fraction of the arithmetic, and order the rows well enough that the nearest ten
// are among the nearest two dozen (kernels/nibble_codes.h; as Flash, arXiv 2502.18113, builds and
// SymphonyQG, arXiv 2411.12229, searches graphs on codes). Exact distances are for what a search
// returns.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "index/vector_index.h"
#include "kernels/distance.h"
#include "kernels/nibble_codes.h"

namespace elanus::index {

// The codes of all rows. Component d of row r is about centers[d] + steps[d] * (c - 7.5), of the
// row brought to length 1 for COSINE.
struct HnswCodes {
  const uint8_t* codes = nullptr;  // (num_rows, NibbleCodeBytes(dim)); null: no codes.
  // L2: what |x' - q'|^2 has of the row alone, 2 x'.y' - |x'|^2, where x' is the row less the
  // centers and y' its code read back. With it the errors of rows near the query cancel: what is
  // left is (q' - x').(x' - y'). Null for other metrics.
  const float* terms = nullptr;
  const float* centers = nullptr;  // dim
  const float* steps = nullptr;    // dim

  bool empty() const { return codes == nullptr; }
};

// What HnswCodes points to.
struct HnswCodeStorage {
  std::vector<uint8_t> codes;
  std::vector<float> terms, centers, steps;
  HnswCodes view() const {
    return {codes.data(), terms.empty() ? nullptr : terms.data(), centers.data(), steps.data()};
  }
};

// Whether a graph over such rows has codes. Short rows are as quickly compared themselves.
bool HnswHasCodes(schema::DataType type, int64_t dim);

// Codes of the rows; `own_terms` receives what a row's distances as a query begin with (see
// NodeMeasure::PrepareRow). False if a value is out of the range that codes are good for.
bool EncodeHnswRows(const VectorRows& rows, kernels::BitView valid, kernels::Metric metric,
                    Executor* executor, HnswCodeStorage& storage, std::vector<float>& own_terms);

// Threads: any number at once, each with its own queries.
class NodeMeasure {
 public:
  struct Query {
    kernels::QueryVector exact;
    kernels::NibbleQuery code;
    std::vector<float> exact_buffer, values;
    std::vector<int8_t> weights;
  };

  // own_terms: of EncodeHnswRows, borrowed; for PrepareRow over codes only.
  NodeMeasure(const VectorRows& rows, kernels::Metric metric, const HnswCodes& codes,
              std::span<const float> own_terms = {});

  // A vector of the rows' type. False if codes cannot take it (values out of range): then only
  // Exact may be called.
  bool Prepare(const uint8_t* vector, Query& query) const;
  // A row, read from its code where there are codes.
  void PrepareRow(uint32_t row, Query& query) const;

  // out[i] = (approximate) distance to row ids[i].
  void Measure(const Query& query, const uint32_t* ids, size_t count, float* out) const {
    if (codes_.empty()) return Exact(query, ids, count, out);
    nibbles_.distances(nibble_codes_, query.code, ids, count, out);
  }
  void Exact(const Query& query, const uint32_t* ids, size_t count, float* out) const {
    functions_.gather(query.exact, rows_.data, ids, count, static_cast<size_t>(rows_.dim), out);
  }
  // The bytes that a row is compared by: its code, or its vector where there are no codes.
  std::string_view BytesOf(uint32_t row) const;
  bool has_codes() const { return !codes_.empty(); }
  kernels::Metric metric() const { return metric_; }

 private:
  friend class NodeTile;

  void PrepareExact(const uint8_t* vector, Query& query) const;

  const VectorRows rows_;
  const kernels::Metric metric_;
  const kernels::DistanceFunctions functions_;
  const kernels::NibbleFunctions nibbles_;
  const HnswCodes codes_;
  const std::span<const float> own_terms_;
  const kernels::NibbleCodes nibble_codes_;
  // What turns a code into a query's weights: see NibbleFunctions::weights_of.
  std::vector<int16_t> scale_, bias_;
  float code_unit_ = 0;
};

// Rows laid out for being compared with many queries at once. Threads: any.
class NodeTile {
 public:
  static constexpr size_t kAlignment = kernels::kNibbleGroup;

  // `measure` and `rows` are borrowed.
  NodeTile(const NodeMeasure& measure, std::span<const uint32_t> rows);

  size_t size() const { return rows_.size(); }
  size_t memory_bytes() const {
    return codes_.capacity() + vectors_.capacity() + terms_.capacity() * sizeof(float);
  }
  // out[q * stride + i] = distance of query q to row begin + i, for i below `count`; up to the next
  // multiple of kAlignment it is overwritten too. `begin` is one.
  void Measure(std::span<const NodeMeasure::Query* const> queries, size_t begin, size_t count,
               float* out, size_t stride) const;

 private:
  const NodeMeasure& measure_;
  const std::span<const uint32_t> rows_;
  std::vector<uint8_t> codes_;    // PackNibbleCodes.
  std::vector<uint8_t> vectors_;  // A copy, where there are no codes and vectors are short.
  std::vector<float> terms_;
};

}  // namespace elanus::index
