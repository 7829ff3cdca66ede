#include "cache/cache_directory.h"

#include <sys/stat.h>

#include <filesystem>
#include <functional>

#include "common/logging.h"

namespace elanus::cache {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".cells";  // Of no object key's last component: see Claim.

void ForEachFile(const std::string& root, const std::function<void(const fs::path&)>& visit) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(root, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) visit(it->path());
  }
}

}  // namespace

CacheDirectory::File::~File() {
  directory_.Release(*file_);
}

absl::StatusOr<std::unique_ptr<CacheDirectory>> CacheDirectory::Open(std::string root) {
  std::error_code error;
  fs::create_directories(root, error);
  if (error) {
    return InternalError(ErrorCode::kIoFailed, "cannot create the cache directory {}: {}", root,
                         error.message());
  }
  std::set<std::string> found;
  ForEachFile(root, [&](const fs::path& path) { found.insert(path.string()); });
  std::unique_ptr<CacheDirectory> directory(new CacheDirectory(std::move(root)));
  absl::MutexLock lock(&directory->mutex_);
  directory->left_over_ = std::move(found);
  return directory;
}

std::string CacheDirectory::PathOf(const std::string& key) const {
  return fmt::format("{}/{}{}", root_, key, kSuffix);
}

bool CacheDirectory::HasLeftOver(const std::string& key) const {
  absl::MutexLock lock(&mutex_);
  return left_over_.contains(PathOf(key));
}

bool CacheDirectory::ReadLeftOver(const std::string& key, uint64_t object_bytes, uint64_t offset,
                                  std::span<uint8_t> into) {
  const std::string path = PathOf(key);
  {
    absl::MutexLock lock(&mutex_);
    if (!left_over_.contains(path)) return false;
  }
  const auto file = SparseFile::Open(path, object_bytes);
  return file.ok() && (*file)->was_there() && (*file)->HasData(offset, into.size()) &&
         (*file)->Read(offset, into).ok();
}

absl::StatusOr<std::unique_ptr<CacheDirectory::File>> CacheDirectory::Claim(const std::string& key,
                                                                            uint64_t bytes) {
  std::string path = PathOf(key);
  {
    absl::MutexLock lock(&mutex_);
    while (!in_use_.insert(path).second) {
      path = fmt::format("{}/{}.{}{}", root_, key, ++last_, kSuffix);
    }
    left_over_.erase(path);
  }
  auto file = SparseFile::Open(path, bytes);
  if (!file.ok()) {
    absl::MutexLock lock(&mutex_);
    in_use_.erase(path);
    return file.status();
  }
  return std::make_unique<File>(*this, *std::move(file));
}

void CacheDirectory::Release(const SparseFile& file) {
  std::error_code ignored;
  // Before the path is free for others.
  if (!keep_) fs::remove(file.path(), ignored);
  absl::MutexLock lock(&mutex_);
  in_use_.erase(file.path());
}

int CacheDirectory::RemoveLeftOver() {
  absl::MutexLock lock(&mutex_);
  int removed = 0;
  for (const std::string& path : left_over_) {
    std::error_code ignored;
    removed += fs::remove(path, ignored);
  }
  left_over_.clear();
  return removed;
}

uint64_t CacheDirectory::disk_bytes() const {
  uint64_t bytes = 0;
  ForEachFile(root_, [&](const fs::path& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) bytes += static_cast<uint64_t>(info.st_blocks) * 512;
  });
  return bytes;
}

}  // namespace elanus::cache
