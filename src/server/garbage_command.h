// `elanus gc --dry-run`.
#pragma once

#include "common/object_store_settings.h"
#include "common/settings.h"
#include "coord/garbage.h"
#include "storage/file_system.h"

namespace elanus::server {

// What a server that starts with these settings would find. The directories are locked already: no
// server runs. The store is only listed; the catalog takes note of a start.
absl::StatusOr<coord::GarbageReport> ListGarbage(const Settings& settings,
                                                 const ObjectStoreSettings& object_store,
                                                 storage::FileSystem& files);

}  // namespace elanus::server
