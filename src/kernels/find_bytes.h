// Where a run of bytes stands in another.
#pragma once

#include <cstddef>
#include <string_view>

namespace elanus::kernels {

// The first place of `needle` in `haystack`, or npos. An empty needle stands at 0. Looks for its
// first and last byte together, a vector of places at a time, and reads no byte outside `haystack`.
// Threads: any.
size_t FindBytes(std::string_view haystack, std::string_view needle);

}  // namespace elanus::kernels
