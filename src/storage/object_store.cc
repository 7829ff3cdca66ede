#include "storage/object_store.h"

namespace elanus::storage {

absl::StatusOr<bool> ObjectStore::PutIfAbsent(const std::string& key, std::string_view bytes) {
  const auto found = Get(key);
  if (found.ok()) return false;
  if (CodeOf(found.status()) != ErrorCode::kIoKeyNotFound) return found.status();
  ELANUS_RETURN_IF_ERROR(Put(key, {&bytes, 1}));
  return true;
}

absl::Status ObjectStore::ReadRanges(const std::string& key,
                                     std::span<const BlockReader::Read> reads,
                                     const Cancellation& cancellation) {
  ELANUS_RETURN_IF_ERROR(cancellation.Check());
  ELANUS_ASSIGN_OR_RETURN(const std::unique_ptr<BlockReader> blocks, OpenBlocks(key));
  return blocks->ReadAll(reads);
}

absl::Status ObjectStore::RemoveAll(std::span<const std::string> keys) {
  for (const std::string& key : keys) ELANUS_RETURN_IF_ERROR(Remove(key));
  return absl::OkStatus();
}

}  // namespace elanus::storage
