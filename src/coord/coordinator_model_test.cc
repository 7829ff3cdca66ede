// Random changes against the dullest coordinator there could be, with restarts in between, and many
// threads at once for the sanitizers.
#include <random>
#include <set>
#include <thread>

#include "coord/coordinator_fixture_test.h"

namespace elanus::coord {
namespace {

// What a client can tell apart.
struct ModelCollection {
  std::set<std::string> partitions = {"_default"};
  std::set<std::string> aliases;
  std::set<std::string> loaded;  // Partitions.
  bool loaded_whole = false;
  bool indexed = false;
  int64_t rows = 0;
  friend bool operator==(const ModelCollection&, const ModelCollection&) = default;
};

struct Model {
  std::map<std::string, std::map<std::string, ModelCollection>> databases = {{"default", {}}};

  // The collection of that name or alias; null if there is none.
  ModelCollection* Find(const std::string& db, const std::string& name) {
    const auto it = databases.find(db);
    if (it == databases.end()) return nullptr;
    if (const auto found = it->second.find(name); found != it->second.end()) return &found->second;
    for (auto& [real, collection] : it->second) {
      if (collection.aliases.contains(name)) return &collection;
    }
    return nullptr;
  }
  bool IsName(const std::string& db, const std::string& name) {
    return databases.contains(db) && databases[db].contains(name);
  }
  friend bool operator==(const Model&, const Model&) = default;
};

Model Observe(Coordinator& coordinator) {
  Model out;
  out.databases.clear();
  for (const meta::Database& database : coordinator.ListDatabases()) {
    auto& collections = out.databases[database.name];
    const auto listed = coordinator.ListCollections(database.name).value();
    for (const meta::CollectionPtr& collection : listed) {
      ModelCollection& seen = collections[collection->schema.name];
      seen.partitions.clear();
      for (const meta::Partition& partition : collection->partitions) {
        seen.partitions.insert(partition.name);
      }
      seen.aliases.insert(collection->aliases.begin(), collection->aliases.end());
      seen.indexed = !collection->indexes.empty();
      seen.loaded_whole = collection->load.all_partitions;
      for (const PartitionId id : collection->load.partitions) {
        seen.loaded.insert(collection->FindPartition(id)->name);
      }
      for (const meta::SegmentPtr& segment : coordinator.Segments(collection->id)) {
        seen.rows += segment->num_rows;
      }
      for (const std::string& alias : collection->aliases) {
        EXPECT_EQ(*coordinator.GetCollection(database.name, alias), collection);
      }
      EXPECT_EQ(*coordinator.GetCollection(database.name, collection->schema.name), collection);
      EXPECT_EQ(*coordinator.GetCollection(collection->id), collection);
    }
  }
  return out;
}

class ModelTest : public CoordinatorTest {
 protected:
  std::string Pick(std::initializer_list<const char*> words) {
    return *(words.begin() + random_() % words.size());
  }

  // Does one random thing to both; returns whether they agree that it worked, and what it was.
  std::pair<bool, std::string> Step() {
    const std::string db = Pick({"default", "default", "one"});
    const std::string name = Pick({"a", "b", "c", "x", "y"});
    const std::string other = Pick({"a", "b", "c", "x", "y"});
    const std::string partition = Pick({"_default", "p", "q"});
    const int kind = static_cast<int>(random_() % 14);
    absl::Status real;
    bool expected = false;
    ModelCollection* found = model_.Find(db, name);
    const bool is_name = model_.IsName(db, name);
    const bool db_there = model_.databases.contains(db);
    switch (kind) {
      case 0:
        real = coordinator_->CreateDatabase("one", {});
        expected = !model_.databases.contains("one");
        if (expected) model_.databases["one"];
        break;
      case 1:
        real = coordinator_->DropDatabase("one");
        expected = !model_.databases.contains("one") || model_.databases["one"].empty();
        if (expected) model_.databases.erase("one");
        break;
      case 2:
        real = coordinator_->CreateCollection(SimpleCollection(name, db));
        expected = db_there && (found == nullptr || is_name);
        if (expected && found == nullptr) model_.databases[db][name];
        break;
      case 3:
        real = coordinator_->DropCollection(db, name);
        expected = db_there && (found == nullptr || (is_name && found->aliases.empty()));
        if (expected && found != nullptr) model_.databases[db].erase(name);
        break;
      case 4:
        real = coordinator_->CreateAlias(db, name, other);
        expected = is_name && !model_.IsName(db, other) &&
                   (model_.Find(db, other) == nullptr || model_.Find(db, other) == found);
        if (expected) found->aliases.insert(other);
        break;
      case 5:
        real = coordinator_->DropAlias(db, name);
        expected = db_there;
        if (found != nullptr && !is_name) found->aliases.erase(name);
        break;
      case 6: {
        real = coordinator_->AlterAlias(db, name, other);
        ModelCollection* from = model_.Find(db, other);
        expected = is_name && from != nullptr && !model_.IsName(db, other);
        if (expected) {
          from->aliases.erase(other);
          found->aliases.insert(other);
        }
        break;
      }
      case 7:
        real = coordinator_->RenameCollection(db, name, "", other);
        expected = is_name && model_.Find(db, other) == nullptr;
        if (expected) {
          auto node = model_.databases[db].extract(name);
          node.key() = other;
          model_.databases[db].insert(std::move(node));
        }
        break;
      case 8:
        real = coordinator_->CreatePartition(db, name, partition);
        expected = found != nullptr;
        if (expected) found->partitions.insert(partition);
        break;
      case 9:
        real = coordinator_->DropPartition(db, name, "q");
        expected = found != nullptr && (!found->partitions.contains("q") ||
                                        (!found->loaded_whole && !found->loaded.contains("q")));
        if (expected) found->partitions.erase("q");
        break;
      case 10: {
        roles::CreateIndexRequest request = HnswIndex(name);
        request.db = db;
        real = coordinator_->CreateIndex(request);
        expected = found != nullptr;
        if (expected) found->indexed = true;
        break;
      }
      case 11: {
        roles::LoadRequest request = LoadOf(name);
        request.db = db;
        request.whole_collection = random_() % 2 == 0;
        if (!request.whole_collection) request.partitions = {partition};
        real = coordinator_->Load(request);
        expected = found != nullptr && found->indexed &&
                   (request.whole_collection || found->partitions.contains(partition));
        if (expected && request.whole_collection) {
          found->loaded_whole = true;
          found->loaded.clear();
        } else if (expected && !found->loaded_whole) {
          found->loaded.insert(partition);
        }
        break;
      }
      case 12: {
        real = coordinator_->ReleasePartitions(db, name, {partition});
        expected = found != nullptr && found->partitions.contains(partition);
        if (expected && found->loaded_whole) found->loaded = found->partitions;
        if (expected) {
          found->loaded_whole = false;
          found->loaded.erase(partition);
        }
        break;
      }
      case 13: {
        expected = found != nullptr && found->partitions == std::set<std::string>{"_default"};
        if (!expected) return {true, "nothing"};
        const meta::Segment segment = MakeSegment(*Get(name, db), 7);
        real = coordinator_->CommitFlush({segment}, {}, std::nullopt).status();
        found->rows += 7;
        break;
      }
    }
    return {real.ok() == expected,
            fmt::format("{} {}.{} {} {}: {}", kind, db, name, other, partition, WireReason(real))};
  }

  std::mt19937 random_;
  Model model_;
};

TEST_F(ModelTest, AgreesOverRandomChangesAndRestarts) {
  for (const uint32_t seed : {1u, 2u, 3u}) {
    random_.seed(seed);
    for (int i = 0; i < 1500; ++i) {
      const auto [agreed, what] = Step();
      ASSERT_TRUE(agreed) << "seed " << seed << " step " << i << ": " << what;
      ASSERT_TRUE(Observe(*coordinator_) == model_)
          << "seed " << seed << " step " << i << ": " << what;
      if (i % 100 == 99) {
        const std::string before = Dump(*coordinator_);
        Open();
        ASSERT_EQ(Dump(*coordinator_), before) << "seed " << seed << " step " << i;
      }
    }
  }
}

TEST_F(CoordinatorTest, ServesReadersWhileManyThreadsChangeIt) {
  Executor executor({.name = "coord", .num_threads = 2});
  Close();
  auto opened = Coordinator::Open({.clock = SystemClock(),
                                   .store = *store_,
                                   .objects = &objects_,
                                   .run_build = RunOn(executor),
                                   .run_cleanup = RunOn(executor)},
                                  options_);
  ASSERT_TRUE(opened.ok());
  coordinator_ = *std::move(opened);
  coordinator_->Connect(&data_node_, &query_node_, &index_node_);
  coordinator_->Start();
  CreateIndexed("shared");
  std::atomic<bool> done{false};
  std::vector<std::thread> writers;
  for (int t = 0; t < 3; ++t) {
    writers.emplace_back([&, t] {
      const std::string mine = fmt::format("c{}", t);
      for (int i = 0; i < 30; ++i) {
        EXPECT_TRUE(coordinator_->CreateCollection(SimpleCollection(mine)).ok());
        EXPECT_TRUE(coordinator_->CreateIndex(HnswIndex(mine)).ok());
        Flush(mine, 2000);
        Flush("shared", 2000);
        EXPECT_TRUE(
            coordinator_
                ->AlterCollection("", "shared", {{fmt::format("k{}", t), std::to_string(i)}}, {})
                .ok());
        EXPECT_TRUE(coordinator_->DropCollection("", mine).ok());
      }
    });
  }
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&] {
      Timestamp last;
      while (!done) {
        const Timestamp now = coordinator_->AllocateTimestamp();
        EXPECT_GT(now, last);
        last = now;
        EXPECT_TRUE(coordinator_->GetCollection("", "shared").ok());
        for (const meta::CollectionPtr& collection : coordinator_->AllCollections()) {
          (void)coordinator_->Segments(collection->id);
        }
        EXPECT_TRUE(coordinator_->DescribeIndexes("", "shared", "", Timestamp()).ok());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(coordinator_->Segments(Get("shared")->id).size(), 90);
  EXPECT_EQ(Get("shared")->properties.size(), 3);
  coordinator_->Stop();
  executor.Stop();
}

}  // namespace
}  // namespace elanus::coord
