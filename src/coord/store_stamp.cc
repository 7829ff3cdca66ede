#include "coord/store_stamp.h"

namespace elanus::coord {
namespace {

constexpr std::string_view kBegin = "elanus 1 ";  // And the version of the stamp.

// The instance that the stamp names; empty if there is no stamp.
absl::StatusOr<std::string> ReadStamp(storage::ObjectStore& objects) {
  const auto object = objects.Get(kStampKey);
  if (CodeOf(object.status()) == ErrorCode::kIoKeyNotFound) return std::string();
  ELANUS_RETURN_IF_ERROR(object.status());
  const auto data = (*object)->data();
  std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
  if (!text.starts_with(kBegin) || !text.ends_with('\n') || text.size() < kBegin.size() + 2) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "object {} of the store is not a stamp of this version", kStampKey);
  }
  text.remove_prefix(kBegin.size());
  text.remove_suffix(1);
  return std::string(text);
}

absl::Status Compare(const std::string& found, const std::string& instance) {
  if (found == instance) return absl::OkStatus();
  return InternalError(
      ErrorCode::kIoFailed,
      "the object store belongs to cluster {}, but the catalog is that of cluster {}: give each "
      "cluster its own minio.bucketName or minio.rootPath (with local storage: localStorage.path), "
      "or start with the data directory that belongs to this store",
      found, instance);
}

}  // namespace

absl::Status CheckStoreStamp(storage::ObjectStore& objects, const std::string& instance,
                             const std::string& named_object) {
  ELANUS_ASSIGN_OR_RETURN(const std::string found, ReadStamp(objects));
  if (!found.empty()) return Compare(found, instance);
  if (!named_object.empty()) {
    // Of a version that wrote no stamp, or not our store at all.
    ELANUS_ASSIGN_OR_RETURN(const auto there, objects.List(named_object));
    if (there.empty()) {
      return InternalError(
          ErrorCode::kIoFailed,
          "the object store has no cluster's stamp, and not the object {} that the "
          "catalog names: is this the right store (minio.bucketName, "
          "minio.rootPath, localStorage.path)?",
          named_object);
    }
  }
  const std::string stamp = fmt::format("{}{}\n", kBegin, instance);
  ELANUS_ASSIGN_OR_RETURN(const bool put, objects.PutIfAbsent(kStampKey, stamp));
  if (put) return absl::OkStatus();
  // Ours after a lost answer, or another's that started at the same moment.
  ELANUS_ASSIGN_OR_RETURN(const std::string stamped, ReadStamp(objects));
  return Compare(stamped, instance);
}

absl::Status VerifyStoreStamp(storage::ObjectStore& objects, const std::string& instance) {
  ELANUS_ASSIGN_OR_RETURN(const std::string found, ReadStamp(objects));
  if (!found.empty()) return Compare(found, instance);
  return InternalError(ErrorCode::kIoFailed,
                       "the object store has lost the stamp of cluster {} (object {}): was the "
                       "bucket emptied or exchanged?",
                       instance, kStampKey);
}

}  // namespace elanus::coord
