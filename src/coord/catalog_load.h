#pragma once

#include <cstdint>
#include <string>

#include "common/clock.h"
#include "common/status.h"
#include "coord/catalog_state.h"
#include "meta/meta_store.h"

namespace elanus::coord {

// Reads the whole catalog. In an empty store it first writes the format row, with `instance` as the
// name of this installation, and the default database. Returns the instance.
//
// A row that is damaged, or that names a parent which is not there, gives kDataIntegrity with its
// key: the rest of the server must not run on half a catalog.
absl::StatusOr<std::string> LoadCatalog(meta::MetaStore& store, const std::string& instance,
                                        Timestamp now, CatalogState& state);

}  // namespace elanus::coord
