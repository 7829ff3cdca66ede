// Random histories of one collection, each against a model: whatever is flushed, loaded, released,
// dropped, truncated, indexed, cut off by a power failure or refused by the disk, a read shows
// exactly what was acknowledged.
//
// One thread drives, and waits after each step until nothing goes on behind, so a seed runs (but
// for the order of a log's and an object's bytes on the disk) the same each time.
#include "engine/model.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>

#include "coord/store_stamp.h"

namespace elanus::engine {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

EngineOptions RandomOptions(std::mt19937_64& random) {
  EngineOptions options;
  const auto pick = [&](auto a, auto b) { return random() % 2 == 0 ? a : b; };
  // Small ones seal and flush all the time.
  options.data_node.growing_bytes_max = std::array{100, 600, 1 << 20}[random() % 3];
  options.data_node.log_bytes_max = pick(1500, 1 << 30);
  options.data_node.pending_deletes_max = pick(3, 1 << 20);
  options.log_file_bytes_max = pick(400, 5000);
  options.deltas_min = pick(2, 10);
  options.prunes_segments = pick(true, false);
  return options;
}

constexpr char kRestored[] = "restored";

class History {
 public:
  explicit History(uint64_t seed)
      : random_(seed), options_(RandomOptions(random_)), world_(std::make_unique<World>()) {
    engine_ = *Engine::Open(*world_, options_);
    MakeCollection(*engine_, /*text_keys=*/random_() % 3 == 0,
                   random_() % 3 == 0 ? "HNSW" : "FLAT");
    LoadAll();
    ELANUS_CHECK_OK(last_);
    Check();
  }

  void Run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      world_->clock.Advance(random_() % 50);
      Step();
    }
    if (!testing::Test::HasFailure()) LeaveNothingBehind();
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

  std::string SomePartition() {
    auto it = model_.partitions.begin();
    std::advance(it, Below(model_.partitions.size()));
    return *it;
  }

  // Does one thing, perhaps with a failing disk, perhaps cut off by a power failure.
  void Step() {
    const Model before = model_;
    const size_t begin = world_->Now();
    const bool faulty = OneIn(6);
    if (faulty) BreakTheDisk();
    Act();
    Tell(fmt::format("{}{}{}", what_, faulty ? " on a failing disk" : "",
                     last_.ok() ? "" : fmt::format(": {}", MessageOf(last_))));
    const size_t answered = world_->Now();
    if (!faulty) {
      ASSERT_TRUE(last_.ok()) << what_ << ": " << last_;
    } else if (OneIn(2)) {
      engine_->Settle();  // What goes on behind meets the fault too.
    }
    world_->files.StopFaults();
    world_->meta.FailCommits(0);
    if (faulty) engine_->Settle();
    const Model after = model_;  // As if it had worked.
    if (!last_.ok()) model_ = before;
    const Model unrepaired = model_;
    if (faulty) Repair();
    if (testing::Test::HasFailure()) return;
    const size_t repaired = world_->Now();
    engine_->Settle();
    if (!OneIn(9)) return Check();

    const size_t end = world_->Now();
    const size_t cut = OneIn(3) ? end : begin + Below(end - begin + 1);
    if (cut < answered) return CutPower(cut, {before, after});
    // A write that was refused may come back only if the log had no chance to say otherwise.
    if (cut < repaired) return CutPower(cut, {unrepaired, after, model_});
    CutPower(cut, {model_});
  }

  void Tell(std::string what) { story_ += "\n  " + std::move(what); }

  void BreakTheDisk() {
    const auto kind =
        std::array{storage::FaultKind::kIoError, storage::FaultKind::kNoSpace,
                   storage::FaultKind::kShortWrite, storage::FaultKind::kSyncError}[Below(4)];
    world_->files.Inject({1 + Below(12), kind, OneIn(2)});
    if (OneIn(4)) world_->meta.FailCommits(1);
  }

  // With the disk well again everything works: what could not be dropped is, what failed to load is
  // loaded, and a write succeeds.
  void Repair() {
    ASSERT_TRUE(engine_->coordinator->DropCollection("", kRestored).ok());
    if (model_.loaded) {
      roles::LoadRequest request;
      request.collection = kCollection;
      request.refresh = true;
      ASSERT_TRUE(engine_->coordinator->Load(request).ok());
      engine_->Settle();
    }
    const absl::Status fault = last_;
    Insert();
    ASSERT_TRUE(last_.ok()) << "after " << fault << ": " << last_;
  }

  void Act() {
    switch (Below(26)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return Insert();
      case 5:
      case 6:
      case 7:
        return Upsert();
      case 8:
      case 9:
      case 10:
        return Delete();
      case 11:
      case 12:
      case 13:
        return Flush();
      case 14:
        return Maintain();
      case 15:
        return OneIn(2) ? LoadAll() : LoadPartition();
      case 16:
        return OneIn(2) ? Release() : ReleasePartition();
      case 17:
        return CreatePartition();
      case 18:
        return DropPartition();
      case 19:
        return OneIn(2) ? Truncate() : RebuildIndex();
      case 20:
      case 21:
        return OneIn(2) ? Compact() : CompactUnasked();
      case 22:
        return ExpireSooner();
      case 23:
        return model_.kept.has_value() ? DropSnapshot() : TakeSnapshot();
      case 24:
        return model_.kept.has_value() ? RestoreSnapshot() : TakeSnapshot();
      case 25:
        return CollectGarbage();
    }
  }

  uint64_t NowMs() { return PhysicalMs(engine_->coordinator->AllocateTimestamp()); }

  void Write(const char* what, const engine::Write& write) {
    what_ = what;
    const absl::StatusOr<Timestamp> at = Apply(*engine_, write);
    last_ = at.status();
    model_.Apply(write, at.ok() ? PhysicalMs(*at) : NowMs());
    if (at.ok()) past_.emplace_back(*at, model_.rows);
  }

  // Each key once: which row of a key is the newest is not said within one write.
  std::vector<PlacedRow> SomeRows(uint64_t max) {
    std::vector<PlacedRow> rows;
    std::set<int64_t> keys;
    for (uint64_t i = 1 + Below(max); i > 0; --i) {
      const int64_t key = static_cast<int64_t>(Below(max > 20 ? 200 : 24));
      if (keys.insert(key).second) rows.push_back({{key, ++last_number_}, SomePartition()});
    }
    return rows;
  }

  void Insert() { Write("insert", {.inserts = SomeRows(OneIn(10) ? 90 : 6)}); }

  void Upsert() {
    engine::Write write{.inserts = SomeRows(4)};
    for (const PlacedRow& placed : write.inserts) write.deletes.push_back(placed.row.key);
    Write("upsert", write);
  }

  void Delete() {
    engine::Write write;
    for (uint64_t i = 1 + Below(4); i > 0; --i) write.deletes.push_back(Below(24));
    if (OneIn(3)) write.delete_partition = SomePartition();
    Write("delete", write);
  }

  void Flush() {
    what_ = "flush";
    const auto flushed = engine_->data_node->Flush(engine_->collection()->id, Cancellation());
    last_ = flushed.status();
    if (flushed.ok()) {
      EXPECT_TRUE(engine_->data_node->GrowingSegments(engine_->collection()->id).empty());
      EXPECT_TRUE(
          engine_->data_node->IsFlushed(engine_->collection()->id, flushed->flush_timestamp));
    }
  }

  void Maintain() {
    what_ = "maintain";
    if (OneIn(2)) world_->clock.Advance(100'000'000);  // Old enough to be sealed.
    engine_->data_node->Maintain();
    last_ = absl::OkStatus();
  }

  void Compact() {
    what_ = "compact";
    roles::CompactionRequest request;
    request.collection = engine_->collection()->id;
    request.target_bytes = OneIn(2) ? 0 : 1 << (20 + Below(3));
    request.deletes_only = OneIn(4);
    request.clusters = OneIn(2);
    if (request.clusters) request.target_bytes = 100 << Below(5);  // A few rows.
    last_ = engine_->coordinator->Compact(request).status();
    // The last one may go on behind.
    if (CodeOf(last_) == ErrorCode::kClusteringRuns) last_ = absl::OkStatus();
    past_.clear();  // What is deleted is gone at once.
  }

  void CompactUnasked() {
    what_ = "look for segments to merge";
    world_->clock.Advance(100'000);
    engine_->coordinator->MaintainSegments();
    last_ = absl::OkStatus();
    past_.clear();  // It is longer ago than rows are kept.
  }

  void TakeSnapshot() {
    what_ = "take a snapshot";
    last_ = engine_->coordinator->CreateSnapshot({.collection = kCollection, .name = kSnapshot},
                                                 Cancellation());
    model_.kept = KeptRows{model_.rows, model_.partitions, model_.ttl_ms};
  }

  void DropSnapshot() {
    what_ = "drop the snapshot";
    last_ = engine_->coordinator->DropSnapshot("", kCollection, kSnapshot);
    model_.kept.reset();
  }

  // It is compared with what was kept, and dropped again.
  void RestoreSnapshot() {
    what_ = "restore the snapshot";
    const bool copies = OneIn(3);
    const auto job = engine_->coordinator->RestoreSnapshot({.collection = kCollection,
                                                            .name = kSnapshot,
                                                            .target_collection = kRestored,
                                                            .copies = copies});
    last_ = job.status();
    engine_->Settle();
    for (const meta::RestoreJob& done : engine_->coordinator->RestoreJobs()) {
      if (!job.ok() || done.id != *job || done.state == meta::RestoreJob::State::kCompleted)
        continue;
      last_ = InternalError(ErrorCode::kInternal, "restore: {}", done.reason);
    }
    if (last_.ok()) {
      roles::LoadRequest request;
      request.collection = kRestored;
      last_ = engine_->coordinator->Load(request);
      engine_->Settle();
      const meta::CollectionPtr restored = engine_->collection(kRestored);
      if (last_.ok()) last_ = engine_->query_node->GetLoadStatus(restored->id, {}).failure;
    }
    if (last_.ok()) {
      ASSERT_EQ(DifferenceOfRestored(*engine_, kRestored, *model_.kept, NowMs()), "")
          << "after" << story_;
    }
    const absl::Status dropped = engine_->coordinator->DropCollection("", kRestored);
    if (last_.ok()) last_ = dropped;
  }

  void CollectGarbage() {
    what_ = "collect garbage";
    last_ = engine_->coordinator->CollectGarbage().status();
  }

  // Ever sooner: what is expired stays so.
  void ExpireSooner() {
    what_ = "let rows expire sooner";
    uint64_t ttl_s = 400'000;
    if (model_.ttl_ms > 0) ttl_s = std::max<uint64_t>(model_.ttl_ms / 1000 / (2 + Below(99)), 1);
    last_ = engine_->coordinator->AlterCollection(
        "", kCollection, {{"collection.ttl.seconds", std::to_string(ttl_s)}}, {});
    model_.ttl_ms = ttl_s * 1000;
  }

  void LoadAll() {
    what_ = "load";
    roles::LoadRequest request;
    request.collection = kCollection;
    last_ = engine_->coordinator->Load(request);
    model_.loaded = model_.loaded_whole = true;
    model_.loaded_partitions.clear();
    engine_->Settle();
  }

  void LoadPartition() {
    what_ = "load a partition";
    const std::string name = SomePartition();
    roles::LoadRequest request;
    request.collection = kCollection;
    request.whole_collection = false;
    request.partitions = {name};
    last_ = engine_->coordinator->Load(request);
    model_.loaded = true;
    if (!model_.loaded_whole) model_.loaded_partitions.insert(name);
    engine_->Settle();
  }

  void Release() {
    what_ = "release";
    last_ = engine_->coordinator->ReleaseCollection("", kCollection);
    model_.loaded = model_.loaded_whole = false;
    model_.loaded_partitions.clear();
  }

  void ReleasePartition() {
    what_ = "release a partition";
    const std::string name = SomePartition();
    last_ = engine_->coordinator->ReleasePartitions("", kCollection, {name});
    if (!model_.loaded) return;
    if (model_.loaded_whole) model_.loaded_partitions = model_.partitions;
    model_.loaded_whole = false;
    model_.loaded_partitions.erase(name);
    model_.loaded = !model_.loaded_partitions.empty();
  }

  void CreatePartition() {
    what_ = "create a partition";
    const std::string name = fmt::format("p{}", Below(3));
    last_ = engine_->coordinator->CreatePartition("", kCollection, name);
    model_.partitions.insert(name);
  }

  void DropPartition() {
    const std::string name = SomePartition();
    if (name == "_default" || model_.IsLoaded(name)) return ReleasePartition();
    what_ = "drop a partition";
    last_ = engine_->coordinator->DropPartition("", kCollection, name);
    model_.DropPartition(name);
    past_.clear();
  }

  void Truncate() {
    what_ = "truncate";
    last_ = engine_->coordinator->TruncateCollection("", kCollection);
    model_.rows.clear();
    past_.clear();
  }

  void RebuildIndex() {
    what_ = "rebuild the index";
    if (model_.loaded) {
      last_ = absl::OkStatus();  // Not while it is loaded.
      return;
    }
    const std::string type = OneIn(2) ? "HNSW" : "FLAT";
    for (int tries = 0; tries < 2; ++tries) {  // The first may meet a full catalog.
      last_ = engine_->coordinator->DropIndex("", kCollection, "vector", "");
      if (last_.ok()) last_ = MakeIndex(*engine_, type);
    }
  }

  void Restart(std::unique_ptr<World> next) {
    engine_ = nullptr;
    if (next != nullptr) world_ = std::move(next);
    auto opened = Engine::Open(*world_, options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    engine_ = *std::move(opened);
    engine_->Settle();  // A restore that was cut off goes on.
    ASSERT_TRUE(engine_->coordinator->DropCollection("", kRestored).ok());
    // Cut between dropping and making.
    if (engine_->collection()->indexes.empty()) {
      ASSERT_TRUE(MakeIndex(*engine_, "FLAT").ok());
    }
    engine_->Settle();
  }

  // After the cut the state is one of the candidates, and becomes the model.
  void CutPower(size_t cut, std::vector<Model> candidates) {
    const uint64_t seed = random_();
    Tell(fmt::format("power cut at {} of {}", cut, world_->Now()));
    // What is done from here on lies behind the cut.
    engine_ = nullptr;
    Restart(world_->CutAt(cut, seed));
    if (testing::Test::HasFailure()) return;
    // Of what was written lately nobody knows how much is left: the past that it was part of, too.
    if (candidates.size() > 1) past_.clear();
    std::string differences;
    for (Model& candidate : candidates) candidate.now_ms = NowMs();
    std::erase_if(candidates, [&](const Model& candidate) {
      const std::string difference = DifferenceOfCatalog(*engine_, candidate);
      if (!difference.empty()) differences += "\n  " + difference;
      return !difference.empty();
    });
    if (candidates.size() > 1) {
      // All rows must be looked at to tell which it is.
      for (Model& candidate : candidates) {
        candidate.loaded = candidate.loaded_whole = true;
        candidate.loaded_partitions.clear();
      }
      LoadAll();
      ASSERT_TRUE(last_.ok()) << last_;
      std::erase_if(candidates, [&](const Model& candidate) {
        const std::string difference = DifferenceOfRows(*engine_, candidate);
        if (!difference.empty()) differences += "\n  " + difference;
        return !difference.empty();
      });
    }
    if (candidates.empty()) FAIL() << differences << "\nafter" << story_;
    model_ = candidates.front();
    Check();
  }

  void Check() {
    model_.now_ms = NowMs();
    const std::string difference = Difference(*engine_, model_, random_());
    ASSERT_EQ(difference, "") << "after" << story_;
    if (past_.empty()) return;
    const auto& [at, rows] = past_[Below(past_.size())];
    Model past = model_;
    past.rows = rows;
    ASSERT_EQ(DifferenceAt(*engine_, past, at), "") << "after" << story_;
  }

  // After a flush and a restart the store holds what the catalog lists, the cluster's stamp and
  // nothing else.
  void LeaveNothingBehind() {
    if (model_.kept.has_value()) DropSnapshot();
    ASSERT_TRUE(last_.ok()) << last_;
    Flush();
    ASSERT_TRUE(last_.ok()) << last_;
    engine_->Settle();
    Restart(nullptr);
    if (testing::Test::HasFailure()) return;
    Check();
    std::set<std::string> listed = {coord::kStampKey};
    const CollectionId id = engine_->collection()->id;
    for (const meta::SegmentPtr& segment : engine_->coordinator->Segments(id)) {
      for (const meta::FieldFile& file : segment->files) listed.insert(file.key);
      for (const meta::SegmentIndex& index : segment->indexes) {
        if (!index.key.empty()) listed.insert(index.key);
      }
    }
    for (const meta::Delta& delta : engine_->coordinator->Deltas(id)) listed.insert(delta.key);
    std::set<std::string> stored;
    const auto objects = engine_->store->List("");
    ASSERT_TRUE(objects.ok()) << objects.status();
    for (const storage::FileInfo& object : *objects) stored.insert(object.name);
    EXPECT_EQ(stored, listed);
  }

  std::mt19937_64 random_;
  const EngineOptions options_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Engine> engine_;
  Model model_;
  std::vector<std::pair<Timestamp, std::vector<PlacedRow>>> past_;  // What was to be seen when.
  int64_t last_number_ = 0;
  std::string what_;
  std::string story_;  // All of it, for who has to find out.
  absl::Status last_;
};

TEST(EngineModel, RandomHistoriesShowExactlyWhatWasAcknowledged) {
  const uint64_t first = FromEnvironment("ELANUS_ENGINE_SEED", 0);
  const uint64_t count = FromEnvironment("ELANUS_ENGINE_SEEDS",
                                         std::getenv("ELANUS_ENGINE_SEED") != nullptr ? 1 : 300);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(fmt::format("ELANUS_ENGINE_SEED={}", seed));
    History(seed).Run(40);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace elanus::engine
