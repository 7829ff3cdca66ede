// Objects that no metadata names: what a crash left, what was dropped or replaced and not removed
// yet.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/strong_id.h"

namespace elanus::coord {

struct GarbageRules {
  bool enabled = true;                      // dataCoord.enableGarbageCollection
  uint64_t interval_ms = 3'600'000;         // dataCoord.gc.interval: of removing what was replaced
  uint64_t scan_interval_ms = 604'800'000;  // dataCoord.gc.scanInterval: of listing the store
  uint64_t missing_tolerance_ms = 0;  // dataCoord.gc.missingTolerance: age of what nothing names
  uint64_t drop_tolerance_ms = 0;     // dataCoord.gc.dropTolerance: since it was replaced
};

struct GarbageObject {
  std::string key;
  uint64_t bytes = 0;
  uint64_t age_ms = 0;     // Since it was written, as far as the store or this process knows.
  std::string reason;      // "segment 21 is not in the catalog"
  bool removable = false;  // Old enough.
};

// What a listing of the store found.
struct GarbageReport {
  uint64_t at_ms = 0;       // Wall clock.
  int64_t num_objects = 0;  // In all, under the prefixes that are looked at.
  uint64_t num_bytes = 0;
  std::vector<GarbageObject> garbage;
};

struct GarbageStatistics {
  int64_t num_rounds = 0;
  int64_t num_removed = 0;  // Objects, for whatever reason.
  int64_t num_failed = 0;   // Removals; a listing finds them again.
  int64_t num_waiting = 0;  // Replaced objects whose time has not come.
  bool paused = false;
};

// One object a line, then the sums.
std::string FormatGarbage(const GarbageReport& report);
std::string GarbageAsJson(const GarbageReport& report);

}  // namespace elanus::coord
