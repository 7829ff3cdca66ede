#include "storage/metered_object_store.h"

#include "common/clock.h"
#include "common/metric_families.h"

namespace elanus::storage {
namespace {

// The series of one kind of operation, by the names that dashboards know.
class Operation {
 public:
  Operation(MetricRegistry& metrics, std::string_view type, std::string_view inner_type)
      : total_(metrics.GetCounter(metric::kStorageOperations, {type, "total"})),
        success_(metrics.GetCounter(metric::kStorageOperations, {type, "success"})),
        fail_(metrics.GetCounter(metric::kStorageOperations, {type, "fail"})),
        inner_success_(
            metrics.GetCounter(metric::kInternalStorageOperations, {inner_type, "success"})),
        inner_fail_(metrics.GetCounter(metric::kInternalStorageOperations, {inner_type, "fail"})),
        ms_(metrics.GetHistogram(metric::kStorageLatency, {type})),
        inner_ms_(metrics.GetHistogram(metric::kInternalStorageLatency, {inner_type})),
        bytes_(metrics.GetHistogram(metric::kStorageBytes, {type})),
        inner_bytes_(metrics.GetHistogram(metric::kInternalStorageBytes, {inner_type})) {}

  // A missing object is an answer, not a failure of the store.
  void Note(const absl::Status& status, uint64_t begin_ns) {
    const double ms = static_cast<double>(SystemClock().MonotonicNs() - begin_ns) / 1e6;
    const bool ok = status.ok() || CodeOf(status) == ErrorCode::kIoKeyNotFound;
    total_->Add();
    (ok ? success_ : fail_)->Add();
    (ok ? inner_success_ : inner_fail_)->Add();
    ms_->Observe(ms);
    inner_ms_->Observe(ms);
  }
  void NoteBytes(uint64_t bytes) {
    bytes_->Observe(static_cast<double>(bytes));
    inner_bytes_->Observe(static_cast<double>(bytes));
  }

 private:
  const std::shared_ptr<Counter> total_, success_, fail_, inner_success_, inner_fail_;
  const std::shared_ptr<Histogram> ms_, inner_ms_, bytes_, inner_bytes_;
};

const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}
template <typename Call>
auto Timed(Operation& operation, Call call) {
  const uint64_t begin = SystemClock().MonotonicNs();
  auto result = call();
  operation.Note(StatusOf(result), begin);
  return result;
}

class MeteredObjectStore final : public ObjectStore {
 public:
  MeteredObjectStore(std::unique_ptr<ObjectStore> store, MetricRegistry& metrics)
      : store_(std::move(store)),
        get_(metrics, "get", "get"),
        put_(metrics, "put", "put"),
        list_(metrics, "walk", "list"),
        remove_(metrics, "remove", "remove") {}

  absl::Status Put(const std::string& key, std::span<const std::string_view> parts) override {
    const absl::Status status = Timed(put_, [&] { return store_->Put(key, parts); });
    uint64_t bytes = 0;
    for (const std::string_view part : parts) bytes += part.size();
    if (status.ok()) put_.NoteBytes(bytes);
    return status;
  }
  absl::StatusOr<bool> PutIfAbsent(const std::string& key, std::string_view bytes) override {
    return Timed(put_, [&] { return store_->PutIfAbsent(key, bytes); });
  }
  absl::StatusOr<std::shared_ptr<MappedFile>> Get(const std::string& key) override {
    auto object = Timed(get_, [&] { return store_->Get(key); });
    if (object.ok()) get_.NoteBytes((*object)->data().size());
    return object;
  }
  absl::Status ReadRanges(const std::string& key, std::span<const BlockReader::Read> reads,
                          const Cancellation& cancellation) override {
    const absl::Status status =
        Timed(get_, [&] { return store_->ReadRanges(key, reads, cancellation); });
    uint64_t bytes = 0;
    for (const BlockReader::Read& read : reads) bytes += read.into.size();
    if (status.ok()) get_.NoteBytes(bytes);
    return status;
  }
  absl::StatusOr<std::unique_ptr<BlockReader>> OpenBlocks(const std::string& key) override {
    auto blocks = Timed(get_, [&] { return store_->OpenBlocks(key); });
    if (blocks.ok()) get_.NoteBytes((*blocks)->size());
    return blocks;
  }
  absl::StatusOr<std::vector<FileInfo>> List(const std::string& prefix) override {
    return Timed(list_, [&] { return store_->List(prefix); });
  }
  absl::Status Remove(const std::string& key) override {
    return Timed(remove_, [&] { return store_->Remove(key); });
  }
  absl::Status RemoveAll(std::span<const std::string> keys) override {
    return Timed(remove_, [&] { return store_->RemoveAll(keys); });
  }
  absl::Status RemovePrefix(const std::string& prefix) override {
    return Timed(remove_, [&] { return store_->RemovePrefix(prefix); });
  }
  void Stop() override { store_->Stop(); }

 private:
  const std::unique_ptr<ObjectStore> store_;
  Operation get_, put_, list_, remove_;
};

}  // namespace

std::unique_ptr<ObjectStore> MakeMeteredObjectStore(std::unique_ptr<ObjectStore> store,
                                                    MetricRegistry& metrics) {
  return std::make_unique<MeteredObjectStore>(std::move(store), metrics);
}

}  // namespace elanus::storage
