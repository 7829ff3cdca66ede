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

// How many candidates to propose for k hits: refine_k times as many, or reorder_k.
int64_t CandidatesFor(int64_t k, const Params& params);

// Threads: any.
class Refiner {
 public:
  // `codes` may be null: the column.
  Refiner(const VectorRows& rows, kernels::Metric metric, std::unique_ptr<RowCodes> codes)
      : rows_(rows),
        functions_(kernels::DistanceFunctionsFor(ElementTypeOf(rows.type), metric)),
        codes_(std::move(codes)) {}

  // Gives candidates their better distances, in ascending order then. `query` as in a
  // SearchRequest; `floats` the same as FloatRows makes it.
  void Refine(const uint8_t* query, const float* floats, std::vector<Neighbor>& candidates,
              SearchStatistics& statistics) const;
  int64_t memory_bytes() const { return codes_ != nullptr ? codes_->memory_bytes() : 0; }

 private:
  const VectorRows rows_;
  const kernels::DistanceFunctions functions_;
  const std::unique_ptr<RowCodes> codes_;
};

}  // namespace elanus::index
