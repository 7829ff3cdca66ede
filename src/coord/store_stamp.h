// The object that says whose the object store is.
//
// A catalog and a store belong together: with another's store, garbage collection would remove what
// the other still needs, and reads would fail. So the first start puts the catalog's instance id
// into the store, and every start compares.
#pragma once

#include <string>

#include "storage/object_store.h"

namespace elanus::coord {

inline constexpr char kStampKey[] = "elanus_cluster";

// kIoFailed with a sentence for people if the store is another cluster's. `named_object`: the key
// of any object that the catalog names, empty if it names none; a store without a stamp must have
// it.
absl::Status CheckStoreStamp(storage::ObjectStore& objects, const std::string& instance,
                             const std::string& named_object);

// The store has the cluster's stamp, unread since the start: kIoFailed with a sentence for people
// if it has another's, or none any more.
absl::Status VerifyStoreStamp(storage::ObjectStore& objects, const std::string& instance);

}  // namespace elanus::coord
