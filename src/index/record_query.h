// A query of codes that are records of one size behind each other: what Scan and Gather have in
// common is done by batches.
#pragma once

#include <algorithm>

#include "index/codes.h"

namespace elanus::index {

class RecordQuery : public CodeQuery {
 public:
  // `stride`: bytes of a record.
  explicit RecordQuery(size_t stride) : stride_(stride) {}

  void Scan(const uint8_t* run, size_t /*run_rows*/, size_t begin, size_t count,
            const CodeShift& shift, float* out) final {
    for (size_t i = 0; i < count; i += kBatch) {
      Compare(run + (begin + i) * stride_, nullptr, std::min(kBatch, count - i), shift, out + i);
    }
  }
  void Gather(const uint8_t* run, const uint32_t* ids, size_t count, const CodeShift& shift,
              float* out) final {
    for (size_t i = 0; i < count; i += kBatch) {
      Compare(run, ids + i, std::min(kBatch, count - i), shift, out + i);
    }
  }

 protected:
  static constexpr size_t kBatch = 256;
  size_t stride() const { return stride_; }

 private:
  // out[i] = distance to record i behind `records`, or to ids[i] if `ids` is not null. `count` is
  // at most kBatch.
  virtual void Compare(const uint8_t* records, const uint32_t* ids, size_t count,
                       const CodeShift& shift, float* out) const = 0;

  const size_t stride_;
};

}  // namespace elanus::index
