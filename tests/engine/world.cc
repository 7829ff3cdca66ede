#include "engine/world.h"

#include "common/check.h"
#include "storage/crash_states.h"

namespace elanus::engine {

absl::StatusOr<std::optional<std::string>> JournalingMetaStore::Get(const std::string& key) {
  return store_->Get(key);
}

absl::StatusOr<std::vector<meta::KeyValue>> JournalingMetaStore::Scan(const std::string& prefix) {
  return store_->Scan(prefix);
}

absl::StatusOr<bool> JournalingMetaStore::Commit(const meta::Transaction& transaction) {
  absl::MutexLock lock(&mutex_);
  if (failing_ > 0) {
    --failing_;
    return RetryableError(ErrorCode::kDiskLimitExceeded, "the catalog's disk is full");
  }
  ELANUS_ASSIGN_OR_RETURN(const bool committed, store_->Commit(transaction));
  if (committed) journal_.push_back({files_.trace_size(), transaction});
  return committed;
}

std::vector<JournalingMetaStore::Entry> JournalingMetaStore::journal() const {
  absl::MutexLock lock(&mutex_);
  return journal_;
}

std::unique_ptr<World> World::CutAt(size_t moment, uint64_t seed) {
  const std::vector<storage::DiskOperation> trace = files.TakeTrace();
  ELANUS_CHECK(moment <= trace.size());
  storage::CrashOptions options;
  options.seed = seed;
  const auto disk = storage::MakeCrashState({trace.data(), moment}, options);
  auto next = std::make_unique<World>();
  next->clock.Advance(clock.WallMs() - next->clock.WallMs());
  // Through the faulty file system, so that the new trace begins on an empty disk, too.
  for (const std::string& path : disk->Paths()) {
    const std::string directory = storage::ParentPath(path);
    ELANUS_CHECK_OK(next->files.CreateDirectories(directory));
    auto file = next->files.Create(path);
    ELANUS_CHECK_OK(file.status());
    const std::string bytes = *disk->Read(path);
    const std::string_view part = bytes;
    ELANUS_CHECK_OK((*file)->Append({&part, 1}));
    ELANUS_CHECK_OK((*file)->Sync());
    ELANUS_CHECK_OK((*file)->Close());
    ELANUS_CHECK_OK(next->files.SyncDirectory(directory));
  }
  for (const JournalingMetaStore::Entry& entry : meta.journal()) {
    if (entry.stamp > moment) break;
    ELANUS_CHECK_OK(next->meta.Commit(entry.transaction).status());
  }
  return next;
}

}  // namespace elanus::engine
