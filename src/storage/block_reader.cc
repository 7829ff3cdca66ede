#include "storage/block_reader.h"

#include <fmt/format.h>
#include <liburing.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>
#include <vector>

#include "storage/object_store.h"

namespace elanus::storage {
namespace {

constexpr unsigned kRingEntries = 64;  // Reads under way at once, of one call.

absl::Status ReadFailed(uint64_t offset, std::string_view reason) {
  return InternalError(ErrorCode::kIoFailed, "read at offset {} failed: {}", offset, reason);
}

// Reads from `read` on by one call after the other until it is full.
absl::Status ReadRest(int file, const BlockReader::Read& read, size_t done) {
  while (done < read.into.size()) {
    const ssize_t count = ::pread(file, read.into.data() + done, read.into.size() - done,
                                  static_cast<off_t>(read.offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ReadFailed(read.offset, std::generic_category().message(errno));
    if (count == 0) return ReadFailed(read.offset, "the file ends there");
    done += static_cast<size_t>(count);
  }
  return absl::OkStatus();
}

class MemoryReader final : public BlockReader {
 public:
  MemoryReader(std::span<const uint8_t> bytes, std::shared_ptr<const void> owner)
      : bytes_(bytes), owner_(std::move(owner)) {}

  absl::Status ReadAll(std::span<const Read> reads) override {
    for (const Read& read : reads) {
      if (read.offset > bytes_.size() || read.into.size() > bytes_.size() - read.offset) {
        return ReadFailed(read.offset, "the file ends there");
      }
      std::memcpy(read.into.data(), bytes_.data() + read.offset, read.into.size());
    }
    return absl::OkStatus();
  }
  uint64_t size() const override { return bytes_.size(); }
  std::string_view way() const override { return "memory"; }

 private:
  const std::span<const uint8_t> bytes_;
  const std::shared_ptr<const void> owner_;
};

class SliceReader final : public BlockReader {
 public:
  SliceReader(std::shared_ptr<BlockReader> whole, uint64_t offset, uint64_t size)
      : whole_(std::move(whole)), offset_(offset), size_(size) {}

  absl::Status ReadAll(std::span<const Read> reads) override {
    std::vector<Read> moved(reads.begin(), reads.end());
    for (Read& read : moved) {
      if (read.offset > size_ || read.into.size() > size_ - read.offset) {
        return ReadFailed(read.offset, "the file ends there");
      }
      read.offset += offset_;
    }
    return whole_->ReadAll(moved);
  }
  uint64_t size() const override { return size_; }
  std::string_view way() const override { return whole_->way(); }

 private:
  const std::shared_ptr<BlockReader> whole_;
  const uint64_t offset_;
  const uint64_t size_;
};

class PlainReader : public BlockReader {
 public:
  PlainReader(int descriptor, uint64_t size) : descriptor_(descriptor), size_(size) {}
  ~PlainReader() override { ::close(descriptor_); }
  PlainReader(const PlainReader&) = delete;
  PlainReader& operator=(const PlainReader&) = delete;

  absl::Status ReadAll(std::span<const Read> reads) override {
    for (const Read& read : reads) ELANUS_RETURN_IF_ERROR(ReadRest(descriptor_, read, 0));
    return absl::OkStatus();
  }
  uint64_t size() const override { return size_; }
  std::string_view way() const override { return "pread"; }

 protected:
  const int descriptor_;

 private:
  const uint64_t size_;
};

class Ring {
 public:
  static std::unique_ptr<Ring> Make() {
    auto ring = std::make_unique<Ring>();
    if (io_uring_queue_init(kRingEntries, &ring->ring_, 0) != 0) return nullptr;
    ring->made_ = true;
    return ring;
  }
  ~Ring() {
    if (made_) io_uring_queue_exit(&ring_);
  }

  // False: the ring took not all of them and is of no more use; no read is under way.
  absl::StatusOr<bool> ReadAll(int file, std::span<const BlockReader::Read> reads) {
    for (size_t i = 0; i < reads.size(); ++i) {
      io_uring_sqe* entry = io_uring_get_sqe(&ring_);
      io_uring_prep_read(entry, file, reads[i].into.data(),
                         static_cast<unsigned>(reads[i].into.size()), reads[i].offset);
      io_uring_sqe_set_data64(entry, i);
    }
    int submitted = 0;
    while (submitted < static_cast<int>(reads.size())) {
      const int count = io_uring_submit(&ring_);
      if (count == -EINTR || count == -EAGAIN || count == -EBUSY) continue;
      if (count <= 0) break;
      submitted += count;
    }
    absl::Status first;
    // Buffers belong to the kernel until each read has reported, whatever became of the others.
    for (int i = 0; i < submitted;) {
      io_uring_cqe* entry = nullptr;
      const int waited = io_uring_wait_cqe(&ring_, &entry);
      if (waited == -EINTR) continue;
      if (waited != 0) std::abort();  // The kernel would go on writing into freed memory.
      const size_t which = io_uring_cqe_get_data64(entry);
      const int result = entry->res;
      io_uring_cqe_seen(&ring_, entry);
      ++i;
      if (!first.ok()) continue;
      if (result < 0 && result != -EAGAIN && result != -EINTR) {
        first = ReadFailed(reads[which].offset, std::generic_category().message(-result));
      } else {
        first = ReadRest(file, reads[which], static_cast<size_t>(std::max(result, 0)));
      }
    }
    ELANUS_RETURN_IF_ERROR(first);
    return submitted == static_cast<int>(reads.size());
  }

 private:
  io_uring ring_;
  bool made_ = false;
};

class RingReader final : public PlainReader {
 public:
  RingReader(int descriptor, uint64_t size, std::unique_ptr<Ring> ring)
      : PlainReader(descriptor, size) {
    free_.push_back(std::move(ring));
  }

  absl::Status ReadAll(std::span<const Read> reads) override {
    while (!reads.empty()) {
      const auto part = reads.first(std::min<size_t>(reads.size(), kRingEntries));
      ELANUS_RETURN_IF_ERROR(ReadPart(part));
      reads = reads.subspan(part.size());
    }
    return absl::OkStatus();
  }
  std::string_view way() const override { return "io_uring"; }

 private:
  absl::Status ReadPart(std::span<const Read> part) {
    // One read gains nothing from a ring; an entry holds the size in 32 bits.
    const bool plain = part.size() == 1 || std::ranges::any_of(part, [](const Read& read) {
                         return read.into.size() > (size_t{1} << 30);
                       });
    std::unique_ptr<Ring> ring = plain ? nullptr : Take();
    if (ring == nullptr) return PlainReader::ReadAll(part);
    ELANUS_ASSIGN_OR_RETURN(const bool whole, ring->ReadAll(descriptor_, part));
    if (!whole) return PlainReader::ReadAll(part);
    Return(std::move(ring));
    return absl::OkStatus();
  }
  std::unique_ptr<Ring> Take() {
    {
      std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto ring = std::move(free_.back());
        free_.pop_back();
        return ring;
      }
    }
    return Ring::Make();
  }
  void Return(std::unique_ptr<Ring> ring) {
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(ring));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Ring>> free_;  // Guarded by mutex_.
};

}  // namespace

absl::StatusOr<std::unique_ptr<BlockReader>> FileSystem::OpenBlocks(const std::string& path) {
  ELANUS_ASSIGN_OR_RETURN(std::shared_ptr<MappedFile> file, Map(path));
  return MakeMemoryReader(file->data(), file);
}

absl::StatusOr<std::unique_ptr<BlockReader>> ObjectStore::OpenBlocks(const std::string& key) {
  ELANUS_ASSIGN_OR_RETURN(std::shared_ptr<MappedFile> object, Get(key));
  return MakeMemoryReader(object->data(), object);
}

std::unique_ptr<BlockReader> MakeFileReader(int descriptor, uint64_t size, bool allow_rings) {
  if (allow_rings) {
    if (auto ring = Ring::Make()) {
      return std::make_unique<RingReader>(descriptor, size, std::move(ring));
    }
  }
  return std::make_unique<PlainReader>(descriptor, size);
}

std::unique_ptr<BlockReader> MakeMemoryReader(std::span<const uint8_t> bytes,
                                              std::shared_ptr<const void> owner) {
  return std::make_unique<MemoryReader>(bytes, std::move(owner));
}

std::unique_ptr<BlockReader> MakeSliceReader(std::shared_ptr<BlockReader> whole, uint64_t offset,
                                             uint64_t size) {
  return std::make_unique<SliceReader>(std::move(whole), offset, size);
}

}  // namespace elanus::storage
