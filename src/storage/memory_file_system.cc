#include "storage/memory_file_system.h"

#include <algorithm>

namespace elanus::storage {
namespace {

absl::Status Missing(std::string_view action, const std::string& path) {
  return InternalError(ErrorCode::kIoKeyNotFound, "cannot {} {}: No such file or directory", action,
                       path);
}

class MemoryMappedFile final : public MappedFile {
 public:
  explicit MemoryMappedFile(std::string bytes) : bytes_(std::move(bytes)) {}
  std::span<const uint8_t> data() const override {
    return {reinterpret_cast<const uint8_t*>(bytes_.data()), bytes_.size()};
  }

 private:
  const std::string bytes_;
};

}  // namespace

class MemoryWritableFile final : public WritableFile {
 public:
  MemoryWritableFile(MemoryFileSystem& files, MemoryFileSystem::Contents contents, std::string path,
                     uint64_t size)
      : files_(files), contents_(std::move(contents)), path_(std::move(path)), size_(size) {}

  absl::Status Append(std::span<const std::string_view> parts) override {
    for (const std::string_view part : parts) {
      ELANUS_RETURN_IF_ERROR(files_.WriteAt(*contents_, size_, part, path_));
      size_ += part.size();
    }
    return absl::OkStatus();
  }
  absl::Status Sync() override { return absl::OkStatus(); }
  absl::Status Close() override { return absl::OkStatus(); }
  uint64_t size() const override { return size_; }

 private:
  MemoryFileSystem& files_;
  const MemoryFileSystem::Contents contents_;
  const std::string path_;
  uint64_t size_;
};

std::string ParentPath(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void MemoryFileSystem::set_capacity(uint64_t bytes) {
  absl::MutexLock lock(&mutex_);
  capacity_ = bytes;
}

uint64_t MemoryFileSystem::used_bytes() const {
  absl::MutexLock lock(&mutex_);
  return UsedBytes();
}

uint64_t MemoryFileSystem::UsedBytes() const {
  uint64_t used = 0;
  for (const auto& [path, contents] : files_) used += contents->size();
  return used;
}

bool MemoryFileSystem::DirectoryExists(const std::string& path) const {
  return path == "." || path == "/" || directories_.contains(path);
}

void MemoryFileSystem::Put(const std::string& path, std::string bytes) {
  CreateDirectories(ParentPath(path)).IgnoreError();  // Cannot fail.
  absl::MutexLock lock(&mutex_);
  files_[path] = std::make_shared<std::string>(std::move(bytes));
}

std::vector<std::string> MemoryFileSystem::Paths() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, contents] : files_) paths.push_back(path);
  return paths;
}

absl::StatusOr<MemoryFileSystem::Contents> MemoryFileSystem::Find(const std::string& path,
                                                                  std::string_view action) const {
  const auto found = files_.find(path);
  if (found == files_.end()) return Missing(action, path);
  return found->second;
}

absl::Status MemoryFileSystem::WriteAt(std::string& contents, uint64_t offset,
                                       std::string_view bytes, const std::string& path) {
  absl::MutexLock lock(&mutex_);
  if (contents.size() < offset) contents.resize(offset, '\0');  // Cut meanwhile: a hole.
  // The sum is spared where there is no limit.
  const uint64_t used = capacity_ == UINT64_MAX ? 0 : UsedBytes();
  const uint64_t over = std::min<uint64_t>(bytes.size(), contents.size() - offset);
  const uint64_t room = used < capacity_ ? capacity_ - used : 0;
  const uint64_t fits = over + std::min<uint64_t>(bytes.size() - over, room);
  contents.replace(offset, fits, bytes.substr(0, fits));
  if (fits == bytes.size()) return absl::OkStatus();
  return RetryableError(ErrorCode::kDiskLimitExceeded, "no space left: cannot write {}", path);
}

absl::StatusOr<std::unique_ptr<WritableFile>> MemoryFileSystem::Create(const std::string& path) {
  absl::MutexLock lock(&mutex_);
  if (!DirectoryExists(ParentPath(path))) return Missing("create", path);
  Contents& contents = files_[path];
  if (contents == nullptr) contents = std::make_shared<std::string>();
  contents->clear();
  return std::make_unique<MemoryWritableFile>(*this, contents, path, 0);
}

absl::StatusOr<std::unique_ptr<WritableFile>> MemoryFileSystem::OpenForAppend(
    const std::string& path) {
  absl::MutexLock lock(&mutex_);
  ELANUS_ASSIGN_OR_RETURN(const Contents contents, Find(path, "open"));
  return std::make_unique<MemoryWritableFile>(*this, contents, path, contents->size());
}

absl::StatusOr<std::unique_ptr<WritableFile>> MemoryFileSystem::OpenForOverwrite(
    const std::string& path, uint64_t offset) {
  absl::MutexLock lock(&mutex_);
  ELANUS_ASSIGN_OR_RETURN(const Contents contents, Find(path, "open"));
  return std::make_unique<MemoryWritableFile>(*this, contents, path, offset);
}

absl::StatusOr<std::unique_ptr<MappedFile>> MemoryFileSystem::Map(const std::string& path) {
  ELANUS_ASSIGN_OR_RETURN(std::string bytes, Read(path));
  return std::make_unique<MemoryMappedFile>(std::move(bytes));
}

absl::StatusOr<std::string> MemoryFileSystem::Read(const std::string& path) {
  absl::MutexLock lock(&mutex_);
  ELANUS_ASSIGN_OR_RETURN(const Contents contents, Find(path, "open"));
  return *contents;
}

absl::StatusOr<std::vector<FileInfo>> MemoryFileSystem::List(const std::string& directory) {
  absl::MutexLock lock(&mutex_);
  if (!DirectoryExists(directory)) return Missing("list", directory);
  std::vector<FileInfo> found;
  for (const auto& [path, contents] : files_) {
    if (ParentPath(path) == directory) {
      found.push_back({path.substr(path.rfind('/') + 1), contents->size(), false});
    }
  }
  for (const std::string& path : directories_) {
    if (path != directory && ParentPath(path) == directory) {
      found.push_back({path.substr(path.rfind('/') + 1), 0, true});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.name < b.name; });
  return found;
}

absl::Status MemoryFileSystem::CreateDirectories(const std::string& path) {
  absl::MutexLock lock(&mutex_);
  for (std::string at = path; at != "." && at != "/"; at = ParentPath(at)) {
    if (files_.contains(at)) {
      return InternalError(ErrorCode::kIoFailed, "cannot create directory {}: File exists", at);
    }
    directories_.insert(at);
  }
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::Rename(const std::string& from, const std::string& to) {
  absl::MutexLock lock(&mutex_);
  ELANUS_ASSIGN_OR_RETURN(const Contents contents, Find(from, "rename"));
  if (!DirectoryExists(ParentPath(to))) return Missing("rename to", to);
  files_.erase(from);
  files_[to] = contents;
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::Remove(const std::string& path) {
  absl::MutexLock lock(&mutex_);
  files_.erase(path);
  directories_.erase(path);
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::RemoveRecursively(const std::string& path) {
  absl::MutexLock lock(&mutex_);
  const std::string below = path + "/";
  const auto inside = [&](const std::string& name) {
    return name == path || name.starts_with(below);
  };
  std::erase_if(files_, [&](const auto& file) { return inside(file.first); });
  std::erase_if(directories_, inside);
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::Truncate(const std::string& path, uint64_t size) {
  absl::MutexLock lock(&mutex_);
  ELANUS_ASSIGN_OR_RETURN(const Contents contents, Find(path, "truncate"));
  contents->resize(size, '\0');
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::SyncDirectory(const std::string& path) {
  absl::MutexLock lock(&mutex_);
  return DirectoryExists(path) ? absl::OkStatus() : Missing("sync directory", path);
}

}  // namespace elanus::storage
