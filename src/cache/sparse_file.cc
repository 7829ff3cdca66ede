#include "cache/sparse_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace elanus::cache {
namespace {

constexpr mode_t kFileMode = 0640;

absl::Status ErrorOf(int error, std::string_view action, const std::string& path) {
  const std::string reason = std::generic_category().message(error);
  if (error == ENOSPC || error == EDQUOT) {
    return RetryableError(ErrorCode::kDiskLimitExceeded, "no space left: cannot {} {}: {}", action,
                          path, reason);
  }
  return InternalError(ErrorCode::kIoFailed, "cannot {} {}: {}", action, path, reason);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SparseFile>> SparseFile::Open(const std::string& path,
                                                             uint64_t bytes) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return ErrorOf(error.value(), "create the directory of", path);
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (descriptor < 0) return ErrorOf(errno, "open", path);
  std::unique_ptr<SparseFile> file(new SparseFile(path, descriptor, bytes));
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) return ErrorOf(errno, "inspect", path);
  if (!S_ISREG(info.st_mode)) return ErrorOf(EINVAL, "use as a cache file", path);
  file->was_there_ = info.st_size > 0 && static_cast<uint64_t>(info.st_size) == bytes;
  if (!file->was_there_) {
    if (::ftruncate(descriptor, 0) != 0 ||
        ::ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) {
      return ErrorOf(errno, "set the length of", path);
    }
  }
  return file;
}

SparseFile::~SparseFile() {
  if (mapped_ != nullptr) ::munmap(mapped_, bytes_);
  ::close(descriptor_);
}

bool SparseFile::HasData(uint64_t offset, uint64_t bytes) const {
  const auto begin = static_cast<off_t>(offset);
  if (::lseek(descriptor_, begin, SEEK_DATA) != begin) return false;
  return ::lseek(descriptor_, begin, SEEK_HOLE) >= static_cast<off_t>(offset + bytes);
}

absl::Status SparseFile::Read(uint64_t offset, std::span<uint8_t> into) const {
  while (!into.empty()) {
    const ssize_t got = ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return ErrorOf(got < 0 ? errno : EIO, "read", path_);
    into = into.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return absl::OkStatus();
}

absl::Status SparseFile::Write(uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put =
        ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return ErrorOf(put < 0 ? errno : EIO, "write", path_);
    bytes.remove_prefix(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
  return absl::OkStatus();
}

void SparseFile::PunchHole(uint64_t offset, uint64_t bytes) {
  // Where the file system knows no holes the room stays taken; what is read later is compared with
  // its checksum either way.
  (void)::fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    static_cast<off_t>(offset), static_cast<off_t>(bytes));
}

absl::StatusOr<const uint8_t*> SparseFile::Map() {
  if (mapped_ == nullptr) {
    void* const mapped = ::mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, descriptor_, 0);
    if (mapped == MAP_FAILED) return ErrorOf(errno, "map", path_);
    mapped_ = mapped;
  }
  return static_cast<const uint8_t*>(mapped_);
}

}  // namespace elanus::cache
