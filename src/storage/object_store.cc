#include "storage/object_store.h"

namespace elanus::storage {

absl::StatusOr<bool> ObjectStore::PutIfAbsent(const std::string& key, std::string_view bytes) {
  const auto found = Get(key);
  if (found.ok()) return false;
  if (CodeOf(found.status()) != ErrorCode::kIoKeyNotFound) return found.status();
  ELANUS_RETURN_IF_ERROR(Put(key, {&bytes, 1}));
  return true;
}

absl::Status ObjectStore::RemoveAll(std::span<const std::string> keys) {
  for (const std::string& key : keys) ELANUS_RETURN_IF_ERROR(Remove(key));
  return absl::OkStatus();
}

}  // namespace elanus::storage
