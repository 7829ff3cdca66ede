#include "indexnode/local_index_node.h"

#include <gtest/gtest.h>

#include <mutex>
#include <random>
#include <thread>

#include "common/metric_families.h"
#include "expr/json_paths.h"
#include "index/index_kinds.h"
#include "index/scalar/path_index.h"
#include "index/scalar/scalar_index.h"
#include "index/scalar/text_index.h"
#include "meta/implied_indexes.h"
#include "storage/column_file.h"
#include "storage/fault_file_system.h"
#include "storage/memory_file_system.h"

namespace elanus::indexnode {
namespace {

constexpr int64_t kDim = 32;
constexpr FieldId kField{101};

class LocalIndexNodeTest : public testing::Test {
 protected:
  // A segment of random rows, and the task to build an HNSW index of it.
  roles::BuildTask TaskOver(int64_t num_rows, int64_t ef_construction = 100) {
    schema::Column column({.type = schema::DataType::kFloatVector, .dim = kDim});
    std::mt19937_64 random(1);
    std::normal_distribution<float> normal;
    float row[kDim];
    for (int64_t i = 0; i < num_rows; ++i) {
      for (float& value : row) value = normal(random);
      column.AppendFixedRows(row, 1);
    }
    const auto file = storage::EncodeColumnFile(column.View());
    EXPECT_TRUE(file.ok());
    const std::string_view part = *file;
    EXPECT_TRUE(store->Put("insert_log/1/2/3/101/1", {&part, 1}).ok());
    auto segment = std::make_shared<meta::Segment>();
    segment->id = SegmentId(3);
    segment->num_rows = num_rows;
    segment->files = {{kField, "insert_log/1/2/3/101/1", static_cast<int64_t>(file->size())}};
    roles::BuildTask task;
    task.build = BuildId(9);
    task.segment = segment;
    task.index.id = IndexId(7);
    task.index.name = "v";
    task.index.field = kField;
    task.index.type = "HNSW";
    task.index.metric = "L2";
    task.index.params = {{"M", "16"}, {"efConstruction", std::to_string(ef_construction)}};
    return task;
  }

  storage::MemoryFileSystem files;
  std::unique_ptr<storage::ObjectStore> store = storage::MakeLocalObjectStore(files, "objects");
  Executor executor{{.name = "build", .num_threads = 2}};
  MetricRegistry metrics;
};

TEST_F(LocalIndexNodeTest, TellsHowFarABuildIsAndNeverGoesBack) {
  LocalIndexNode node(*store, executor, {.metrics = &metrics});
  const roles::BuildTask task = TaskOver(8000);
  std::mutex mutex;
  std::vector<double> told;
  bool gauge_shown = false;
  const auto built = node.Build(task, Cancellation(),
                                {.progress =
                                     [&](double share) {
                                       std::lock_guard lock(mutex);
                                       told.push_back(share);
                                       gauge_shown |=
                                           metrics.Render().find("elanus_index_build_percent{") !=
                                           std::string::npos;
                                     },
                                 .waiting = nullptr});
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_TRUE(store->Get(built->key).ok());
  ASSERT_GE(told.size(), 5u);
  for (size_t i = 1; i < told.size(); ++i) EXPECT_GT(told[i], told[i - 1]);
  EXPECT_EQ(told.front(), 0) << "it has begun";
  EXPECT_EQ(told.back(), 1);
  EXPECT_TRUE(gauge_shown);
  const std::string after = metrics.Render();
  EXPECT_EQ(after.find("elanus_index_build_percent{"), std::string::npos) << after;
  EXPECT_NE(after.find("milvus_indexnode_index_task_count{node_id=\"1\",status=\"success\"} 1"),
            std::string::npos)
      << after;
}

TEST_F(LocalIndexNodeTest, TenantsThatLieTogetherGetPartsOfTheIndex) {
  LocalIndexNode node(*store, executor, {.metrics = &metrics});
  roles::BuildTask task = TaskOver(5000);
  // Two large tenants with many small ones between them.
  schema::Column tenants({.type = schema::DataType::kInt64});
  for (int64_t row = 0; row < 5000; ++row) {
    tenants.Append(row < 2000 ? 1 : row < 2700 ? row : 9999);
  }
  const auto column = storage::EncodeColumnFile(tenants.View());
  const std::string_view bytes = *column;
  ASSERT_TRUE(store->Put("insert_log/1/2/3/102/1", {&bytes, 1}).ok());
  meta::Segment segment = *task.segment;
  segment.files.push_back({FieldId(102), "insert_log/1/2/3/102/1", 1});
  task.segment = std::make_shared<const meta::Segment>(segment);
  const auto whole = node.Build(task, Cancellation(), {});
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_TRUE(whole->parts.empty());

  segment.ordered_by = FieldId(102);
  task.segment = std::make_shared<const meta::Segment>(segment);
  std::mutex mutex;
  std::vector<double> told;
  const auto built = node.Build(task, Cancellation(),
                                {.progress =
                                     [&](double share) {
                                       std::lock_guard lock(mutex);
                                       told.push_back(share);
                                     },
                                 .waiting = nullptr});
  ASSERT_TRUE(built.ok()) << built.status();
  for (size_t i = 1; i < told.size(); ++i) EXPECT_GT(told[i], told[i - 1]);
  ASSERT_EQ(built->parts.size(), 3u);
  EXPECT_EQ(built->parts[1].first_row, 2000);
  EXPECT_EQ(built->parts[2].first_row, 2700);
  const auto file = *store->Get(built->key);
  EXPECT_EQ(file->data().size(), static_cast<size_t>(built->bytes));
  const auto vectors = *store->Get("insert_log/1/2/3/101/1");
  const auto opened = *storage::ColumnFile::Open(vectors, "101");
  const index::IndexKind& kind = *index::FindIndexKind("HNSW");
  for (size_t i = 0; i < 3; ++i) {
    const meta::IndexPart& part = built->parts[i];
    EXPECT_EQ(part.offset % 4096, 0);
    const int64_t end = i < 2 ? built->parts[i + 1].first_row : 5000;
    const index::VectorRows rows{schema::DataType::kFloatVector, kDim, end - part.first_row,
                                 opened->View().fixed + part.first_row * kDim * 4};
    const auto index = kind.open(file->data().subspan(part.offset, part.bytes), rows,
                                 kernels::Metric::kL2, task.index.params);
    EXPECT_TRUE(index.ok()) << index.status();
  }

  // A graph that stays on disk brings what searches touch anyway.
  task.index.type = "DISKANN";
  task.index.params = {{"search_list_size", "100"}};
  const auto on_disk = node.Build(task, Cancellation(), {});
  ASSERT_TRUE(on_disk.ok()) << on_disk.status();
  EXPECT_TRUE(on_disk->parts.empty());
}

TEST_F(LocalIndexNodeTest, AFileThatNeedNotFitMemoryIsPutTogetherOnDisk) {
  roles::BuildTask task = TaskOver(3000);
  task.index.type = "DISKANN";
  task.index.params = {{"search_list_size", "60"}};
  LocalIndexNode in_memory(*store, executor, {.metrics = &metrics});
  const auto expected = in_memory.Build(task, Cancellation(), {});
  ASSERT_TRUE(expected.ok()) << expected.status();
  storage::MemoryFileSystem scratch;
  scratch.Put("scratch/left", "by a crash");
  storage::FaultFileSystem faults(scratch);
  LocalIndexNode node(*store, executor,
                      {.metrics = &metrics, .files = &faults, .scratch_directory = "scratch"});
  EXPECT_TRUE(scratch.List("scratch")->empty());
  task.build = BuildId(10);
  const auto built = node.Build(task, Cancellation(), {});
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_EQ(built->bytes, expected->bytes);
  EXPECT_TRUE(scratch.List("scratch")->empty());
  EXPECT_TRUE(store->Get(built->key).ok());
}

TEST_F(LocalIndexNodeTest, ABuildBeyondTheBudgetIsRefusedBeforeItBegins) {
  LocalIndexNode node(*store, executor, {.memory_bytes_max = 17 << 20, .metrics = &metrics});
  const auto refused = node.Build(TaskOver(20000), Cancellation(), {});
  EXPECT_EQ(CodeOf(refused.status()), ErrorCode::kParameterTooLarge) << refused.status();
  EXPECT_NE(MessageOf(refused.status()).find("elanus.indexBuild.memory"), std::string::npos);
  EXPECT_TRUE(node.Build(TaskOver(100), Cancellation(), {}).ok());
  EXPECT_EQ(node.reserved_bytes(), 0);
}

TEST_F(LocalIndexNodeTest, ACancelledBuildEndsInTheMiddleAndWritesNothing) {
  LocalIndexNode node(*store, executor, {.metrics = &metrics});
  const roles::BuildTask task = TaskOver(30000, 400);
  const auto flag = std::make_shared<std::atomic<bool>>(false);
  std::atomic<double> reached{0};
  const auto built = node.Build(task, Cancellation(flag, 0),
                                {.progress =
                                     [&](double share) {
                                       reached = share;
                                       *flag = true;
                                     },
                                 .waiting = nullptr});
  EXPECT_EQ(CodeOf(built.status()), ErrorCode::kCancelled);
  EXPECT_LT(reached, 0.9);
  EXPECT_TRUE(store->List("index_files")->empty());
  EXPECT_EQ(node.reserved_bytes(), 0);
}

class ScalarBuildTest : public LocalIndexNodeTest {
 protected:
  roles::BuildTask TaskOver(const schema::Column& column, const std::string& type) {
    const auto file = storage::EncodeColumnFile(column.View());
    EXPECT_TRUE(file.ok());
    const std::string_view part = *file;
    EXPECT_TRUE(store->Put("insert_log/1/2/3/101/1", {&part, 1}).ok());
    auto segment = std::make_shared<meta::Segment>();
    segment->id = SegmentId(3);
    segment->num_rows = column.num_rows();
    segment->files = {{kField, "insert_log/1/2/3/101/1", static_cast<int64_t>(file->size())}};
    roles::BuildTask task;
    task.build = BuildId(9);
    task.segment = segment;
    task.index.field = kField;
    task.index.type = type;
    return task;
  }

  // The rows with this key, by an index that is built now.
  std::vector<int64_t> RowsWith(const roles::BuildTask& task, index::ScalarKey key) {
    LocalIndexNode node(*store, executor, {.metrics = &metrics});
    const auto built = node.Build(task, Cancellation(), {});
    EXPECT_TRUE(built.ok()) << built.status();
    const auto file = *store->Get(built->key);
    const auto index = index::OpenScalarIndex(file->data(), task.segment->num_rows);
    EXPECT_TRUE(index.ok()) << index.status();
    const index::ScalarQuery query{.keys = {std::move(key)}};
    const auto plan = (*index)->Plan(query, 1e18);
    EXPECT_TRUE(plan.ok() && plan->has_value());
    const std::vector<uint32_t> rows = (*index)->Rows(query, **plan, Cancellation())->found.Rows();
    return {rows.begin(), rows.end()};
  }
};

TEST_F(ScalarBuildTest, BuildsOverAColumn) {
  schema::Column column({.type = schema::DataType::kInt64});
  for (const int64_t value : {5, 7, 5, 6}) column.Append(value);
  EXPECT_EQ(RowsWith(TaskOver(column, "STL_SORT"), int64_t{5}), (std::vector<int64_t>{0, 2}));
}

TEST_F(ScalarBuildTest, BuildsOverValuesAtAPathOfJson) {
  schema::Column column({.type = schema::DataType::kJson});
  for (const char* json : {R"({"a":[{"b":1}]})", R"({"a":[{"b":"1"}]})", "{}",
                           R"({"a":[{"b":1.0}]})", R"({"a":[2,{"b":1}]})"}) {
    column.AppendRaw(json);
  }
  roles::BuildTask task = TaskOver(column, "INVERTED");
  task.index.json_path = "/a/0/b";
  task.index.params = {{"json_cast_type", "DOUBLE"}};
  EXPECT_EQ(RowsWith(task, 1.0), (std::vector<int64_t>{0, 3}));
  task.index.params = {{"json_cast_type", "VARCHAR"}};
  EXPECT_EQ(RowsWith(task, "1"), (std::vector<int64_t>{1}));
}

TEST_F(ScalarBuildTest, BuildsOverAllPathsOfJson) {
  schema::Column column({.type = schema::DataType::kJson});
  for (const char* json : {R"({"a":{"b":1}})", R"({"a":{"b":"1"}})", "{}", R"({"b":1})"}) {
    column.AppendRaw(json);
  }
  roles::BuildTask task = TaskOver(column, "INVERTED");
  task.index.json_path = "/a";
  task.index.params = {{"json_cast_type", "JSON"}};
  LocalIndexNode node(*store, executor, {.metrics = &metrics});
  const auto built = node.Build(task, Cancellation(), {});
  ASSERT_TRUE(built.ok()) << built.status();
  const auto file = *store->Get(built->key);
  auto index = index::PathIndex::Open(file->data(), 4);
  ASSERT_TRUE(index.ok()) << index.status();
  const auto below = expr::PlaceBelow(expr::PathOfPointer("/a"), expr::PathOfPointer("/a/b"));
  const auto at = index::PathIndex::At(*std::move(index), {.path = *below});
  const index::ScalarQuery query{.keys = {1.0}};
  const auto plan = *at->Plan(query, 1e18);
  EXPECT_EQ(at->Rows(query, *plan, Cancellation())->found.Rows(), std::vector<uint32_t>({0}));
}

TEST_F(ScalarBuildTest, BuildsTheIndexOfWords) {
  schema::Column column({.type = schema::DataType::kVarChar});
  for (const char* text : {"Red fox", "a red car", "fox"}) column.AppendRaw(text);
  roles::BuildTask task = TaskOver(column, std::string(meta::kTextMatchIndex));
  auto collection = std::make_shared<meta::Collection>();
  schema::FieldSchema field{.id = kField, .name = "t", .type = schema::DataType::kVarChar};
  field.type_params = {{"enable_analyzer", "true"}, {"enable_match", "true"}};
  collection->schema.fields.push_back(field);
  task.collection = collection;
  LocalIndexNode node(*store, executor, {.metrics = &metrics});
  const auto built = node.Build(task, Cancellation(), {});
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_EQ(built->key, fmt::format("index_files/9/1/{}/3/TEXT_MATCH", task.segment->partition));
  const auto file = *store->Get(built->key);
  const auto index = index::TextIndex::Open(file->data(), 3);
  ASSERT_TRUE(index.ok()) << index.status();
  const text::MatchQuery query = text::MatchTokens({{"red", 0, 3, 0, 1}}, 1);
  EXPECT_EQ((*index)->Match(query, Cancellation())->Rows(), std::vector<uint32_t>({0, 1}));
}

TEST_F(ScalarBuildTest, BuildsNothingWhereTheSegmentLacksTheField) {
  schema::Column column({.type = schema::DataType::kInt64});
  column.Append(int64_t{1});
  roles::BuildTask task = TaskOver(column, "INVERTED");
  task.index.field = FieldId(555);
  LocalIndexNode node(*store, executor, {.metrics = &metrics});
  const auto built = node.Build(task, Cancellation(), {});
  ASSERT_TRUE(built.ok());
  EXPECT_EQ(built->key, "");
}

}  // namespace
}  // namespace elanus::indexnode
