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
// NodeMeasure::PrepareCode). False if a value is out of the range that codes are good for.
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

  NodeMeasure(const VectorRows& rows, kernels::Metric metric, const HnswCodes& codes);

  // A vector of the rows' type. False if codes cannot take it (values out of range): then only
  // Exact may be called.
  bool Prepare(const uint8_t* vector, Query& query) const;
  // A row, read from its code where there are codes. own_term: of EncodeHnswRows.
  void PrepareCode(uint32_t row, float own_term, Query& query) const;

  // out[i] = (approximate) distance to row ids[i].
  void Measure(const Query& query, const uint32_t* ids, size_t count, float* out) const {
    if (codes_.empty()) return Exact(query, ids, count, out);
    nibbles_.distances(nibble_codes_, query.code, ids, count, out);
  }
  void Exact(const Query& query, const uint32_t* ids, size_t count, float* out) const {
    functions_.gather(query.exact, rows_.data, ids, count, static_cast<size_t>(rows_.dim), out);
  }
  // Whether the two rows cannot be told apart: equal codes, or equal vectors where there are none.
  bool Same(uint32_t a, uint32_t b) const;
  bool has_codes() const { return !codes_.empty(); }

 private:
  void PrepareExact(const uint8_t* vector, Query& query) const;

  const VectorRows rows_;
  const kernels::Metric metric_;
  const kernels::DistanceFunctions functions_;
  const kernels::NibbleFunctions nibbles_;
  const HnswCodes codes_;
  const kernels::NibbleCodes nibble_codes_;
  // What turns a code into a query's weights: see NibbleFunctions::weights_of.
  std::vector<int16_t> scale_, bias_;
  float code_unit_ = 0;
};

}  // namespace elanus::index
