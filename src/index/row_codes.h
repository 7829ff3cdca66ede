// Codes of all rows of a segment, by row, seen from the mean of the rows: what candidates are
// refined by, and what the walk over a graph of compressed vectors compares with.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "index/codes.h"
#include "index/float_rows.h"

namespace elanus::index {

// Three sections of an index file; all empty where there are no such codes.
struct RowCodesBytes {
  std::vector<uint8_t> head;        // CodeSpec, then the centre: dim float32.
  std::vector<uint8_t> parameters;  // Of the store.
  std::vector<uint8_t> codes;       // A run of num_rows; zeros where a row is null.
};

// Codes of `members` (rows that are not null, ascending). The same with any number of threads.
absl::StatusOr<RowCodesBytes> BuildRowCodes(const BuildOptions& options, const CodeSpec& spec,
                                            const std::vector<uint32_t>& members);

// A query against such codes. One thread's; refers to the RowCodes.
class RowQuery {
 public:
  RowQuery(std::unique_ptr<CodeQuery> query, const CodeShift& shift, const uint8_t* run)
      : query_(std::move(query)), shift_(shift), run_(run) {}
  // out[i] = distance to row ids[i].
  void Gather(const uint32_t* ids, size_t count, float* out) {
    query_->Gather(run_, ids, count, shift_, out);
  }
  // The same with codes that were copied elsewhere: ids are places in that run.
  void GatherFrom(const uint8_t* run, const uint32_t* ids, size_t count, float* out) {
    query_->Gather(run, ids, count, shift_, out);
  }

 private:
  std::unique_ptr<CodeQuery> query_;
  CodeShift shift_;
  const uint8_t* run_;
};

// Immutable; any threads.
class RowCodes {
 public:
  // The sections are borrowed. kDataIntegrity if they do not fit each other.
  static absl::StatusOr<std::unique_ptr<RowCodes>> Open(Bytes head, Bytes parameters, Bytes codes,
                                                        size_t dim, size_t num_rows,
                                                        kernels::Metric metric);

  // query: float32 as FloatRows makes it; borrowed for the RowQuery's life.
  RowQuery Query(const float* query) const;
  // Bytes of so many codes, one after the other.
  size_t RunBytes(size_t rows) const { return store_->RunBytes(rows); }
  int64_t memory_bytes() const {
    return store_->memory_bytes() + static_cast<int64_t>(centre_.capacity() * sizeof(float));
  }

 private:
  RowCodes(std::unique_ptr<CodeStore> store, std::vector<float> centre, kernels::Metric metric,
           const uint8_t* run);

  const std::unique_ptr<CodeStore> store_;
  const std::vector<float> centre_;
  const kernels::Metric metric_;
  const uint8_t* const run_;
  float centre_norm_ = 0;
};

}  // namespace elanus::index
