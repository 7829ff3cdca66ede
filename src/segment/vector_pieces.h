// The vectors of one field of a segment as a search over them needs them.
#pragma once

#include <cstdint>

#include "index/vector_index.h"
#include "kernels/bitset.h"

namespace elanus::segment {

// Rows lie in contiguous pieces that never move and never change. Threads: any, also while further
// rows are appended; rows asked for have been published to the caller.
class VectorPieces {
 public:
  virtual ~VectorPieces() = default;
  virtual schema::DataType type() const = 0;  // A dense vector type.
  virtual int64_t dim() const = 0;
  // Rows begin, begin + 1, ... of the piece that holds `begin`, up to `end` at most.
  virtual index::VectorRows At(int64_t begin, int64_t end) const = 0;
  // Takes the rows that are null out of `rows`, which has a bit for each of the first ones.
  virtual void RemoveNulls(kernels::Bitset& rows) const = 0;

  int64_t width() const { return schema::FixedWidth(type(), dim()); }
};

}  // namespace elanus::segment
