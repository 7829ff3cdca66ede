// Ranks candidates anew by something more exact than what proposed them: the column itself, or
// finer codes.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "index/row_codes.h"
#include "index/vector_index.h"
#include "kernels/distance.h"

namespace elanus::index {

// What candidates are ranked by in the end. Numbers are in files.
enum class RefineBy : uint32_t {
  kNothing = 0,  // The codes that proposed them.
  kColumn = 1,   // The segment's vectors: exact.
  kCodes = 2,    // Row codes in the file.
};

struct RefineChoice {
  RefineBy by = RefineBy::kNothing;
  CodeSpec codes;  // kCodes.
};

// What the parameters refine and refine_type ask for. fp32 and flat are the column; so is a type
// that the column has itself, and no type at all.
RefineChoice RefineChoiceOf(const Params& params, schema::DataType column_type);

// The scalar types of both sq_type and refine_type, any case: "sq4" and "sq4u", "sq6", "sq8",
// "fp16", "bf16"; nothing for other texts.
std::optional<CodeSpec> ScalarSpecOf(std::string_view type);

// How many candidates to propose for k hits: refine_k times as many, or reorder_k. Where neither is
// given, 4 times as many and at least 32.
int64_t CandidatesFor(int64_t k, const Params& params);

// Distances of one query to rows by their numbers: to the column's vectors, or to row codes. The
// query and what it was made from are borrowed. One thread's.
class RowDistances {
 public:
  // `query` as in a SearchRequest. `codes` null: the column.
  RowDistances(const VectorRows& rows, const kernels::DistanceFunctions& functions,
               kernels::Metric metric, const RowCodes* codes, const uint8_t* query);
  RowDistances(const RowDistances&) = delete;
  RowDistances& operator=(const RowDistances&) = delete;

  void operator()(const uint32_t* ids, size_t count, float* out);

 private:
  const VectorRows& rows_;
  const kernels::DistanceFunctions& functions_;
  std::vector<float> floats_;
  kernels::QueryVector query_;
  std::optional<RowQuery> codes_;
};

// Gives candidates the distances of `distances`, in ascending order then. `pins`: of the column
// that the distances are to; null if it is all there, or if they are to codes.
absl::Status RankAnew(RowDistances& distances, std::vector<Neighbor>& candidates, RowPins* pins);

}  // namespace elanus::index
