#include "segment/segment_set.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "segment/segment_fixture_test.h"

namespace elanus::segment {
namespace {

using Keys = std::map<int64_t, int>;
using Added = SegmentSet::Added;
const PartitionId kPartition{2};

class SegmentSetTest : public testing::Test {
 protected:
  SegmentSetTest() { set.SetWanted({.loaded = true, .all_partitions = true}); }

  std::shared_ptr<GrowingSegment> Grow(int64_t id, PartitionId partition = kPartition) {
    auto segment = std::make_shared<GrowingSegment>(SegmentId(id), partition, 0, schema);
    set.AddGrowing(segment);
    return segment;
  }
  void Insert(GrowingSegment& segment, const std::vector<int64_t>& keys, uint64_t at) {
    segment.Insert(schema, TestRows(schema, keys), Timestamp(at));
  }
  void Delete(const std::vector<int64_t>& keys, uint64_t at,
              PartitionId partition = PartitionId(-1)) {
    set.ApplyDeletes(KeyColumn(keys).View(), Timestamp(at), partition, at, /*remember=*/true);
  }
  std::shared_ptr<SealedSegment> SealFile(const GrowingSegment& segment) {
    return *Seal(segment, schema, *store);
  }
  Added Add(std::shared_ptr<SealedSegment> segment, bool listed = true) {
    return set.AddSealed(
        std::move(segment), [=] { return listed; }, set.delete_epoch());
  }
  bool HandOver(std::shared_ptr<SealedSegment> segment, bool listed = true) {
    return set.HandOver(std::move(segment), [=] { return listed; });
  }
  Keys At(uint64_t at) { return VisibleKeysOfAll(*set.snapshot(), Timestamp(at)); }

  schema::CollectionSchema schema = TestSchema();
  storage::MemoryFileSystem files;
  std::unique_ptr<storage::ObjectStore> store = storage::MakeLocalObjectStore(files, "objects");
  SegmentSet set;
};

TEST_F(SegmentSetTest, HandoverKeepsEachRowOnceWithAllDeletes) {
  const auto growing = Grow(1);
  Insert(*growing, {1, 2, 3}, 10);
  Delete({1}, 20);
  const auto sealed = SealFile(*growing);
  Delete({2}, 30);       // Between writing the files and the handover.
  set.ForgetDeletes(2);  // The flush wrote both into a delta file.
  Delete({3}, 40);
  const SegmentSet::Snapshot before = set.snapshot();
  EXPECT_TRUE(HandOver(sealed));
  EXPECT_EQ(set.snapshot()->size(), 1u);
  for (const uint64_t at : {10u, 20u, 29u, 30u, 39u, 40u}) {
    EXPECT_EQ(At(at), VisibleKeysOfAll(*before, Timestamp(at))) << at;
  }
  EXPECT_EQ(At(30), (Keys{{3, 1}}));
  EXPECT_FALSE(HandOver(sealed));
  EXPECT_EQ(Add(sealed), Added::kYes);
  EXPECT_EQ(At(30), (Keys{{3, 1}}));
}

TEST_F(SegmentSetTest, ADeleteThatComesDuringTheHandoverIsHandedOver) {
  const auto growing = Grow(1);
  Insert(*growing, {1, 2}, 10);
  const auto sealed = SealFile(*growing);
  const auto delete_meanwhile = [&] {
    return growing->Delete(schema::PrimaryKeyView(int64_t{1}), Timestamp(20));
  };
  EXPECT_TRUE(set.HandOver(sealed, delete_meanwhile));
  EXPECT_EQ(At(20), (Keys{{2, 1}}));
}

// Released and wanted again in between: the growing segment with its deletes is gone, and only a
// load knows the delta files.
TEST_F(SegmentSetTest, ASegmentWithoutItsGrowingOneIsNotHandedOver) {
  const auto growing = Grow(1);
  Insert(*growing, {1}, 10);
  const auto first = SealFile(*growing);
  Delete({1}, 20);
  set.ForgetDeletes(1);
  set.RemoveGrowing(SegmentId(1));
  EXPECT_FALSE(HandOver(first));
  EXPECT_EQ(At(20), Keys());
}

TEST_F(SegmentSetTest, AFlushedSegmentThatIsNotWantedOnlyLeaves) {
  for (const bool released : {true, false}) {
    const auto growing = Grow(released ? 1 : 2);
    Insert(*growing, {1}, 10);
    const auto sealed = SealFile(*growing);
    set.SetWanted({.loaded = !released, .all_partitions = true});
    EXPECT_FALSE(HandOver(sealed, /*listed=*/released));
    EXPECT_TRUE(set.snapshot()->empty());
  }
}

TEST_F(SegmentSetTest, ALoaderWithOldDeltaFilesIsSentBack) {
  const auto growing = Grow(1);
  Insert(*growing, {1}, 10);
  const auto sealed = SealFile(*growing);
  set.RemoveGrowing(SegmentId(1));
  const uint64_t epoch = set.delete_epoch();
  Delete({1}, 20);
  ASSERT_EQ(set.PendingDeletes().size(), 1u);
  set.ForgetDeletes(1);  // A flush wrote it into a file that the loader has not read.
  const auto listed = [] { return true; };
  EXPECT_EQ(set.AddSealed(sealed, listed, epoch), Added::kDeletesMoved);
  EXPECT_TRUE(set.snapshot()->empty());
  sealed->Delete(schema::PrimaryKeyView(int64_t{1}), Timestamp(20));  // Now it has.
  EXPECT_EQ(set.AddSealed(sealed, listed, set.delete_epoch()), Added::kYes);
  EXPECT_EQ(At(20), Keys());
  EXPECT_EQ(At(19), (Keys{{1, 1}}));
}

TEST_F(SegmentSetTest, PendingDeletesApplyToSegmentsLoadedLater) {
  const auto growing = Grow(1);
  Insert(*growing, {1, 2}, 10);
  const auto sealed = SealFile(*growing);
  set.RemoveGrowing(SegmentId(1));
  Delete({1}, 20);
  Delete({2}, 20, PartitionId(99));  // Elsewhere.
  EXPECT_EQ(Add(sealed), Added::kYes);
  EXPECT_EQ(At(20), (Keys{{2, 1}}));
}

TEST_F(SegmentSetTest, ADeleteThatHitsNothingIsRememberedUntilAllSegmentsAreThere) {
  Delete({1}, 10);
  EXPECT_EQ(set.num_pending_deletes(), 1u);
  const uint64_t wish = set.SetWanted({.loaded = true, .all_partitions = true});
  set.SetComplete(wish);
  Delete({2}, 20);
  EXPECT_EQ(set.num_pending_deletes(), 1u);
  Insert(*Grow(1), {3}, 30);
  Delete({3}, 40);
  EXPECT_EQ(set.num_pending_deletes(), 2u);
  EXPECT_EQ(set.PendingPosition(0), 10u);
  EXPECT_EQ(set.PendingPosition(1), 40u);
  EXPECT_EQ(set.PendingPosition(2), std::nullopt);
  set.SetWanted({.loaded = true, .partitions = {kPartition}});  // Others may be missing now.
  Delete({4}, 50);
  EXPECT_EQ(set.num_pending_deletes(), 3u);
}

// A load that ends after the release must not make deletes of what is not there be forgotten.
class ColdSegmentTest : public SegmentSetTest {
 protected:
  // A segment in files whose growing one has left.
  std::shared_ptr<SealedSegment> Flushed(int64_t id, const std::vector<int64_t>& keys, uint64_t at,
                                         PartitionId partition = kPartition) {
    const auto growing = Grow(id, partition);
    Insert(*growing, keys, at);
    auto sealed = SealFile(*growing);
    set.RemoveGrowing(SegmentId(id));
    return sealed;
  }
  bool AddCold(const SealedSegment& segment, const std::vector<SegmentId>& replaces = {},
               bool listed = true) {
    return set.AddCold({.id = segment.id(),
                        .partition = segment.partition(),
                        .num_rows = segment.num_rows(),
                        .max_timestamp = segment.max_timestamp()},
                       replaces, {}, [=] { return listed; });
  }
  std::vector<int64_t> Cold() const {
    std::vector<int64_t> ids;
    for (const ColdSegment& segment : set.Cold([](PartitionId) { return true; })) {
      ids.push_back(segment.id.value());
      EXPECT_TRUE(set.IsCold(segment.id));
    }
    EXPECT_EQ(set.has_cold(), !ids.empty());
    return ids;
  }
};

TEST_F(ColdSegmentTest, DeletesAreRememberedUntilItIsOpened) {
  const auto sealed = Flushed(1, {1, 2, 3}, 10);
  ASSERT_TRUE(AddCold(*sealed));
  set.SetComplete(set.SetWanted({.loaded = true, .all_partitions = true}));
  EXPECT_EQ(Cold(), std::vector<int64_t>{1});
  EXPECT_TRUE(set.snapshot()->empty());
  Delete({2}, 20);
  EXPECT_EQ(set.num_pending_deletes(), 1u);
  Delete({3}, 25, PartitionId(9));  // Of another partition: hits nothing.
  EXPECT_EQ(set.num_pending_deletes(), 1u);
  EXPECT_EQ(Add(sealed), Added::kYes);
  EXPECT_TRUE(Cold().empty());
  EXPECT_EQ(At(15), (Keys{{1, 1}, {2, 1}, {3, 1}}));
  EXPECT_EQ(At(30), (Keys{{1, 1}, {3, 1}}));
  EXPECT_TRUE(AddCold(*sealed));  // It is there already.
  EXPECT_TRUE(Cold().empty());
}

TEST_F(ColdSegmentTest, OneWithAGrowingSegmentOrThatNobodyWantsIsNotTaken) {
  const auto growing = Grow(1);
  Insert(*growing, {1}, 10);
  const auto sealed = SealFile(*growing);
  EXPECT_FALSE(AddCold(*sealed));
  EXPECT_FALSE(AddCold(*Flushed(2, {1}, 10), {}, /*listed=*/false));
  set.SetWanted({.loaded = true, .partitions = {PartitionId(9)}});
  EXPECT_FALSE(AddCold(*Flushed(3, {1}, 10)));
  EXPECT_TRUE(Cold().empty());
}

TEST_F(ColdSegmentTest, ItLeavesWithItsPartitionAWishATruncationOrItsRows) {
  ASSERT_TRUE(AddCold(*Flushed(1, {1}, 10)));
  ASSERT_TRUE(AddCold(*Flushed(2, {2}, 20, PartitionId(9))));
  ASSERT_TRUE(AddCold(*Flushed(3, {3}, 30)));
  ASSERT_TRUE(AddCold(*Flushed(4, {4}, 40)));
  set.RemovePartition(PartitionId(9));
  EXPECT_EQ(Cold(), (std::vector<int64_t>{1, 3, 4}));
  EXPECT_TRUE(set.Cold([](PartitionId partition) { return partition != kPartition; }).empty());
  set.Truncate(Timestamp(10), {});
  EXPECT_EQ(Cold(), (std::vector<int64_t>{3, 4}));
  set.RemoveEmptied({SegmentId(4)});
  EXPECT_EQ(Cold(), (std::vector<int64_t>{3}));
  set.SetWanted({});
  EXPECT_TRUE(Cold().empty());
}

TEST_F(ColdSegmentTest, AMergedOneTakesThePlaceOfColdOnes) {
  const auto first = Flushed(1, {1}, 10), second = Flushed(2, {2}, 20);
  ASSERT_TRUE(AddCold(*first));
  ASSERT_EQ(Add(second), Added::kYes);
  const auto merged = Flushed(3, {1, 2}, 20);
  set.NoteReplaced({SegmentId(1), SegmentId(2)}, {SegmentId(3)});
  EXPECT_EQ(Cold(), std::vector<int64_t>{1});  // Until it is there.
  ASSERT_TRUE(AddCold(*merged, {SegmentId(1), SegmentId(2)}));
  EXPECT_EQ(Cold(), std::vector<int64_t>{3});
  EXPECT_TRUE(set.snapshot()->empty());
}

TEST_F(SegmentSetTest, ALoadThatEndsAfterItsReleaseChangesNothing) {
  const auto growing = Grow(1);
  Insert(*growing, {1}, 10);
  const auto sealed = SealFile(*growing);
  set.RemoveGrowing(SegmentId(1));
  const uint64_t wish = set.SetWanted({.loaded = true, .all_partitions = true});
  set.SetWanted({});
  EXPECT_EQ(Add(sealed), Added::kNotWanted);
  set.SetComplete(wish);
  Delete({1}, 20);
  EXPECT_EQ(set.num_pending_deletes(), 1u);
  EXPECT_TRUE(set.snapshot()->empty());
}

TEST_F(SegmentSetTest, ReleasedPartitionsLeaveTheSet) {
  const auto one = Grow(1, PartitionId(1));
  const auto two = Grow(2, PartitionId(2));
  Insert(*one, {1}, 10);
  Insert(*two, {2}, 10);
  Add(SealFile(*one));
  Add(SealFile(*two));
  set.SetWanted({.loaded = true, .partitions = {PartitionId(2)}});
  EXPECT_EQ(At(10), (Keys{{2, 1}}));
}

TEST_F(SegmentSetTest, ASegmentThatTheCatalogForgotIsNotAdded) {
  const auto growing = Grow(1);
  Insert(*growing, {1}, 10);
  const auto sealed = SealFile(*growing);
  set.RemovePartition(kPartition);
  EXPECT_EQ(Add(sealed, /*listed=*/false), Added::kNotWanted);
  EXPECT_EQ(At(10), Keys());
}

TEST_F(SegmentSetTest, TruncationKeepsNewerRowsOfMixedSegmentsWhateverTheirKeys) {
  const auto first = Grow(1);
  Insert(*first, {1}, 10);  // The smallest key is the older row here,
  Insert(*first, {2}, 30);
  const auto second = Grow(2);
  Insert(*second, {4}, 10);
  Insert(*second, {3}, 30);  // and the newer one there.
  const auto old = Grow(3);
  Insert(*old, {5}, 10);
  Add(SealFile(*first));
  Add(SealFile(*second));
  Add(SealFile(*old));
  set.Truncate(Timestamp(20), {});
  EXPECT_EQ(At(30), (Keys{{2, 1}, {3, 1}}));
  EXPECT_EQ(set.snapshot()->size(), 2u);
}

TEST_F(SegmentSetTest, SegmentsAddedAfterATruncationAreTruncatedToo) {
  const auto growing = Grow(1);
  Insert(*growing, {1}, 10);
  Insert(*growing, {2}, 30);
  const auto sealed = SealFile(*growing);  // By a loader that had read the catalog before.
  set.RemoveGrowing(SegmentId(1));
  set.Truncate(Timestamp(20), {});
  EXPECT_EQ(Add(sealed), Added::kYes);
  EXPECT_EQ(At(30), (Keys{{2, 1}}));
}

TEST_F(SegmentSetTest, TruncationLeavesSegmentsThatAwaitNewerRows) {
  const auto waits = Grow(1);
  Insert(*waits, {1}, 10);
  Insert(*Grow(2), {2}, 10);  // Flushed, but its files could not be read back.
  Grow(3);
  set.Truncate(Timestamp(20), {SegmentId(1)});
  Insert(*waits, {3}, 30);
  EXPECT_EQ(At(30), (Keys{{3, 1}}));
  EXPECT_EQ(set.snapshot()->size(), 2u);
}

// One appender (as the data node), a flusher that hands segments over, readers that look all the
// time: each acknowledged row is seen exactly once.
TEST_F(SegmentSetTest, ReadersSeeEachRowOnceDuringHandovers) {
  constexpr int64_t kSegments = 60;
  constexpr int64_t kRows = 8;
  std::atomic<int64_t> applied{0};  // Rows; key = time - 1; every fourth is deleted at once.
  std::atomic<int64_t> ready{0};    // Segments complete.
  std::atomic<int> wrong{0};
  const auto read = [&] {
    for (int64_t rows = 0; rows < kSegments * kRows;) {
      rows = applied.load(std::memory_order_acquire);
      const Keys keys = At(static_cast<uint64_t>(rows));
      for (int64_t key = 0; key < rows; ++key) {
        const auto found = keys.find(key);
        const int times = found == keys.end() ? 0 : found->second;
        wrong += times != (key % 4 == 3 && key + 1 < rows ? 0 : 1);
      }
    }
  };
  std::vector<std::shared_ptr<GrowingSegment>> growing(kSegments);
  std::thread one(read), two(read);
  std::thread flusher([&] {
    for (int64_t s = 0; s < kSegments; ++s) {
      while (ready.load(std::memory_order_acquire) <= s) std::this_thread::yield();
      wrong += !HandOver(SealFile(*growing[s]));
    }
  });
  for (int64_t s = 0; s < kSegments; ++s) {
    growing[s] = Grow(s + 1);
    for (int64_t i = 0; i < kRows; ++i) {
      const int64_t key = s * kRows + i;
      const uint64_t at = static_cast<uint64_t>(key) + 1;
      if (key > 0 && (key - 1) % 4 == 3) Delete({key - 1}, at);
      Insert(*growing[s], {key}, at);
      applied.store(key + 1, std::memory_order_release);
    }
    ready.store(s + 1, std::memory_order_release);
  }
  one.join();
  two.join();
  flusher.join();
  EXPECT_EQ(wrong.load(), 0);
  const SegmentSet::Snapshot last = set.snapshot();
  for (const SegmentPtr& segment : *last) EXPECT_FALSE(segment->growing());
}

TEST(SegmentRegistry, TellsTheListenerUntilItIsTakenOut) {
  SegmentRegistry registry;
  std::vector<SegmentId> told;
  registry.TellHandedOver(CollectionId(1), SegmentId(1));
  registry.SetListener([&](CollectionId, SegmentId id) { told.push_back(id); });
  registry.TellHandedOver(CollectionId(1), SegmentId(2));
  registry.SetListener(nullptr);
  registry.TellHandedOver(CollectionId(1), SegmentId(3));
  EXPECT_EQ(told, (std::vector<SegmentId>{SegmentId(2)}));
}

// Segments 1 and 2 are merged into 3: {1, 2} and {3} become {1, 2, 3}.
class MergedSegmentSetTest : public SegmentSetTest {
 protected:
  MergedSegmentSetTest() {
    EXPECT_EQ(Add(FileOf(1, {1, 2})), Added::kYes);
    EXPECT_EQ(Add(FileOf(2, {3})), Added::kYes);
  }
  std::shared_ptr<SealedSegment> FileOf(int64_t id, const std::vector<int64_t>& keys,
                                        std::vector<SegmentId> replaces = {}) {
    GrowingSegment growing(SegmentId(id), kPartition, 0, schema);
    Insert(growing, keys, 10);
    return *Seal(growing, schema, *store, std::move(replaces));
  }
  std::shared_ptr<SealedSegment> Merged() {
    return FileOf(3, {1, 2, 3}, {SegmentId(1), SegmentId(2)});
  }
};

TEST_F(MergedSegmentSetTest, TheMergedSegmentTakesTheirPlaceWithAllDeletes) {
  Delete({1}, 20);
  const SegmentSet::Snapshot before = set.snapshot();
  set.NoteReplaced({SegmentId(1), SegmentId(2)}, {SegmentId(3)});
  EXPECT_EQ(At(20), (Keys{{2, 1}, {3, 1}})) << "they serve until it is there";
  Delete({3}, 30);
  EXPECT_EQ(Add(Merged()), Added::kYes);
  EXPECT_EQ(set.snapshot()->size(), 1u);
  EXPECT_EQ(At(19), (Keys{{1, 1}, {2, 1}, {3, 1}}));
  EXPECT_EQ(At(30), (Keys{{2, 1}}));
  EXPECT_EQ(VisibleKeysOfAll(*before, Timestamp(30)), (Keys{{2, 1}})) << "readers go on";
}

TEST_F(MergedSegmentSetTest, ItDoesNotMatterWhetherTheNewsOrTheSegmentComesFirst) {
  EXPECT_EQ(Add(Merged()), Added::kYes);  // By a load that found it in the catalog.
  EXPECT_EQ(At(10), (Keys{{1, 1}, {2, 1}, {3, 1}}));
  set.NoteReplaced({SegmentId(1), SegmentId(2)}, {SegmentId(3)});
  EXPECT_EQ(At(10), (Keys{{1, 1}, {2, 1}, {3, 1}}));
  EXPECT_EQ(Add(FileOf(1, {1, 2}), /*listed=*/false), Added::kNotWanted) << "a load that came late";
  EXPECT_EQ(set.snapshot()->size(), 1u);
}

TEST_F(MergedSegmentSetTest, OneThatNeverCameIsSkipped) {
  set.NoteReplaced({SegmentId(1), SegmentId(2)}, {SegmentId(3)});  // Which could not be opened.
  EXPECT_EQ(Add(FileOf(4, {4})), Added::kYes);
  set.NoteReplaced({SegmentId(3), SegmentId(4)}, {SegmentId(5)});
  EXPECT_EQ(At(10), (Keys{{1, 1}, {2, 1}, {3, 1}, {4, 1}}));
  EXPECT_EQ(Add(FileOf(5, {1, 2, 3, 4}, {SegmentId(3), SegmentId(4)})), Added::kYes);
  EXPECT_EQ(At(10), (Keys{{1, 1}, {2, 1}, {3, 1}, {4, 1}}));
  EXPECT_EQ(set.snapshot()->size(), 1u);
}

// Two segments, 3 and 4, hold the rows of 1 and 2 together.
class ClusteredSegmentSetTest : public MergedSegmentSetTest {
 protected:
  std::shared_ptr<SealedSegment> Part(int64_t id, const std::vector<int64_t>& keys) {
    GrowingSegment growing(SegmentId(id), kPartition, 0, schema);
    Insert(growing, keys, 10);
    return *Seal(growing, schema, *store, replaced, {}, std::nullopt, made);
  }
  std::set<int64_t> Ids() {
    std::set<int64_t> ids;
    for (const SegmentPtr& segment : *set.snapshot()) ids.insert(segment->id().value());
    return ids;
  }
  const std::vector<SegmentId> replaced = {SegmentId(1), SegmentId(2)};
  const std::vector<SegmentId> made = {SegmentId(3), SegmentId(4)};
};

TEST_F(ClusteredSegmentSetTest, TheLastOfThemBringsAllIn) {
  for (const bool told_first : {true, false}) {
    if (told_first) set.NoteReplaced(replaced, made);
    EXPECT_EQ(Add(Part(3, {1, 3})), Added::kYes);
    EXPECT_EQ(At(10), (Keys{{1, 1}, {2, 1}, {3, 1}}));
    EXPECT_EQ(Ids(), (std::set<int64_t>{1, 2})) << "3 waits for 4";
    Delete({3}, 20);
    EXPECT_EQ(Add(Part(4, {2})), Added::kYes);
    EXPECT_EQ(Ids(), (std::set<int64_t>{3, 4}));
    EXPECT_EQ(At(19), (Keys{{1, 1}, {2, 1}, {3, 1}}));
    EXPECT_EQ(At(20), (Keys{{1, 1}, {2, 1}})) << "what waited got the delete";
    set.NoteReplaced(replaced, made);
    EXPECT_EQ(Ids(), (std::set<int64_t>{3, 4}));
    set.Clear();
    EXPECT_EQ(Add(FileOf(1, {1, 2})), Added::kYes);
    EXPECT_EQ(Add(FileOf(2, {3})), Added::kYes);
  }
}

TEST_F(ClusteredSegmentSetTest, WhereNothingOfTheOldIsHereTheyServeOneByOne) {
  set.Clear();
  EXPECT_EQ(Add(Part(3, {1, 3})), Added::kYes);
  EXPECT_EQ(Ids(), std::set<int64_t>{3});
  EXPECT_EQ(Add(Part(4, {2})), Added::kYes);
  EXPECT_EQ(Ids(), (std::set<int64_t>{3, 4}));
}

TEST_F(ClusteredSegmentSetTest, AnotherMergeOfOneOfThemWaitsToo) {
  set.NoteReplaced(replaced, made);
  EXPECT_EQ(Add(Part(3, {1, 3})), Added::kYes);  // 4 could not be opened.
  EXPECT_EQ(Add(FileOf(5, {5})), Added::kYes);
  set.NoteReplaced({SegmentId(3), SegmentId(5)}, {SegmentId(6)});
  EXPECT_EQ(Add(FileOf(6, {1, 3, 5}, {SegmentId(3), SegmentId(5), SegmentId(1), SegmentId(2)})),
            Added::kYes);
  EXPECT_EQ(Ids(), (std::set<int64_t>{1, 2, 5}));
  EXPECT_EQ(At(10), (Keys{{1, 1}, {2, 1}, {3, 1}, {5, 1}}));
  EXPECT_EQ(Add(Part(4, {2})), Added::kYes);
  EXPECT_EQ(Ids(), (std::set<int64_t>{4, 6}));
  EXPECT_EQ(At(10), (Keys{{1, 1}, {2, 1}, {3, 1}, {5, 1}}));
}

TEST_F(ClusteredSegmentSetTest, NobodyWaitsForOneThatIsEmptied) {
  set.NoteReplaced(replaced, made);
  EXPECT_EQ(Add(Part(3, {1, 3})), Added::kYes);
  Delete({2}, 20);
  set.RemoveEmptied({SegmentId(4)});
  EXPECT_EQ(Ids(), std::set<int64_t>{3});
  EXPECT_EQ(At(20), (Keys{{1, 1}, {3, 1}}));
}

TEST_F(ClusteredSegmentSetTest, ColdOnesWaitUnseen) {
  const auto cold = [&](int64_t id) {
    return set.AddCold({.id = SegmentId(id),
                        .partition = kPartition,
                        .num_rows = 1,
                        .max_timestamp = Timestamp(10)},
                       replaced, made, [] { return true; });
  };
  ASSERT_TRUE(cold(3));
  const auto any = [](PartitionId) { return true; };
  EXPECT_TRUE(set.Cold(any).empty());
  EXPECT_EQ(Ids(), (std::set<int64_t>{1, 2}));
  ASSERT_TRUE(cold(4));
  EXPECT_EQ(set.Cold(any).size(), 2);
  EXPECT_TRUE(Ids().empty());
}

// Any order of compactions and of their arrival, some segments never coming: each row is seen once.
TEST_F(SegmentSetTest, EveryRowIsSeenOnceInAnyHistoryOfCompactions) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    std::mt19937_64 random(seed);
    SegmentSet own;
    own.SetWanted({.loaded = true, .all_partitions = true});
    std::map<int64_t, std::vector<int64_t>> listed;  // Keys by segment, as the catalog has them.
    std::vector<std::shared_ptr<SealedSegment>> late;
    int64_t last_id = 0, last_key = 0;
    Keys expected;
    const auto make = [&](int64_t id, const std::vector<int64_t>& keys,
                          const std::vector<SegmentId>& replaces,
                          const std::vector<SegmentId>& siblings) {
      GrowingSegment growing(SegmentId(id), kPartition, 0, schema);
      Insert(growing, keys, 10);
      return *Seal(growing, schema, *store, replaces, {}, std::nullopt, siblings);
    };
    const auto add = [&](std::shared_ptr<SealedSegment> segment) {
      const int64_t id = segment->id().value();
      own.AddSealed(
          std::move(segment), [&] { return listed.contains(id); }, own.delete_epoch());
    };
    for (int step = 0; step < 30; ++step) {
      const auto what = random() % 4;
      if (what == 0 || listed.empty()) {
        std::vector<int64_t> keys;
        for (int i = 0; i < 3; ++i) keys.push_back(++last_key);
        for (const int64_t key : keys) expected[key] = 1;
        listed[++last_id] = keys;
        add(make(last_id, keys, {}, {}));
      } else if (what == 1 && !late.empty()) {
        const size_t place = random() % late.size();
        add(late[place]);
        late.erase(late.begin() + static_cast<std::ptrdiff_t>(place));
      } else {
        std::vector<SegmentId> from, to;
        std::vector<int64_t> keys;
        for (auto it = listed.begin(); it != listed.end();) {
          if (random() % 2 == 0) {
            ++it;
            continue;
          }
          from.emplace_back(it->first);
          keys.insert(keys.end(), it->second.begin(), it->second.end());
          it = listed.erase(it);
        }
        if (from.empty()) continue;
        std::shuffle(keys.begin(), keys.end(), random);
        const size_t parts = std::min<size_t>(1 + random() % 3, keys.size());
        std::vector<std::vector<int64_t>> of(parts);
        for (size_t i = 0; i < keys.size(); ++i) of[i % parts].push_back(keys[i]);
        for (size_t i = 0; i < parts; ++i) to.emplace_back(++last_id);
        for (size_t i = 0; i < parts; ++i) listed[to[i].value()] = of[i];
        const bool told_first = random() % 2 == 0;
        if (told_first) own.NoteReplaced(from, to);
        for (size_t i = 0; i < parts; ++i) {
          auto segment =
              make(to[i].value(), of[i], from, parts > 1 ? to : std::vector<SegmentId>());
          if (random() % 3 == 0) {
            late.push_back(std::move(segment));
          } else {
            add(std::move(segment));
          }
        }
        if (!told_first) own.NoteReplaced(from, to);
      }
      ASSERT_EQ(VisibleKeysOfAll(*own.snapshot(), Timestamp(10)), expected)
          << "seed " << seed << ", step " << step;
    }
    for (auto& segment : late) add(std::move(segment));
    ASSERT_EQ(VisibleKeysOfAll(*own.snapshot(), Timestamp(10)), expected) << "seed " << seed;
  }
}

TEST_F(MergedSegmentSetTest, AGrowingSegmentThatWasNotHandedOverLeavesToo) {
  const auto growing = Grow(6);
  Insert(*growing, {6}, 10);
  set.NoteReplaced({SegmentId(1), SegmentId(6)}, {SegmentId(7)});
  EXPECT_EQ(Add(FileOf(7, {1, 2, 6}, {SegmentId(1), SegmentId(6)})), Added::kYes);
  EXPECT_EQ(At(10), (Keys{{1, 1}, {2, 1}, {3, 1}, {6, 1}}));
}

TEST_F(MergedSegmentSetTest, SegmentsWithoutRowsLeave) {
  Delete({1, 2}, 20);
  set.RemoveEmptied({SegmentId(1)});
  EXPECT_EQ(At(20), (Keys{{3, 1}}));
  EXPECT_EQ(set.snapshot()->size(), 1u);
}

}  // namespace
}  // namespace elanus::segment
