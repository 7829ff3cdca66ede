// What a compaction leaves in the catalog, whatever happens meanwhile.
#include <gtest/gtest.h>

#include "coord/coordinator_fixture_test.h"

namespace elanus::coord {
namespace {

class CompactionsTest : public CoordinatorTest {
 protected:
  CompactionsTest() {
    // As many rows as the sources have, of all their times.
    data_node_.compact = [this](const roles::CompactionTask& task,
                                const Cancellation&) -> absl::StatusOr<meta::Segment> {
      meta::Segment made;
      made.id = task.target;
      made.collection = task.collection->id;
      made.partition = task.sources.front()->partition;
      made.min_timestamp = task.sources.front()->min_timestamp;
      for (const meta::SegmentPtr& source : task.sources) {
        made.num_rows += source->num_rows;
        made.max_timestamp = std::max(made.max_timestamp, source->max_timestamp);
      }
      made.num_rows -= num_deleted;
      for (const meta::Delta& delta : coordinator_->Deltas(made.collection)) {
        made.deletes_applied = std::max(made.deletes_applied, delta.max_timestamp);
      }
      if (made.num_rows > 0) {
        made.files = {{FieldId(100), fmt::format("insert_log/{}", made.id), 1000}};
        objects_.Add(made.files.front().key);
      }
      if (meanwhile) meanwhile();
      return made;
    };
  }
  roles::CompactionJob Compact(const std::string& name, bool deletes_only = false) {
    const auto job = coordinator_->Compact(
        {.collection = Get(name)->id, .segments = {}, .deletes_only = deletes_only});
    EXPECT_TRUE(job.ok()) << job.status();
    return *job;
  }
  void RunAll() {
    compactions_.RunAll();
    cleanups_.RunAll();
  }
  std::vector<meta::SegmentPtr> Segments(const std::string& name) {
    return coordinator_->Segments(Get(name)->id);
  }
  void FlushDelta(const std::string& name, Timestamp at) {
    meta::Delta delta;
    delta.id = *coordinator_->AllocateIds(1);
    delta.collection = Get(name)->id;
    delta.key = fmt::format("delta_log/{}", delta.id);
    delta.num_rows = 1;
    delta.min_timestamp = delta.max_timestamp = at;
    objects_.Add(delta.key);
    ASSERT_TRUE(coordinator_->CommitFlush({}, {delta}, std::nullopt).ok());
  }
  roles::CompactionPlan::State StateOf(const roles::CompactionJob& job) {
    return coordinator_->FindCompaction(job.id)->plans.front().state;
  }
  using State = roles::CompactionPlan::State;

  int64_t num_deleted = 0;
  std::function<void()> meanwhile;
};

TEST_F(CompactionsTest, TheMergedSegmentReplacesItsSourcesWithItsIndex) {
  CreateIndexed("c");
  const SegmentId first = Flush("c", 2000), second = Flush("c", 3000);
  builds_.RunAll();
  notices_.Take();
  const roles::CompactionJob job = Compact("c");
  ASSERT_EQ(job.plans.size(), 1);
  EXPECT_EQ(job.plans[0].sources, (std::vector<SegmentId>{second, first})) << "the larger first";
  EXPECT_EQ(StateOf(job), State::kWaiting);
  RunAll();
  EXPECT_EQ(StateOf(job), State::kDone);
  const auto segments = Segments("c");
  ASSERT_EQ(segments.size(), 1);
  EXPECT_EQ(coordinator_->FindCompaction(job.id)->plans[0].targets, std::vector{segments[0]->id});
  EXPECT_EQ(segments[0]->num_rows, 5000);
  EXPECT_TRUE(segments[0]->merged);
  ASSERT_EQ(segments[0]->indexes.size(), 1);
  EXPECT_EQ(segments[0]->indexes[0].state, meta::BuildState::kFinished);
  EXPECT_FALSE(segments[0]->indexes[0].key.empty());
  EXPECT_EQ(notices_.Take(), std::vector<std::string>{"2 merged to 5000"});
  EXPECT_EQ(objects_.keys(), (std::set<std::string>{segments[0]->files[0].key}))
      << "no file of the sources is left";
  EXPECT_TRUE(coordinator_->IsFlushed(first)) << "replay must not take its rows for new ones";
  const std::string before = Dump(*coordinator_);
  Open();
  EXPECT_EQ(Dump(*coordinator_), before);
  EXPECT_TRUE(coordinator_->IsFlushed(first));
  EXPECT_TRUE(coordinator_->IsFlushed(second));
}

TEST_F(CompactionsTest, BuildsStandBackForSegmentsThatAreToGo) {
  CreateIndexed("c");
  Flush("c", 2000);
  Flush("c", 3000);
  Compact("c");
  builds_.RunAll();
  EXPECT_EQ(index_node_.num_builds, 0);
  compactions_.RunAll();
  EXPECT_EQ(index_node_.num_builds, 1);
}

TEST_F(CompactionsTest, AnIndexBuiltMeanwhileGoesWithItsSegment) {
  CreateIndexed("c");
  const SegmentId first = Flush("c", 2000);
  Flush("c", 3000);
  FlushDelta("c", coordinator_->AllocateTimestamp());
  index_node_.build = [&](const roles::BuildTask& task, const Cancellation&) {
    const std::string key = fmt::format("index_files/{}/x", task.build);
    objects_.Add(key);
    if (task.segment->id == first) Compact("c");  // While its build goes on.
    return roles::BuildResult{key, 10};
  };
  builds_.RunAll();
  RunAll();
  ASSERT_EQ(Segments("c").size(), 1);
  EXPECT_EQ(objects_.keys(), (std::set<std::string>{Segments("c")[0]->files[0].key,
                                                    Segments("c")[0]->indexes[0].key}));
  EXPECT_TRUE(coordinator_->Deltas(Get("c")->id).empty());
}

TEST_F(CompactionsTest, AFailureChangesNothingAndBuildsGoOn) {
  CreateIndexed("c");
  Flush("c", 2000);
  Flush("c", 3000);
  const std::string before = Dump(*coordinator_);
  data_node_.compact = [](const auto&, const auto&) {
    return InternalError(ErrorCode::kIoFailed, "no luck");
  };
  const roles::CompactionJob job = Compact("c");
  builds_.RunAll();
  RunAll();
  EXPECT_EQ(StateOf(job), State::kFailed);
  EXPECT_NE(coordinator_->FindCompaction(job.id)->plans[0].fail_reason.find("no luck"),
            std::string::npos);
  EXPECT_EQ(Dump(*coordinator_), before);
  builds_.RunAll();
  EXPECT_EQ(index_node_.num_builds, 2);
}

TEST_F(CompactionsTest, WhatWasDroppedMeanwhileStaysDropped) {
  CreateIndexed("c");
  ASSERT_TRUE(coordinator_->CreatePartition("", "c", "p").ok());
  Flush("c", 2000, 1);
  Flush("c", 3000, 1);
  meanwhile = [this] { ASSERT_TRUE(coordinator_->DropPartition("", "c", "p").ok()); };
  const roles::CompactionJob job = Compact("c");
  RunAll();
  EXPECT_EQ(StateOf(job), State::kFailed);
  EXPECT_TRUE(Segments("c").empty());
  EXPECT_TRUE(objects_.keys().empty()) << *objects_.keys().begin();

  Flush("c", 2000);
  Flush("c", 3000);
  meanwhile = [this] { ASSERT_TRUE(coordinator_->TruncateCollection("", "c").ok()); };
  Compact("c");
  RunAll();
  EXPECT_TRUE(Segments("c").empty());

  Flush("c", 2000);
  Flush("c", 3000);
  meanwhile = [this] { ASSERT_TRUE(coordinator_->DropCollection("", "c").ok()); };
  Compact("c");
  RunAll();
  EXPECT_TRUE(objects_.keys().empty());
}

TEST_F(CompactionsTest, IndexesThatComeAndGoMeanwhileAreRight) {
  CreateIndexed("c");
  Flush("c", 2000);
  Flush("c", 3000);
  meanwhile = [this] {
    ASSERT_TRUE(coordinator_->DropIndex("", "c", "v", "v").ok());
    ASSERT_TRUE(coordinator_->CreateIndex(HnswIndex("c", "v", "later")).ok());
  };
  Compact("c");
  RunAll();
  ASSERT_EQ(Segments("c").size(), 1);
  ASSERT_EQ(Segments("c")[0]->indexes.size(), 1);
  EXPECT_EQ(Segments("c")[0]->indexes[0].index, Get("c")->indexes[0].id);
  builds_.RunAll();
  EXPECT_EQ(Segments("c")[0]->indexes[0].state, meta::BuildState::kFinished);
}

TEST_F(CompactionsTest, ASegmentWithoutRowsGoesAndSoDoItsDeletes) {
  Create("c");
  Flush("c", 2000);
  FlushDelta("c", coordinator_->AllocateTimestamp());
  num_deleted = 2000;
  const roles::CompactionJob job = Compact("c");
  notices_.Take();
  RunAll();
  EXPECT_EQ(StateOf(job), State::kDone);
  EXPECT_TRUE(Segments("c").empty());
  EXPECT_TRUE(coordinator_->Deltas(Get("c")->id).empty());
  EXPECT_EQ(notices_.Take(), std::vector<std::string>{"1 merged to 0"});
  EXPECT_TRUE(objects_.keys().empty());
}

TEST_F(CompactionsTest, DeletesGoWhenNoSegmentNeedsThem) {
  Create("c");
  ASSERT_TRUE(coordinator_->CreatePartition("", "c", "p").ok());
  Flush("c", 2000);
  Flush("c", 2000, 1);
  FlushDelta("c", coordinator_->AllocateTimestamp());
  Flush("c", 2000);
  ASSERT_EQ(Compact("c", /*deletes_only=*/true).plans.size(), 2) << "the last one has none";
  ASSERT_TRUE(compactions_.RunOne());
  EXPECT_EQ(coordinator_->Deltas(Get("c")->id).size(), 1);
  RunAll();
  EXPECT_EQ(coordinator_->Deltas(Get("c")->id).size(), 0);
  EXPECT_EQ(Segments("c").size(), 3);
}

TEST_F(CompactionsTest, WhatIsAsItWouldBeMadeIsAPlanThatIsDone) {
  Create("c");
  const SegmentId only = Flush("c", 2000);
  const roles::CompactionJob job = Compact("c");
  ASSERT_EQ(job.plans.size(), 1);
  EXPECT_EQ(job.plans[0].sources, std::vector<SegmentId>{only});
  EXPECT_EQ(job.plans[0].targets, std::vector{only});
  EXPECT_EQ(StateOf(job), State::kDone);
  EXPECT_TRUE(Segment(only)->merged);
  EXPECT_TRUE(Compact("c").plans.empty());
  EXPECT_FALSE(coordinator_->FindCompaction(-1).has_value());
}

TEST_F(CompactionsTest, SmallSegmentsAreMergedUnasked) {
  Create("c");
  for (int i = 0; i < 4; ++i) Flush("c", 100);
  coordinator_->MaintainSegments();
  RunAll();
  EXPECT_EQ(Segments("c").size(), 4) << "they are too young";
  clock_.wall_ms += 61'000;
  ASSERT_TRUE(
      coordinator_->AlterCollection("", "c", {{"collection.autocompaction.enabled", "false"}}, {})
          .ok());
  coordinator_->MaintainSegments();
  RunAll();
  EXPECT_EQ(Segments("c").size(), 4) << "turned off for the collection";
  ASSERT_TRUE(
      coordinator_->AlterCollection("", "c", {}, {"collection.autocompaction.enabled"}).ok());
  clock_.wall_ms += 61'000;
  CompactionRules rules;
  rules.automatic = false;
  coordinator_->SetCompactionRules(rules);
  coordinator_->MaintainSegments();
  RunAll();
  EXPECT_EQ(Segments("c").size(), 4) << "turned off";
  coordinator_->SetCompactionRules({});
  coordinator_->MaintainSegments();
  RunAll();
  ASSERT_EQ(Segments("c").size(), 1);
  EXPECT_FALSE(Segments("c")[0]->merged);
}

TEST_F(CompactionsTest, OldAncestorsAreForgottenWhenTheLogIsShorter) {
  Create("c");
  const SegmentId first = Flush("c", 100), second = Flush("c", 100);
  Compact("c");
  RunAll();
  EXPECT_TRUE(coordinator_->IsFlushed(first));
  ASSERT_TRUE(coordinator_->CommitFlush({}, {}, 1'000'000).ok());
  Flush("c", 100);
  Compact("c");
  RunAll();
  ASSERT_EQ(Segments("c").size(), 1);
  EXPECT_EQ(Segments("c")[0]->replaces.size(), 2);
  EXPECT_FALSE(coordinator_->IsFlushed(second));
}

class DeltaMergesTest : public CompactionsTest {
 protected:
  DeltaMergesTest() {
    data_node_.merge_deltas = [this](const roles::DeltaMergeTask& task) {
      meta::Delta made = task.sources.back();
      made.id = *coordinator_->AllocateIds(1);
      made.key = fmt::format("delta_log/{}", made.id);
      made.min_timestamp = task.sources.front().min_timestamp;
      made.num_rows = 0;
      for (const meta::Delta& source : task.sources) made.num_rows += source.num_rows;
      objects_.Add(made.key);
      if (meanwhile) meanwhile();
      return std::optional(made);
    };
    Create("c");
    coordinator_->SetDeltaMergeRules({.files_min = 3});
    Flush("c", 100);
  }
  void FlushDeltas(int number) {
    for (int i = 0; i < number; ++i) FlushDelta("c", coordinator_->AllocateTimestamp());
  }
  std::vector<meta::Delta> Deltas() { return coordinator_->Deltas(Get("c")->id); }
};

TEST_F(DeltaMergesTest, ManySmallFilesBecomeOne) {
  FlushDeltas(2);
  coordinator_->MaintainSegments();
  RunAll();
  EXPECT_EQ(Deltas().size(), 2);
  FlushDeltas(1);
  const std::vector<meta::Delta> before = Deltas();
  coordinator_->MaintainSegments();
  coordinator_->MaintainSegments();  // It waits already.
  RunAll();
  ASSERT_EQ(data_node_.delta_merges.size(), 1);
  EXPECT_EQ(data_node_.delta_merges[0].until, kMaxTimestamp);
  EXPECT_LT(data_node_.delta_merges[0].settled, before[0].min_timestamp) << "they are fresh";
  const std::string dump = Dump(*coordinator_);
  Open();
  EXPECT_EQ(Dump(*coordinator_), dump);
  ASSERT_EQ(Deltas().size(), 1);
  EXPECT_EQ(Deltas()[0].num_rows, 3);
  EXPECT_TRUE(objects_.keys().contains(Deltas()[0].key));
  for (const meta::Delta& old : before) EXPECT_FALSE(objects_.keys().contains(old.key));
}

TEST_F(DeltaMergesTest, NothingComesOfItIfASourceGoesMeanwhile) {
  FlushDeltas(3);
  meanwhile = [this] { EXPECT_TRUE(coordinator_->TruncateCollection("", "c").ok()); };
  coordinator_->MaintainSegments();
  RunAll();
  EXPECT_EQ(Deltas().size(), 0);
  for (const std::string& key : objects_.keys()) EXPECT_FALSE(key.starts_with("delta_log")) << key;
}

TEST_F(DeltaMergesTest, ASnapshotKeepsTheFilesThatItNames) {
  FlushDeltas(3);
  data_node_.flush = [this](CollectionId) {
    return roles::FlushResult{.flush_timestamp = coordinator_->AllocateTimestamp()};
  };
  ASSERT_TRUE(coordinator_->CreateSnapshot({.collection = "c", .name = "s"}, {}).ok());
  const std::vector<meta::Delta> before = Deltas();
  coordinator_->MaintainSegments();
  RunAll();
  ASSERT_EQ(Deltas().size(), 1);
  for (const meta::Delta& old : before) EXPECT_TRUE(objects_.keys().contains(old.key));
}

class ClusteringTest : public CompactionsTest {
 protected:
  ClusteringTest() {
    // Two segments of all rows.
    data_node_.cluster = [this](const roles::CompactionTask& task) {
      asked.push_back(task);
      std::vector<meta::Segment> made(2);
      for (size_t i = 0; i < made.size(); ++i) {
        made[i].id = i == 0 ? task.target : SegmentId(*coordinator_->AllocateIds(1));
        made[i].collection = task.collection->id;
        made[i].partition = task.sources.front()->partition;
        made[i].min_timestamp = task.sources.front()->min_timestamp;
        made[i].max_timestamp = task.sources.back()->max_timestamp;
        made[i].num_rows = 1000 * (static_cast<int64_t>(i) + 1);
        made[i].files = {{FieldId(100), fmt::format("insert_log/{}", made[i].id), 1000}};
        objects_.Add(made[i].files.front().key);
      }
      return made;
    };
    roles::CreateCollectionRequest request = SimpleCollection("c");
    request.schema.fields[2].is_clustering_key = true;
    EXPECT_TRUE(coordinator_->CreateCollection(request).ok());
    EXPECT_TRUE(coordinator_->CreateIndex(HnswIndex("c")).ok());
  }
  absl::StatusOr<roles::CompactionJob> Cluster(const std::string& name = "c") {
    return coordinator_->Compact(
        {.collection = Get(name)->id, .segments = {}, .target_bytes = 5000, .clusters = true});
  }
  std::vector<roles::CompactionTask> asked;
};

TEST_F(ClusteringTest, PutsAllSegmentsMadeInPlaceAtOnce) {
  const SegmentId first = Flush("c", 2000), second = Flush("c", 1000);
  builds_.RunAll();
  notices_.Take();
  const auto job = Cluster();
  ASSERT_TRUE(job.ok()) << job.status();
  ASSERT_EQ(job->plans.size(), 1);
  RunAll();
  ASSERT_EQ(asked.size(), 1);
  EXPECT_EQ(asked[0].cluster_by, FieldId(102));
  EXPECT_EQ(asked[0].segment_bytes, 5000);
  EXPECT_EQ(notices_.Take(), std::vector<std::string>{"2 merged to 1000 and 2000"});
  const auto segments = Segments("c");
  ASSERT_EQ(segments.size(), 2);
  const std::vector<SegmentId> ids = {segments[0]->id, segments[1]->id};
  EXPECT_EQ(coordinator_->FindCompaction(job->id)->plans[0].targets, ids);
  for (const meta::SegmentPtr& segment : segments) {
    EXPECT_EQ(segment->siblings, ids);
    EXPECT_EQ(segment->clustered_by, FieldId(102));
    EXPECT_EQ(segment->clustering, ids.front().value());
    EXPECT_TRUE(segment->merged);
    EXPECT_EQ(segment->indexes.at(0).state, meta::BuildState::kFinished);
  }
  EXPECT_EQ(objects_.keys().size(), 2) << "no file of the sources is left";
  EXPECT_TRUE(coordinator_->IsFlushed(first));
  const std::string before = Dump(*coordinator_);
  Open();
  EXPECT_EQ(Dump(*coordinator_), before);
  EXPECT_TRUE(coordinator_->IsFlushed(second));
  // Nothing new: nothing to do.
  EXPECT_TRUE(Cluster()->plans.empty());
}

TEST_F(ClusteringTest, WhatWasReplacedIsFlushedAsLongAsOneOfThemIsThere) {
  const SegmentId source = Flush("c", 2000);
  ASSERT_TRUE(Cluster().ok());
  RunAll();
  // One of the two becomes empty, whichever.
  num_deleted = 2000;
  const auto segments = Segments("c");
  ASSERT_TRUE(coordinator_
                  ->CommitFlush({},
                                {{.id = *coordinator_->AllocateIds(1),
                                  .collection = Get("c")->id,
                                  .key = "delta_log/1",
                                  .num_rows = 1,
                                  .min_timestamp = coordinator_->AllocateTimestamp(),
                                  .max_timestamp = coordinator_->AllocateTimestamp()}},
                                std::nullopt)
                  .ok());
  ASSERT_TRUE(
      coordinator_->Compact({.collection = Get("c")->id, .segments = {segments[1]->id}}).ok());
  RunAll();
  ASSERT_EQ(Segments("c").size(), 1);
  EXPECT_TRUE(coordinator_->IsFlushed(source));
}

TEST_F(ClusteringTest, AFailureOrACrashLeavesTheOldOnes) {
  Flush("c", 2000);
  builds_.RunAll();
  const std::string before = Dump(*coordinator_);
  index_node_.build = [](const roles::BuildTask&, const Cancellation&) {
    return absl::StatusOr<roles::BuildResult>(
        InternalError(ErrorCode::kCancelled, "the server stops"));
  };
  const auto job = Cluster();
  ASSERT_TRUE(job.ok());
  const size_t objects = objects_.keys().size();
  RunAll();
  EXPECT_EQ(StateOf(*job), State::kFailed);
  EXPECT_EQ(Dump(*coordinator_), before);
  EXPECT_EQ(objects_.keys().size(), objects) << "what was written is removed";
}

TEST_F(ClusteringTest, SaysWhatCouldNotBeCommitted) {
  Flush("c", 2000);
  const auto cluster = data_node_.cluster;
  data_node_.cluster = [&](const roles::CompactionTask& task) {
    EXPECT_TRUE(coordinator_->TruncateCollection("", "c").ok());
    return cluster(task);
  };
  const auto job = Cluster();
  ASSERT_TRUE(job.ok());
  RunAll();
  EXPECT_EQ(StateOf(*job), State::kFailed);
  const std::string reason = coordinator_->FindCompaction(job->id)->plans[0].fail_reason;
  EXPECT_NE(reason.find("fail to update meta in clustering compaction"), std::string::npos)
      << reason;
}

TEST_F(ClusteringTest, SaysWhyItCannot) {
  Create("plain");
  ExpectError(Cluster("plain").status(), ErrorCode::kClusteringKeyMissing,
              "collection not support clustering compaction");
  Flush("c", 2000);
  ASSERT_TRUE(Cluster().ok());
  ExpectError(Cluster().status(), ErrorCode::kClusteringRuns, "collection is compacting");
  RunAll();
  EXPECT_TRUE(Cluster().ok());
  coordinator_->SetClusteringRules({.enabled = false});
  ExpectError(Cluster().status(), ErrorCode::kClusteringOff,
              "milvus cluster not support clustering compaction");
}

TEST_F(ClusteringTest, APartitionKeyServesIfTheSettingSaysSo) {
  roles::CreateCollectionRequest request = SimpleCollection("keyed");
  request.schema.fields[2].is_partition_key = true;
  ASSERT_TRUE(coordinator_->CreateCollection(request).ok());
  Flush("keyed", 100);
  ExpectError(Cluster("keyed").status(), ErrorCode::kClusteringKeyMissing, "");
  coordinator_->SetClusteringRules({.by_partition_key = true});
  ASSERT_TRUE(Cluster("keyed").ok());
  RunAll();
  EXPECT_EQ(asked.at(0).cluster_by, FieldId(102));
}

TEST_F(ClusteringTest, HappensUnaskedWhenItIsTurnedOn) {
  Flush("c", 2000);
  clock_.wall_ms += 1'000'000;
  coordinator_->MaintainSegments();
  RunAll();
  EXPECT_TRUE(asked.empty());
  coordinator_->SetClusteringRules({.automatic = true, .new_bytes_min = 1});
  coordinator_->MaintainSegments();
  RunAll();
  ASSERT_EQ(asked.size(), 1);
  EXPECT_FALSE(Segments("c")[0]->merged);
  clock_.wall_ms += 1'000'000;
  coordinator_->MaintainSegments();
  RunAll();
  EXPECT_EQ(asked.size(), 1) << "there is nothing new";
}

}  // namespace
}  // namespace elanus::coord
