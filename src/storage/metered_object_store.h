// Counts and times what is asked of an object store: milvus_storage_* and internal_storage_*.
#pragma once

#include <memory>

#include "common/metrics.h"
#include "storage/object_store.h"

namespace elanus::storage {

// `metrics` must outlive it.
std::unique_ptr<ObjectStore> MakeMeteredObjectStore(std::unique_ptr<ObjectStore> store,
                                                    MetricRegistry& metrics);

}  // namespace elanus::storage
