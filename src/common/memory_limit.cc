#include "common/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace elanus {

int64_t AvailableMemory() {
  int64_t bytes = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  std::ifstream file("/sys/fs/cgroup/memory.max");
  int64_t limit = 0;  // The file says "max" where there is none.
  if (file >> limit && limit > 0) bytes = std::min(bytes, limit);
  return bytes;
}

}  // namespace elanus
