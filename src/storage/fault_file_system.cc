#include "storage/fault_file_system.h"

namespace elanus::storage {
namespace {

using Kind = DiskOperation::Kind;

absl::Status FaultError(FaultKind kind, std::string_view action, const std::string& path) {
  if (kind == FaultKind::kNoSpace) {
    return RetryableError(ErrorCode::kDiskLimitExceeded,
                          "no space left: cannot {} {}: injected fault", action, path);
  }
  return InternalError(ErrorCode::kIoFailed, "cannot {} {}: injected fault", action, path);
}

}  // namespace

class FaultWritableFile final : public WritableFile {
 public:
  FaultWritableFile(FaultFileSystem& files, std::unique_ptr<WritableFile> base, std::string path)
      : files_(files), base_(std::move(base)), path_(std::move(path)) {}

  absl::Status Append(std::span<const std::string_view> parts) override {
    const std::optional<FaultKind> fault = files_.Count(FaultFileSystem::Call::kAppend);
    std::string bytes;
    for (const std::string_view part : parts) bytes.append(part);
    if (fault == FaultKind::kShortWrite) bytes.resize(bytes.size() / 2);
    if (fault.has_value() && fault != FaultKind::kShortWrite) {
      return FaultError(*fault, "write", path_);
    }
    const uint64_t offset = base_->size();
    const std::string_view whole = bytes;
    const absl::Status status = base_->Append({&whole, 1});
    // A base that ran full wrote a part, which matters to a crash state as little as none.
    if (status.ok()) files_.Record({Kind::kWrite, path_, "", offset, bytes});
    return fault.has_value() ? FaultError(*fault, "write", path_) : status;
  }

  absl::Status Preallocate(uint64_t size) override { return base_->Preallocate(size); }

  absl::Status Sync() override {
    if (const auto fault = files_.Count(FaultFileSystem::Call::kSync); fault.has_value()) {
      files_.Record({Kind::kFailedSync, path_});
      return FaultError(*fault, "sync", path_);
    }
    ELANUS_RETURN_IF_ERROR(base_->Sync());
    files_.Record({Kind::kSync, path_});
    return absl::OkStatus();
  }

  absl::Status Close() override { return base_->Close(); }
  uint64_t size() const override { return base_->size(); }

 private:
  FaultFileSystem& files_;
  const std::unique_ptr<WritableFile> base_;
  const std::string path_;
};

void FaultFileSystem::Inject(const Fault& fault) {
  absl::MutexLock lock(&mutex_);
  fault_ = fault;
  num_calls_ = 0;
  num_syncs_ = 0;
}

void FaultFileSystem::StopFaults() {
  Inject(Fault{});
}

uint64_t FaultFileSystem::num_calls() const {
  absl::MutexLock lock(&mutex_);
  return num_calls_;
}

uint64_t FaultFileSystem::num_faults() const {
  absl::MutexLock lock(&mutex_);
  return num_faults_;
}

void FaultFileSystem::StartTrace() {
  absl::MutexLock lock(&mutex_);
  tracing_ = true;
  trace_.clear();
}

size_t FaultFileSystem::trace_size() const {
  absl::MutexLock lock(&mutex_);
  return trace_.size();
}

std::vector<DiskOperation> FaultFileSystem::TakeTrace() {
  absl::MutexLock lock(&mutex_);
  return std::move(trace_);
}

void FaultFileSystem::Record(DiskOperation operation) {
  absl::MutexLock lock(&mutex_);
  if (tracing_) trace_.push_back(std::move(operation));
}

std::optional<FaultKind> FaultFileSystem::Count(Call call) {
  absl::MutexLock lock(&mutex_);
  ++num_calls_;
  if (call == Call::kSync) ++num_syncs_;
  if (fault_.at_call == 0) return std::nullopt;
  const bool only_syncs = fault_.kind == FaultKind::kSyncError;
  if (only_syncs && call != Call::kSync) return std::nullopt;
  const uint64_t count = only_syncs ? num_syncs_ : num_calls_;
  if (fault_.forever ? count < fault_.at_call : count != fault_.at_call) return std::nullopt;
  const bool needs_room = call == Call::kNeedsRoom || call == Call::kAppend;
  if (fault_.kind == FaultKind::kNoSpace && !needs_room) return std::nullopt;
  ++num_faults_;
  return fault_.kind;
}

absl::Status FaultFileSystem::Check(Call call, std::string_view action, const std::string& path) {
  const std::optional<FaultKind> fault = Count(call);
  return fault.has_value() ? FaultError(*fault, action, path) : absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<WritableFile>> FaultFileSystem::Create(const std::string& path) {
  ELANUS_RETURN_IF_ERROR(Check(Call::kNeedsRoom, "create", path));
  ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, base_.Create(path));
  Record({Kind::kCreate, path});
  return std::make_unique<FaultWritableFile>(*this, std::move(file), path);
}

absl::StatusOr<std::unique_ptr<WritableFile>> FaultFileSystem::OpenForAppend(
    const std::string& path) {
  ELANUS_RETURN_IF_ERROR(Check(Call::kNeedsNoRoom, "open", path));
  ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, base_.OpenForAppend(path));
  return std::make_unique<FaultWritableFile>(*this, std::move(file), path);
}

absl::StatusOr<std::unique_ptr<WritableFile>> FaultFileSystem::OpenForOverwrite(
    const std::string& path, uint64_t offset) {
  ELANUS_RETURN_IF_ERROR(Check(Call::kNeedsNoRoom, "open", path));
  ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, base_.OpenForOverwrite(path, offset));
  return std::make_unique<FaultWritableFile>(*this, std::move(file), path);
}

absl::StatusOr<std::unique_ptr<MappedFile>> FaultFileSystem::Map(const std::string& path) {
  ELANUS_RETURN_IF_ERROR(Check(Call::kRead, "map", path));
  return base_.Map(path);
}

absl::StatusOr<std::string> FaultFileSystem::Read(const std::string& path) {
  ELANUS_RETURN_IF_ERROR(Check(Call::kRead, "read", path));
  return base_.Read(path);
}

absl::StatusOr<std::vector<FileInfo>> FaultFileSystem::List(const std::string& directory) {
  ELANUS_RETURN_IF_ERROR(Check(Call::kRead, "list", directory));
  return base_.List(directory);
}

absl::Status FaultFileSystem::CreateDirectories(const std::string& path) {
  ELANUS_RETURN_IF_ERROR(Check(Call::kNeedsRoom, "create directory", path));
  ELANUS_RETURN_IF_ERROR(base_.CreateDirectories(path));
  Record({Kind::kMakeDirectory, path});
  return absl::OkStatus();
}

absl::Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  ELANUS_RETURN_IF_ERROR(Check(Call::kNeedsRoom, "rename to", to));
  ELANUS_RETURN_IF_ERROR(base_.Rename(from, to));
  Record({Kind::kRename, from, to});
  return absl::OkStatus();
}

absl::Status FaultFileSystem::Remove(const std::string& path) {
  ELANUS_RETURN_IF_ERROR(Check(Call::kNeedsNoRoom, "remove", path));
  ELANUS_RETURN_IF_ERROR(base_.Remove(path));
  Record({Kind::kRemove, path});
  return absl::OkStatus();
}

absl::Status FaultFileSystem::RemoveRecursively(const std::string& path) {
  ELANUS_RETURN_IF_ERROR(Check(Call::kNeedsNoRoom, "remove", path));
  ELANUS_RETURN_IF_ERROR(base_.RemoveRecursively(path));
  Record({Kind::kRemoveRecursively, path});
  return absl::OkStatus();
}

absl::Status FaultFileSystem::Truncate(const std::string& path, uint64_t size) {
  ELANUS_RETURN_IF_ERROR(Check(Call::kNeedsNoRoom, "truncate", path));
  ELANUS_RETURN_IF_ERROR(base_.Truncate(path, size));
  Record({Kind::kTruncate, path, "", size});
  return absl::OkStatus();
}

absl::Status FaultFileSystem::SyncDirectory(const std::string& path) {
  ELANUS_RETURN_IF_ERROR(Check(Call::kSync, "sync directory", path));
  ELANUS_RETURN_IF_ERROR(base_.SyncDirectory(path));
  Record({Kind::kSyncDirectory, path});
  return absl::OkStatus();
}

}  // namespace elanus::storage
