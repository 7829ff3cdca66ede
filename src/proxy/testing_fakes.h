// Roles in memory, for tests of the proxy: one set of rows per collection, no files, no threads.
//
// They keep what the proxy asked for, so that a test can look at it. The filter is not evaluated
// but for `pk in [...]`: the proxy does not evaluate filters either.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/proxy_context.h"
#include "schema/primary_key.h"

namespace elanus::proxy {

class FakeCoordinator final : public roles::Coordinator {
 public:
  // Returns the collection as published; `collection.id` must be its own.
  meta::CollectionPtr Add(meta::Collection collection) {
    auto published = std::make_shared<const meta::Collection>(std::move(collection));
    collections_[published->schema.name] = published;
    return published;
  }

  Timestamp AllocateTimestamp() override { return Timestamp(++last_timestamp_); }
  std::shared_ptr<void> HoldIds() override { return nullptr; }
  absl::StatusOr<int64_t> AllocateIds(int64_t count) override {
    const int64_t first = next_id_;
    next_id_ += count;
    return first;
  }

  absl::Status RebuildIndex(SegmentId, IndexId, const std::string&) override { return {}; }
  absl::Status CreateDatabase(const std::string&, const meta::KeyValues&) override { return {}; }
  absl::Status DropDatabase(const std::string&) override { return {}; }
  absl::Status AlterDatabase(const std::string&, const meta::KeyValues&,
                             const std::vector<std::string>&) override {
    return {};
  }
  absl::StatusOr<meta::Database> DescribeDatabase(const std::string& name) override {
    if (name != "default") {
      return UserError(ErrorCode::kDatabaseNotFound, "database not found[database={}]", name);
    }
    return meta::Database{DatabaseId(1), name, {}, Timestamp(1)};
  }
  std::vector<meta::Database> ListDatabases() override {
    return {{DatabaseId(1), "default", {}, Timestamp(1)}};
  }

  absl::Status CreateCollection(const roles::CreateCollectionRequest& request) override {
    created = request;
    return {};
  }
  absl::Status DropCollection(const std::string&, const std::string&) override { return {}; }
  absl::Status TruncateCollection(const std::string&, const std::string&) override { return {}; }
  absl::Status RenameCollection(const std::string&, const std::string&, const std::string&,
                                const std::string&) override {
    return {};
  }
  absl::StatusOr<meta::CollectionPtr> GetCollection(std::string_view db,
                                                    std::string_view name) override {
    ELANUS_RETURN_IF_ERROR(DescribeDatabase(std::string(db)).status());
    for (const auto& [real_name, collection] : collections_) {
      const auto& aliases = collection->aliases;
      if (real_name == name || std::find(aliases.begin(), aliases.end(), name) != aliases.end()) {
        return collection;
      }
    }
    return UserError(ErrorCode::kCollectionNotFound,
                     "collection not found[database={}][collection={}]", db, name);
  }
  absl::StatusOr<meta::CollectionPtr> GetCollection(CollectionId id) override {
    for (const auto& [name, collection] : collections_) {
      if (collection->id == id) return collection;
    }
    return UserError(ErrorCode::kCollectionNotFound, "collection not found[collection={}]", id);
  }
  absl::StatusOr<std::vector<meta::CollectionPtr>> ListCollections(const std::string&) override {
    return AllCollections();
  }
  std::vector<meta::CollectionPtr> AllCollections() override {
    std::vector<meta::CollectionPtr> all;
    for (const auto& [name, collection] : collections_) all.push_back(collection);
    return all;
  }
  absl::Status AlterCollection(const std::string&, const std::string&, const meta::KeyValues&,
                               const std::vector<std::string>&) override {
    return {};
  }
  absl::Status AlterField(const std::string&, const std::string&, const std::string&,
                          const meta::KeyValues&, const std::vector<std::string>&) override {
    return {};
  }
  absl::Status AddField(const std::string&, const std::string&, schema::FieldSchema) override {
    return {};
  }
  absl::Status AddStruct(const std::string&, const std::string&, const schema::StructSchema&,
                         std::vector<schema::FieldSchema>) override {
    return {};
  }

  absl::Status CreatePartition(const std::string&, const std::string&,
                               const std::string&) override {
    return {};
  }
  absl::Status DropPartition(const std::string&, const std::string&, const std::string&) override {
    return {};
  }

  absl::Status CreateAlias(const std::string&, const std::string&, const std::string&) override {
    return {};
  }
  absl::Status DropAlias(const std::string&, const std::string&) override { return {}; }
  absl::Status AlterAlias(const std::string&, const std::string&, const std::string&) override {
    return {};
  }
  absl::StatusOr<meta::CollectionPtr> DescribeAlias(const std::string& db,
                                                    const std::string& alias) override {
    return GetCollection(db, alias);
  }

  absl::Status CreateIndex(const roles::CreateIndexRequest&) override { return {}; }
  absl::Status DropIndex(const std::string&, const std::string&, const std::string&,
                         const std::string&) override {
    return {};
  }
  absl::Status AlterIndex(const std::string&, const std::string&, const std::string&,
                          const meta::KeyValues&, const std::vector<std::string>&) override {
    return {};
  }
  absl::StatusOr<std::vector<roles::IndexProgress>> DescribeIndexes(const std::string& db,
                                                                    const std::string& collection,
                                                                    const std::string& index_name,
                                                                    Timestamp) override {
    ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr found, GetCollection(db, collection));
    std::vector<roles::IndexProgress> out;
    for (const meta::Index& index : found->indexes) {
      if (index_name.empty() || index.name == index_name) {
        roles::IndexProgress& progress = out.emplace_back();
        progress.index = index;
      }
    }
    if (out.empty()) {
      return UserError(ErrorCode::kIndexNotFound, "index not found[collection={}]", collection);
    }
    return out;
  }

  absl::Status Load(const roles::LoadRequest& request) override {
    loaded = request;
    return {};
  }
  absl::Status ReleaseCollection(const std::string&, const std::string&) override { return {}; }
  absl::Status ReleasePartitions(const std::string&, const std::string&,
                                 const std::vector<std::string>&) override {
    return {};
  }

  std::vector<meta::SegmentPtr> Segments(CollectionId) override { return segments; }
  std::vector<meta::Delta> Deltas(CollectionId) override { return {}; }
  std::optional<meta::SegmentPtr> FindSegment(SegmentId id) override {
    for (const meta::SegmentPtr& segment : segments) {
      if (segment->id == id) return segment;
    }
    return std::nullopt;
  }
  absl::StatusOr<std::vector<meta::SegmentPtr>> CommitFlush(std::vector<meta::Segment>,
                                                            std::vector<meta::Delta>,
                                                            std::optional<uint64_t>) override {
    return std::vector<meta::SegmentPtr>();
  }
  uint64_t ReplayFrom() override { return 0; }
  bool IsFlushed(SegmentId id) override { return FindSegment(id).has_value(); }
  absl::StatusOr<roles::CompactionJob> Compact(const roles::CompactionRequest& request) override {
    compaction_asked = request;
    return compaction;
  }
  absl::Status CreateSnapshot(const roles::SnapshotRequest& request, const Cancellation&) override {
    snapshot_requests.push_back(request);
    return {};
  }
  absl::Status DropSnapshot(const std::string& db, const std::string& collection,
                            const std::string& name) override {
    return GetSnapshot(db, collection, name).status();
  }
  absl::StatusOr<meta::SnapshotPtr> GetSnapshot(const std::string&, const std::string& collection,
                                                const std::string& name) override {
    for (const meta::SnapshotPtr& snapshot : snapshots) {
      if (snapshot->name == name) return snapshot;
    }
    return UserError(ErrorCode::kSnapshotNotFound, "snapshot not found[snapshot={}][collection={}]",
                     name, collection);
  }
  absl::StatusOr<std::vector<meta::SnapshotPtr>> ListSnapshots(const std::string&,
                                                               const std::string&) override {
    return snapshots;
  }
  absl::StatusOr<int64_t> RestoreSnapshot(const roles::RestoreRequest& request) override {
    restore_requests.push_back(request);
    return 77;
  }
  std::vector<meta::RestoreJob> RestoreJobs() override { return restore_jobs; }
  absl::StatusOr<meta::RestoreJob> ExportSnapshot(const roles::ExportRequest& request) override {
    export_requests.push_back(request);
    meta::RestoreJob job;
    job.id = 78;
    job.uri = request.path + "/metadata/5.json";
    return job;
  }
  absl::StatusOr<int64_t> RestoreExternalSnapshot(
      const roles::ExternalRestoreRequest& request) override {
    external_requests.push_back(request);
    return 79;
  }
  absl::StatusOr<int64_t> PinSnapshot(const std::string&, const std::string&, const std::string&,
                                      int64_t ttl_s) override {
    return ttl_s;
  }
  absl::Status UnpinSnapshot(int64_t) override { return {}; }
  std::optional<roles::CompactionJob> FindCompaction(int64_t job) override {
    if (job != compaction.id) return std::nullopt;
    return compaction;
  }

  std::optional<roles::CreateCollectionRequest> created;
  std::optional<roles::LoadRequest> loaded;
  std::vector<roles::SnapshotRequest> snapshot_requests;
  std::vector<roles::RestoreRequest> restore_requests;
  std::vector<roles::ExportRequest> export_requests;
  std::vector<roles::ExternalRestoreRequest> external_requests;
  std::vector<meta::SnapshotPtr> snapshots;
  std::vector<meta::RestoreJob> restore_jobs;
  std::vector<meta::SegmentPtr> segments;
  roles::CompactionJob compaction;
  roles::CompactionRequest compaction_asked;

 private:
  std::map<std::string, meta::CollectionPtr, std::less<>> collections_;
  uint64_t last_timestamp_ = MakeTimestamp(1'700'000'000'000).value();
  int64_t next_id_ = 1000;
};

class FakeQueryNode final : public roles::QueryNode {
 public:
  // Each query hits the first k rows, with the row's number as score.
  absl::StatusOr<roles::SearchResult> Search(const roles::SearchRequest& request,
                                             const Cancellation&) override {
    searched = request;
    const schema::RowBatch& rows = Rows(*request.scope.collection);
    const FieldId key = request.scope.collection->schema.primary_key().id;
    roles::SearchResult result;
    result.read_at = Timestamp(77);
    result.keys = schema::Column(request.scope.collection->schema.primary_key().column_type());
    std::vector<int64_t> hits;
    for (int64_t query = 0; query < request.num_queries; ++query) {
      const int64_t begin = std::min(request.offset, rows.num_rows);
      const int64_t end = std::min(begin + request.k, rows.num_rows);
      result.hits_per_query.push_back(end - begin);
      for (int64_t row = begin; row < end; ++row) {
        hits.push_back(row);
        result.scores.push_back(static_cast<float>(row) + 0.126f);
        result.keys.AppendRow(rows.Find(key)->View(), row);
      }
    }
    result.fields = Pick(rows, hits, request.scope.output_fields);
    return result;
  }

  // One sealed segment whose filter has one step.
  absl::StatusOr<std::vector<roles::FilterWork>> ExplainFilter(const roles::ReadScope& scope,
                                                               bool analyze,
                                                               const Cancellation&) override {
    roles::FilterWork work{.segment = SegmentId(7), .rows = 10, .visible = 9};
    work.matched = analyze ? 4 : 0;
    work.steps.push_back({.text = expr::DebugString(*scope.filter), .estimated_part = 0.5});
    return std::vector{work};
  }

  absl::StatusOr<roles::QueryResult> Query(const roles::QueryRequest& request,
                                           const Cancellation&) override {
    queried = request;
    const meta::Collection& collection = *request.scope.collection;
    const schema::RowBatch& rows = Rows(collection);
    const FieldId key = collection.schema.primary_key().id;
    const schema::ColumnView keys = rows.Find(key)->View();
    const auto wanted = expr::ExactPrimaryKeys(*request.scope.filter);
    std::vector<int64_t> picked;
    for (int64_t row = 0; row < rows.num_rows; ++row) {
      const schema::PrimaryKey own = schema::PrimaryKeyView::Of(keys, row).ToOwned();
      if (!wanted || std::find(wanted->begin(), wanted->end(), own) != wanted->end()) {
        picked.push_back(row);
      }
    }
    std::sort(picked.begin(), picked.end(), [&keys](int64_t a, int64_t b) {
      return schema::PrimaryKeyView::Of(keys, a) < schema::PrimaryKeyView::Of(keys, b);
    });
    if (request.limit >= 0 && static_cast<int64_t>(picked.size()) > request.limit) {
      picked.resize(request.limit);
    }
    roles::QueryResult result;
    result.count = static_cast<int64_t>(picked.size());
    std::vector<FieldId> fields = request.scope.output_fields;
    fields.push_back(key);
    if (!request.count_only) result.rows = Pick(rows, picked, fields);
    result.read_at = Timestamp(77);
    return result;
  }

  roles::LoadStatus GetLoadStatus(CollectionId, const std::vector<PartitionId>&) override {
    return load_status;
  }
  std::vector<roles::QuerySegment> LoadedSegments(CollectionId) override { return {}; }
  void OnLoadChanged(meta::CollectionPtr, bool) override {}
  void OnCollectionChanged(meta::CollectionPtr) override {}
  void OnCollectionDropped(CollectionId) override {}
  void OnPartitionDropped(CollectionId, PartitionId) override {}
  void OnCollectionTruncated(CollectionId, Timestamp) override {}
  void OnSegmentIndexesChanged(meta::SegmentPtr) override {}
  void OnSegmentsMerged(CollectionId, const std::vector<SegmentId>&,
                        const std::vector<meta::SegmentPtr>&) override {}

  // The stored rows; empty columns of the right types at first.
  schema::RowBatch& Rows(const meta::Collection& collection) {
    schema::RowBatch& rows = rows_[collection.id.value()];
    if (rows.columns.empty()) {
      for (const schema::FieldSchema& field : collection.schema.fields) {
        rows.columns.emplace_back(field.id, schema::Column(field.column_type()));
      }
    }
    return rows;
  }

  roles::LoadStatus load_status{.state = roles::LoadState::kLoaded, .percent = 100};
  std::optional<roles::SearchRequest> searched;
  std::optional<roles::QueryRequest> queried;

 private:
  static schema::RowBatch Pick(const schema::RowBatch& rows, const std::vector<int64_t>& picked,
                               const std::vector<FieldId>& fields) {
    schema::RowBatch out;
    out.num_rows = static_cast<int64_t>(picked.size());
    for (const FieldId field : fields) {
      const schema::Column* column = rows.Find(field);
      if (column == nullptr) continue;
      schema::Column copy(column->type());
      for (const int64_t row : picked) copy.AppendRow(column->View(), row);
      out.columns.emplace_back(field, std::move(copy));
    }
    return out;
  }

  std::map<int64_t, schema::RowBatch> rows_;
};

class FakeDataNode final : public roles::DataNode {
 public:
  explicit FakeDataNode(FakeQueryNode& query_node) : query_node_(query_node) {}

  absl::StatusOr<Timestamp> Write(roles::WriteRequest request) override {
    schema::RowBatch& rows = query_node_.Rows(*request.collection);
    Remove(rows, request.collection->schema.primary_key().id, request.deleted_keys);
    for (const roles::RowGroup& group : request.inserts) {
      rows.num_rows += group.rows.num_rows;
      for (const auto& [field, column] : group.rows.columns) {
        for (auto& [id, stored] : rows.columns) {
          if (id == field) stored.AppendRows(column.View(), 0, column.num_rows());
        }
      }
    }
    written.push_back(std::move(request));
    return Timestamp(4242);
  }
  absl::StatusOr<roles::FlushResult> Flush(CollectionId, const Cancellation&) override {
    return roles::FlushResult{{SegmentId(5)}, {SegmentId(4), SegmentId(5)}, Timestamp(99)};
  }
  bool IsFlushed(CollectionId, Timestamp) override { return is_flushed; }
  std::vector<roles::GrowingSummary> GrowingSegments(CollectionId) override { return growing; }
  void OnCollectionDropped(CollectionId) override {}
  void OnPartitionDropped(CollectionId, PartitionId) override {}
  void OnCollectionTruncated(CollectionId, Timestamp) override {}
  absl::StatusOr<std::vector<meta::Segment>> Compact(const roles::CompactionTask&,
                                                     const Cancellation&) override {
    return std::vector<meta::Segment>();
  }
  absl::StatusOr<std::optional<meta::Delta>> MergeDeltas(const roles::DeltaMergeTask&,
                                                         const Cancellation&) override {
    return std::nullopt;
  }

  std::vector<roles::WriteRequest> written;
  std::vector<roles::GrowingSummary> growing;
  bool is_flushed = true;

 private:
  static void Remove(schema::RowBatch& rows, FieldId key, const schema::Column& deleted) {
    if (deleted.num_rows() == 0) return;
    const schema::ColumnView gone = deleted.View();
    const schema::Column keys = *rows.Find(key);
    std::vector<int64_t> kept;
    for (int64_t row = 0; row < rows.num_rows; ++row) {
      bool found = false;
      for (int64_t i = 0; i < gone.num_rows; ++i) {
        found = found ||
                schema::PrimaryKeyView::Of(gone, i) == schema::PrimaryKeyView::Of(keys.View(), row);
      }
      if (!found) kept.push_back(row);
    }
    for (auto& [field, column] : rows.columns) {
      schema::Column left(column.type());
      for (const int64_t row : kept) left.AppendRow(column.View(), row);
      column = std::move(left);
    }
    rows.num_rows = static_cast<int64_t>(kept.size());
  }

  FakeQueryNode& query_node_;
};

// A proxy over the fakes.
struct FakeServer {
  FakeServer() {
    proxy.coordinator = &coordinator;
    proxy.data_node = &data_node;
    proxy.query_node = &query_node;
    proxy.settings = &settings;
  }

  FakeCoordinator coordinator;
  FakeQueryNode query_node;
  FakeDataNode data_node{query_node};
  SettingsHolder settings{Settings()};
  ProxyContext proxy;
};

inline schema::FieldSchema FakeField(int64_t id, std::string name, schema::DataType type,
                                     schema::Properties params = {}) {
  schema::FieldSchema field;
  field.id = FieldId(id);
  field.name = std::move(name);
  field.type = type;
  field.type_params = std::move(params);
  return field;
}

// "books": id Int64 (key), title VarChar(8), vec FloatVector(2), $meta; loaded, HNSW with COSINE.
inline meta::Collection FakeBooks() {
  meta::Collection books;
  books.id = CollectionId(10);
  books.database = DatabaseId(1);
  books.database_name = "default";
  books.schema.name = "books";
  books.schema.enable_dynamic_field = true;
  books.schema.fields = {FakeField(100, "id", schema::DataType::kInt64),
                         FakeField(101, "title", schema::DataType::kVarChar, {{"max_length", "8"}}),
                         FakeField(102, "vec", schema::DataType::kFloatVector, {{"dim", "2"}}),
                         FakeField(103, "$meta", schema::DataType::kJson)};
  books.schema.fields[0].is_primary_key = true;
  books.schema.fields[3].is_dynamic = true;
  books.partitions = {{PartitionId(20), "_default", Timestamp(5)},
                      {PartitionId(21), "old", Timestamp(6)}};
  meta::Index& index = books.indexes.emplace_back();
  index.id = IndexId(30);
  index.name = "vec";
  index.field = FieldId(102);
  index.field_name = "vec";
  index.type = "HNSW";
  index.metric = "COSINE";
  books.aliases = {"reading"};
  books.load.loaded = true;
  books.load.all_partitions = true;
  books.created = MakeTimestamp(1'600'000'000'000);
  books.updated = MakeTimestamp(1'600'000'000'001);
  return books;
}

}  // namespace elanus::proxy
