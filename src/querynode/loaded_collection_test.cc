#include "querynode/loaded_collection.h"

#include <gtest/gtest.h>

#include <thread>

namespace elanus::querynode {
namespace {

using roles::LoadState;
const PartitionId kOne{1};
const PartitionId kTwo{2};

meta::CollectionPtr Wanting(const std::vector<PartitionId>& partitions, bool all = false) {
  auto collection = std::make_shared<meta::Collection>();
  collection->schema.name = "rows";
  collection->partitions = {{kOne, "one"}, {kTwo, "two"}};
  collection->load.loaded = true;
  collection->load.all_partitions = all;
  collection->load.partitions = partitions;
  return collection;
}

ErrorCode CodeOfWait(LoadedCollection& loaded, const std::vector<PartitionId>& partitions) {
  const auto stopped = std::make_shared<std::atomic<bool>>(true);  // Who would wait is cancelled.
  return CodeOf(loaded.WaitReadable(partitions, Cancellation(stopped, 0)).status());
}

TEST(LoadedCollection, BecomesReadableWhenItsLoadEnds) {
  LoadedCollection loaded;
  EXPECT_EQ(loaded.Status({}).state, LoadState::kNotLoaded);
  EXPECT_EQ(CodeOfWait(loaded, {}), ErrorCode::kCollectionNotLoaded);
  const uint64_t load = loaded.Begin(Wanting({}, /*all=*/true));
  EXPECT_EQ(loaded.Status({}).state, LoadState::kLoading);
  EXPECT_EQ(CodeOfWait(loaded, {}), ErrorCode::kCancelled);
  loaded.Progress(load, 1, 4);
  EXPECT_EQ(loaded.Status({}).percent, 25);
  loaded.Progress(load, 4, 4);
  EXPECT_EQ(loaded.Status({}).percent, 99);  // 100 is for the end alone.
  loaded.End(load, absl::OkStatus());
  EXPECT_EQ(loaded.Status({}).percent, 100);
  EXPECT_EQ(CodeOfWait(loaded, {kTwo}), ErrorCode::kOk);
}

TEST(LoadedCollection, AFailedLoadMayEndWellLater) {
  LoadedCollection loaded;
  const uint64_t load = loaded.Begin(Wanting({}, /*all=*/true));
  loaded.End(load, RetryableError(ErrorCode::kServiceUnavailable, "store down"));
  EXPECT_FALSE(loaded.Status({}).failure.ok());
  EXPECT_EQ(CodeOfWait(loaded, {}), ErrorCode::kServiceUnavailable);
  EXPECT_TRUE(loaded.IsLast(load));
  loaded.End(load, absl::OkStatus());
  EXPECT_TRUE(loaded.Status({}).failure.ok());
  EXPECT_EQ(loaded.Status({}).state, LoadState::kLoaded);
  loaded.Release();
  EXPECT_FALSE(loaded.IsLast(load));
}

TEST(LoadedCollection, MorePartitionsLeaveReadableWhatIs) {
  LoadedCollection loaded;
  loaded.End(loaded.Begin(Wanting({kOne})), absl::OkStatus());
  EXPECT_EQ(CodeOfWait(loaded, {kTwo}), ErrorCode::kPartitionNotLoaded);
  const uint64_t load = loaded.Begin(Wanting({kOne, kTwo}));
  EXPECT_EQ(CodeOfWait(loaded, {kOne}), ErrorCode::kOk);
  EXPECT_EQ(CodeOfWait(loaded, {kTwo}), ErrorCode::kCancelled);
  EXPECT_EQ(loaded.Status({}).state, LoadState::kLoading);
  EXPECT_EQ(loaded.Status({kOne}).state, LoadState::kLoaded);
  EXPECT_EQ(loaded.Status({kTwo}).state, LoadState::kLoading);
  const auto readable = loaded.WaitReadable({}, Cancellation());
  ASSERT_TRUE(readable.ok());
  EXPECT_TRUE(readable->partitions.Covers(kOne));
  EXPECT_FALSE(readable->partitions.Covers(kTwo));
  loaded.End(load, absl::OkStatus());
  EXPECT_EQ(loaded.Status({}).state, LoadState::kLoaded);
}

TEST(LoadedCollection, AReleasedPartitionIsNotReadableAgainBeforeItIsLoadedAgain) {
  LoadedCollection loaded;
  loaded.End(loaded.Begin(Wanting({}, /*all=*/true)), absl::OkStatus());
  const uint64_t narrow = loaded.Begin(Wanting({kOne}));
  EXPECT_EQ(CodeOfWait(loaded, {kTwo}), ErrorCode::kPartitionNotLoaded);
  const uint64_t wide = loaded.Begin(Wanting({}, /*all=*/true));
  loaded.End(narrow, absl::OkStatus());  // Too late to count.
  EXPECT_EQ(CodeOfWait(loaded, {kOne}), ErrorCode::kOk);
  EXPECT_EQ(CodeOfWait(loaded, {kTwo}), ErrorCode::kCancelled);
  loaded.End(wide, absl::OkStatus());
  EXPECT_EQ(CodeOfWait(loaded, {kTwo}), ErrorCode::kOk);
}

TEST(LoadedCollection, AnOldLoadThatEndsAfterTheReleaseChangesNothing) {
  LoadedCollection loaded;
  const uint64_t load = loaded.Begin(Wanting({}, /*all=*/true));
  const uint64_t version = loaded.version();
  loaded.Release();
  EXPECT_NE(loaded.version(), version);
  loaded.End(load, absl::OkStatus());
  EXPECT_EQ(loaded.Status({}).state, LoadState::kNotLoaded);
  EXPECT_EQ(CodeOfWait(loaded, {}), ErrorCode::kCollectionNotLoaded);
}

TEST(LoadedCollection, AFailedLoadNamesItsReasonAndAFailedRefreshTakesNothingAway) {
  LoadedCollection loaded;
  const absl::Status damage = InternalError(ErrorCode::kDataIntegrity, "damaged: {}", "x");
  loaded.End(loaded.Begin(Wanting({}, /*all=*/true)), damage);
  EXPECT_EQ(CodeOfWait(loaded, {}), ErrorCode::kDataIntegrity);
  EXPECT_NE(MessageOf(loaded.Status({}).failure).find("damaged: x"), std::string::npos);
  loaded.End(loaded.Begin(Wanting({}, /*all=*/true)), absl::OkStatus());
  loaded.End(loaded.Begin(Wanting({}, /*all=*/true)), damage);
  EXPECT_EQ(loaded.Status({}).state, LoadState::kLoaded);
  EXPECT_EQ(CodeOfWait(loaded, {}), ErrorCode::kOk);
}

TEST(LoadedCollection, AReaderWaitsForTheEndAndForTheRelease) {
  for (const bool released : {false, true}) {
    LoadedCollection loaded;
    const uint64_t load = loaded.Begin(Wanting({}, /*all=*/true));
    std::thread reader([&] {
      EXPECT_EQ(CodeOf(loaded.WaitReadable({}, Cancellation()).status()),
                released ? ErrorCode::kCollectionNotLoaded : ErrorCode::kOk);
    });
    if (released) {
      loaded.Release();
    } else {
      loaded.End(load, absl::OkStatus());
    }
    reader.join();
  }
}

}  // namespace
}  // namespace elanus::querynode
