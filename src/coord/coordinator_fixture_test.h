// What the coordinator's tests share: a clock, tasks and objects under their control, peers that
// remember what they were told, and short ways to say common things.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coord/coordinator.h"
#include "coord/store_stamp.h"
#include "meta/codec.h"
#include "storage/memory_file_system.h"

namespace elanus::coord {

class FakeClock final : public Clock {
 public:
  uint64_t WallMs() const override { return wall_ms; }
  uint64_t MonotonicNs() const override { return monotonic_ns; }
  std::atomic<uint64_t> wall_ms{1'760'000'000'000};
  std::atomic<uint64_t> monotonic_ns{1'000'000'000};
};

// Runs tasks when it is told to.
class ManualTasks {
 public:
  TaskRunner runner() {
    return [this](std::function<void()> task) {
      std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
      return true;
    };
  }
  bool RunOne() {
    std::function<void()> task;
    {
      std::lock_guard lock(mutex_);
      if (tasks_.empty()) return false;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
    return true;
  }
  void RunAll() {
    while (RunOne()) {
    }
  }
  void Forget() {
    std::lock_guard lock(mutex_);
    tasks_.clear();
  }

 private:
  std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;
};

class FakeObjects final : public storage::ObjectStore {
 public:
  absl::Status Put(const std::string& key, std::span<const std::string_view>) override {
    Add(key);
    return absl::OkStatus();
  }
  // The cluster's stamp is kept apart from the objects that tests look at.
  absl::StatusOr<bool> PutIfAbsent(const std::string& /*key*/, std::string_view bytes) override {
    std::lock_guard lock(mutex_);
    stamp_ = std::make_shared<Stamp>(std::string(bytes));
    return true;
  }
  absl::StatusOr<std::shared_ptr<storage::MappedFile>> Get(const std::string& key) override {
    std::lock_guard lock(mutex_);
    if (key == kStampKey && stamp_ != nullptr) return stamp_;
    if (readable && keys_.contains(key)) return std::make_shared<Stamp>("bytes");
    return InternalError(ErrorCode::kIoKeyNotFound, "{}", key);
  }
  absl::StatusOr<std::vector<storage::FileInfo>> List(const std::string& prefix) override {
    std::lock_guard lock(mutex_);
    std::vector<storage::FileInfo> out;
    for (const std::string& key : keys_) {
      if (key.starts_with(prefix)) out.push_back({.name = key});
    }
    return out;
  }
  absl::Status Remove(const std::string& key) override {
    std::lock_guard lock(mutex_);
    keys_.erase(key);
    return absl::OkStatus();
  }
  absl::Status RemovePrefix(const std::string&) override { return absl::OkStatus(); }

  void Add(const std::string& key) {
    std::lock_guard lock(mutex_);
    keys_.insert(key);
  }
  std::set<std::string> keys() {
    std::lock_guard lock(mutex_);
    return keys_;
  }
  bool readable = false;

 private:
  struct Stamp final : storage::MappedFile {
    explicit Stamp(std::string text) : bytes(std::move(text)) {}
    std::span<const uint8_t> data() const override {
      return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
    }
    const std::string bytes;
  };

  std::mutex mutex_;
  std::set<std::string> keys_;
  std::shared_ptr<storage::MappedFile> stamp_;
};

// What the peers heard, as words in order.
class Notices {
 public:
  void Add(std::string notice) {
    std::lock_guard lock(mutex_);
    all_.push_back(std::move(notice));
  }
  std::vector<std::string> Take() {
    std::lock_guard lock(mutex_);
    return std::exchange(all_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> all_;
};

class FakeDataNode final : public roles::DataNode {
 public:
  explicit FakeDataNode(Notices& notices) : notices_(notices) {}
  absl::StatusOr<Timestamp> Write(roles::WriteRequest) override { return Timestamp(1); }
  absl::StatusOr<roles::FlushResult> Flush(CollectionId id, const Cancellation&) override {
    return flush ? flush(id) : roles::FlushResult();
  }
  bool IsFlushed(CollectionId, Timestamp) override { return true; }
  std::vector<roles::GrowingSummary> GrowingSegments(CollectionId) override { return {}; }
  void OnCollectionDropped(CollectionId) override { notices_.Add("data: collection dropped"); }
  void OnPartitionDropped(CollectionId, PartitionId) override {
    notices_.Add("data: partition dropped");
  }
  void OnCollectionTruncated(CollectionId, Timestamp) override { notices_.Add("data: truncated"); }
  absl::StatusOr<std::vector<meta::Segment>> Compact(const roles::CompactionTask& task,
                                                     const Cancellation& cancellation) override {
    if (task.cluster_by.valid() && cluster) return cluster(task);
    if (compact) {
      ELANUS_ASSIGN_OR_RETURN(meta::Segment made, compact(task, cancellation));
      if (made.num_rows == 0) return std::vector<meta::Segment>();
      return std::vector{std::move(made)};
    }
    return InternalError(ErrorCode::kInternal, "not expected");
  }

  absl::StatusOr<std::optional<meta::Delta>> MergeDeltas(const roles::DeltaMergeTask& task,
                                                         const Cancellation&) override {
    delta_merges.push_back(task);
    if (merge_deltas) return merge_deltas(task);
    return std::nullopt;
  }

  std::function<absl::StatusOr<meta::Segment>(const roles::CompactionTask&, const Cancellation&)>
      compact;
  std::function<std::vector<meta::Segment>(const roles::CompactionTask&)> cluster;
  std::function<absl::StatusOr<roles::FlushResult>(CollectionId)> flush;
  std::function<absl::StatusOr<std::optional<meta::Delta>>(const roles::DeltaMergeTask&)>
      merge_deltas;
  std::vector<roles::DeltaMergeTask> delta_merges;

 private:
  Notices& notices_;
};

class FakeQueryNode final : public roles::QueryNode {
 public:
  explicit FakeQueryNode(Notices& notices) : notices_(notices) {}
  absl::StatusOr<roles::SearchResult> Search(const roles::SearchRequest&,
                                             const Cancellation&) override {
    return roles::SearchResult();
  }
  absl::StatusOr<roles::QueryResult> Query(const roles::QueryRequest&,
                                           const Cancellation&) override {
    return roles::QueryResult();
  }
  absl::StatusOr<std::vector<roles::FilterWork>> ExplainFilter(const roles::ReadScope&, bool,
                                                               const Cancellation&) override {
    return std::vector<roles::FilterWork>();
  }
  roles::LoadStatus GetLoadStatus(CollectionId, const std::vector<PartitionId>&) override {
    return {};
  }
  std::vector<roles::QuerySegment> LoadedSegments(CollectionId) override { return {}; }
  void OnLoadChanged(meta::CollectionPtr collection, bool refresh) override {
    notices_.Add(fmt::format("load {}{}{}", collection->schema.name,
                             collection->load.loaded ? "" : " off", refresh ? " refresh" : ""));
  }
  void OnCollectionChanged(meta::CollectionPtr collection) override {
    notices_.Add("changed " + collection->schema.name);
    if (on_changed) on_changed(collection);
  }
  void OnCollectionDropped(CollectionId) override { notices_.Add("collection dropped"); }
  void OnPartitionDropped(CollectionId, PartitionId) override { notices_.Add("partition dropped"); }
  void OnCollectionTruncated(CollectionId, Timestamp) override { notices_.Add("truncated"); }
  void OnSegmentIndexesChanged(meta::SegmentPtr segment) override {
    notices_.Add(fmt::format("segment indexes {}", segment->indexes.size()));
  }
  void OnSegmentsMerged(CollectionId, const std::vector<SegmentId>& replaced,
                        const std::vector<meta::SegmentPtr>& made) override {
    std::string rows;
    for (const meta::SegmentPtr& one : made) {
      rows += fmt::format("{}{}", rows.empty() ? "" : " and ", one->num_rows);
    }
    notices_.Add(fmt::format("{} merged to {}", replaced.size(), rows.empty() ? "0" : rows));
  }

  std::function<void(meta::CollectionPtr)> on_changed;

 private:
  Notices& notices_;
};

class FakeIndexNode final : public roles::IndexNode {
 public:
  absl::StatusOr<roles::BuildResult> Build(const roles::BuildTask& task,
                                           const Cancellation& cancellation,
                                           const roles::BuildObserver& observer) override {
    ++num_builds;
    if (observed) observed(observer);
    if (build) return build(task, cancellation);
    return roles::BuildResult{fmt::format("index_files/{}/x", task.build), 10};
  }
  std::function<absl::StatusOr<roles::BuildResult>(const roles::BuildTask&, const Cancellation&)>
      build;
  std::function<void(const roles::BuildObserver&)> observed;
  std::atomic<int> num_builds{0};
};

inline schema::FieldSchema MakeField(const char* name, schema::DataType type,
                                     schema::Properties params = {}) {
  schema::FieldSchema field;
  field.name = name;
  field.type = type;
  field.type_params = std::move(params);
  return field;
}

// id (Int64 key), v (FloatVector of 8), n (Int64).
inline roles::CreateCollectionRequest SimpleCollection(const std::string& name,
                                                       const std::string& db = "") {
  roles::CreateCollectionRequest out;
  out.db = db;
  out.schema.name = name;
  out.schema.fields = {MakeField("id", schema::DataType::kInt64),
                       MakeField("v", schema::DataType::kFloatVector, {{"dim", "8"}}),
                       MakeField("n", schema::DataType::kInt64)};
  out.schema.fields[0].is_primary_key = true;
  return out;
}

inline roles::CreateIndexRequest HnswIndex(const std::string& collection,
                                           const std::string& field = "v",
                                           const std::string& name = "") {
  return {.db = "",
          .collection = collection,
          .field_name = field,
          .index_name = name,
          .params = {{"index_type", "HNSW"},
                     {"metric_type", "L2"},
                     {"params", R"({"M":16,"efConstruction":100})"}}};
}

inline roles::LoadRequest LoadOf(const std::string& collection) {
  roles::LoadRequest out;
  out.collection = collection;
  return out;
}

// One text that holds all that the coordinator knows.
inline std::string Dump(Coordinator& coordinator) {
  std::string out = fmt::format("{} {}\n", coordinator.instance(), coordinator.ReplayFrom());
  for (const meta::Database& database : coordinator.ListDatabases()) {
    out += *meta::Encode(database) + "\n";
  }
  for (const meta::CollectionPtr& collection : coordinator.AllCollections()) {
    out += collection->database_name + " " + *meta::Encode(*collection) + "\n";
    for (const meta::SegmentPtr& segment : coordinator.Segments(collection->id)) {
      out += *meta::Encode(*segment) + "\n";
    }
    for (const meta::Delta& delta : coordinator.Deltas(collection->id)) {
      out += *meta::Encode(delta) + "\n";
    }
  }
  return out;
}

class CoordinatorTest : public testing::Test {
 protected:
  CoordinatorTest() { Open(); }
  ~CoordinatorTest() override { Close(); }

  void Close() {
    if (coordinator_ != nullptr) coordinator_->Stop();
    coordinator_.reset();
    builds_.Forget();
    cleanups_.Forget();
    compactions_.Forget();
  }
  void Open() {
    Close();
    absl::StatusOr<std::unique_ptr<Coordinator>> opened =
        Coordinator::Open(Environment{.clock = clock_,
                                      .store = *store_,
                                      .objects = &objects_,
                                      .run_build = builds_.runner(),
                                      .run_cleanup = cleanups_.runner(),
                                      .run_compaction = compactions_.runner(),
                                      .open_external =
                                          [this](const std::string& path) {
                                            return storage::MakeLocalObjectStore(external_, path);
                                          }},
                          options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    coordinator_ = *std::move(opened);
    coordinator_->Connect(&data_node_, &query_node_, &index_node_);
  }
  void Create(const std::string& name) {
    ASSERT_TRUE(coordinator_->CreateCollection(SimpleCollection(name)).ok());
  }
  // With an HNSW index on v.
  void CreateIndexed(const std::string& name) {
    Create(name);
    const absl::Status status = coordinator_->CreateIndex(HnswIndex(name));
    ASSERT_TRUE(status.ok()) << status;
  }
  meta::CollectionPtr Get(const std::string& name, const std::string& db = "") {
    absl::StatusOr<meta::CollectionPtr> collection = coordinator_->GetCollection(db, name);
    EXPECT_TRUE(collection.ok()) << collection.status();
    return collection.ok() ? *collection : std::make_shared<const meta::Collection>();
  }
  // A segment in the collection's partition, not committed yet.
  meta::Segment MakeSegment(const meta::Collection& collection, int64_t num_rows,
                            size_t partition = 0) {
    meta::Segment out;
    out.id = SegmentId(*coordinator_->AllocateIds(1));
    out.collection = collection.id;
    out.partition = collection.partitions.at(partition).id;
    out.num_rows = num_rows;
    out.min_timestamp = coordinator_->AllocateTimestamp();
    out.max_timestamp = coordinator_->AllocateTimestamp();
    out.files = {{FieldId(100),
                  fmt::format("insert_log/{}/{}/{}/100/{}", out.collection, out.partition, out.id,
                              *coordinator_->AllocateIds(1)),
                  num_rows * 8}};
    for (const meta::FieldFile& file : out.files) objects_.Add(file.key);
    return out;
  }
  SegmentId Flush(const std::string& name, int64_t num_rows, size_t partition = 0) {
    meta::Segment segment = MakeSegment(*Get(name), num_rows, partition);
    const SegmentId id = segment.id;
    const auto committed = coordinator_->CommitFlush({std::move(segment)}, {}, std::nullopt);
    EXPECT_TRUE(committed.ok()) << committed.status();
    EXPECT_EQ(committed->size(), 1);
    return id;
  }
  meta::SegmentPtr Segment(SegmentId id) { return coordinator_->FindSegment(id).value(); }

  Options options_{.instance = "test"};
  FakeClock clock_;
  std::unique_ptr<meta::MetaStore> store_ = meta::MakeMemoryMetaStore();
  FakeObjects objects_;
  storage::MemoryFileSystem external_;  // Outside of the cluster.
  ManualTasks builds_;
  ManualTasks cleanups_;
  ManualTasks compactions_;
  Notices notices_;
  FakeDataNode data_node_{notices_};
  FakeQueryNode query_node_{notices_};
  FakeIndexNode index_node_;
  std::unique_ptr<Coordinator> coordinator_;
};

// Checks code and words of an error.
inline void ExpectError(const absl::Status& status, ErrorCode code, std::string_view words) {
  EXPECT_EQ(CodeOf(status), code) << status;
  EXPECT_NE(WireReason(status).find(words), std::string::npos)
      << "\"" << words << "\" not in \"" << WireReason(status) << "\"";
}

}  // namespace elanus::coord
