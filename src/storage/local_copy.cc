#include "storage/local_copy.h"

namespace elanus::storage {
namespace {

class InMemory final : public MappedFile {
 public:
  explicit InMemory(std::string bytes) : bytes_(std::move(bytes)) {}
  std::span<const uint8_t> data() const override {
    return {reinterpret_cast<const uint8_t*>(bytes_.data()), bytes_.size()};
  }

 private:
  const std::string bytes_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LocalCopy>> LocalCopy::Begin(FileSystem& files, std::string path,
                                                            uint64_t size,
                                                            uint64_t memory_bytes_max) {
  std::unique_ptr<LocalCopy> copy(new LocalCopy(files, std::move(path)));
  if (size > memory_bytes_max) {
    ELANUS_ASSIGN_OR_RETURN(copy->file_, files.Create(copy->path_));
  } else {
    copy->memory_.reserve(size);
  }
  return copy;
}

LocalCopy::~LocalCopy() {
  if (file_ == nullptr) return;
  file_->Close().IgnoreError();
  files_.Remove(path_).IgnoreError();  // Else removed at the next start.
}

absl::Status LocalCopy::Append(std::string_view bytes) {
  if (file_ != nullptr) return file_->Append({&bytes, 1});
  memory_ += bytes;
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<MappedFile>> LocalCopy::Map() {
  if (file_ == nullptr) return std::make_shared<InMemory>(std::move(memory_));
  ELANUS_RETURN_IF_ERROR(file_->Close());
  ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> mapped, files_.Map(path_));
  return std::shared_ptr<MappedFile>(std::move(mapped));
}

absl::StatusOr<std::unique_ptr<BlockReader>> LocalCopy::Open() {
  if (file_ == nullptr) {
    const auto owner = std::make_shared<InMemory>(std::move(memory_));
    return MakeMemoryReader(owner->data(), owner);
  }
  ELANUS_RETURN_IF_ERROR(file_->Close());
  return files_.OpenBlocks(path_);
}

}  // namespace elanus::storage
