// Single stories about writes, flushes and loads that meet each other or a failure.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "absl/synchronization/notification.h"
#include "engine/model.h"

namespace elanus::engine {
namespace {

class ScenarioTest : public testing::Test {
 protected:
  void SetUp() override { Start(); }

  void Start(bool first = true) {
    engine_ = nullptr;
    auto opened = Engine::Open(*world_, options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    engine_ = *std::move(opened);
    if (first) {
      MakeCollection(*engine_, /*text_keys=*/false, "HNSW");
      Load();
    }
    engine_->Settle();
  }
  void Load(std::vector<std::string> partitions = {}) {
    roles::LoadRequest request;
    request.collection = kCollection;
    request.whole_collection = partitions.empty();
    request.partitions = std::move(partitions);
    ASSERT_TRUE(engine_->coordinator->Load(request).ok());
  }
  absl::Status Insert(const std::vector<int64_t>& keys, const std::string& partition = "_default") {
    engine::Write write;
    for (const int64_t key : keys) write.inserts.push_back({{key, ++number_}, partition});
    return Apply(*engine_, write).status();
  }
  absl::Status Delete(const std::vector<int64_t>& keys) {
    return Apply(*engine_, {.deletes = keys}).status();
  }
  absl::Status Flush() {
    return engine_->data_node->Flush(engine_->collection()->id, Cancellation()).status();
  }
  std::vector<int64_t> Keys(const Read& read = {}) {
    const auto rows = Query(*engine_, read);
    EXPECT_TRUE(rows.ok()) << rows.status();
    std::vector<int64_t> keys;
    if (rows.ok()) {
      for (const Row& row : *rows) keys.push_back(row.key);
    }
    return keys;
  }
  std::set<std::string> Objects() {
    std::set<std::string> names;
    const std::vector<storage::FileInfo> objects = *engine_->store->List("");
    for (const storage::FileInfo& object : objects) names.insert(object.name);
    return names;
  }

  using List = std::vector<int64_t>;
  EngineOptions options_;
  std::unique_ptr<World> world_ = std::make_unique<World>();
  std::unique_ptr<Engine> engine_;
  int64_t number_ = 0;
};

TEST_F(ScenarioTest, AWriteToADroppedPartitionIsRefused) {
  ASSERT_TRUE(engine_->coordinator->CreatePartition("", kCollection, "p").ok());
  const meta::CollectionPtr stale = engine_->collection();
  ASSERT_TRUE(engine_->coordinator->ReleaseCollection("", kCollection).ok());
  ASSERT_TRUE(engine_->coordinator->DropPartition("", kCollection, "p").ok());
  Load();
  roles::WriteRequest request;
  request.collection = stale;  // As a proxy saw it just before.
  request.inserts.push_back({0, stale->FindPartition("p")->id, {}});
  EXPECT_EQ(CodeOf(engine_->data_node->Write(std::move(request)).status()),
            ErrorCode::kPartitionNotFound);
  engine_->Settle();
  EXPECT_EQ(Keys(), List());
}

TEST_F(ScenarioTest, AnIndexBuiltBeforeTheHandoverIsUsed) {
  ASSERT_TRUE(Insert({2, 4, 6, 8, 10, 12}).ok());
  ASSERT_TRUE(Flush().ok());
  engine_->Settle();
  const auto segments = engine_->query_node->LoadedSegments(engine_->collection()->id);
  ASSERT_EQ(segments.size(), 1u);
  EXPECT_FALSE(segments[0].growing);
  EXPECT_EQ(segments[0].indexes.size(), 1u);
}

TEST_F(ScenarioTest, DeletesOfReleasedRowsAreNotForgotten) {
  ASSERT_TRUE(Insert({1, 2, 3}).ok());
  ASSERT_TRUE(Flush().ok());
  Load();  // Completes: all segments are there.
  engine_->Settle();
  ASSERT_TRUE(engine_->coordinator->ReleaseCollection("", kCollection).ok());
  ASSERT_TRUE(Delete({2}).ok());
  Load();
  engine_->Settle();
  EXPECT_EQ(Keys(), (List{1, 3}));
  ASSERT_TRUE(Flush().ok());
  Start(/*first=*/false);
  EXPECT_EQ(Keys(), (List{1, 3}));
}

TEST_F(ScenarioTest, AFullDiskRefusesFlushesWithoutFillingUpAndLaterOnesSucceed) {
  ASSERT_TRUE(Insert({2, 4}).ok());
  ASSERT_TRUE(Delete({2}).ok());
  const std::set<std::string> before = Objects();
  for (uint64_t call = 1; call < 40; ++call) {
    world_->files.Inject({call, storage::FaultKind::kNoSpace, /*forever=*/true});
    const absl::Status status = Flush();
    world_->files.StopFaults();
    EXPECT_EQ(Keys(), (List{4}));
    if (status.ok()) break;
    // What a try has finished stays for the next one; nothing comes twice.
    EXPECT_LE(Objects().size(), before.size() + 5);
  }
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(engine_->coordinator->Segments(engine_->collection()->id).size(), 1u);
  engine_->Settle();
  Start(/*first=*/false);
  EXPECT_EQ(Keys(), (List{4}));
}

TEST_F(ScenarioTest, AFullCatalogRefusesFlushesWithoutFillingTheDisk) {
  ASSERT_TRUE(Insert({2, 4}).ok());
  ASSERT_TRUE(Delete({2}).ok());
  std::set<std::string> after_first;
  for (int tries = 0; tries < 5; ++tries) {
    world_->meta.FailCommits(1);
    EXPECT_FALSE(Flush().ok());
    if (tries == 0) after_first = Objects();
    EXPECT_EQ(Objects(), after_first);
    EXPECT_EQ(Keys(), (List{4}));
  }
  world_->meta.FailCommits(0);
  EXPECT_TRUE(Flush().ok());
  EXPECT_EQ(Keys(), (List{4}));
}

TEST_F(ScenarioTest, RowsThatCannotBeFlushedHoldBackWritesInTheEnd) {
  options_.data_node.growing_bytes_max = 200;
  options_.data_node.unflushed_bytes_max = 2000;
  Start(/*first=*/false);
  int64_t key = 1;
  absl::Status status = Insert({key});  // Takes a lease of ids from the catalog.
  engine_->Settle();
  world_->meta.FailCommits(1 << 30);
  while (status.ok() && key < 10'000) status = Insert({++key});
  EXPECT_EQ(CodeOf(status), ErrorCode::kMemoryLimitExceeded);
  EXPECT_TRUE(Delete({1}).ok());  // Deletes are let through: they make room.
  world_->meta.FailCommits(0);
  engine_->data_node->Maintain();
  engine_->Settle();
  EXPECT_TRUE(Insert({key}).ok());
  EXPECT_EQ(Keys().size(), static_cast<size_t>(key - 1));
}

TEST_F(ScenarioTest, RowsThatComeFasterThanTheyAreFlushedAreToWait) {
  options_.data_node.unflushed_bytes_max = -1;
  Start(/*first=*/false);
  const absl::Status status = Insert({1});
  EXPECT_EQ(CodeOf(status), ErrorCode::kRateLimit) << "clients try again by themselves";
  EXPECT_TRUE(Delete({1}).ok());
}

TEST_F(ScenarioTest, ManyDeletesAreFlushedByMaintenance) {
  options_.data_node.pending_deletes_max = 10;
  Start(/*first=*/false);
  ASSERT_TRUE(engine_->coordinator->ReleaseCollection("", kCollection).ok());
  for (int64_t i = 0; i < 12; ++i) ASSERT_TRUE(Delete({i}).ok());
  engine_->data_node->Maintain();
  engine_->Settle();
  EXPECT_EQ(engine_->coordinator->Deltas(engine_->collection()->id).size(), 1u);
}

TEST_F(ScenarioTest, LoadingAnotherPartitionLeavesReadableWhatIsAndHidesWhatIsNotThereYet) {
  ASSERT_TRUE(engine_->coordinator->CreatePartition("", kCollection, "p").ok());
  ASSERT_TRUE(Insert({1}).ok());
  ASSERT_TRUE(Insert({2}, "p").ok());
  ASSERT_TRUE(Flush().ok());
  ASSERT_TRUE(engine_->coordinator->ReleaseCollection("", kCollection).ok());
  Load({"_default"});
  engine_->Settle();
  absl::Notification go;
  ASSERT_TRUE(engine_->loading.Submit([&] { go.WaitForNotification(); }));
  Load({"p"});
  const CollectionId id = engine_->collection()->id;
  const PartitionId fresh = engine_->collection()->FindPartition("p")->id;
  const PartitionId old = engine_->collection()->FindPartition("_default")->id;
  EXPECT_EQ(engine_->query_node->GetLoadStatus(id, {fresh}).state, roles::LoadState::kLoading);
  EXPECT_EQ(engine_->query_node->GetLoadStatus(id, {old}).state, roles::LoadState::kLoaded);
  EXPECT_EQ(engine_->query_node->GetLoadStatus(id, {}).state, roles::LoadState::kLoading);
  EXPECT_EQ(Keys(), (List{1}));
  EXPECT_EQ(Keys({.partitions = {"_default"}}), (List{1}));
  std::thread reader([&] { EXPECT_EQ(Keys({.partitions = {"p"}}), (List{2})); });  // Waits.
  go.Notify();
  reader.join();
  engine_->Settle();
  EXPECT_EQ(engine_->query_node->GetLoadStatus(id, {}).state, roles::LoadState::kLoaded);
  EXPECT_EQ(Keys(), (List{1, 2}));
}

TEST_F(ScenarioTest, ALoadThatComesAfterItsReleaseBringsNothingBack) {
  ASSERT_TRUE(Insert({1}).ok());
  ASSERT_TRUE(Flush().ok());
  ASSERT_TRUE(engine_->coordinator->ReleaseCollection("", kCollection).ok());
  absl::Notification go;
  ASSERT_TRUE(engine_->loading.Submit([&] { go.WaitForNotification(); }));
  Load();
  ASSERT_TRUE(engine_->coordinator->ReleaseCollection("", kCollection).ok());
  go.Notify();
  engine_->Settle();
  EXPECT_TRUE(engine_->query_node->LoadedSegments(engine_->collection()->id).empty());
  ASSERT_TRUE(Delete({1}).ok());
  Load();
  engine_->Settle();
  EXPECT_EQ(Keys(), List());
}

TEST_F(ScenarioTest, TruncationKeepsRowsWrittenAfterItThroughFlushesAndRestarts) {
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(Insert({1, 5, 9}).ok());
    if (round == 1) {
      ASSERT_TRUE(Flush().ok());
    }
    ASSERT_TRUE(engine_->coordinator->TruncateCollection("", kCollection).ok());
    EXPECT_EQ(Keys(), List());
    ASSERT_TRUE(Insert({3, 7}).ok());
    EXPECT_EQ(Keys(), (List{3, 7}));
    if (round == 2) {
      ASSERT_TRUE(Flush().ok());
    }
    Start(/*first=*/false);
    EXPECT_EQ(Keys(), (List{3, 7}));
  }
}

TEST_F(ScenarioTest, WritersAtTheTimeOfTheStopAreAnsweredOneWayOrTheOther) {
  std::atomic<int> acknowledged{0};
  std::atomic<bool> refused{false};
  std::vector<std::thread> writers;
  for (int t = 0; t < 4; ++t) {
    writers.emplace_back([&, t] {
      for (int64_t i = 0;; ++i) {
        engine::Write write;
        write.inserts.push_back({{t * 1'000'000 + i, 1}, "_default"});
        const absl::Status status = Apply(*engine_, write).status();
        if (!status.ok()) {
          EXPECT_EQ(CodeOf(status), ErrorCode::kServiceNotReady);
          refused = true;
          return;
        }
        ++acknowledged;
      }
    });
  }
  while (acknowledged < 20) std::this_thread::yield();
  engine_->data_node->Stop();
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(refused.load());
  Start(/*first=*/false);
  EXPECT_EQ(*Count(*engine_, {}), acknowledged.load());
}

// Two rows of one key are nearer than a third row of the same segment: they may not hide it.
TEST_F(ScenarioTest, ASearchLooksDeeperWhereRepeatedKeysTookPlaces) {
  for (const int64_t key : {4, 4, 4, 6}) ASSERT_TRUE(Insert({key}).ok());  // Numbers 1, 2, 3, 4.
  ASSERT_TRUE(Flush().ok());
  number_ = 100;
  ASSERT_TRUE(Insert({8}).ok());
  const auto hits = Search(*engine_, {}, 0.25f, 2);
  ASSERT_TRUE(hits.ok()) << hits.status();
  EXPECT_EQ(*hits, (std::vector<Row>{{4, 1}, {6, 4}}));
}

TEST_F(ScenarioTest, AWriteInFlightHidesNothingAndHoldsUpNoReadThatBeganBefore) {
  ASSERT_TRUE(Insert({2, 4}).ok());
  ASSERT_TRUE(Flush().ok());
  Start(/*first=*/false);  // All rows are in files: no write was seen in this life.
  const Timestamp guarantee = engine_->coordinator->AllocateTimestamp();
  engine_->log->Close();
  std::thread writer([&] { EXPECT_TRUE(Insert({6}).ok()); });
  while (engine_->log->num_waiting() == 0) std::this_thread::yield();
  EXPECT_EQ(Keys(), (List{2, 4}));
  EXPECT_EQ(Keys({.guarantee = guarantee}), (List{2, 4}));
  engine_->log->Open();
  writer.join();
  EXPECT_EQ(Keys(), (List{2, 4, 6}));
}

TEST_F(ScenarioTest, ATruncationWaitsForOlderWritesInFlight) {
  engine_->log->Close();
  std::thread older([&] { EXPECT_TRUE(Insert({2}).ok()); });
  while (engine_->log->num_waiting() < 1) std::this_thread::yield();
  const Timestamp at = engine_->coordinator->AllocateTimestamp();
  std::thread newer([&] {  // Goes into the same segment, which so has to stay.
    EXPECT_TRUE(Apply(*engine_, {.inserts = {{{4, 100}, "_default"}}}).ok());
  });
  while (engine_->log->num_waiting() < 2) std::this_thread::yield();
  std::thread truncation(
      [&] { engine_->data_node->OnCollectionTruncated(engine_->collection()->id, at); });
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  engine_->log->Open();
  older.join();
  newer.join();
  truncation.join();
  EXPECT_EQ(Keys(), (List{4}));
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(Keys(), (List{4}));
}

TEST_F(ScenarioTest, StoppingWaitsForWritesInFlight) {
  engine_->log->Close();
  std::thread writer([&] { EXPECT_TRUE(Insert({2}).ok()); });
  while (engine_->log->num_waiting() == 0) std::this_thread::yield();
  std::atomic<bool> stopped{false};
  std::thread stopper([&] {
    engine_->data_node->Stop();
    stopped = true;
  });
  while (true) {
    roles::WriteRequest nothing;
    nothing.collection = std::make_shared<meta::Collection>();  // Unknown: never written.
    const absl::Status status = engine_->data_node->Write(std::move(nothing)).status();
    if (CodeOf(status) == ErrorCode::kServiceNotReady) break;
  }
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  EXPECT_FALSE(stopped.load());
  engine_->log->Open();
  writer.join();
  stopper.join();
}

// What another collection's flush drops from the log may not be the only place of a delete.
TEST_F(ScenarioTest, AFlushLeavesInTheLogWhatOtherCollectionsNeed) {
  options_.log_file_bytes_max = 300;
  Start(/*first=*/false);
  ASSERT_TRUE(Insert({1, 2, 3}).ok());
  ASSERT_TRUE(Flush().ok());
  ASSERT_TRUE(Delete({2}).ok());
  ASSERT_TRUE(engine_->coordinator->RenameCollection("", kCollection, "", "other").ok());
  MakeCollection(*engine_, /*text_keys=*/false, "FLAT");
  for (int64_t key = 0; key < 20; ++key) ASSERT_TRUE(Insert({key}).ok());
  ASSERT_TRUE(Flush().ok());
  for (int64_t key = 20; key < 40; ++key) ASSERT_TRUE(Insert({key}).ok());
  ASSERT_TRUE(Flush().ok());
  ASSERT_TRUE(engine_->coordinator->RenameCollection("", kCollection, "", "third").ok());
  ASSERT_TRUE(engine_->coordinator->RenameCollection("", "other", "", kCollection).ok());
  Start(/*first=*/false);
  EXPECT_EQ(Keys(), (List{1, 3}));
}

TEST_F(ScenarioTest, RowsOfTheSameKeyInOneSegmentAreDeletedTogetherAndComeBackNever) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Insert({1, 2}).ok());
  EXPECT_EQ(*Count(*engine_, {}), 6);
  ASSERT_TRUE(Flush().ok());
  ASSERT_TRUE(Delete({1}).ok());
  EXPECT_EQ(*Count(*engine_, {}), 3);
  ASSERT_TRUE(Insert({1}).ok());
  EXPECT_EQ(*Count(*engine_, {}), 4);
  Start(/*first=*/false);
  EXPECT_EQ(*Count(*engine_, {}), 4);
  ASSERT_TRUE(Flush().ok());
  Start(/*first=*/false);
  EXPECT_EQ(*Count(*engine_, {}), 4);
}

}  // namespace
}  // namespace elanus::engine
