// Codes of 16-bit floats: the row itself, centre and all, in half the bytes.
#pragma once

#include <memory>

#include "index/codes.h"

namespace elanus::index {

std::unique_ptr<CodeStore> MakeHalfCodes(const CodeSpec& spec, size_t dim, kernels::Metric metric);

}  // namespace elanus::index
