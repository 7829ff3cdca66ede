#include "log/log_file_list.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "common/crash_point.h"

namespace elanus::log {
namespace {

constexpr size_t kIdDigits = 16;
constexpr std::string_view kSuffix = ".log";

// "00000000000000a1.log" -> 0xa1.
std::optional<uint64_t> FileIdOf(std::string_view name) {
  if (name.size() != kIdDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kIdDigits, id, 16);
  if (error != std::errc() || end != name.data() + kIdDigits) return std::nullopt;
  return id;
}

std::string_view AsText(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string LogFileList::PathOf(uint64_t file_id) const {
  return fmt::format("{}/{:016x}{}", directory_, file_id, kSuffix);
}

absl::Status LogFileList::Open() {
  ELANUS_RETURN_IF_ERROR(files_.CreateDirectories(directory_));
  ELANUS_RETURN_IF_ERROR(ReadHeaders());
  DropSuperseded();
  return OpenNewest();
}

absl::Status LogFileList::ReadHeaders() {
  absl::MutexLock lock(&mutex_);
  ELANUS_ASSIGN_OR_RETURN(const std::vector<storage::FileInfo> found, files_.List(directory_));
  for (const storage::FileInfo& info : found) {  // Sorted by name, and so by id.
    const std::optional<uint64_t> id = FileIdOf(info.name);
    if (!id.has_value() || info.is_directory) continue;
    next_file_id_ = *id + 1;
    const std::string path = PathOf(*id);
    ELANUS_ASSIGN_OR_RETURN(const std::unique_ptr<storage::MappedFile> file, files_.Map(path));
    ELANUS_ASSIGN_OR_RETURN(const std::optional<FileHeader> header,
                            ParseFileHeader(AsText(file->data()), path));
    if (!header.has_value()) {
      // Best effort: a file without a header is passed over each time.
      files_.Remove(path).IgnoreError();
      continue;
    }
    if (header->file_id != *id) return DamagedFile(path, 0, "the header is of another file");
    list_.push_back({*header, header->base});
  }
  return absl::OkStatus();
}

void LogFileList::DropSuperseded() {
  absl::MutexLock lock(&mutex_);
  std::deque<File> kept;
  for (auto file = list_.rbegin(); file != list_.rend(); ++file) {
    if (!kept.empty()) {
      const uint64_t counts_until = kept.front().header.previous_end;
      if (counts_until <= file->header.base) {
        files_.Remove(PathOf(file->header.file_id)).IgnoreError();  // Best effort, as above.
        continue;
      }
      file->end = counts_until;
    }
    kept.push_front(*file);
  }
  list_ = std::move(kept);
}

absl::Status LogFileList::OpenNewest() {
  absl::MutexLock lock(&mutex_);
  if (list_.empty()) return absl::OkStatus();
  File& newest = list_.back();
  const std::string path = PathOf(newest.header.file_id);
  ELANUS_ASSIGN_OR_RETURN(const std::string bytes, files_.Read(path));
  uint64_t offset = kFileHeaderBytes;
  uint64_t durable_end = newest.header.base;
  while (const std::optional<Frame> frame = ParseFrame(bytes, newest.header, offset)) {
    durable_end = std::clamp(frame->durable_end, durable_end, newest.header.PositionOf(offset));
    offset = frame->next_offset;
  }
  newest.end = newest.header.PositionOf(offset);
  if (offset < bytes.size()) {
    if (WasDurable(bytes, newest.header, offset)) {
      return DamagedFile(path, offset, "record checksum differs, and later records follow");
    }
    CrashPoint("log.open.before_cut");
    ELANUS_RETURN_IF_ERROR(files_.Truncate(path, offset));
    CrashPoint("log.open.after_cut");
  }
  const uint64_t proven = newest.header.OffsetOf(durable_end);
  return MakeDurable(path, proven, std::string_view(bytes).substr(proven, offset - proven));
}

// What is replayed may be served, and the next file will say that it counts: it must not vanish
// with the page cache of a process that was killed before its sync, or just after one that failed.
// In the latter case the kernel holds the pages for clean and would not write them again, so they
// are written once more, byte for byte.
absl::Status LogFileList::MakeDurable(const std::string& path, uint64_t offset,
                                      std::string_view tail) {
  ELANUS_ASSIGN_OR_RETURN(const std::unique_ptr<storage::WritableFile> file,
                          files_.OpenForOverwrite(path, offset));
  CrashPoint("log.open.before_rewrite");
  ELANUS_RETURN_IF_ERROR(file->Append({&tail, 1}));
  CrashPoint("log.open.after_rewrite");
  ELANUS_RETURN_IF_ERROR(file->Sync());
  ELANUS_RETURN_IF_ERROR(file->Close());
  ELANUS_RETURN_IF_ERROR(files_.SyncDirectory(directory_));
  CrashPoint("log.open.after_sync");
  return absl::OkStatus();
}

absl::Status LogFileList::Replay(uint64_t from, const Visit& visit) const {
  std::deque<File> list;
  {
    absl::MutexLock lock(&mutex_);
    list = list_;
  }
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].end <= from) continue;
    ELANUS_RETURN_IF_ERROR(ReplayFile(list[i], i + 1 == list.size(), from, visit));
  }
  return absl::OkStatus();
}

absl::Status LogFileList::ReplayFile(const File& file, bool is_newest, uint64_t from,
                                     const Visit& visit) const {
  const std::string path = PathOf(file.header.file_id);
  ELANUS_ASSIGN_OR_RETURN(const std::string bytes, files_.Read(path));
  const uint64_t end = file.header.OffsetOf(file.end);
  uint64_t offset = kFileHeaderBytes;
  while (offset < end) {
    const std::optional<Frame> frame = ParseFrame(bytes, file.header, offset);
    if (!frame.has_value()) {
      return DamagedFile(path, offset,
                         is_newest ? "record checksum differs"
                                   : "record checksum differs, and newer files follow");
    }
    const uint64_t position = file.header.PositionOf(offset);
    if (frame->type == FrameType::kRecord && position >= from) {
      ELANUS_RETURN_IF_ERROR(visit(position, frame->payload));
    }
    offset = frame->next_offset;
  }
  if (offset != end) return DamagedFile(path, end, "the next file begins within a record");
  return absl::OkStatus();
}

void LogFileList::Add(const FileHeader& header) {
  absl::MutexLock lock(&mutex_);
  if (!list_.empty()) {
    File& before = list_.back();
    before.end = std::min(before.end, header.previous_end);
    if (before.end <= before.header.base) {
      files_.Remove(PathOf(before.header.file_id)).IgnoreError();  // Superseded either way.
      list_.pop_back();
    }
  }
  list_.push_back({header, header.base});
}

void LogFileList::SetEnd(uint64_t position) {
  absl::MutexLock lock(&mutex_);
  list_.back().end = position;
}

absl::Status LogFileList::RemoveBelow(uint64_t position) {
  absl::MutexLock removal_lock(&removal_mutex_);
  while (true) {
    uint64_t file_id = 0;
    {
      absl::MutexLock lock(&mutex_);
      if (list_.size() < 2 || list_.front().end > position) return absl::OkStatus();
      file_id = list_.front().header.file_id;
    }
    // One at a time and oldest first, each durable before the next: a power cut leaves no hole.
    CrashPoint("log.truncate.before_remove");
    ELANUS_RETURN_IF_ERROR(files_.Remove(PathOf(file_id)));
    CrashPoint("log.truncate.after_remove");
    ELANUS_RETURN_IF_ERROR(files_.SyncDirectory(directory_));
    CrashPoint("log.truncate.after_directory_sync");
    absl::MutexLock lock(&mutex_);
    list_.pop_front();
  }
}

std::optional<FileHeader> LogFileList::newest() const {
  absl::MutexLock lock(&mutex_);
  if (list_.empty()) return std::nullopt;
  return list_.back().header;
}

uint64_t LogFileList::begin() const {
  absl::MutexLock lock(&mutex_);
  return list_.empty() ? kFirstPosition : list_.front().header.base;
}

uint64_t LogFileList::end() const {
  absl::MutexLock lock(&mutex_);
  return list_.empty() ? kFirstPosition : list_.back().end;
}

uint64_t LogFileList::live_bytes() const {
  absl::MutexLock lock(&mutex_);
  uint64_t bytes = 0;
  for (const File& file : list_) bytes += file.header.OffsetOf(file.end);
  return bytes;
}

}  // namespace elanus::log
