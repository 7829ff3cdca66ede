#pragma once

#include <map>
#include <memory>
#include <string>

#include "coord/snapshot_manifest.h"
#include "storage/object_store.h"

namespace elanus::coord {

// A snapshot and where its objects are.
struct SnapshotSource {
  meta::SnapshotPtr snapshot;
  std::unique_ptr<storage::ObjectStore> external;           // Null: in the store of this cluster.
  std::map<std::string, SnapshotManifest::Object> objects;  // Of an external one.
};

}  // namespace elanus::coord
