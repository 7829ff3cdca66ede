#include <deque>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "log/log.h"
#include "log/log_file.h"
#include "log/log_file_list.h"
#include "log/log_writer.h"

namespace elanus::log {
namespace {

constexpr uint64_t kBatchBytesMax = 32 << 20;     // Of one write and sync.
constexpr uint64_t kUndurableBytesMax = 8 << 20;  // A relaxed log syncs at least this often.

// Group commit: while one batch goes to the disk the next one gathers.
class FileLog final : public Log {
 public:
  FileLog(storage::FileSystem& files, const LogOptions& options, std::unique_ptr<LogFileList> list)
      : options_(options), list_(std::move(list)), writer_(files, options, *list_) {
    statistics_.end = Position(writer_.durable_end());
    thread_ = std::thread([this] { Run(); });
  }

  ~FileLog() override {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
      changed_.Signal();
    }
    thread_.join();
  }

  absl::Status Replay(
      Position from,
      const std::function<absl::Status(Position, std::string_view)>& visit) override {
    if (from.value() > list_->end()) ELANUS_RETURN_IF_ERROR(CheckLostEnd(from));
    return list_->Replay(from.value(), [&](uint64_t position, std::string_view record) {
      return visit(Position(position), record);
    });
  }

  void Append(std::string record, Done done) override {
    Item item;
    item.payload_crc = PayloadCrc(record);  // Here, so that it runs in many threads.
    item.record = std::move(record);
    item.done = std::move(done);
    if (item.record.size() > kRecordBytesMax) {
      item.refusal = UserError(ErrorCode::kParameterTooLarge, "log record is too large: {} bytes",
                               item.record.size());
    }
    absl::MutexLock lock(&mutex_);
    if (item.refusal.ok() && queued_bytes_ > 0 &&
        queued_bytes_ + item.record.size() > options_.queue_bytes_max) {
      item.refusal = RetryableError(ErrorCode::kTooManyRequests,
                                    "too many writes wait for the log: {} bytes", queued_bytes_);
    }
    if (!item.refusal.ok()) item.record = {};
    queued_bytes_ += item.record.size();
    queue_.push_back(std::move(item));
    changed_.Signal();
  }

  absl::Status TruncateBelow(Position position) override {
    const absl::Status removed = list_->RemoveBelow(position.value());
    if (!removed.ok() || list_->end() > position.value() ||
        list_->live_bytes() <= options_.idle_bytes_max) {
      return removed;
    }
    Cut cut{.below = position.value()};
    {
      absl::MutexLock lock(&mutex_);
      cuts_.push_back(&cut);
      changed_.Signal();
      while (!cut.done) cut_done_.Wait(&mutex_);
    }
    ELANUS_RETURN_IF_ERROR(cut.status);
    return list_->RemoveBelow(position.value());
  }

  LogStatistics statistics() const override {
    absl::MutexLock lock(&mutex_);
    LogStatistics statistics = statistics_;
    statistics.begin = Position(list_->begin());
    statistics.live_bytes = list_->live_bytes();
    return statistics;
  }

 private:
  struct Item {
    std::string record;
    uint32_t payload_crc = 0;
    absl::Status refusal;  // Not OK: refused without being written, reported in its turn.
    Done done;
  };

  // A wish for a new file, on the stack of who waits for it.
  struct Cut {
    uint64_t below = 0;
    absl::Status status;  // This and `done` under mutex_.
    bool done = false;
  };

  // A checkpoint is only taken of durable records, so a log that ends before one has lost files;
  // unless it was relaxed, when the machine may have stopped before its last sync.
  absl::Status CheckLostEnd(Position from) {
    const std::optional<FileHeader> newest = list_->newest();
    if (newest.has_value() && newest->relaxed) {
      writer_.SkipTo(from.value());
      return absl::OkStatus();
    }
    return InternalError(ErrorCode::kDataIntegrity,
                         "log ends before the checkpoint, files are missing: {} ends at {}, "
                         "checkpoint {}",
                         list_->directory(), list_->end(), from);
  }

  void Run() {
    while (true) {
      std::vector<Item> batch;
      std::vector<Cut*> cuts;
      {
        absl::MutexLock lock(&mutex_);
        while (queue_.empty() && cuts_.empty() && !stopping_) changed_.Wait(&mutex_);
        if (queue_.empty() && cuts_.empty()) break;
        TakeBatch(batch);
        cuts.swap(cuts_);
      }
      // First: what comes with the batch lies behind the cut.
      if (!cuts.empty()) MakeCuts(cuts);
      if (batch.empty()) continue;
      Write(batch);
      AfterBatch(IsIdle());
    }
    writer_.Close();
  }

  void TakeBatch(std::vector<Item>& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    uint64_t bytes = 0;
    while (!queue_.empty() &&
           (batch.empty() || bytes + queue_.front().record.size() <= kBatchBytesMax)) {
      bytes += queue_.front().record.size();
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  }

  void MakeCuts(const std::vector<Cut*>& cuts) {
    std::vector<absl::Status> results;
    for (const Cut* cut : cuts) results.push_back(writer_.CutBelow(cut->below));
    UpdateStatistics(0, 0);
    absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < cuts.size(); ++i) {
      cuts[i]->status = std::move(results[i]);
      cuts[i]->done = true;
    }
    cut_done_.SignalAll();
  }

  bool IsIdle() const {
    absl::MutexLock lock(&mutex_);
    return queue_.empty();
  }

  // Writes the batch and reports on each of its records.
  void Write(std::vector<Item>& batch) {
    std::vector<LogWriter::Record> records;
    uint64_t bytes = 0;
    for (const Item& item : batch) {
      if (item.refusal.ok()) records.push_back({item.record, item.payload_crc});
      bytes += item.record.size();
    }
    const absl::Status status = records.empty() ? absl::OkStatus() : writer_.Append(records);
    // Before the reports, so that who hears of one finds room for his next record.
    UpdateStatistics(status.ok() ? records.size() : 0, status.ok() ? bytes : 0);
    LeaveQueue(bytes);
    size_t next = 0;
    for (Item& item : batch) {
      if (!item.refusal.ok()) {
        item.done(std::move(item.refusal));
      } else if (!status.ok()) {
        item.done(status);
      } else {
        item.done(Position(records[next++].position));
      }
    }
  }

  void LeaveQueue(uint64_t bytes) {
    absl::MutexLock lock(&mutex_);
    queued_bytes_ -= bytes;
  }

  void AfterBatch(bool idle) {
    if (options_.sync) {
      if (idle) writer_.Mark();
    } else if (idle || writer_.undurable_bytes() >= kUndurableBytesMax) {
      writer_.Flush().IgnoreError();  // Acknowledged already: that is what relaxed means.
    }
    UpdateStatistics(0, 0);
  }

  void UpdateStatistics(uint64_t records, uint64_t bytes) {
    absl::MutexLock lock(&mutex_);
    statistics_.appended_records += records;
    statistics_.appended_bytes += bytes;
    statistics_.syncs = writer_.num_syncs();
    statistics_.end = Position(writer_.durable_end());
  }

  const LogOptions options_;
  const std::unique_ptr<LogFileList> list_;
  LogWriter writer_;  // The thread's, after Replay.

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  absl::CondVar cut_done_;
  std::deque<Item> queue_ ABSL_GUARDED_BY(mutex_);
  uint64_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // Until written or failed.
  std::vector<Cut*> cuts_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  LogStatistics statistics_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace

Position EndOfRecord(Position begin, size_t record_bytes) {
  return Position(begin.value() + FrameSize(record_bytes));
}

absl::StatusOr<std::unique_ptr<Log>> OpenFileLog(storage::FileSystem& files, LogOptions options) {
  auto list = std::make_unique<LogFileList>(files, options.directory);
  ELANUS_RETURN_IF_ERROR(list->Open());
  return std::make_unique<FileLog>(files, options, std::move(list));
}

}  // namespace elanus::log
