// What the operating system knows about this process: process_*, go_* (for dashboards made for the
// reference) and build information.
#pragma once

#include <cstdint>

#include "common/metrics.h"

namespace elanus {

struct ProcessNumbers {
  double cpu_seconds = 0;
  double start_unix_seconds = 0;
  int64_t resident_bytes = 0;
  int64_t private_bytes = 0;  // Resident and not backed by a file.
  int64_t virtual_bytes = 0;
  int64_t threads = 0;
  int64_t open_files = 0;
  int64_t open_files_max = 0;
};

// Reads /proc/self; what cannot be read stays 0.
ProcessNumbers ReadProcessNumbers();

// Adds these families to `registry`. The numbers are read afresh at each scrape.
void AddProcessMetrics(MetricRegistry* registry);

}  // namespace elanus
