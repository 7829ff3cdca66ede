#include "coord/compaction_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "common/timestamp.h"

namespace elanus::coord {
namespace {

constexpr uint64_t kNowMs = 1'760'000'000'000;
constexpr int64_t kMegabyte = 1 << 20;

class CompactionPlanTest : public testing::Test {
 protected:
  // A segment of 1,000 rows.
  void Add(int64_t megabytes, uint64_t age_ms = 3'600'000, int64_t num_deleted = 0,
           int64_t partition = 1, int32_t shard = 0) {
    auto segment = std::make_shared<meta::Segment>();
    segment->id = SegmentId(static_cast<int64_t>(candidates.size()) + 1);
    segment->partition = PartitionId(partition);
    segment->shard = shard;
    segment->num_rows = 1000;
    segment->flushed = MakeTimestamp(kNowMs - age_ms);
    segment->files = {{FieldId(100), "", megabytes * kMegabyte}};
    candidates.push_back({.segment = std::move(segment), .num_deleted = num_deleted});
  }
  // The sizes of the groups, in megabytes.
  static std::vector<std::vector<int64_t>> Sizes(const std::vector<SegmentGroup>& groups) {
    std::vector<std::vector<int64_t>> out;
    for (const SegmentGroup& group : groups) {
      std::vector<int64_t>& sizes = out.emplace_back();
      for (const auto& segment : group) sizes.push_back(segment->bytes() / kMegabyte);
      std::sort(sizes.begin(), sizes.end());
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  std::vector<std::vector<int64_t>> Plan() {
    return Sizes(PlanCompactions(rules, candidates, kNowMs));
  }

  using Groups = std::vector<std::vector<int64_t>>;
  CompactionRules rules;
  std::vector<CompactionCandidate> candidates;
};

TEST_F(CompactionPlanTest, LeavesFullSegmentsAndFewSmallOnesAlone) {
  Add(1000);
  Add(600);
  Add(100);
  Add(100);
  Add(100);
  EXPECT_EQ(Plan(), Groups());
}

TEST_F(CompactionPlanTest, SegmentsOfExpiredRowsAloneGoByThemselves) {
  for (int i = 0; i < 4; ++i) Add(1);
  Add(900);
  for (CompactionCandidate& candidate : candidates) candidate.num_expired = 1000;
  EXPECT_EQ(Plan(), Groups({{1}, {1}, {1}, {1}, {900}}));
}

TEST_F(CompactionPlanTest, ASegmentIsWrittenAnewForItsExpiredRows) {
  Add(900);
  candidates[0].num_expired = 200;
  rules.expired_bytes_max = 900 * kMegabyte;
  EXPECT_EQ(Plan(), Groups()) << "no more than the share";
  candidates[0].num_expired = 201;
  EXPECT_EQ(Plan(), Groups({{900}}));
  candidates[0].num_expired = 20;
  EXPECT_EQ(Plan(), Groups());
  rules.expired_bytes_max = 17 * kMegabyte;
  EXPECT_EQ(Plan(), Groups({{900}})) << "18 MB";
}

TEST_F(CompactionPlanTest, AnExpiredRowMayWaitOnlySoLongIfAsked) {
  Add(900);
  candidates[0].first_expiry_ms = kNowMs - 1001;
  EXPECT_EQ(Plan(), Groups()) << "nobody asked";
  rules.expiry_tolerance_ms = 1001;
  EXPECT_EQ(Plan(), Groups());
  rules.expiry_tolerance_ms = 1000;
  EXPECT_EQ(Plan(), Groups({{900}}));
  candidates[0].first_expiry_ms = kNowMs + 1;
  EXPECT_EQ(Plan(), Groups());
}

TEST_F(CompactionPlanTest, SmallSegmentsThatMakeAFullOneAreMergedAtOnce) {
  for (int i = 0; i < 17; ++i) Add(122, /*age_ms=*/100);
  EXPECT_EQ(Plan(), (Groups{std::vector<int64_t>(8, 122), std::vector<int64_t>(8, 122)}));
}

TEST_F(CompactionPlanTest, FewAreMergedWhenTheirPartitionRests) {
  for (int i = 0; i < 4; ++i) Add(100, /*age_ms=*/i == 0 ? 59'000 : 3'600'000);
  EXPECT_EQ(Plan(), Groups());
  candidates.clear();
  for (int i = 0; i < 4; ++i) Add(100, /*age_ms=*/61'000);
  EXPECT_EQ(Plan(), (Groups{{100, 100, 100, 100}}));
}

TEST_F(CompactionPlanTest, ALargeOneIsNotWrittenAgainForTinyOnes) {
  Add(400);
  for (int i = 0; i < 4; ++i) Add(2);
  EXPECT_EQ(Plan(), (Groups{{2, 2, 2, 2}}));
}

TEST_F(CompactionPlanTest, DeletedRowsAreWrittenOut) {
  Add(1000, 3'600'000, 201);
  Add(1000, 3'600'000, 200);
  Add(100, 3'600'000, 300);
  Add(100, 3'600'000, 100);
  const std::vector<SegmentGroup> groups = PlanCompactions(rules, candidates, kNowMs);
  std::set<int64_t> rewritten;
  for (const SegmentGroup& group : groups) {
    ASSERT_EQ(group.size(), 1);
    rewritten.insert(group.front()->id.value());
  }
  EXPECT_EQ(rewritten, (std::set<int64_t>{1, 3}));
}

TEST_F(CompactionPlanTest, PartitionsAndShardsStayApart) {
  for (int i = 0; i < 6; ++i) Add(300, 3'600'000, 0, /*partition=*/i % 2, /*shard=*/i % 3);
  EXPECT_EQ(Plan(), Groups());
  EXPECT_EQ(Sizes(PlanForcedMerge(candidates, 4096 * kMegabyte)),
            (Groups{{300}, {300}, {300}, {300}, {300}, {300}}));
}

TEST_F(CompactionPlanTest, AForcedMergeTakesEverySegmentOnceAndKeepsTheTarget) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    candidates.clear();
    const int count = static_cast<int>(random() % 40);
    for (int i = 0; i < count; ++i) Add(1 + static_cast<int64_t>(random() % 700));
    const auto target = static_cast<int64_t>(1 + random() % 2000) * kMegabyte;
    std::set<SegmentId> seen;
    for (const SegmentGroup& group : PlanForcedMerge(candidates, target)) {
      int64_t bytes = 0;
      for (const auto& segment : group) {
        EXPECT_TRUE(seen.insert(segment->id).second);
        bytes += segment->bytes();
      }
      if (group.size() > 1) EXPECT_LE(bytes, target);
    }
    EXPECT_EQ(seen.size(), candidates.size());
  }
}

TEST_F(CompactionPlanTest, ManySmallFlushesAreRewrittenALogarithmicNumberOfTimes) {
  // Each flush of a megabyte is followed by a look at a time when the partition rests.
  std::vector<int64_t> sizes;
  int64_t written = 0;
  for (int flush = 0; flush < 512; ++flush) {
    sizes.push_back(1);
    for (bool again = true; again;) {
      again = false;
      candidates.clear();
      for (const int64_t size : sizes) Add(size);
      for (const SegmentGroup& group : PlanCompactions(rules, candidates, kNowMs)) {
        int64_t sum = 0;
        for (const auto& segment : group) {
          const int64_t size = segment->bytes() / kMegabyte;
          sizes.erase(std::find(sizes.begin(), sizes.end(), size));
          sum += size;
        }
        sizes.push_back(sum);
        written += sum;
        again = true;
      }
    }
    EXPECT_LE(sizes.size(), 16u);
  }
  EXPECT_LE(written, 512 * 6);
}

meta::Delta DeltaOf(int64_t id, int64_t num_rows, uint64_t at) {
  meta::Delta out;
  out.id = id;
  out.num_rows = num_rows;
  out.min_timestamp = out.max_timestamp = Timestamp(at);
  return out;
}

std::vector<int64_t> IdsOf(const std::vector<meta::Delta>& deltas) {
  std::vector<int64_t> out;
  for (const meta::Delta& delta : deltas) out.push_back(delta.id);
  return out;
}

TEST(DeltaMergePlan, WaitsForEnoughSmallFilesOrBytes) {
  const DeltaMergeRules rules{.files_min = 3, .files_max = 4, .bytes_min = 2400, .bytes_max = 4800};
  using Ids = std::vector<int64_t>;
  EXPECT_EQ(IdsOf(PlanDeltaMerge(rules, {DeltaOf(1, 5, 1), DeltaOf(2, 5, 2)})), Ids());
  EXPECT_EQ(IdsOf(PlanDeltaMerge(rules, {DeltaOf(3, 5, 3), DeltaOf(1, 5, 1), DeltaOf(2, 5, 2)})),
            (Ids{1, 2, 3}))
      << "oldest first";
  EXPECT_EQ(IdsOf(PlanDeltaMerge(rules, {DeltaOf(1, 60, 1), DeltaOf(2, 60, 2)})), (Ids{1, 2}))
      << "few, but large together";
  EXPECT_EQ(IdsOf(PlanDeltaMerge(rules, {DeltaOf(1, 5, 1), DeltaOf(2, 100, 2), DeltaOf(3, 5, 3)})),
            Ids())
      << "a large one stays as it is";
  EXPECT_EQ(IdsOf(PlanDeltaMerge(rules, {DeltaOf(1, 5, 1), DeltaOf(2, 5, 2), DeltaOf(3, 5, 3),
                                         DeltaOf(4, 5, 4), DeltaOf(5, 5, 5)})),
            (Ids{1, 2, 3, 4}));
  EXPECT_EQ(IdsOf(PlanDeltaMerge(rules, {DeltaOf(1, 90, 1), DeltaOf(2, 90, 2), DeltaOf(3, 90, 3)})),
            (Ids{1, 2}))
      << "not more than fits one file";
}

TEST_F(CompactionPlanTest, ClusteredSegmentsAreNotMergedButWrittenAnew) {
  const auto cluster = [&](size_t i) {
    auto segment = std::make_shared<meta::Segment>(*candidates[i].segment);
    segment->clustered_by = FieldId(101);
    segment->clustering = 7;
    candidates[i].segment = std::move(segment);
  };
  for (int i = 0; i < 8; ++i) Add(1);
  for (size_t i = 0; i < 4; ++i) cluster(i);
  EXPECT_EQ(Plan(), (Groups{{1, 1, 1, 1}}));
  EXPECT_EQ(Sizes(PlanForcedMerge(candidates, 1000 * kMegabyte)),
            (Groups{{1}, {1}, {1}, {1}, {1, 1, 1, 1}}));
  Add(20, 3'600'000, 300);
  cluster(8);
  EXPECT_EQ(Plan(), (Groups{{1, 1, 1, 1}, {20}}));
}

TEST_F(CompactionPlanTest, ManyDeletesOrManyFilesOfThemWearOut) {
  Add(1000, 3'600'000, 100);
  rules.deltalog_files_max = 5;
  candidates[0].num_delta_files = 5;
  EXPECT_EQ(Plan(), Groups());
  candidates[0].num_delta_files = 6;
  EXPECT_EQ(Plan(), (Groups{{1000}}));
  candidates[0].num_delta_files = 0;
  rules.deltalog_bytes_max = 2000;
  EXPECT_EQ(Plan(), (Groups{{1000}}));
  candidates[0].num_deleted = 0;
  candidates[0].num_delta_files = 100;
  EXPECT_EQ(Plan(), Groups()) << "none is of its rows";
}

class ClusteringPlanTest : public CompactionPlanTest {
 protected:
  void AddClustered(int64_t megabytes, int64_t run, uint64_t age_ms = 7'200'000) {
    Add(megabytes, age_ms);
    auto segment = std::make_shared<meta::Segment>(*candidates.back().segment);
    segment->clustered_by = kKey;
    segment->clustering = run;
    candidates.back().segment = std::move(segment);
  }
  Groups Cluster() { return Sizes(PlanClustering(kKey, 1000 * kMegabyte, candidates)); }
  Groups Worth() {
    return Sizes(
        WorthClustering(clustering, PlanClustering(kKey, 1000 * kMegabyte, candidates), kNowMs));
  }

  const FieldId kKey{101};
  ClusteringRules clustering;
};

TEST_F(ClusteringPlanTest, TakesAllOfAShardUnlessItIsDone) {
  Add(10);
  Add(20);
  Add(30, 0, 0, /*partition=*/2);
  EXPECT_EQ(Cluster(), (Groups{{10, 20}, {30}}));
  candidates.clear();
  AddClustered(10, 7);
  AddClustered(20, 7);
  EXPECT_EQ(Cluster(), Groups());
  Add(1);
  EXPECT_EQ(Cluster(), (Groups{{1, 10, 20}}));
  candidates.pop_back();
  AddClustered(5, 8);
  EXPECT_EQ(Cluster(), (Groups{{5, 10, 20}})) << "two runs overlap";
  EXPECT_EQ(Sizes(PlanClustering(FieldId(102), kMegabyte, {candidates.front()})), (Groups{{10}}))
      << "by another field";
}

TEST_F(ClusteringPlanTest, OnePlanHasABoundAndFullRunsStay) {
  for (int i = 0; i < 5; ++i) Add(600);
  EXPECT_EQ(Cluster(), (Groups{{600}, {600, 600}, {600, 600}}));
  candidates.clear();
  AddClustered(600, 7);
  AddClustered(600, 7);
  AddClustered(600, 8);
  EXPECT_EQ(Cluster(), Groups());
  Add(50);
  EXPECT_EQ(Cluster(), (Groups{{50}}));
}

TEST_F(ClusteringPlanTest, UnaskedItWaitsForEnoughNewDataOrLongEnough) {
  Add(511);
  EXPECT_EQ(Worth(), Groups()) << "too little for the first time";
  Add(1);
  EXPECT_EQ(Worth(), (Groups{{1, 511}}));
  candidates.clear();
  AddClustered(100, 7, /*age_ms=*/7'200'000);
  Add(511);
  EXPECT_EQ(Worth(), Groups());
  Add(1);
  EXPECT_EQ(Worth(), (Groups{{1, 100, 511}}));
  candidates.clear();
  AddClustered(100, 7, /*age_ms=*/3'000'000);
  Add(600);
  EXPECT_EQ(Worth(), Groups()) << "clustered just now";
  candidates.clear();
  AddClustered(100, 7, /*age_ms=*/260'000'000);
  Add(1);
  EXPECT_EQ(Worth(), (Groups{{1, 100}})) << "after days any new data is enough";
}

}  // namespace
}  // namespace elanus::coord
