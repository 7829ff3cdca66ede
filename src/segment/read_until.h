// For whom this thread opens files and reads blocks of indexes.
#pragma once

#include "common/cancellation.h"

namespace elanus::segment {

// As long as it lives, CachedBlocks on this thread read for a request of this cancellation, and
// give up with it; segments and deletes that are opened here are counted for it. Readers of index
// files have no place for a request in their calls: what they open serves many, and between the
// question and the blocks lie all structures of an index.
class ReadUntil {
 public:
  // Borrowed.
  explicit ReadUntil(const Cancellation& cancellation);
  ~ReadUntil();
  ReadUntil(const ReadUntil&) = delete;
  ReadUntil& operator=(const ReadUntil&) = delete;

  // Of the innermost one; without any, that of nobody.
  static const Cancellation& Current();

 private:
  const Cancellation* const outer_;
};

}  // namespace elanus::segment
