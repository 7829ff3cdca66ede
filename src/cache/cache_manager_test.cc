#include "cache/cache_manager.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "cache/test_cells_test.h"

namespace elanus::cache {
namespace {

class ManualClock final : public Clock {
 public:
  uint64_t WallMs() const override { return ms_; }
  uint64_t MonotonicNs() const override { return ms_ * 1'000'000; }
  void Advance(uint64_t ms) { ms_ += ms; }

 private:
  std::atomic<uint64_t> ms_{1000};
};

class CacheManagerTest : public testing::Test {
 protected:
  CacheManager::Options Budget(uint64_t high, uint64_t low) {
    return {.tier = "memory",
            .budget_key = "some.key",
            .bytes_high = high,
            .bytes_low = low,
            .touch_window_ms = 0,
            .wait_ms = 0};
  }
  static std::shared_ptr<TestCells> Cells(CacheManager& manager, int64_t owner, size_t count,
                                          uint64_t bytes = 10) {
    return std::make_shared<TestCells>(manager, owner, std::vector<uint64_t>(count, bytes));
  }
  static absl::StatusOr<Pins> PinRange(CacheManager& manager, std::shared_ptr<CellSet> set,
                                       uint32_t begin, uint32_t end) {
    std::vector<Want> wants;
    wants.push_back({std::move(set), {{begin, end}}});
    return manager.Pin(std::move(wants), {});
  }

  ManualClock clock_;
};

TEST_F(CacheManagerTest, MakesRoomOfWhatIsNotInUseWhateverTheBudget) {
  CacheManager manager(Budget(1000, 1000), clock_, nullptr, nullptr);
  const auto cells = Cells(manager, 1, 5);
  const auto pins = PinRange(manager, cells, 0, 2);
  ASSERT_TRUE(PinRange(manager, cells, 2, 5).ok());
  EXPECT_EQ(manager.MakeRoom(15), 20u);
  EXPECT_EQ(manager.used_bytes(), 30u);
  EXPECT_EQ(manager.MakeRoom(1000), 10u);
  EXPECT_EQ(manager.MakeRoom(1), 0u);
  EXPECT_TRUE(cells->there(0) && cells->there(1));
  EXPECT_EQ(cells->mistakes(), 0);
}

TEST_F(CacheManagerTest, LoadsACellOnceAndKeepsItWhileItIsPinned) {
  CacheManager manager(Budget(30, 30), clock_, nullptr, nullptr);
  const auto cells = Cells(manager, 1, 5);
  const auto pins = PinRange(manager, cells, 0, 2);
  ASSERT_TRUE(pins.ok());
  ASSERT_TRUE(PinRange(manager, cells, 0, 2).ok());
  EXPECT_EQ(cells->loads(0), 1);
  for (uint32_t i = 2; i < 5; ++i) ASSERT_TRUE(PinRange(manager, cells, i, i + 1).ok());
  EXPECT_TRUE(cells->there(0));
  EXPECT_TRUE(cells->there(1));
  EXPECT_EQ(manager.used_bytes(), 30u);
  EXPECT_EQ(cells->mistakes(), 0);
}

TEST_F(CacheManagerTest, RefusesWhatWillNeverFitAndWhatDoesNotFitNow) {
  CacheManager manager(Budget(30, 30), clock_, nullptr, nullptr);
  const auto cells = Cells(manager, 1, 5);
  const absl::Status never = PinRange(manager, cells, 0, 4).status();
  EXPECT_EQ(CodeOf(never), ErrorCode::kMemoryLimitExceeded);
  EXPECT_NE(MessageOf(never).find("some.key"), std::string_view::npos);
  const auto pins = PinRange(manager, cells, 0, 3);
  ASSERT_TRUE(pins.ok());
  const absl::Status now = PinRange(manager, cells, 3, 4).status();
  EXPECT_EQ(CodeOf(now), ErrorCode::kMemoryLimitExceeded);
  EXPECT_NE(MessageOf(now).find("in use"), std::string_view::npos);
}

TEST_F(CacheManagerTest, WithoutEvictionWhatIsThereStays) {
  CacheManager::Options options = Budget(30, 20);
  options.evicts = false;
  CacheManager manager(options, clock_, nullptr, nullptr);
  const auto cells = Cells(manager, 1, 5);
  ASSERT_TRUE(PinRange(manager, cells, 0, 3).ok());
  EXPECT_EQ(CodeOf(PinRange(manager, cells, 3, 4).status()), ErrorCode::kMemoryLimitExceeded);
  manager.Maintain();
  EXPECT_TRUE(cells->there(0));
}

TEST_F(CacheManagerTest, WaitsUntilSomebodyLetsGo) {
  CacheManager::Options options = Budget(30, 30);
  options.wait_ms = 1'000'000;
  CacheManager manager(options, clock_, nullptr, nullptr);
  const auto cells = Cells(manager, 1, 5);
  auto pins = PinRange(manager, cells, 0, 3);
  ASSERT_TRUE(pins.ok());
  std::thread waiter([&] { EXPECT_TRUE(PinRange(manager, cells, 3, 4).ok()); });
  pins->Release();
  waiter.join();
  EXPECT_TRUE(cells->there(3));
}

TEST_F(CacheManagerTest, AWaitEndsWhenItIsCancelled) {
  CacheManager::Options options = Budget(10, 10);
  options.wait_ms = 1'000'000;
  CacheManager manager(options, clock_, nullptr, nullptr);
  const auto cells = Cells(manager, 1, 2);
  const auto pins = PinRange(manager, cells, 0, 1);
  const Cancellation cancelled(std::make_shared<std::atomic<bool>>(true), 0);
  std::vector<Want> wants;
  wants.push_back({cells, {{1, 2}}});
  EXPECT_EQ(CodeOf(manager.Pin(std::move(wants), cancelled).status()), ErrorCode::kCancelled);
}

TEST_F(CacheManagerTest, AFailedLoadLeavesNothingAndCanBeTriedAgain) {
  CacheManager manager(Budget(30, 30), clock_, nullptr, nullptr);
  const auto cells = Cells(manager, 1, 5);
  cells->failing = true;
  EXPECT_EQ(CodeOf(PinRange(manager, cells, 0, 2).status()), ErrorCode::kIoFailed);
  EXPECT_EQ(manager.used_bytes(), 0u);
  cells->failing = false;
  EXPECT_TRUE(PinRange(manager, cells, 0, 2).ok());
}

TEST_F(CacheManagerTest, AScanDoesNotPushOutWhatIsUsedAgainAndAgain) {
  CacheManager manager(Budget(1000, 1000), clock_, nullptr, nullptr);
  const auto hot = Cells(manager, 1, 50);
  const auto cold = Cells(manager, 1, 1000);
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(1);
    ASSERT_TRUE(PinRange(manager, hot, 0, 50).ok());
  }
  for (uint32_t i = 0; i < 1000; ++i) ASSERT_TRUE(PinRange(manager, cold, i, i + 1).ok());
  int there = 0;
  for (uint32_t i = 0; i < 50; ++i) there += hot->there(i);
  EXPECT_EQ(there, 50);
  EXPECT_EQ(hot->mistakes() + cold->mistakes(), 0);
}

TEST_F(CacheManagerTest, VictimsComeFromTheOwnerOverItsShare) {
  CacheManager manager(Budget(1000, 1000), clock_, nullptr, nullptr);
  const auto small = Cells(manager, 1, 40);
  const auto large = Cells(manager, 2, 1000);
  ASSERT_TRUE(PinRange(manager, small, 0, 40).ok());
  for (int round = 0; round < 3; ++round) {
    for (uint32_t i = 0; i < 1000; ++i) ASSERT_TRUE(PinRange(manager, large, i, i + 1).ok());
  }
  for (uint32_t i = 0; i < 40; ++i) EXPECT_TRUE(small->there(i));
}

TEST_F(CacheManagerTest, WhatIsNotUsedForLongGoes) {
  CacheManager::Options options = Budget(1000, 1000);
  options.ttl_ms = 5000;
  CacheManager manager(options, clock_, nullptr, nullptr);
  const auto cells = Cells(manager, 1, 2);
  ASSERT_TRUE(PinRange(manager, cells, 0, 2).ok());
  clock_.Advance(3000);
  ASSERT_TRUE(PinRange(manager, cells, 1, 2).ok());
  clock_.Advance(3000);
  manager.Maintain();
  EXPECT_FALSE(cells->there(0));
  EXPECT_TRUE(cells->there(1));
}

TEST_F(CacheManagerTest, ReachingTheHighMarkEvictsDownToTheLowOne) {
  CacheManager manager(Budget(100, 50), clock_, nullptr, nullptr);
  const auto cells = Cells(manager, 1, 20);
  for (uint32_t i = 0; i < 11; ++i) ASSERT_TRUE(PinRange(manager, cells, i, i + 1).ok());
  EXPECT_EQ(manager.used_bytes(), 50u);
}

TEST_F(CacheManagerTest, ASetThatEndsGivesItsRoomBack) {
  CacheManager manager(Budget(100, 100), clock_, nullptr, nullptr);
  auto cells = Cells(manager, 1, 10);
  ASSERT_TRUE(PinRange(manager, cells, 0, 10).ok());
  EXPECT_EQ(manager.used_bytes(), 100u);
  cells.reset();
  EXPECT_EQ(manager.used_bytes(), 0u);
  EXPECT_TRUE(manager.Inspect().empty());
}

// Pins, unpins and evicts at random, beside a model that knows who holds what.
TEST_F(CacheManagerTest, KeepsItsBudgetAndItsPromisesWhateverComes) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto draw = [&](uint64_t below) { return random() % below; };
    const uint64_t high = 200 + draw(300);
    CacheManager::Options options = Budget(high, high - draw(100));
    options.ttl_ms = static_cast<int64_t>(50 + draw(50));
    CacheManager manager(options, clock_, nullptr, nullptr);
    std::vector<std::shared_ptr<TestCells>> sets;
    for (int s = 0; s < 5; ++s) {
      std::vector<uint64_t> bytes(1 + draw(20));
      for (uint64_t& size : bytes) size = 1 + draw(40);
      sets.push_back(std::make_shared<TestCells>(manager, s % 3, bytes));
    }
    struct Held {
      Pins pins;
      std::vector<std::pair<size_t, uint32_t>> cells;
    };
    std::vector<Held> held;
    for (int step = 0; step < 2000; ++step) {
      clock_.Advance(draw(4));
      const uint64_t action = draw(10);
      if (action < 5) {
        std::vector<Want> wants;
        std::vector<std::pair<size_t, uint32_t>> cells;
        uint64_t need = 0;
        for (size_t s = 0; s < sets.size(); ++s) {
          if (draw(3) != 0) continue;
          const auto count = sets[s]->num_cells();
          const auto begin = static_cast<uint32_t>(draw(count));
          const auto end = begin + 1 + static_cast<uint32_t>(draw(count - begin));
          wants.push_back({sets[s], {{begin, end}}});
          for (uint32_t i = begin; i < end; ++i) {
            cells.emplace_back(s, i);
            need += sets[s]->bytes_of(i);
          }
        }
        for (auto& set : sets) set->failing = draw(10) == 0;
        auto pins = manager.Pin(std::move(wants), {});
        for (auto& set : sets) set->failing = false;
        if (pins.ok()) {
          held.push_back({*std::move(pins), std::move(cells)});
        } else if (CodeOf(pins.status()) == ErrorCode::kMemoryLimitExceeded) {
          // Only if there is no room beside what is pinned.
          std::map<std::pair<size_t, uint32_t>, bool> pinned;
          for (const Held& one : held) {
            for (const auto& cell : one.cells) pinned[cell] = true;
          }
          for (const auto& cell : cells) pinned[cell] = true;
          uint64_t bytes = 0;
          for (const auto& [cell, unused] : pinned)
            bytes += sets[cell.first]->bytes_of(cell.second);
          EXPECT_GT(bytes, high) << "of which " << need << " are asked for";
        }
      } else if (action < 8 && !held.empty()) {
        held.erase(held.begin() + static_cast<long>(draw(held.size())));
      } else if (action == 8) {
        manager.Maintain();
      } else if (draw(20) == 0) {
        manager.DropAll();
      }
      uint64_t there = 0;
      for (const auto& set : sets) {
        for (uint32_t i = 0; i < set->num_cells(); ++i) there += set->there(i) * set->bytes_of(i);
        ASSERT_EQ(set->mistakes(), 0);
      }
      ASSERT_LE(there, high);
      ASSERT_EQ(there, manager.used_bytes());
      for (const Held& one : held) {
        for (const auto& [s, cell] : one.cells) ASSERT_TRUE(sets[s]->there(cell));
      }
    }
  }
}

TEST_F(CacheManagerTest, ManyThreadsSeeWhatTheyPinned) {
  CacheManager::Options options = Budget(300, 250);
  options.wait_ms = 1'000'000;
  Executor io({.name = "io", .num_threads = 2});
  CacheManager manager(options, SystemClock(), &io, nullptr);
  std::vector<std::shared_ptr<TestCells>> sets;
  for (int s = 0; s < 4; ++s) sets.push_back(Cells(manager, s % 2, 20));
  std::atomic<int> missing{0};
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(t);
      for (int step = 0; step < 500; ++step) {
        const size_t a = random() % 4, b = (a + 1 + random() % 3) % 4;
        const auto begin = static_cast<uint32_t>(random() % 16);
        std::vector<Want> wants;
        wants.push_back({sets[a], {{begin, begin + 4}}});
        wants.push_back({sets[b], {{begin, begin + 3}}});
        const auto pins = manager.Pin(std::move(wants), {});
        if (!pins.ok()) {
          ++missing;
          continue;
        }
        for (uint32_t i = begin; i < begin + 4; ++i) missing += !sets[a]->there(i);
        for (uint32_t i = begin; i < begin + 3; ++i) missing += !sets[b]->there(i);
        if (step % 50 == 0) manager.Maintain();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(missing, 0);
  for (const auto& set : sets) EXPECT_EQ(set->mistakes(), 0);
}

}  // namespace
}  // namespace elanus::cache
