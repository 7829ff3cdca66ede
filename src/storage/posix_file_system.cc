#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include "storage/file_system.h"

namespace elanus::storage {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;

absl::Status ErrorOf(int error, std::string_view action, const std::string& path) {
  const std::string reason = std::generic_category().message(error);
  if (error == ENOENT) {
    return InternalError(ErrorCode::kIoKeyNotFound, "cannot {} {}: {}", action, path, reason);
  }
  if (error == ENOSPC || error == EDQUOT) {
    return RetryableError(ErrorCode::kDiskLimitExceeded, "no space left: cannot {} {}: {}", action,
                          path, reason);
  }
  return InternalError(ErrorCode::kIoFailed, "cannot {} {}: {}", action, path, reason);
}

// Repeats a call that a signal interrupted.
template <typename Call>
auto Retry(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

// A file descriptor that is closed when it goes.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Never follows a symbolic link in the last component: nobody but us names files in our
// directories.
absl::StatusOr<Descriptor> Open(const std::string& path, int flags, std::string_view action) {
  const int fd =
      Retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kFileMode); });
  if (fd < 0) return ErrorOf(errno, action, path);
  return Descriptor(fd);
}

absl::StatusOr<uint64_t> SizeOf(const Descriptor& file, const std::string& path) {
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return ErrorOf(errno, "inspect", path);
  if (!S_ISREG(info.st_mode)) {
    return InternalError(ErrorCode::kIoFailed, "cannot open {}: not a regular file", path);
  }
  return static_cast<uint64_t>(info.st_size);
}

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(Descriptor file, std::string path, uint64_t size)
      : PosixWritableFile(std::move(file), std::move(path), size, size) {}
  // Writes at `offset` of a file of `size` bytes.
  PosixWritableFile(Descriptor file, std::string path, uint64_t offset, uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(offset), allocated_(size) {}

  absl::Status Append(std::span<const std::string_view> parts) override {
    std::vector<iovec> pending;
    pending.reserve(parts.size());
    for (const std::string_view part : parts) {
      if (!part.empty()) pending.push_back({const_cast<char*>(part.data()), part.size()});
    }
    size_t first = 0;
    while (first < pending.size()) {
      const int count = static_cast<int>(std::min<size_t>(pending.size() - first, IOV_MAX));
      const ssize_t written = Retry([&] {
        return ::pwritev(file_.get(), pending.data() + first, count, static_cast<off_t>(size_));
      });
      if (written < 0) return ErrorOf(errno, "write", path_);
      if (written == 0) return ErrorOf(ENOSPC, "write", path_);
      size_ += written;
      first = Skip(pending, first, static_cast<size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status Preallocate(uint64_t size) override {
    if (size <= allocated_) return absl::OkStatus();
    const int result = Retry([&] {
      return ::fallocate(file_.get(), 0, static_cast<off_t>(allocated_),
                         static_cast<off_t>(size - allocated_));
    });
    if (result != 0) return ErrorOf(errno, "set aside room in", path_);
    allocated_ = size;
    set_aside_ = true;
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    if (Retry([&] { return ::fdatasync(file_.get()); }) != 0) return ErrorOf(errno, "sync", path_);
    return absl::OkStatus();
  }

  absl::Status Close() override {
    if (file_.get() < 0) return absl::OkStatus();
    absl::Status status;
    if (set_aside_ && allocated_ > size_ &&
        ::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
      status = ErrorOf(errno, "truncate", path_);
    }
    // No second try after EINTR: Linux has released the descriptor by then.
    if (::close(file_.release()) != 0 && errno != EINTR && status.ok()) {
      status = ErrorOf(errno, "close", path_);
    }
    return status;
  }

  uint64_t size() const override { return size_; }

 private:
  // Drops `written` bytes from the front of the list; returns the first buffer with bytes left.
  static size_t Skip(std::vector<iovec>& pending, size_t first, size_t written) {
    while (first < pending.size() && written >= pending[first].iov_len) {
      written -= pending[first++].iov_len;
    }
    if (first < pending.size()) {
      pending[first].iov_base = static_cast<char*>(pending[first].iov_base) + written;
      pending[first].iov_len -= written;
    }
    return first;
  }

  Descriptor file_;
  const std::string path_;
  uint64_t size_;  // Where the next byte goes.
  uint64_t allocated_;
  bool set_aside_ = false;
};

class PosixMappedFile final : public MappedFile {
 public:
  PosixMappedFile(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  ~PosixMappedFile() override {
    if (size_ > 0) ::munmap(const_cast<uint8_t*>(data_), size_);
  }
  std::span<const uint8_t> data() const override { return {data_, size_}; }

 private:
  const uint8_t* data_;
  size_t size_;
};

class PosixFiles final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    ELANUS_ASSIGN_OR_RETURN(Descriptor file, Open(path, O_WRONLY | O_CREAT | O_TRUNC, "create"));
    return std::make_unique<PosixWritableFile>(std::move(file), path, 0);
  }

  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) override {
    ELANUS_ASSIGN_OR_RETURN(Descriptor file, Open(path, O_WRONLY, "open"));
    ELANUS_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(file, path));
    return std::make_unique<PosixWritableFile>(std::move(file), path, size);
  }

  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForOverwrite(const std::string& path,
                                                                 uint64_t offset) override {
    ELANUS_ASSIGN_OR_RETURN(Descriptor file, Open(path, O_WRONLY, "open"));
    ELANUS_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(file, path));
    return std::make_unique<PosixWritableFile>(std::move(file), path, offset, size);
  }

  absl::StatusOr<std::unique_ptr<MappedFile>> Map(const std::string& path) override {
    ELANUS_ASSIGN_OR_RETURN(const Descriptor file, Open(path, O_RDONLY, "open"));
    ELANUS_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(file, path));
    if (size == 0) return std::make_unique<PosixMappedFile>(nullptr, 0);
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    if (data == MAP_FAILED) return ErrorOf(errno, "map", path);
    return std::make_unique<PosixMappedFile>(static_cast<const uint8_t*>(data), size);
  }

  absl::StatusOr<std::unique_ptr<BlockReader>> OpenBlocks(const std::string& path) override {
    ELANUS_ASSIGN_OR_RETURN(Descriptor file, Open(path, O_RDONLY, "open"));
    ELANUS_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(file, path));
    return MakeFileReader(file.release(), size);
  }

  absl::StatusOr<std::string> Read(const std::string& path) override {
    ELANUS_ASSIGN_OR_RETURN(const Descriptor file, Open(path, O_RDONLY, "open"));
    ELANUS_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(file, path));
    std::string bytes(size, '\0');
    uint64_t done = 0;
    while (done < size) {
      const ssize_t count = Retry([&] {
        return ::pread(file.get(), bytes.data() + done, size - done, static_cast<off_t>(done));
      });
      if (count < 0) return ErrorOf(errno, "read", path);
      if (count == 0) break;  // Cut short meanwhile.
      done += count;
    }
    bytes.resize(done);
    return bytes;
  }

  absl::StatusOr<std::vector<FileInfo>> List(const std::string& directory) override {
    // The directory itself may be a link: an operator may have moved his data to another disk.
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
    if (stream == nullptr) return ErrorOf(errno, "list", directory);
    const int fd = ::dirfd(stream.get());
    std::vector<FileInfo> found;
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      struct stat info {};
      if (::fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;  // Removed meanwhile.
        return ErrorOf(errno, "inspect", directory + "/" + entry->d_name);
      }
      if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) continue;
      const bool is_directory = S_ISDIR(info.st_mode);
      const uint64_t size = is_directory ? 0 : static_cast<uint64_t>(info.st_size);
      found.push_back({std::string(name), size, is_directory, info.st_mtim.tv_sec});
    }
    if (errno != 0) return ErrorOf(errno, "list", directory);
    std::sort(found.begin(), found.end(),
              [](const FileInfo& a, const FileInfo& b) { return a.name < b.name; });
    return found;
  }

  absl::Status CreateDirectories(const std::string& path) override {
    for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      const std::string part = path.substr(0, end);
      if (!part.empty() && part.back() != '/') ELANUS_RETURN_IF_ERROR(CreateDirectory(part));
      if (end == std::string::npos) return absl::OkStatus();
    }
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return ErrorOf(errno, "rename to", to);
    return absl::OkStatus();
  }

  absl::Status Remove(const std::string& path) override {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
    if (errno == EISDIR && (::rmdir(path.c_str()) == 0 || errno == ENOENT)) {
      return absl::OkStatus();
    }
    return ErrorOf(errno, "remove", path);
  }

  absl::Status RemoveRecursively(const std::string& path) override {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
      return errno == ENOENT ? absl::OkStatus() : ErrorOf(errno, "inspect", path);
    }
    if (!S_ISDIR(info.st_mode)) return Remove(path);
    const auto entries = NamesIn(path);
    ELANUS_RETURN_IF_ERROR(entries.status());
    for (const std::string& name : *entries) {
      ELANUS_RETURN_IF_ERROR(RemoveRecursively(path + "/" + name));
    }
    return Remove(path);
  }

  absl::Status Truncate(const std::string& path, uint64_t size) override {
    ELANUS_ASSIGN_OR_RETURN(const Descriptor file, Open(path, O_WRONLY, "truncate"));
    if (Retry([&] { return ::ftruncate(file.get(), static_cast<off_t>(size)); }) != 0) {
      return ErrorOf(errno, "truncate", path);
    }
    return absl::OkStatus();
  }

  absl::Status SyncDirectory(const std::string& path) override {
    const int fd = Retry([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd < 0) return ErrorOf(errno, "open directory", path);
    const Descriptor directory(fd);
    if (Retry([&] { return ::fsync(fd); }) != 0) return ErrorOf(errno, "sync directory", path);
    return absl::OkStatus();
  }

 private:
  // Makes one directory and its name durable; one that is there already is left alone.
  absl::Status CreateDirectory(const std::string& path) {
    if (::mkdir(path.c_str(), kDirectoryMode) == 0) return SyncDirectory(ParentOf(path));
    const int error = errno;
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return absl::OkStatus();
    return ErrorOf(error, "create directory", path);
  }

  static std::string ParentOf(const std::string& path) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
  }

  // Every entry, links and sockets too, unlike List.
  static absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& path) {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(path.c_str()), ::closedir);
    if (stream == nullptr) return ErrorOf(errno, "list", path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    if (errno != 0) return ErrorOf(errno, "list", path);
    return names;
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  static PosixFiles files;
  return files;
}

}  // namespace elanus::storage
