// What survives: timestamps, ids, flushes, crashes, a full disk, garbage.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>

#include "common/crash_point.h"
#include "coord/coordinator_fixture_test.h"
#include "coord/crash_points.h"
#include "coord/object_keys.h"
#include "meta/catalog_keys.h"
#include "meta/sqlite_meta_store.h"

namespace elanus::coord {
namespace {

// Refuses commits while it is told to.
class FailingStore final : public meta::MetaStore {
 public:
  absl::StatusOr<std::optional<std::string>> Get(const std::string& key) override {
    return inner_->Get(key);
  }
  absl::StatusOr<std::vector<meta::KeyValue>> Scan(const std::string& prefix) override {
    return inner_->Scan(prefix);
  }
  absl::StatusOr<bool> Commit(const meta::Transaction& transaction) override {
    if (!status.ok()) return status;
    return inner_->Commit(transaction);
  }
  absl::Status status;

 private:
  std::unique_ptr<meta::MetaStore> inner_ = meta::MakeMemoryMetaStore();
};

TEST(TimestampOracle, NeverGoesBackOverRestartsAndClockSteps) {
  FakeClock clock;
  const std::unique_ptr<meta::MetaStore> store = meta::MakeMemoryMetaStore();
  Timestamp last;
  const int64_t steps[] = {0, 1, 5000, -3'600'000, 100, -1, 3'600'000, 2999, 3001, -7};
  for (int round = 0; round < 5; ++round) {
    const auto oracle = TimestampOracle::Open(clock, *store, 3000, nullptr).value();
    for (const int64_t step : steps) {
      clock.wall_ms += step;
      for (int i = 0; i < 3; ++i) {
        const Timestamp next = oracle->Next();
        ASSERT_GT(next, last);
        last = next;
      }
    }
  }
}

TEST(TimestampOracle, FollowsTheClockWhenItCan) {
  FakeClock clock;
  const std::unique_ptr<meta::MetaStore> store = meta::MakeMemoryMetaStore();
  const auto oracle = TimestampOracle::Open(clock, *store, 3000, nullptr).value();
  for (int i = 0; i < 10; ++i) {
    clock.wall_ms += 1000;
    EXPECT_EQ(PhysicalMs(oracle->Next()), clock.wall_ms);
  }
}

TEST(TimestampOracle, ExtendsItsLeaseBeforeItIsUsedUp) {
  FakeClock clock;
  FailingStore store;
  ManualTasks tasks;
  const auto oracle = TimestampOracle::Open(clock, store, 3000, tasks.runner()).value();
  clock.wall_ms += 2000;
  oracle->Next();
  EXPECT_TRUE(tasks.RunOne()) << "less than half of the lease is left";
  // So the next one needs no disk.
  store.status = InternalError(ErrorCode::kDiskLimitExceeded, "full");
  clock.wall_ms += 2000;
  EXPECT_EQ(PhysicalMs(oracle->Next()), clock.wall_ms);
}

TEST(TimestampOracle, CountsOnWithoutTheClockWhileTheStoreFails) {
  FakeClock clock;
  FailingStore store;
  const auto oracle = TimestampOracle::Open(clock, store, 3000, nullptr).value();
  Timestamp last = oracle->Next();
  store.status = InternalError(ErrorCode::kDiskLimitExceeded, "full");
  clock.wall_ms += 60'000;
  for (int i = 0; i < 1000; ++i) {
    const Timestamp next = oracle->Next();
    ASSERT_GT(next, last);
    last = next;
  }
  EXPECT_LT(PhysicalMs(last), clock.wall_ms.load());
  store.status = absl::OkStatus();
  clock.monotonic_ns += 1'000'000'000;
  EXPECT_EQ(PhysicalMs(oracle->Next()), clock.wall_ms);
}

TEST(TimestampOracle, GivesEveryThreadItsOwn) {
  const std::unique_ptr<meta::MetaStore> store = meta::MakeMemoryMetaStore();
  const auto oracle = TimestampOracle::Open(SystemClock(), *store, 20, nullptr).value();
  std::vector<std::vector<Timestamp>> taken(4);
  std::vector<std::thread> threads;
  for (auto& mine : taken) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) mine.push_back(oracle->Next());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<Timestamp> all;
  for (const auto& mine : taken) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 80'000);
}

TEST(IdAllocator, NeverRepeatsAnIdOverRestarts) {
  const std::unique_ptr<meta::MetaStore> store = meta::MakeMemoryMetaStore();
  int64_t last = 0;
  for (int round = 0; round < 4; ++round) {
    const auto ids = IdAllocator::Open(*store, MakeTimestamp(1'760'000'000'000), 10).value();
    EXPECT_GT(ids->first_of_this_process(), last);
    for (const int64_t count : {1, 3, 25, 1}) {
      const int64_t first = ids->Allocate(count).value();
      ASSERT_GT(first, last);
      last = first + count - 1;
    }
  }
}

TEST(IdAllocator, RefusesNonsenseAndDoesNotAdvanceWhenTheStoreFails) {
  FailingStore store;
  const auto ids = IdAllocator::Open(store, MakeTimestamp(1'760'000'000'000), 10).value();
  for (const int64_t bad : {int64_t{0}, int64_t{-1}, INT64_MAX}) {
    EXPECT_FALSE(ids->Allocate(bad).ok());
  }
  const int64_t first = ids->Allocate(1).value();
  store.status = InternalError(ErrorCode::kDiskLimitExceeded, "full");
  EXPECT_EQ(CodeOf(ids->Allocate(100).status()), ErrorCode::kDiskLimitExceeded);
  EXPECT_EQ(ids->Allocate(1).value(), first + 1) << "still reserved";
  store.status = absl::OkStatus();
  EXPECT_EQ(ids->Allocate(100).value(), first + 2);
}

TEST_F(CoordinatorTest, CommitsAFlushOnceWithItsReplayPosition) {
  Create("c");
  const meta::CollectionPtr c = Get("c");
  const meta::Segment segment = MakeSegment(*c, 10);
  meta::Delta delta{*coordinator_->AllocateIds(1),    c->id, 0, "delta_log/1", 2, Timestamp(1),
                    coordinator_->AllocateTimestamp()};
  const auto first = coordinator_->CommitFlush({segment}, {delta}, 500);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first->at(0)->flushed.valid());
  const auto second = coordinator_->CommitFlush({segment}, {delta}, 400);
  EXPECT_EQ(second->at(0)->flushed, first->at(0)->flushed);
  EXPECT_EQ(coordinator_->ReplayFrom(), 500) << "the replay position never goes back";
  EXPECT_EQ(coordinator_->Segments(c->id).size(), 1);
  EXPECT_EQ(coordinator_->Deltas(c->id).size(), 1);
  const std::string dump = Dump(*coordinator_);
  Open();
  EXPECT_EQ(Dump(*coordinator_), dump);
  EXPECT_TRUE(coordinator_->CommitFlush({}, {}, 600).ok());
  Open();
  EXPECT_EQ(coordinator_->ReplayFrom(), 600);
}

TEST_F(CoordinatorTest, CollectsOnlyOldUnlistedObjectsUnderItsOwnPrefixes) {
  CreateIndexed("c");
  const SegmentId built = Flush("c", 2000);
  builds_.RunAll();
  objects_.Add(Segment(built)->indexes[0].key);
  const SegmentId pending = Flush("c", 2000);
  const std::string half_built =
      fmt::format("index_files/{}/1/x", Segment(pending)->indexes[0].build);
  objects_.Add(half_built);
  const std::set<std::string> good = objects_.keys();
  const int64_t old_id = *coordinator_->AllocateIds(1);
  for (const char* prefix : {"insert_log", "delta_log", "stats_log", "index_files"}) {
    objects_.Add(fmt::format("{}/1/{}/2", prefix, old_id));
  }
  objects_.Add(fmt::format("foreign/{}", old_id));
  objects_.Add("insert_log/no numbers");
  Open();
  const std::shared_ptr<void> hold = coordinator_->HoldIds();
  const std::string young =
      fmt::format("insert_log/1/2/{}/100/{}", old_id, *coordinator_->AllocateIds(1));
  objects_.Add(young);
  EXPECT_EQ(*coordinator_->CollectGarbage(), 4);
  cleanups_.RunAll();
  std::set<std::string> expected = good;
  expected.insert({fmt::format("foreign/{}", old_id), "insert_log/no numbers", young});
  EXPECT_EQ(objects_.keys(), expected);
}

TEST_F(CoordinatorTest, RefusesACatalogThatItDoesNotUnderstand) {
  Create("c");
  const meta::CollectionPtr c = Get("c");
  Flush("c", 5);
  Close();
  const std::vector<meta::KeyValue> rows = *store_->Scan("");
  const auto fails_with = [&](const meta::Transaction& damage, ErrorCode code,
                              std::string_view words) {
    ASSERT_TRUE(*store_->Commit(damage));
    const auto opened = Coordinator::Open({.clock = clock_, .store = *store_}, options_);
    ExpectError(opened.status(), code, words);
    ASSERT_TRUE(*store_->Commit({.puts = rows, .deletes = {meta::kReplayKey}}));
  };
  fails_with({.puts = {{"format", R"({"v":1,"format":2,"instance":"test"})"}}},
             ErrorCode::kDataIntegrity, "format 2");
  fails_with({.deletes = {"format"}}, ErrorCode::kDataIntegrity, "format");
  fails_with({.deletes = {meta::DatabaseKey(DatabaseId(1))}}, ErrorCode::kDataIntegrity,
             meta::CollectionKey(c->id));
  fails_with({.deletes = {meta::CollectionKey(c->id)}}, ErrorCode::kDataIntegrity, "segment/");
  fails_with({.puts = {{meta::CollectionKey(c->id), "{}"}}}, ErrorCode::kDataIntegrity,
             meta::CollectionKey(c->id));
  fails_with({.puts = {{meta::kReplayKey, "x"}}}, ErrorCode::kDataIntegrity, "replay");
  fails_with({.puts = {{meta::kIdBoundKey, "0"}}}, ErrorCode::kDataIntegrity, "lease/id");
  fails_with({.puts = {{meta::kTimeBoundKey, "18446744073709551615"}}}, ErrorCode::kDataIntegrity,
             "lease/time");
  Open();
  EXPECT_EQ(Get("c")->id, c->id);
}

class SqliteCoordinatorTest : public CoordinatorTest {
 protected:
  SqliteCoordinatorTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "coord_XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    Close();
    store_.reset();
  }
  ~SqliteCoordinatorTest() override {
    Close();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void OpenSqlite(int64_t pages_max = 0) {
    Close();
    store_.reset();
    auto store =
        meta::OpenSqliteMetaStore({.path = directory_ + "/catalog.db", .pages_max = pages_max});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    Open();
  }
  std::string directory_;
};

TEST_F(SqliteCoordinatorTest, RefusesChangesOnAFullDiskAndGoesOnAfterwards) {
  OpenSqlite(/*pages_max=*/24);
  absl::Status status;
  int made = 0;
  for (; made < 200 && status.ok(); ++made) {
    status = coordinator_->CreateCollection(SimpleCollection(fmt::format("c{}", made)));
  }
  EXPECT_EQ(CodeOf(status), ErrorCode::kDiskLimitExceeded) << status;
  ASSERT_GT(made, 3);
  EXPECT_FALSE(coordinator_->GetCollection("", fmt::format("c{}", made - 1)).ok());
  EXPECT_EQ(Get("c0")->schema.name, "c0");
  const Timestamp before = coordinator_->AllocateTimestamp();
  EXPECT_GT(coordinator_->AllocateTimestamp(), before);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(coordinator_->DropCollection("", fmt::format("c{}", i)).ok());
  }
  EXPECT_TRUE(coordinator_->CreateCollection(SimpleCollection("again")).ok());
  const std::string dump = Dump(*coordinator_);
  OpenSqlite();
  EXPECT_EQ(Dump(*coordinator_), dump);
}

TEST_F(SqliteCoordinatorTest, HasAllOrNothingOfAChangeAfterACrashAtEachPoint) {
  for (const std::string_view point : kCrashPoints) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
    const pid_t child = ::fork();
    if (child == 0) {
      OpenSqlite();
      Create("stays");
      ::setenv("ELANUS_CRASH_POINT", std::string(point).c_str(), 1);
      ArmCrashPointsFromEnvironment();
      Create("new");
      (void)coordinator_->CreateIndex(HnswIndex("new"));
      clock_.wall_ms += 10'000;
      (void)coordinator_->AllocateTimestamp();
      (void)coordinator_->AllocateIds(10'000'000);
      Flush("new", 5000);
      builds_.RunAll();
      Flush("new", 100);
      data_node_.compact = [](const roles::CompactionTask& task, const Cancellation&) {
        meta::Segment made = *task.sources.front();
        made.id = task.target;
        made.num_rows = 5100;
        return made;
      };
      (void)coordinator_->Compact({.collection = Get("new")->id, .segments = {}});
      compactions_.RunAll();
      const CollectionId id = Get("new")->id;
      for (int i = 0; i < 2; ++i) {
        const int64_t delta = *coordinator_->AllocateIds(1);
        const Timestamp at = coordinator_->AllocateTimestamp();
        const std::string key = fmt::format("delta_log/{}/-1/{}/{}", id, delta, delta);
        (void)coordinator_->CommitFlush({}, {{delta, id, 0, key, 1, at, at}}, std::nullopt);
      }
      data_node_.merge_deltas = [this](const roles::DeltaMergeTask& task) {
        meta::Delta merged = task.sources.back();
        merged.id = *coordinator_->AllocateIds(1);
        return std::optional(merged);
      };
      coordinator_->SetDeltaMergeRules({.files_min = 2});
      coordinator_->MaintainSegments();
      compactions_.RunAll();
      data_node_.flush = [this](CollectionId) {
        return roles::FlushResult{.flush_timestamp = coordinator_->AllocateTimestamp()};
      };
      (void)coordinator_->CreateSnapshot({.collection = "new", .name = "kept"}, {});
      objects_.readable = true;
      (void)coordinator_->RestoreSnapshot(
          {.collection = "new", .name = "kept", .target_collection = "again", .copies = true});
      compactions_.RunAll();
      for (const meta::Delta& delta : coordinator_->Deltas(id)) objects_.Add(delta.key);
      (void)coordinator_->ExportSnapshot({.collection = "new", .name = "kept", .path = "away"});
      (void)coordinator_->DropCollection("", "new");
      cleanups_.RunAll();
      ::_exit(0);
    }
    int state = 0;
    ASSERT_EQ(::waitpid(child, &state, 0), child);
    EXPECT_TRUE(WIFSIGNALED(state)) << point;
    OpenSqlite();
    ASSERT_NE(coordinator_, nullptr) << point;
    EXPECT_EQ(Get("stays")->schema.name, "stays") << point;
    const bool dropped = point == kRemoveBefore || point == kRemoveAfter;
    const bool made = point != kChangeBefore && !dropped;
    EXPECT_EQ(coordinator_->GetCollection("", "new").ok(), made) << point;
    if (!made) continue;
    const std::vector<meta::SegmentPtr> segments = coordinator_->Segments(Get("new")->id);
    const bool flushed = point == kFlushAfter || point == kIndexBefore || point == kIndexAfter;
    const bool restoring =
        point == kRestoreCopy || point == kRestoreBefore || point == kRestoreAfter;
    if (point == kExportCopy || point == kExportBefore || point == kExportAfter) {
      const auto exported = [&] { return coordinator_->RestoreJobs().back(); };
      ASSERT_EQ(coordinator_->RestoreJobs().size(), 2);
      EXPECT_EQ(exported().state, meta::RestoreJob::State::kExecuting);
      // What was not finished goes on.
      objects_.readable = true;
      for (const std::string& key : KeysOf(*segments[0])) objects_.Add(key);
      for (const meta::Delta& delta : coordinator_->Deltas(Get("new")->id)) objects_.Add(delta.key);
      coordinator_->Start();
      compactions_.RunAll();
      EXPECT_EQ(exported().state, meta::RestoreJob::State::kCompleted) << exported().reason;
      EXPECT_TRUE(
          storage::MakeLocalObjectStore(external_, "away")->Get(exported().uri.substr(5)).ok());
      Close();
      continue;
    }
    if (restoring || point == kSnapshotBefore || point == kSnapshotAfter) {
      EXPECT_EQ(segments.size(), 1);
      EXPECT_EQ(coordinator_->GetSnapshot("", "new", "kept").ok(), point != kSnapshotBefore);
      EXPECT_EQ(coordinator_->RestoreJobs().size(), restoring ? 1 : 0);
      EXPECT_EQ(coordinator_->GetCollection("", "again").ok(), point == kRestoreAfter);
      // What was not finished goes on.
      objects_.readable = true;
      for (const std::string& key : KeysOf(*segments[0])) objects_.Add(key);
      coordinator_->Start();
      compactions_.RunAll();
      EXPECT_EQ(coordinator_->GetCollection("", "again").ok(), restoring) << point;
      Close();
      continue;
    }
    if (point == kDeltasBefore || point == kDeltasAfter) {
      EXPECT_EQ(coordinator_->Deltas(Get("new")->id).size(), point == kDeltasBefore ? 2 : 1);
      Close();
      continue;
    }
    if (point == kCompactBefore || point == kCompactAfter) {
      EXPECT_EQ(segments.size(), point == kCompactAfter ? 1 : 2);
      int64_t num_rows = 0;
      for (const meta::SegmentPtr& segment : segments) num_rows += segment->num_rows;
      EXPECT_EQ(num_rows, 5100);
      Close();
      continue;
    }
    EXPECT_EQ(segments.size(), flushed ? 1 : 0) << point;
    if (flushed) {
      EXPECT_EQ(segments[0]->indexes.at(0).state,
                point == kIndexAfter ? meta::BuildState::kFinished : meta::BuildState::kPending);
    }
    Close();
  }
}

TEST_F(SqliteCoordinatorTest, OpensManyCollectionsWhole) {
  OpenSqlite();
  Create("template");
  Close();
  // Rows are written in few transactions: the test is about reading them.
  const std::vector<meta::KeyValue> rows = *store_->Scan(meta::kCollectionPrefix);
  meta::Collection collection = *meta::DecodeCollection(rows[0].key, rows[0].value);
  meta::Transaction transaction;
  for (int i = 0; i < 2000; ++i) {
    collection.id = CollectionId(1000 + i);
    collection.schema.name = fmt::format("c{}", i);
    transaction.Put(meta::CollectionKey(collection.id), *meta::Encode(collection));
  }
  ASSERT_TRUE(*store_->Commit(transaction));
  OpenSqlite();
  EXPECT_EQ(coordinator_->AllCollections().size(), 2001);
  EXPECT_EQ(Get("c1999")->id, CollectionId(2999));
}

}  // namespace
}  // namespace elanus::coord
