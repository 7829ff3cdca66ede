// One suite over every kind of MetaStore.
#include "meta/meta_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <thread>

#include "meta/sqlite_meta_store.h"

namespace elanus::meta {
namespace {

std::string MakeDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "meta_XXXXXX").string();
  return ::mkdtemp(pattern.data());
}

class MetaStoreTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { Open(); }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  bool durable() const { return std::string_view(GetParam()) == "sqlite"; }
  void Open() {
    store_.reset();
    if (!durable()) {
      store_ = MakeMemoryMetaStore();
      return;
    }
    absl::StatusOr<std::unique_ptr<MetaStore>> store =
        OpenSqliteMetaStore({.path = directory_ + "/catalog.db"});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  std::optional<std::string> Get(const std::string& key) { return *store_->Get(key); }
  bool Commit(const Transaction& transaction) {
    const absl::StatusOr<bool> committed = store_->Commit(transaction);
    EXPECT_TRUE(committed.ok()) << committed.status();
    return committed.ok() && *committed;
  }

  const std::string directory_ = MakeDirectory();
  std::unique_ptr<MetaStore> store_;
};
INSTANTIATE_TEST_SUITE_P(Kinds, MetaStoreTest, testing::Values("memory", "sqlite"));

TEST_P(MetaStoreTest, GivesBackWhatWasPut) {
  EXPECT_EQ(Get("a"), std::nullopt);
  const std::string bytes("\0\xff'\"", 4);
  EXPECT_TRUE(Commit({.puts = {{"a", "1"}, {"b", ""}, {"c", bytes}}}));
  EXPECT_EQ(Get("a"), "1");
  EXPECT_EQ(Get("b"), "");
  EXPECT_EQ(Get("c"), bytes);
  EXPECT_TRUE(Commit({.puts = {{"a", "2"}}, .deletes = {"b", "never there"}}));
  EXPECT_EQ(Get("a"), "2");
  EXPECT_EQ(Get("b"), std::nullopt);
}

TEST_P(MetaStoreTest, ScansAPrefixInByteOrder) {
  EXPECT_TRUE(
      Commit({.puts = {{"a/2", "x"}, {"a/10", "y"}, {"a\xff", "z"}, {"b", "w"}, {"a", "v"}}}));
  const std::vector<KeyValue> expected = {{"a/10", "y"}, {"a/2", "x"}};
  EXPECT_EQ(*store_->Scan("a/"), expected);
  EXPECT_EQ(store_->Scan("")->size(), 5);
  EXPECT_TRUE(store_->Scan("c")->empty());
}

TEST_P(MetaStoreTest, WritesNothingWhenACompareDoesNotHold) {
  EXPECT_TRUE(Commit({.puts = {{"a", "1"}}}));
  EXPECT_FALSE(Commit({.compares = {{"a", "2"}}, .puts = {{"b", "x"}}}));
  EXPECT_FALSE(Commit({.compares = {{"a", "1"}, {"a", std::nullopt}}, .puts = {{"b", "x"}}}));
  EXPECT_FALSE(Commit({.compares = {{"b", ""}}, .puts = {{"b", "x"}}, .deletes = {"a"}}));
  EXPECT_EQ(Get("b"), std::nullopt);
  EXPECT_EQ(Get("a"), "1");
  EXPECT_TRUE(Commit({.compares = {{"a", "1"}, {"b", std::nullopt}}, .puts = {{"b", "x"}}}));
  EXPECT_EQ(Get("b"), "x");
}

TEST_P(MetaStoreTest, AgreesWithAMapOverRandomTransactions) {
  std::mt19937 random(4711);
  std::map<std::string, std::string> model;
  for (int round = 0; round < 300; ++round) {
    std::map<std::string, std::optional<std::string>> changes;
    for (int i = random() % 6; i >= 0; --i) {
      const std::string key = "k" + std::to_string(random() % 40);
      if (random() % 3 == 0)
        changes[key] = std::nullopt;
      else
        changes[key] = std::string(random() % 500, static_cast<char>('a' + random() % 26));
    }
    Transaction transaction;
    for (const auto& [key, value] : changes) {
      if (value.has_value())
        transaction.Put(key, *value);
      else
        transaction.Delete(key);
    }
    const std::string compared = "k" + std::to_string(random() % 40);
    const auto it = model.find(compared);
    std::optional<std::string> guess;
    if (it != model.end() && random() % 4 != 0) guess = it->second;
    const bool expected = guess == (it == model.end() ? std::nullopt : std::optional(it->second));
    transaction.compares.push_back({compared, guess});
    ASSERT_EQ(Commit(transaction), expected);
    if (expected) {
      for (const auto& [key, value] : changes) {
        if (value.has_value())
          model[key] = *value;
        else
          model.erase(key);
      }
    }
    if (durable() && round % 50 == 49) Open();
    std::vector<KeyValue> rows;
    for (const auto& [key, value] : model) rows.push_back({key, value});
    ASSERT_EQ(*store_->Scan(""), rows);
  }
}

TEST_P(MetaStoreTest, LetsOneOfManyCompetingTransactionsWin) {
  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const std::string key = "slot" + std::to_string(i);
        const absl::StatusOr<bool> committed =
            store_->Commit({.compares = {{key, std::nullopt}}, .puts = {{key, std::to_string(t)}}});
        if (committed.ok() && *committed) won.fetch_add(1);
        EXPECT_TRUE(store_->Get(key)->has_value());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won.load(), 25);
}

}  // namespace
}  // namespace elanus::meta
