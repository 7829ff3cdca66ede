#pragma once

#include <cstdint>

namespace elanus {

// Bytes that this process may use: the machine's memory or the cgroup's limit, whichever is less.
int64_t AvailableMemory();

}  // namespace elanus
