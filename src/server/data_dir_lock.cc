#include "server/data_dir_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "common/status.h"

namespace elanus::server {
namespace {

namespace fs = std::filesystem;

absl::Status CannotUse(const std::string& directory, std::string_view why) {
  return UserError(ErrorCode::kServiceUnavailable, "data directory {} cannot be used: {}",
                   directory, why);
}

absl::Status MakeDirectory(const std::string& directory) {
  std::error_code error;
  const bool existed = fs::exists(directory, error);
  if (!existed) {
    fs::create_directories(directory, error);
    if (error) return CannotUse(directory, error.message());
    if (chmod(directory.c_str(), 0700) != 0) return CannotUse(directory, std::strerror(errno));
  }
  if (!fs::is_directory(directory, error)) return CannotUse(directory, "it is not a directory");
  return absl::OkStatus();
}

// "process 123", as the holder wrote it, or "another process".
std::string Holder(int descriptor) {
  char text[32] = {};
  const ssize_t size = pread(descriptor, text, sizeof(text) - 1, 0);
  int64_t pid = 0;
  for (ssize_t i = 0; i < size && text[i] >= '0' && text[i] <= '9'; ++i) {
    pid = pid * 10 + (text[i] - '0');
    if (pid > (1 << 30)) return "another process";
  }
  return pid == 0 ? "another process" : fmt::format("process {}", pid);
}

}  // namespace

absl::StatusOr<DataDirLock> DataDirLock::Acquire(const std::string& directory) {
  ELANUS_RETURN_IF_ERROR(MakeDirectory(directory));
  const std::string path = (fs::path(directory) / "LOCK").string();
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return CannotUse(directory, fmt::format("LOCK: {}", std::strerror(errno)));
  DataDirLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return CannotUse(directory, fmt::format("LOCK: {}", std::strerror(errno)));
    }
    return CannotUse(directory, fmt::format("{} is using it; stop that server first, or give this "
                                            "one a directory of its own (--data-dir)",
                                            Holder(descriptor)));
  }
  // For the message above only; a process id that could not be written is missed by nobody else.
  const std::string pid = fmt::format("{}\n", getpid());
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    if (errno != ENOSPC) return CannotUse(directory, fmt::format("LOCK: {}", std::strerror(errno)));
  }
  return lock;
}

DataDirLock::~DataDirLock() {
  if (descriptor_ >= 0) close(descriptor_);  // Ends the lock; the file stays.
}

}  // namespace elanus::server
