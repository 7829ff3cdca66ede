// What of the store is garbage, when it goes, and what never does.
#include "coord/garbage.h"

#include <gtest/gtest.h>

#include "coord/coordinator_fixture_test.h"
#include "coord/held_ids.h"

namespace elanus::coord {
namespace {

using Keys = std::set<std::string>;

class GarbageTest : public CoordinatorTest {
 protected:
  std::string OldKey() { return fmt::format("insert_log/1/2/3/100/{}", NewId()); }
  int64_t NewId() { return *coordinator_->AllocateIds(1); }
  GarbageReport Find() {
    const auto report = coordinator_->FindGarbage();
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : GarbageReport();
  }
  Keys Removable() {
    Keys out;
    for (const GarbageObject& object : Find().garbage) {
      if (object.removable) out.insert(object.key);
    }
    return out;
  }
  void Wait(uint64_t ms) {
    clock_.wall_ms += ms;
    clock_.monotonic_ns += ms * 1'000'000;
  }
  void Tick(uint64_t ms) {
    Wait(ms);
    coordinator_->MaintainGarbage();
    cleanups_.RunAll();
  }
};

TEST(HeldIds, TheOldestOneCountsUntilItIsLetGo) {
  HeldIds held;
  EXPECT_EQ(held.OldestOr(9), 9);
  auto later = held.Hold(7);
  auto first = held.Hold(5);
  auto again = held.Hold(5);
  EXPECT_EQ(held.OldestOr(9), 5);
  EXPECT_EQ(held.OldestOr(3), 3);
  first.reset();
  EXPECT_EQ(held.OldestOr(9), 5);
  again.reset();
  EXPECT_EQ(held.OldestOr(9), 7);
  later.reset();
  EXPECT_EQ(held.OldestOr(9), 9);
}

TEST_F(GarbageTest, WhatIsBeingWrittenIsNoneUntilItIsGivenUp) {
  const std::string before = OldKey();
  std::shared_ptr<void> hold = coordinator_->HoldIds();
  const std::string written = OldKey();
  objects_.Add(before);
  objects_.Add(written);
  EXPECT_EQ(Removable(), Keys{before});
  hold.reset();
  EXPECT_EQ(Removable(), (Keys{before, written}));
}

TEST_F(GarbageTest, SaysWhyAndHowMuch) {
  Create("c");
  const SegmentId listed = Flush("c", 10);
  const CollectionId id = Get("c")->id;
  const std::string stray = fmt::format("insert_log/{}/5/{}/100/{}", id, listed, NewId());
  const std::string lost = fmt::format("insert_log/{}/5/{}/100/{}", id, NewId(), NewId());
  const std::string dropped = fmt::format("insert_log/{}/5/6/100/7", NewId());
  const std::string deletes = fmt::format("delta_log/{}/-1/{}/1", id, NewId());
  const std::string index = fmt::format("index_files/{}/1/x", NewId());
  std::map<std::string, std::string> expected = {
      {stray, fmt::format("segment {} does not list this file", listed)},
      {lost, "is not in the catalog"},
      {dropped, "collection"},
      {deletes, "does not list these deletes"},
      {index, "build"}};
  for (const auto& [key, reason] : expected) objects_.Add(key);
  const GarbageReport report = Find();
  for (const GarbageObject& object : report.garbage) {
    ASSERT_TRUE(expected.contains(object.key)) << object.key;
    EXPECT_NE(object.reason.find(expected[object.key]), std::string::npos) << object.reason;
    expected.erase(object.key);
  }
  EXPECT_TRUE(expected.empty());
  EXPECT_NE(FormatGarbage(report).find("5 of "), std::string::npos) << FormatGarbage(report);
  EXPECT_NE(GarbageAsJson(report).find("\"removable_objects\":5"), std::string::npos);
}

TEST_F(GarbageTest, WhatNothingNamesGoesWhenItIsOldEnough) {
  coordinator_->SetGarbageRules({.scan_interval_ms = 1000, .missing_tolerance_ms = 10'000});
  const std::string key = OldKey();
  objects_.Add(key);
  const Keys all = objects_.keys();
  Tick(2000);  // Seen for the first time: nobody says how old it is.
  Tick(9000);
  EXPECT_EQ(objects_.keys(), all);
  Tick(2000);
  EXPECT_FALSE(objects_.keys().contains(key));
  EXPECT_EQ(coordinator_->garbage_statistics().num_removed, 1);
}

TEST_F(GarbageTest, WhatWasReplacedStaysForItsReaders) {
  coordinator_->SetGarbageRules(
      {.interval_ms = 1000, .scan_interval_ms = 1000, .drop_tolerance_ms = 60'000});
  Create("c");
  const SegmentId id = Flush("c", 10);
  const std::string file = Segment(id)->files.front().key;
  objects_.Add(file);
  ASSERT_TRUE(coordinator_->DropCollection("", "c").ok());
  cleanups_.RunAll();
  Tick(59'000);
  EXPECT_TRUE(objects_.keys().contains(file));
  const GarbageReport report = Find();
  ASSERT_EQ(report.garbage.size(), 1);
  EXPECT_FALSE(report.garbage[0].removable);
  EXPECT_NE(report.garbage[0].reason.find("dropped or replaced"), std::string::npos);
  EXPECT_EQ(coordinator_->garbage_statistics().num_waiting, 1);
  Tick(2000);
  EXPECT_FALSE(objects_.keys().contains(file));
  EXPECT_EQ(coordinator_->garbage_statistics().num_waiting, 0);
}

TEST_F(GarbageTest, NothingIsRemovedWhileItIsPausedOrOff) {
  coordinator_->SetGarbageRules({.interval_ms = 1000, .scan_interval_ms = 1000});
  const std::string key = OldKey();
  objects_.Add(key);
  const int64_t ticket = coordinator_->PauseGarbage(50'000, std::nullopt);
  Tick(2000);
  EXPECT_TRUE(objects_.keys().contains(key));
  EXPECT_TRUE(coordinator_->garbage_statistics().paused);
  EXPECT_TRUE(coordinator_->ResumeGarbage(ticket));
  EXPECT_FALSE(coordinator_->ResumeGarbage(ticket));
  coordinator_->SetGarbageRules({.enabled = false});
  Tick(700'000'000);
  EXPECT_TRUE(objects_.keys().contains(key));
  coordinator_->SetGarbageRules({.scan_interval_ms = 1000});
  coordinator_->PauseGarbage(50'000, CollectionId(2));
  Tick(2000);
  EXPECT_FALSE(objects_.keys().contains(key)) << "of collection 1";
}

TEST_F(GarbageTest, APauseEndsByItself) {
  coordinator_->SetGarbageRules({.scan_interval_ms = 1000});
  const std::string key = OldKey();
  objects_.Add(key);
  coordinator_->PauseGarbage(5000, CollectionId(1));
  Tick(4000);
  EXPECT_TRUE(objects_.keys().contains(key));
  Tick(2000);
  EXPECT_FALSE(objects_.keys().contains(key));
}

TEST_F(GarbageTest, AStoreThatIsAheadOfTheCatalogIsLeftAlone) {
  const std::string key = OldKey();
  objects_.Add(key);
  objects_.Add(fmt::format("insert_log/1/2/3/100/{}", NewId() + (int64_t{1} << 40)));
  const auto refused = coordinator_->CollectGarbage();
  EXPECT_EQ(CodeOf(refused.status()), ErrorCode::kDataIntegrity);
  EXPECT_NE(MessageOf(refused.status()).find("ahead of the catalog"), std::string::npos);
  EXPECT_TRUE(objects_.keys().contains(key));
}

TEST_F(GarbageTest, AListingIsMadeWhenSomebodyAsks) {
  coordinator_->SetGarbageRules({.missing_tolerance_ms = 1'000'000'000});
  objects_.Add(OldKey());
  EXPECT_TRUE(coordinator_->AskForGarbage(60'000).listing);
  EXPECT_TRUE(coordinator_->AskForGarbage(60'000).listing);
  cleanups_.RunAll();
  const auto answer = coordinator_->AskForGarbage(60'000);
  ASSERT_NE(answer.report, nullptr);
  EXPECT_EQ(answer.report->garbage.size(), 1);
  EXPECT_FALSE(answer.listing);
  Wait(61'000);
  EXPECT_TRUE(coordinator_->AskForGarbage(60'000).listing);
}

TEST_F(GarbageTest, ManyObjectsGoInBatches) {
  cleanups_.RunAll();
  for (int i = 0; i < 2500; ++i) objects_.Add(OldKey());
  const size_t others = objects_.keys().size() - 2500;
  EXPECT_EQ(*coordinator_->CollectGarbage(), 2500);
  cleanups_.RunAll();
  EXPECT_EQ(objects_.keys().size() - others, 1500);
  Tick(1);
  EXPECT_EQ(objects_.keys().size(), others);
}

}  // namespace
}  // namespace elanus::coord
