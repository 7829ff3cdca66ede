// Products of matrices that are stored by rows.
#pragma once

#include <cstddef>
#include <span>

#include "common/executor.h"

namespace elanus::index {

// out[i * b_rows + j] = row i of a (a_rows, width) times row j of b (b_rows, width). The same with
// any executor, and with none (null).
void MultiplyByRows(std::span<const float> a, std::span<const float> b, size_t width,
                    Executor* executor, std::span<float> out);

}  // namespace elanus::index
