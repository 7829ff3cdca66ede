#include "datanode/open_segments.h"

#include <gtest/gtest.h>

namespace elanus::datanode {
namespace {

const CollectionId kOne{1};
const CollectionId kTwo{2};

OpenSegmentPtr Make(CollectionId collection, int64_t rows = 1, int64_t bytes = 10) {
  auto open = std::make_shared<OpenSegment>();
  open->collection = collection;
  open->assigned_rows = rows;
  open->assigned_bytes = bytes;
  return open;
}

TEST(OpenSegments, ASealedSegmentTakesNoRowsAndWaitsUntilItIsForgotten) {
  OpenSegments segments;
  const OpenSegments::Slot slot{kOne, PartitionId(5), 0};
  const OpenSegmentPtr open = Make(kOne);
  segments.Open(slot, open);
  EXPECT_EQ(segments.FindOpen(slot), open);
  EXPECT_EQ(segments.SealingBytes(), 0);
  segments.Seal(slot);
  segments.Seal(slot);
  EXPECT_EQ(segments.FindOpen(slot), nullptr);
  EXPECT_EQ(segments.Sealing(kOne), std::vector<OpenSegmentPtr>{open});
  EXPECT_TRUE(segments.Sealing(kTwo).empty());
  EXPECT_EQ(segments.SealingBytes(), 10);
  EXPECT_EQ(segments.All().size(), 1u);
  segments.Forget({open});
  EXPECT_TRUE(segments.empty());
  EXPECT_EQ(segments.SealingBytes(), 0);
}

TEST(OpenSegments, SealingACollectionLeavesOthersAndWhatHasNoRows) {
  OpenSegments segments;
  segments.Open({kOne, PartitionId(5), 0}, Make(kOne));
  segments.Open({kOne, PartitionId(5), 1}, Make(kOne, /*rows=*/0));
  segments.Open({kTwo, PartitionId(6), 0}, Make(kTwo));
  segments.SealCollection(kOne);
  EXPECT_EQ(segments.Sealing(kOne).size(), 1u);
  EXPECT_EQ(segments.Open().size(), 2u);
  EXPECT_EQ(segments.All(kOne).size(), 2u);
  EXPECT_EQ(segments.All().size(), 3u);
}

}  // namespace
}  // namespace elanus::datanode
