#include "coord/held_builds.h"

#include <gtest/gtest.h>

#include "coord/coordinator_fixture_test.h"

namespace elanus::coord {
namespace {

using Builds = std::vector<HeldBuilds::Build>;
constexpr CollectionId kFirst{1}, kSecond{2};
constexpr HeldBuilds::Build kA{SegmentId(1), IndexId(9)}, kB{SegmentId(2), IndexId(9)},
    kC{SegmentId(3), IndexId(9)};

TEST(HeldBuilds, BeginWhenTheirCollectionRests) {
  HeldBuilds held;
  held.Hold(kFirst, kA, 100);
  held.Hold(kFirst, kB, 105);
  held.Hold(kSecond, kC, 100);
  EXPECT_EQ(held.TakeDue(10, 109), Builds());
  EXPECT_EQ(held.TakeDue(10, 110), Builds{kC});
  held.NoteFlush(kFirst, 112);
  EXPECT_EQ(held.TakeDue(10, 121), Builds());
  EXPECT_EQ(held.TakeDue(10, 122), (Builds{kA, kB}));
  EXPECT_EQ(held.TakeDue(10, 900), Builds());
}

TEST(HeldBuilds, AreNotHeldForEver) {
  HeldBuilds held;
  held.Hold(kFirst, kA, 100);
  for (uint64_t now = 105; now < 160; now += 5) {
    held.NoteFlush(kFirst, now);
    if (now == 150) held.Hold(kFirst, kB, now);
    EXPECT_EQ(held.TakeDue(10, now), Builds()) << now;
  }
  held.NoteFlush(kFirst, 160);
  EXPECT_EQ(held.TakeDue(10, 160), Builds{kA});
}

class HeldBuildsTest : public CoordinatorTest {
 protected:
  void Tick(uint64_t ms) {
    clock_.wall_ms += ms;
    clock_.monotonic_ns += ms * 1'000'000;
    coordinator_->MaintainSegments();
    builds_.RunAll();
  }
};

TEST_F(HeldBuildsTest, OnlySegmentsThatAreWorthAWaitAreHeld) {
  CompactionRules rules;
  rules.segment_bytes_max = 1 << 20;
  rules.held_bytes_min = 64 << 10;
  rules.hold_build_ms = 10'000;
  coordinator_->SetCompactionRules(rules);
  CreateIndexed("c");
  Flush("c", 2000);  // Of 8 bytes: below held_bytes_min.
  builds_.RunAll();
  EXPECT_EQ(index_node_.num_builds, 1);
  Flush("c", 10'000);
  builds_.RunAll();
  EXPECT_EQ(index_node_.num_builds, 2) << "there is nothing to merge it with";
  Flush("c", 10'000);
  Tick(9000);
  EXPECT_EQ(index_node_.num_builds, 2);
  Flush("c", 10'000);
  Tick(9000);
  EXPECT_EQ(index_node_.num_builds, 2) << "it was flushed meanwhile";
  Tick(1000);
  EXPECT_EQ(index_node_.num_builds, 4);
  Flush("c", 70'000);  // No small segment any more.
  builds_.RunAll();
  EXPECT_EQ(index_node_.num_builds, 5);
  rules.automatic = false;
  coordinator_->SetCompactionRules(rules);
  Flush("c", 10'000);
  builds_.RunAll();
  EXPECT_EQ(index_node_.num_builds, 6) << "nothing will be merged";
}

}  // namespace
}  // namespace elanus::coord
