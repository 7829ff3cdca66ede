#include "engine/engine.h"

#include <algorithm>
#include <map>

#include "absl/synchronization/notification.h"
#include "common/check.h"

namespace elanus::engine {
namespace {

bool TextKeys(const meta::Collection& collection) {
  return collection.schema.primary_key().type == schema::DataType::kVarChar;
}

void AppendKey(const meta::Collection& collection, int64_t key, schema::Column& out) {
  if (TextKeys(collection)) {
    out.AppendRaw(KeyText(key));
  } else {
    out.Append(key);
  }
}

int64_t KeyOf(const schema::ColumnView& keys, int64_t row) {
  if (keys.offsets == nullptr) return keys.Value<int64_t>(row);
  return std::stoll(std::string(keys.Bytes(row).substr(1)));
}

schema::RowBatch RowsOf(const meta::Collection& collection, const std::vector<Row>& rows) {
  schema::RowBatch batch;
  batch.num_rows = static_cast<int64_t>(rows.size());
  for (const schema::FieldSchema& field : collection.schema.fields) {
    schema::Column column(field.column_type());
    for (const Row& row : rows) {
      if (field.is_primary_key) {
        AppendKey(collection, row.key, column);
      } else if (field.name == "number") {
        column.Append(row.number);
      } else {
        const float vector[2] = {static_cast<float>(row.number), 0};
        column.AppendFixedRows(vector, 1);
      }
    }
    batch.columns.emplace_back(field.id, std::move(column));
  }
  return batch;
}

absl::StatusOr<roles::ReadScope> ScopeOf(Engine& engine, const Read& read) {
  roles::ReadScope scope;
  scope.collection = engine.collection(read.collection);
  for (const std::string& name : read.partitions) {
    const meta::Partition* partition = scope.collection->FindPartition(name);
    if (partition == nullptr) {
      return UserError(ErrorCode::kPartitionNotFound, "partition not found[partition={}]", name);
    }
    scope.partitions.push_back(partition->id);
  }
  ELANUS_ASSIGN_OR_RETURN(scope.filter, expr::Compile(read.filter, scope.collection->schema));
  scope.guarantee = read.guarantee;
  scope.read_at = read.at;
  scope.ignore_growing = read.ignore_growing;
  scope.output_fields = {scope.collection->schema.Find("number")->id};
  return scope;
}

std::vector<Row> RowsFrom(const schema::ColumnView& keys, const schema::ColumnView& numbers) {
  std::vector<Row> rows;
  for (int64_t i = 0; i < keys.num_rows; ++i) {
    rows.push_back({KeyOf(keys, i), numbers.Value<int64_t>(i)});
  }
  return rows;
}

}  // namespace

void GatedLog::Close() {
  absl::MutexLock lock(&mutex_);
  open_ = false;
}

void GatedLog::Open() {
  absl::MutexLock lock(&mutex_);
  open_ = true;
  for (const std::function<void()>& report : waiting_) report();
  waiting_.clear();
}

int GatedLog::num_waiting() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(waiting_.size());
}

void GatedLog::Append(std::string record, Done done) {
  log_->Append(std::move(record),
               [this, done = std::move(done)](absl::StatusOr<log::Position> position) {
                 absl::MutexLock lock(&mutex_);
                 if (open_) return done(std::move(position));
                 waiting_.push_back([done, position] { done(position); });
               });
}

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(World& world, const EngineOptions& options) {
  std::unique_ptr<Engine> engine(new Engine(world, options));
  ELANUS_RETURN_IF_ERROR(world.files.CreateDirectories("data/wal"));
  ELANUS_RETURN_IF_ERROR(world.files.CreateDirectories(kObjects));
  ELANUS_RETURN_IF_ERROR(storage::RemoveStaleObjectParts(world.files, kObjects));
  engine->store = storage::MakeLocalObjectStore(world.files, kObjects);
  log::LogOptions log_options;
  log_options.directory = "data/wal";
  log_options.file_bytes_max = options.log_file_bytes_max;
  log_options.salt_seed = 1;
  ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<log::Log> file_log,
                          log::OpenFileLog(world.files, log_options));
  engine->log = std::make_unique<GatedLog>(std::move(file_log));
  coord::Options coordinator_options;
  coordinator_options.index_rows_min = options.index_rows_min;
  coordinator_options.instance = "test";
  ELANUS_ASSIGN_OR_RETURN(
      engine->coordinator,
      coord::Coordinator::Open(
          {world.clock, world.meta, engine->store.get(), coord::RunOn(engine->builds),
           coord::RunOn(engine->cleanup), coord::RunOn(engine->compactions)},
          coordinator_options));
  engine->watermark = std::make_unique<segment::Watermark>(
      [coordinator = engine->coordinator.get()] { return coordinator->AllocateTimestamp(); });
  engine->data_node = std::make_unique<datanode::LocalDataNode>(
      datanode::LocalDataNode::Parts{world.clock, *engine->coordinator, *engine->log,
                                     *engine->store, engine->registry, *engine->watermark,
                                     engine->background},
      options.data_node);
  engine->query_node = std::make_unique<querynode::LocalQueryNode>(
      querynode::LocalQueryNode::Parts{.coordinator = *engine->coordinator,
                                       .store = *engine->store,
                                       .registry = engine->registry,
                                       .watermark = *engine->watermark,
                                       .compute = engine->compute,
                                       .loading = engine->loading,
                                       .prunes_segments = options.prunes_segments});
  engine->index_node = std::make_unique<indexnode::LocalIndexNode>(
      *engine->store, engine->build_work, indexnode::LocalIndexNode::Options{});
  engine->coordinator->Connect(engine->data_node.get(), engine->query_node.get(),
                               engine->index_node.get());
  ELANUS_RETURN_IF_ERROR(engine->data_node->Recover());
  engine->coordinator->SetDeltaMergeRules({.files_min = options.deltas_min});
  engine->coordinator->Start();
  return engine;
}

Engine::~Engine() {
  if (coordinator != nullptr) coordinator->Stop();
  for (Executor* executor :
       {&compute, &loading, &background, &compactions, &builds, &cleanup, &build_work}) {
    executor->Stop();
  }
  if (data_node != nullptr) data_node->Stop();
}

void Engine::Settle() {
  // A flush starts builds, a build tells the query node, a load may drop objects: each round
  // reaches one step further.
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<absl::Notification>> reached;
    for (Executor* executor : {&background, &compactions, &builds, &loading, &cleanup}) {
      auto& fence = reached.emplace_back(std::make_unique<absl::Notification>());
      if (!executor->Submit([fence = fence.get()] { fence->Notify(); })) fence->Notify();
    }
    for (const auto& fence : reached) fence->WaitForNotification();
    size_t waiting = 0;
    for (Executor* executor : {&background, &compactions, &builds, &loading}) {
      waiting += executor->QueueLength();
    }
    if (waiting > 0) round = -1;
  }
}

std::string KeyText(int64_t key) {
  return fmt::format("k{:06}", key);
}

void MakeCollection(Engine& engine, bool text_keys, const std::string& index_type) {
  roles::CreateCollectionRequest request;
  request.num_shards = kShards;
  request.schema.name = kCollection;
  schema::FieldSchema key;
  key.name = "key";
  key.is_primary_key = true;
  key.type = text_keys ? schema::DataType::kVarChar : schema::DataType::kInt64;
  if (text_keys) key.type_params["max_length"] = "20";
  schema::FieldSchema number;
  number.name = "number";
  number.type = schema::DataType::kInt64;
  number.is_clustering_key = true;
  schema::FieldSchema vector;
  vector.name = "vector";
  vector.type = schema::DataType::kFloatVector;
  vector.type_params["dim"] = "2";
  request.schema.fields = {key, number, vector};
  ELANUS_CHECK_OK(engine.coordinator->CreateCollection(request));
  ELANUS_CHECK_OK(MakeIndex(engine, index_type));
}

absl::Status MakeIndex(Engine& engine, const std::string& index_type) {
  roles::CreateIndexRequest index;
  index.collection = kCollection;
  index.field_name = "vector";
  index.params = {{"index_type", index_type}, {"metric_type", "L2"}};
  if (index_type == "HNSW")
    index.params.emplace_back("params", R"({"M": 8, "efConstruction": 64})");
  return engine.coordinator->CreateIndex(index);
}

absl::StatusOr<Timestamp> Apply(Engine& engine, const Write& write) {
  roles::WriteRequest request;
  request.collection = engine.collection();
  const meta::Collection& collection = *request.collection;
  std::map<std::pair<std::string, int32_t>, std::vector<Row>> groups;
  for (const PlacedRow& placed : write.inserts) {
    const int32_t shard = static_cast<int32_t>(placed.row.key % kShards);
    groups[{placed.partition, shard}].push_back(placed.row);
  }
  for (const auto& [place, rows] : groups) {
    const meta::Partition* partition = collection.FindPartition(place.first);
    if (partition == nullptr) {
      return UserError(ErrorCode::kPartitionNotFound, "partition not found[partition={}]",
                       place.first);
    }
    request.inserts.push_back({place.second, partition->id, RowsOf(collection, rows)});
  }
  if (!write.deletes.empty()) {
    request.deleted_keys = schema::Column(collection.schema.primary_key().column_type());
    for (const int64_t key : write.deletes) AppendKey(collection, key, request.deleted_keys);
    if (const meta::Partition* partition = collection.FindPartition(write.delete_partition)) {
      request.delete_partition = partition->id;
    }
  }
  return engine.data_node->Write(std::move(request));
}

absl::StatusOr<int64_t> Count(Engine& engine, const Read& read) {
  roles::QueryRequest request;
  ELANUS_ASSIGN_OR_RETURN(request.scope, ScopeOf(engine, read));
  request.count_only = true;
  ELANUS_ASSIGN_OR_RETURN(const roles::QueryResult result,
                          engine.query_node->Query(request, Cancellation()));
  return result.count;
}

absl::StatusOr<std::vector<Row>> Query(Engine& engine, const Read& read) {
  roles::QueryRequest request;
  ELANUS_ASSIGN_OR_RETURN(request.scope, ScopeOf(engine, read));
  ELANUS_ASSIGN_OR_RETURN(const roles::QueryResult result,
                          engine.query_node->Query(request, Cancellation()));
  const schema::CollectionSchema& schema = request.scope.collection->schema;
  return RowsFrom(result.rows.Find(schema.primary_key().id)->View(),
                  result.rows.Find(schema.Find("number")->id)->View());
}

absl::StatusOr<std::vector<Row>> Search(Engine& engine, const Read& read, float x, int64_t k,
                                        const SearchOptions& options) {
  roles::SearchRequest request;
  ELANUS_ASSIGN_OR_RETURN(request.scope, ScopeOf(engine, read));
  const schema::CollectionSchema& schema = request.scope.collection->schema;
  request.field = schema.Find("vector")->id;
  request.params = {{"ef", "4096"}};  // More than a segment here has rows: exact.
  const float query[2] = {x, 0};
  request.queries.assign(reinterpret_cast<const char*>(query), sizeof(query));
  request.num_queries = 1;
  request.k = k;
  request.range = options.range;
  request.offset = options.offset;
  request.exact_ties = options.exact_ties;
  ELANUS_ASSIGN_OR_RETURN(const roles::SearchResult result,
                          engine.query_node->Search(request, Cancellation()));
  return RowsFrom(result.keys.View(), result.fields.Find(schema.Find("number")->id)->View());
}

}  // namespace elanus::engine
