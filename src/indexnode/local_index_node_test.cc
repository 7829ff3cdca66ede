#include "indexnode/local_index_node.h"

#include <gtest/gtest.h>

#include <mutex>
#include <random>
#include <thread>

#include "common/metric_families.h"
#include "index/index_kinds.h"
#include "storage/column_file.h"
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

}  // namespace
}  // namespace elanus::indexnode
