// Ascending row numbers in few bytes, made to be or-ed into a row mask.
// docs/formats/scalar_index.md has the bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "index/index_file.h"
#include "kernels/bitset.h"

namespace elanus::index {

// `rows` ascend, each once, all below `num_rows`. Nothing is appended for no rows.
void AppendPackedRows(std::span<const uint32_t> rows, int64_t num_rows, std::vector<uint8_t>& out);

// Sets the bits of the `count` rows of a list that AppendPackedRows made for into.size() rows.
// False, with any bits set, for bytes that it did not make.
[[nodiscard]] bool AddPackedRows(Bytes list, uint64_t count, kernels::Bitset& into);
// Appends them, of `num_rows` rows, to `out`; they ascend.
[[nodiscard]] bool ReadPackedRows(Bytes list, uint64_t count, int64_t num_rows,
                                  std::vector<uint32_t>& out);

}  // namespace elanus::index
