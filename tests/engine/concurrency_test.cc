// Everything at once, for the thread sanitizer and for what only timing shows.
#include <gtest/gtest.h>

#include <thread>

#include "engine/model.h"

namespace elanus::engine {
namespace {

class ConcurrencyTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.compute_threads = 2;
    options_.data_node.growing_bytes_max = 400;  // Some ten rows: flushes go on all the time.
    options_.data_node.log_bytes_max = 3000;
    auto opened = Engine::Open(world_, options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    engine_ = *std::move(opened);
    MakeCollection(*engine_, /*text_keys=*/false, "HNSW");
    Load({});
    engine_->Settle();
  }
  void Load(const std::vector<std::string>& partitions, bool refresh = false) {
    roles::LoadRequest request;
    request.collection = kCollection;
    request.whole_collection = partitions.empty();
    request.partitions = partitions;
    request.refresh = refresh;
    EXPECT_TRUE(engine_->coordinator->Load(request).ok());
  }
  void Insert(int64_t key, const std::string& partition = "_default") {
    engine::Write write;
    write.inserts.push_back({{key, key}, partition});
    const auto at = Apply(*engine_, write);
    ASSERT_TRUE(at.ok()) << at.status();
  }

  World world_;
  EngineOptions options_;
  std::unique_ptr<Engine> engine_;
};

// Threads that end when the given work is done.
class Helpers {
 public:
  ~Helpers() { Join(); }
  void Start(std::function<void()> step) {
    threads_.emplace_back([this, step = std::move(step)] {
      while (!stop_) step();
    });
  }
  void Join() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

TEST_F(ConcurrencyTest, EachAcknowledgedRowIsSeenExactlyOnceWhileSegmentsChangeHands) {
  constexpr int64_t kRows = 100;
  std::array<std::atomic<int64_t>, 2> begun{}, acknowledged{};
  Helpers helpers;
  for (int i = 0; i < 2; ++i) {
    helpers.Start([&] {
      const int64_t before = acknowledged[0] + acknowledged[1];
      const absl::StatusOr<int64_t> count = Count(*engine_, {});
      const int64_t after = begun[0] + begun[1];
      ASSERT_TRUE(count.ok()) << count.status();
      EXPECT_GE(*count, before);
      EXPECT_LE(*count, after);
      const int64_t known = acknowledged[0];
      const absl::StatusOr<std::vector<Row>> rows = Query(*engine_, {.filter = "key < 1000000"});
      ASSERT_TRUE(rows.ok()) << rows.status();
      ASSERT_GE(static_cast<int64_t>(rows->size()), known);
      for (int64_t key = 0; key < known; ++key) ASSERT_EQ((*rows)[key], (Row{key, key}));
      const absl::StatusOr<std::vector<Row>> hits = Search(*engine_, {}, 0.25f, 5);
      ASSERT_TRUE(hits.ok()) << hits.status();
      if (known >= 5) {
        EXPECT_EQ(hits->front(), (Row{0, 0}));
      }
    });
  }
  helpers.Start([&] {
    EXPECT_TRUE(engine_->data_node->Flush(engine_->collection()->id, Cancellation()).ok());
    // Goes on behind; what waits or is merged already is left out.
    EXPECT_TRUE(engine_->coordinator->Compact({.collection = engine_->collection()->id}).ok());
  });
  helpers.Start([&] {
    Load({}, /*refresh=*/true);
    engine_->data_node->Maintain();
    (void)engine_->query_node->LoadedSegments(engine_->collection()->id);
    (void)engine_->data_node->GrowingSegments(engine_->collection()->id);
    std::this_thread::yield();
  });
  std::vector<std::thread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([&, t] {
      for (int64_t i = 0; i < kRows; ++i) {
        ++begun[t];
        Insert(t * 1'000'000 + i);
        ++acknowledged[t];
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  helpers.Join();
  engine_->Settle();
  EXPECT_EQ(*Count(*engine_, {}), 2 * kRows);
}

TEST_F(ConcurrencyTest, AnUpsertedKeyIsThereExactlyOnceAtAllTimes) {
  constexpr int64_t kUpserts = 200;
  Insert(7);
  std::atomic<int64_t> acknowledged{7};
  std::atomic<int64_t> begun{7};
  Helpers helpers;
  for (int i = 0; i < 2; ++i) {
    helpers.Start([&] {
      const int64_t before = acknowledged;
      const absl::StatusOr<std::vector<Row>> rows = Query(*engine_, {});
      const int64_t after = begun;
      ASSERT_TRUE(rows.ok()) << rows.status();
      ASSERT_EQ(rows->size(), 1u);
      EXPECT_GE(rows->front().number, before);
      EXPECT_LE(rows->front().number, after);
      EXPECT_EQ(Count(*engine_, {}).value_or(-1), 1);
    });
  }
  helpers.Start([&] {
    EXPECT_TRUE(engine_->data_node->Flush(engine_->collection()->id, Cancellation()).ok());
    // Goes on behind; what waits or is merged already is left out.
    EXPECT_TRUE(engine_->coordinator->Compact({.collection = engine_->collection()->id}).ok());
  });
  helpers.Start([&] {
    Load({}, /*refresh=*/true);
    std::this_thread::yield();
  });
  for (int64_t number = 8; number < 8 + kUpserts; ++number) {
    begun = number;
    engine::Write write{.inserts = {{{7, number}, "_default"}}, .deletes = {7}};
    ASSERT_TRUE(Apply(*engine_, write).ok());
    acknowledged = number;
  }
  helpers.Join();
}

TEST_F(ConcurrencyTest, APartitionThatComesAndGoesIsReadWholeOrNotAtAll) {
  ASSERT_TRUE(engine_->coordinator->CreatePartition("", kCollection, "p").ok());
  ASSERT_TRUE(engine_->coordinator->ReleaseCollection("", kCollection).ok());
  Load({"_default"});
  engine_->Settle();
  constexpr int64_t kRows = 60;
  std::atomic<int64_t> acknowledged{0};
  std::atomic<int64_t> begun{0};
  std::atomic<int64_t> seen{0};
  Helpers helpers;
  helpers.Start([&] {
    const int64_t before = acknowledged;
    const absl::StatusOr<int64_t> count = Count(*engine_, {.partitions = {"p"}});
    const int64_t after = begun;
    if (!count.ok()) {
      EXPECT_EQ(CodeOf(count.status()), ErrorCode::kPartitionNotLoaded) << count.status();
      return;
    }
    ++seen;
    EXPECT_GE(*count, before);
    EXPECT_LE(*count, after);
  });
  helpers.Start([&] {
    const int64_t before = acknowledged;
    const absl::StatusOr<int64_t> count = Count(*engine_, {.partitions = {"_default"}});
    ASSERT_TRUE(count.ok()) << count.status();
    EXPECT_GE(*count, before);
  });
  helpers.Start([&] {
    Load({"p"});
    (void)Count(*engine_, {.partitions = {"p"}});
    EXPECT_TRUE(engine_->coordinator->ReleasePartitions("", kCollection, {"p"}).ok());
  });
  for (int64_t key = 0; key < kRows || seen < 5; ++key) {
    ++begun;
    Insert(2 * key);
    Insert(2 * key + 1, "p");
    ++acknowledged;
  }
  helpers.Join();
}

TEST_F(ConcurrencyTest, TruncationTakesWhatWasAcknowledgedBeforeAndNothingThatBeganAfter) {
  std::atomic<int64_t> begun{0};
  std::atomic<int64_t> acknowledged{0};
  Helpers helpers;
  helpers.Start([&] { Insert(begun++), ++acknowledged; });
  helpers.Start([&] {
    EXPECT_TRUE(engine_->data_node->Flush(engine_->collection()->id, Cancellation()).ok());
    // Goes on behind; what waits or is merged already is left out.
    EXPECT_TRUE(engine_->coordinator->Compact({.collection = engine_->collection()->id}).ok());
  });
  helpers.Start([&] {
    Load({}, /*refresh=*/true);
    std::this_thread::yield();
  });
  for (int round = 0; round < 8; ++round) {
    while (acknowledged < (round + 1) * 15) std::this_thread::yield();
    const int64_t gone = acknowledged;
    ASSERT_TRUE(engine_->coordinator->TruncateCollection("", kCollection).ok());
    const int64_t stays = begun;
    while (acknowledged < stays + 3) std::this_thread::yield();
    const absl::StatusOr<std::vector<Row>> rows = Query(*engine_, {});
    ASSERT_TRUE(rows.ok()) << rows.status();
    std::set<int64_t> keys;
    for (const Row& row : *rows) keys.insert(row.key);
    EXPECT_TRUE(keys.empty() || *keys.begin() >= gone) << *keys.begin() << " of " << gone;
    for (int64_t key = stays; key < stays + 3; ++key) EXPECT_TRUE(keys.contains(key)) << key;
  }
  helpers.Join();
}

TEST_F(ConcurrencyTest, DroppedPartitionsStayAwayWhileWritersStillAimAtThem) {
  Helpers helpers;
  std::atomic<int64_t> next{0};
  helpers.Start([&] {
    engine::Write write;
    const int64_t key = next++;
    write.inserts.push_back({{key, key}, "p"});
    const absl::Status status = Apply(*engine_, write).status();
    if (!status.ok()) {
      EXPECT_EQ(CodeOf(status), ErrorCode::kPartitionNotFound) << status;
    }
  });
  helpers.Start([&] {
    EXPECT_TRUE(engine_->data_node->Flush(engine_->collection()->id, Cancellation()).ok());
    // Goes on behind; what waits or is merged already is left out.
    EXPECT_TRUE(engine_->coordinator->Compact({.collection = engine_->collection()->id}).ok());
  });
  for (int round = 0; round < 8; ++round) {
    ASSERT_TRUE(engine_->coordinator->CreatePartition("", kCollection, "p").ok());
    for (const int64_t enough = next + 4; next < enough;) std::this_thread::yield();
    ASSERT_TRUE(engine_->coordinator->ReleaseCollection("", kCollection).ok());
    ASSERT_TRUE(engine_->coordinator->DropPartition("", kCollection, "p").ok());
    Load({});
    EXPECT_EQ(Count(*engine_, {}).value_or(-1), 0);
  }
  helpers.Join();
  engine_->Settle();
  EXPECT_EQ(Count(*engine_, {}).value_or(-1), 0);
}

TEST_F(ConcurrencyTest, CollectionsAreDroppedWhileEverybodyUsesThem) {
  Helpers helpers;
  std::atomic<int64_t> next{0};
  const auto collection = [&]() -> meta::CollectionPtr {
    const auto found = engine_->coordinator->GetCollection("", kCollection);
    return found.ok() ? *found : nullptr;
  };
  absl::Mutex exists;  // Apply and the like insist on it.
  helpers.Start([&] {
    absl::ReaderMutexLock lock(&exists);
    const int64_t key = next++;
    (void)Apply(*engine_, {.inserts = {{{key, key}, "_default"}}}).ok();
    (void)Count(*engine_, {}).ok();
  });
  helpers.Start([&] {
    if (const meta::CollectionPtr found = collection()) {
      (void)engine_->data_node->Flush(found->id, Cancellation()).ok();
      (void)engine_->coordinator->Compact({.collection = found->id}).ok();
    }
  });
  helpers.Start([&] { engine_->data_node->Maintain(); });
  for (int round = 0; round < 6; ++round) {
    for (const int64_t enough = next + 5; next < enough;) std::this_thread::yield();
    absl::MutexLock lock(&exists);
    ASSERT_TRUE(engine_->coordinator->DropCollection("", kCollection).ok());
    MakeCollection(*engine_, /*text_keys=*/false, "FLAT");
    Load({});
  }
  helpers.Join();
  engine_->Settle();
  EXPECT_EQ(engine_->registry.All().size(), 1u);
}

}  // namespace
}  // namespace elanus::engine
