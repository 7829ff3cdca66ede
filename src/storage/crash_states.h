// What a disk may hold after the power went.
//
// The model: what was synced is there. Of what was not, each sector of each write, each truncate
// and each change of a name may or may not be there, in any combination, but for two writes of one
// sector, which keep their order. A sync that failed leaves its writes in doubt for ever.
// Directories are there once created, since FileSystem promises so.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "storage/fault_file_system.h"
#include "storage/memory_file_system.h"

namespace elanus::storage {

struct CrashOptions {
  uint64_t seed = 0;
  uint64_t sector_bytes = 512;  // Written as a whole or not at all. 512 or 4096.
  bool only_killed = false;     // The process was killed; the machine lost nothing.
};

// The state after `trace`, begun on an empty disk, chosen by the seed. One seed in eight keeps all
// (a killed process), one in eight keeps only what was synced.
std::unique_ptr<MemoryFileSystem> MakeCrashState(std::span<const DiskOperation> trace,
                                                 const CrashOptions& options);

}  // namespace elanus::storage
