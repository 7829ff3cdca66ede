#include <atomic>
#include <random>

#include "common/crash_point.h"
#include "storage/object_store.h"

namespace elanus::storage {
namespace {

constexpr std::string_view kTemporaryDirectory = ".tmp";
constexpr size_t kKeyBytesMax = 1024;
constexpr size_t kComponentBytesMax = 200;

// Names of temporary files never meet, not even those of two stores on one directory.
uint64_t RandomStart() {
  std::random_device entropy;
  return (uint64_t{entropy()} << 32) | entropy();
}

std::string ParentOf(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

class LocalObjectStore final : public ObjectStore {
 public:
  LocalObjectStore(FileSystem& files, std::string root)
      : files_(files),
        root_(std::move(root)),
        temporary_directory_(fmt::format("{}/{}", root_, kTemporaryDirectory)) {}

  absl::Status Put(const std::string& key, std::span<const std::string_view> parts) override {
    ELANUS_RETURN_IF_ERROR(CheckObjectKey(key));
    ELANUS_RETURN_IF_ERROR(files_.CreateDirectories(temporary_directory_));
    const std::string temporary = fmt::format("{}/{:016x}", temporary_directory_, ++last_);
    CrashPoint("object.put.before_write");
    absl::Status status = Write(temporary, parts);
    if (status.ok()) status = Publish(temporary, PathOf(key));
    if (!status.ok()) files_.Remove(temporary).IgnoreError();  // Else removed at the next start.
    return status;
  }

  absl::StatusOr<std::shared_ptr<MappedFile>> Get(const std::string& key) override {
    ELANUS_RETURN_IF_ERROR(CheckObjectKey(key));
    ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> file, files_.Map(PathOf(key)));
    return std::shared_ptr<MappedFile>(std::move(file));
  }

  absl::StatusOr<std::unique_ptr<BlockReader>> OpenBlocks(const std::string& key) override {
    ELANUS_RETURN_IF_ERROR(CheckObjectKey(key));
    return files_.OpenBlocks(PathOf(key));
  }

  absl::StatusOr<std::vector<FileInfo>> List(const std::string& prefix) override {
    ELANUS_ASSIGN_OR_RETURN(const std::string key, CheckPrefix(prefix));
    std::vector<FileInfo> found;
    if (key.empty()) {
      ELANUS_RETURN_IF_ERROR(ListBelow("", found));
      return found;
    }
    // The prefix may be a directory or an object: its parent knows.
    const size_t slash = key.rfind('/');
    const std::string parent = slash == std::string::npos ? "" : key.substr(0, slash);
    const std::string name = slash == std::string::npos ? key : key.substr(slash + 1);
    ELANUS_ASSIGN_OR_RETURN(const std::vector<FileInfo> entries, Entries(parent));
    for (const FileInfo& entry : entries) {
      if (entry.name != name) continue;
      if (entry.is_directory) {
        ELANUS_RETURN_IF_ERROR(ListBelow(key, found));
      } else {
        found.push_back({key, entry.size, false, entry.modified_s});
      }
    }
    return found;
  }

  absl::Status Remove(const std::string& key) override {
    ELANUS_RETURN_IF_ERROR(CheckObjectKey(key));
    return RemovePath(PathOf(key), [&](const std::string& path) { return files_.Remove(path); });
  }

  absl::Status RemovePrefix(const std::string& prefix) override {
    ELANUS_ASSIGN_OR_RETURN(const std::string key, CheckPrefix(prefix));
    ELANUS_RETURN_IF_ERROR(CheckObjectKey(key));
    return RemovePath(PathOf(key),
                      [&](const std::string& path) { return files_.RemoveRecursively(path); });
  }

 private:
  std::string PathOf(const std::string& key) const { return root_ + "/" + key; }

  // The prefix without a slash at its end.
  static absl::StatusOr<std::string> CheckPrefix(std::string_view prefix) {
    if (prefix.ends_with('/')) prefix.remove_suffix(1);
    if (!prefix.empty()) ELANUS_RETURN_IF_ERROR(CheckObjectKey(prefix));
    return std::string(prefix);
  }

  absl::Status Write(const std::string& path, std::span<const std::string_view> parts) {
    ELANUS_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, files_.Create(path));
    ELANUS_RETURN_IF_ERROR(file->Append(parts));
    CrashPoint("object.put.after_write");
    ELANUS_RETURN_IF_ERROR(file->Sync());
    CrashPoint("object.put.after_sync");
    return file->Close();
  }

  absl::Status Publish(const std::string& temporary, const std::string& path) {
    const std::string directory = ParentOf(path);
    ELANUS_RETURN_IF_ERROR(files_.CreateDirectories(directory));
    absl::Status status = files_.Rename(temporary, path);
    if (CodeOf(status) == ErrorCode::kIoKeyNotFound) {
      // A RemovePrefix took the directory in between.
      ELANUS_RETURN_IF_ERROR(files_.CreateDirectories(directory));
      status = files_.Rename(temporary, path);
    }
    ELANUS_RETURN_IF_ERROR(status);
    CrashPoint("object.put.after_rename");
    ELANUS_RETURN_IF_ERROR(files_.SyncDirectory(directory));
    CrashPoint("object.put.after_directory_sync");
    return absl::OkStatus();
  }

  template <typename RemoveFile>
  absl::Status RemovePath(const std::string& path, RemoveFile remove) {
    CrashPoint("object.remove.before_remove");
    ELANUS_RETURN_IF_ERROR(remove(path));
    CrashPoint("object.remove.after_remove");
    const absl::Status status = files_.SyncDirectory(ParentOf(path));
    if (!status.ok() && CodeOf(status) != ErrorCode::kIoKeyNotFound) return status;
    CrashPoint("object.remove.after_directory_sync");
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<FileInfo>> Entries(const std::string& key) {
    auto entries = files_.List(key.empty() ? root_ : PathOf(key));
    if (CodeOf(entries.status()) == ErrorCode::kIoKeyNotFound) return std::vector<FileInfo>();
    return entries;
  }

  absl::Status ListBelow(const std::string& key, std::vector<FileInfo>& found) {
    ELANUS_ASSIGN_OR_RETURN(const std::vector<FileInfo> entries, Entries(key));
    for (const FileInfo& entry : entries) {
      if (entry.name.starts_with('.')) continue;  // Never ours: see CheckObjectKey.
      const std::string inner = key.empty() ? entry.name : key + "/" + entry.name;
      if (entry.is_directory) {
        ELANUS_RETURN_IF_ERROR(ListBelow(inner, found));
      } else {
        found.push_back({inner, entry.size, false});
      }
    }
    return absl::OkStatus();
  }

  FileSystem& files_;
  const std::string root_;
  const std::string temporary_directory_;
  std::atomic<uint64_t> last_{RandomStart()};
};

}  // namespace

absl::Status CheckObjectKey(std::string_view key) {
  const auto refuse = [&](std::string_view why) {
    return UserError(ErrorCode::kParameterInvalid, "object key is invalid, {}: \"{}\"", why, key);
  };
  if (key.empty() || key.size() > kKeyBytesMax) return refuse("empty or too long");
  for (const char c : key) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '\\' || c == 0x7f) {
      return refuse("forbidden character");
    }
  }
  while (true) {
    const size_t slash = key.find('/');
    const std::string_view component = key.substr(0, slash);
    if (component.empty()) return refuse("empty component");
    if (component[0] == '.') return refuse("component begins with a dot");
    if (component.size() > kComponentBytesMax) return refuse("component too long");
    if (slash == std::string_view::npos) return absl::OkStatus();
    key.remove_prefix(slash + 1);
  }
}

std::unique_ptr<ObjectStore> MakeLocalObjectStore(FileSystem& files, std::string root) {
  return std::make_unique<LocalObjectStore>(files, std::move(root));
}

absl::Status RemoveStaleObjectParts(FileSystem& files, const std::string& root) {
  return files.RemoveRecursively(fmt::format("{}/{}", root, kTemporaryDirectory));
}

}  // namespace elanus::storage
