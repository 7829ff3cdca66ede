// `elanus doctor storage`: tries everything that the server asks of its object store.
#pragma once

#include <string>
#include <vector>

#include "common/object_store_settings.h"
#include "common/settings.h"
#include "storage/file_system.h"

namespace elanus::server {

struct Finding {
  enum class Level { kGood, kWarning, kBad };
  Level level = Level::kGood;
  std::string check;  // "put object"
  std::string words;  // What was found; of a bad one, what is wrong and what to change.
};

struct DoctorReport {
  std::string store;  // Which one was looked at, with what credentials.
  std::vector<Finding> findings;
  bool healthy() const;  // Nothing is bad.
};

struct DoctorOptions {
  int num_small = 20;               // Objects that latencies are taken from.
  uint64_t large_bytes = 24 << 20;  // Of the object that throughput is taken from.
};

// Writes below `doctor/` in the store and removes what it wrote. Never fails as a whole: what
// cannot be done is a finding. The server may be running meanwhile.
DoctorReport ExamineStorage(const Settings::Paths& paths, const ObjectStoreSettings& settings,
                            storage::FileSystem& files, const DoctorOptions& options = {});

// One line a finding: "ok    put object           20 objects of 4 KiB: 1.1 ms (median) ...".
std::string FormatReport(const DoctorReport& report);

}  // namespace elanus::server
