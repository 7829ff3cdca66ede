#include "s3/s3_object_store.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "common/crash_point.h"
#include "s3/crash_points.h"
#include "storage/crc32c.h"

namespace elanus::s3 {
namespace {

constexpr uint64_t kPartsMax = 10'000;  // Of one upload, by the S3 API.
constexpr size_t kBatchMax = 1000;      // Keys of one batch delete, likewise.
constexpr int kFetchesMax = 5;          // Of one object whose bytes do not fit its checksum.

// The bytes [offset, offset + count) of all parts behind each other.
std::vector<std::string_view> Slice(std::span<const std::string_view> parts, uint64_t offset,
                                    uint64_t count) {
  std::vector<std::string_view> slice;
  for (const std::string_view part : parts) {
    if (offset >= part.size()) {
      offset -= part.size();
      continue;
    }
    const std::string_view piece = part.substr(offset, count);
    offset = 0;
    slice.push_back(piece);
    count -= piece.size();
    if (count == 0) break;
  }
  return slice;
}

// The prefix of a listing without a slash at its end.
absl::StatusOr<std::string> CheckPrefix(std::string_view prefix) {
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!prefix.empty()) ELANUS_RETURN_IF_ERROR(storage::CheckObjectKey(prefix));
  return std::string(prefix);
}

}  // namespace

S3ObjectStore::S3ObjectStore(std::unique_ptr<Client> client, storage::FileSystem& files,
                             StoreOptions options)
    : client_(std::move(client)),
      files_(files),
      options_(std::move(options)),
      parts_({.name = "s3parts", .num_threads = options_.parallel_parts}),
      ranges_({.name = "s3ranges", .num_threads = options_.parallel_ranges}) {}

absl::StatusOr<std::unique_ptr<S3ObjectStore>> S3ObjectStore::Make(std::unique_ptr<Client> client,
                                                                   storage::FileSystem& files,
                                                                   StoreOptions options) {
  ELANUS_RETURN_IF_ERROR(files.RemoveRecursively(options.copies_directory));
  ELANUS_RETURN_IF_ERROR(files.CreateDirectories(options.copies_directory));
  return std::unique_ptr<S3ObjectStore>(
      new S3ObjectStore(std::move(client), files, std::move(options)));
}

std::string S3ObjectStore::Whole(const std::string& key) const {
  return options_.prefix.empty() ? key : options_.prefix + "/" + key;
}

void S3ObjectStore::Stop() {
  client_->Stop();
}

absl::Status S3ObjectStore::Put(const std::string& key, std::span<const std::string_view> parts) {
  ELANUS_RETURN_IF_ERROR(storage::CheckObjectKey(key));
  uint64_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  CrashPoint("s3.put.before_send");
  ELANUS_RETURN_IF_ERROR(size < options_.multipart_bytes_min ? client_->Put(Whole(key), parts)
                                                             : PutInParts(Whole(key), parts, size));
  CrashPoint("s3.put.after_answer");
  return absl::OkStatus();
}

absl::Status S3ObjectStore::PutInParts(const std::string& key,
                                       std::span<const std::string_view> parts, uint64_t size) {
  uint32_t crc32c = 0;
  for (const std::string_view part : parts) crc32c = storage::Crc32c(part, crc32c);
  ELANUS_ASSIGN_OR_RETURN(const std::string upload, client_->BeginUpload(key, crc32c, size));
  const uint64_t part_bytes = std::max(options_.part_bytes, (size + kPartsMax - 1) / kPartsMax);
  std::vector<UploadedPart> done((size + part_bytes - 1) / part_bytes);
  std::mutex mutex;
  absl::Status first;
  parts_.ParallelFor(done.size(), [&](size_t i) {
    {
      std::lock_guard lock(mutex);
      if (!first.ok()) return;
    }
    const auto slice = Slice(parts, i * part_bytes, part_bytes);
    auto part = client_->PutPart(key, upload, static_cast<int>(i) + 1, slice);
    if (part.ok()) {
      done[i] = *std::move(part);
      return;
    }
    std::lock_guard lock(mutex);
    if (first.ok()) first = part.status();
  });
  if (first.ok()) {
    CrashPoint("s3.multipart.before_finish");
    first = client_->FinishUpload(key, upload, done);
    CrashPoint("s3.multipart.after_finish");
    if (CodeOf(first) == ErrorCode::kIoKeyNotFound && IsThere(key, crc32c, size)) {
      return absl::OkStatus();
    }
  }
  if (!first.ok()) client_->AbortUpload(key, upload).IgnoreError();  // Else AbortStaleUploads.
  return first;
}

bool S3ObjectStore::IsThere(const std::string& key, uint32_t crc32c, uint64_t size) {
  const auto found = client_->Get(key, {0, 1});
  return found.ok() && found->object_size == size && found->crc32c == crc32c;
}

absl::StatusOr<bool> S3ObjectStore::PutIfAbsent(const std::string& key, std::string_view bytes) {
  ELANUS_RETURN_IF_ERROR(storage::CheckObjectKey(key));
  CrashPoint("s3.put.before_send");
  return client_->PutIfAbsent(Whole(key), {&bytes, 1});
}

absl::Status S3ObjectStore::FetchRest(const std::string& key, const ReadAnswer& first,
                                      uint32_t* crc32c, storage::LocalCopy& copy) {
  const size_t window = static_cast<size_t>(options_.parallel_parts) + 1;
  uint64_t offset = options_.part_bytes;
  while (offset < first.object_size) {
    const uint64_t left = first.object_size - offset;
    const size_t count =
        std::min<size_t>(window, (left + options_.part_bytes - 1) / options_.part_bytes);
    std::vector<absl::StatusOr<ReadAnswer>> answers(count,
                                                    absl::StatusOr<ReadAnswer>(ReadAnswer()));
    parts_.ParallelFor(count, [&](size_t i) {
      const uint64_t at = offset + i * options_.part_bytes;
      answers[i] = client_->Get(key, {at, std::min(options_.part_bytes, first.object_size - at)},
                                first.etag);
    });
    for (const absl::StatusOr<ReadAnswer>& answer : answers) {
      ELANUS_RETURN_IF_ERROR(answer.status());
      *crc32c = storage::Crc32c(answer->bytes, *crc32c);
      ELANUS_RETURN_IF_ERROR(copy.Append(answer->bytes));
      offset += answer->bytes.size();
      if (answer->bytes.empty()) {
        return InternalError(ErrorCode::kDataIntegrity, "object store: {} ends at byte {} of {}",
                             key, offset, first.object_size);
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<storage::LocalCopy>> S3ObjectStore::FetchOnce(const std::string& key) {
  ELANUS_ASSIGN_OR_RETURN(const ReadAnswer first, client_->Get(key, {0, options_.part_bytes}));
  const std::string path = fmt::format("{}/{:016x}", options_.copies_directory, ++last_copy_);
  ELANUS_ASSIGN_OR_RETURN(
      std::unique_ptr<storage::LocalCopy> copy,
      storage::LocalCopy::Begin(files_, path, first.object_size, options_.memory_bytes_max));
  ELANUS_RETURN_IF_ERROR(copy->Append(first.bytes));
  uint32_t crc32c = storage::Crc32c(first.bytes);
  ELANUS_RETURN_IF_ERROR(FetchRest(key, first, &crc32c, *copy));
  if (first.crc32c.has_value() && *first.crc32c != crc32c) {
    return InternalError(ErrorCode::kDataIntegrity,
                         "object store: bucket \"{}\", key \"{}\": its {} bytes have the CRC32C "
                         "{:08x} instead of {:08x}",
                         client_->options().bucket, key, first.object_size, crc32c, *first.crc32c);
  }
  return copy;
}

absl::StatusOr<std::unique_ptr<storage::LocalCopy>> S3ObjectStore::Fetch(const std::string& key) {
  ELANUS_RETURN_IF_ERROR(storage::CheckObjectKey(key));
  for (int fetches = 1;; ++fetches) {
    auto copy = FetchOnce(Whole(key));
    if (fetches == kFetchesMax || CodeOf(copy.status()) != ErrorCode::kDataIntegrity) return copy;
  }
}

absl::StatusOr<std::shared_ptr<storage::MappedFile>> S3ObjectStore::Get(const std::string& key) {
  ELANUS_ASSIGN_OR_RETURN(const std::unique_ptr<storage::LocalCopy> copy, Fetch(key));
  return copy->Map();
}

absl::StatusOr<std::unique_ptr<storage::BlockReader>> S3ObjectStore::OpenBlocks(
    const std::string& key) {
  ELANUS_ASSIGN_OR_RETURN(const std::unique_ptr<storage::LocalCopy> copy, Fetch(key));
  return copy->Open();
}

absl::Status S3ObjectStore::ReadRanges(const std::string& key,
                                       std::span<const storage::BlockReader::Read> reads,
                                       const Cancellation& cancellation) {
  ELANUS_RETURN_IF_ERROR(storage::CheckObjectKey(key));
  const std::string whole = Whole(key);
  std::mutex mutex;
  absl::Status first;
  ranges_.ParallelFor(reads.size(), [&](size_t i) {
    const std::span<uint8_t> into = reads[i].into;
    if (into.empty()) return;
    {
      std::lock_guard lock(mutex);
      if (!first.ok()) return;
    }
    absl::Status status;
    // Less than was asked for may be an answer that was cut on its way.
    for (int fetches = 0; fetches < kFetchesMax; ++fetches) {
      const auto answer =
          client_->Get(whole, {reads[i].offset, into.size()}, /*etag=*/{}, cancellation);
      status = answer.status();
      if (!status.ok()) break;
      if (answer->bytes.size() == into.size()) {
        std::memcpy(into.data(), answer->bytes.data(), into.size());
        return;
      }
      status = InternalError(ErrorCode::kDataIntegrity,
                             "object store: bucket \"{}\", key \"{}\": of {} bytes from {} on "
                             "there are {}; the object has {}",
                             client_->options().bucket, whole, into.size(), reads[i].offset,
                             answer->bytes.size(), answer->object_size);
    }
    std::lock_guard lock(mutex);
    if (first.ok()) first = status;
  });
  return first;
}

absl::StatusOr<std::vector<storage::FileInfo>> S3ObjectStore::List(const std::string& prefix) {
  ELANUS_ASSIGN_OR_RETURN(const std::string below, CheckPrefix(prefix));
  std::vector<storage::FileInfo> found;
  if (!below.empty()) {
    const auto itself = client_->Head(Whole(below));
    if (itself.ok()) found.push_back({below, itself->size, false, itself->modified_s});
    if (!itself.ok() && CodeOf(itself.status()) != ErrorCode::kIoKeyNotFound) {
      return itself.status();
    }
  }
  const std::string root = Whole("");
  const std::string start = below.empty() ? root : Whole(below) + "/";
  std::string after;
  do {
    ELANUS_ASSIGN_OR_RETURN(ListPage page, client_->List(start, after));
    for (ObjectInfo& object : page.objects) {
      // Not ours: nothing we put has such a name.
      if (!object.key.starts_with(start)) continue;
      std::string key = object.key.substr(root.size());
      if (storage::CheckObjectKey(key).ok()) {
        found.push_back({std::move(key), object.size, false, object.modified_s});
      }
    }
    if (page.next == after && !after.empty()) {
      return InternalError(ErrorCode::kIoFailed,
                           "object store: the listing of bucket \"{}\" below \"{}\" does not end",
                           client_->options().bucket, start);
    }
    after = std::move(page.next);
  } while (!after.empty());
  return found;
}

absl::Status S3ObjectStore::Remove(const std::string& key) {
  ELANUS_RETURN_IF_ERROR(storage::CheckObjectKey(key));
  CrashPoint("s3.remove.before_send");
  ELANUS_RETURN_IF_ERROR(client_->Delete(Whole(key)));
  CrashPoint("s3.remove.after_answer");
  return absl::OkStatus();
}

absl::Status S3ObjectStore::RemoveAll(std::span<const std::string> keys) {
  std::vector<std::string> whole;
  for (const std::string& key : keys) {
    ELANUS_RETURN_IF_ERROR(storage::CheckObjectKey(key));
    whole.push_back(Whole(key));
  }
  for (size_t begin = 0; begin < whole.size(); begin += kBatchMax) {
    const size_t count = std::min(kBatchMax, whole.size() - begin);
    CrashPoint("s3.remove.before_send");
    ELANUS_RETURN_IF_ERROR(client_->DeleteAll({whole.data() + begin, count}));
    CrashPoint("s3.remove.after_answer");
  }
  return absl::OkStatus();
}

absl::Status S3ObjectStore::RemovePrefix(const std::string& prefix) {
  ELANUS_ASSIGN_OR_RETURN(const std::string below, CheckPrefix(prefix));
  ELANUS_RETURN_IF_ERROR(storage::CheckObjectKey(below));
  ELANUS_ASSIGN_OR_RETURN(const std::vector<storage::FileInfo> found, List(below));
  std::vector<std::string> keys;
  for (const storage::FileInfo& object : found) keys.push_back(object.name);
  return RemoveAll(keys);
}

absl::StatusOr<int> S3ObjectStore::AbortStaleUploads(int64_t age_s, int64_t now_s) {
  const std::string root = Whole("");
  ELANUS_ASSIGN_OR_RETURN(const std::vector<PendingUpload> uploads, client_->ListUploads(root));
  int aborted = 0;
  for (const PendingUpload& upload : uploads) {
    const bool stale = upload.initiated_s > 0 && upload.initiated_s + age_s < now_s;
    if (!stale || !upload.key.starts_with(root)) continue;
    ELANUS_RETURN_IF_ERROR(client_->AbortUpload(upload.key, upload.id));
    ++aborted;
  }
  return aborted;
}

}  // namespace elanus::s3
