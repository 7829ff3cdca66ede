#include "coord/snapshot_manifest.h"

#include <gtest/gtest.h>

namespace elanus::coord {
namespace {

SnapshotManifest Example() {
  meta::Collection collection;
  collection.id = CollectionId(7);
  collection.database = DatabaseId(1);
  collection.schema.name = "books";
  schema::FieldSchema key;
  key.id = FieldId(100);
  key.name = "id";
  key.type = schema::DataType::kInt64;
  key.is_primary_key = true;
  collection.schema.fields = {key};
  collection.partitions = {{.id = PartitionId(8), .name = "_default"}};
  meta::Segment segment;
  segment.id = SegmentId(9);
  segment.collection = collection.id;
  segment.partition = PartitionId(8);
  segment.num_rows = 3;
  segment.min_timestamp = Timestamp(10);
  segment.max_timestamp = Timestamp(20);
  segment.files = {{FieldId(100), "insert_log/7/8/9/100/11", 24}};
  meta::SnapshotContent content;
  content.collection = std::make_shared<const meta::Collection>(collection);
  content.segments = {std::make_shared<const meta::Segment>(segment)};
  content.deltas = {
      {12, collection.id, 0, "delta_log/7/-1/12/12", 1, Timestamp(15), Timestamp(16)}};
  meta::Snapshot snapshot;
  snapshot.id = SnapshotId(13);
  snapshot.name = "daily";
  snapshot.collection = collection.id;
  snapshot.at = Timestamp(30);
  snapshot.content = std::make_shared<const meta::SnapshotContent>(std::move(content));
  return {.cluster = "here",
          .snapshot = std::make_shared<const meta::Snapshot>(std::move(snapshot)),
          .objects = {{"insert_log/7/8/9/100/11", {24, 0xFEDCBA98}},
                      {"delta_log/7/-1/12/12", {100, 5}}}};
}

TEST(SnapshotManifest, IsReadAsItWasWritten) {
  const std::string text = *EncodeManifest(Example());
  const auto read = DecodeManifest("m", text);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->cluster, "here");
  EXPECT_EQ(read->snapshot->name, "daily");
  EXPECT_EQ(read->snapshot->content->segments.at(0)->num_rows, 3);
  EXPECT_EQ(read->snapshot->content->deltas.at(0).max_timestamp, Timestamp(16));
  EXPECT_EQ(read->objects.at("insert_log/7/8/9/100/11").crc, 0xFEDCBA98);
  EXPECT_EQ(*EncodeManifest(*read), text);
}

TEST(SnapshotManifest, NamesDamageOfEveryByteAndEveryLength) {
  const std::string good = *EncodeManifest(Example());
  for (size_t at = 0; at < good.size(); ++at) {
    EXPECT_EQ(CodeOf(DecodeManifest("m", good.substr(0, at)).status()), ErrorCode::kDataIntegrity);
    for (const char damaged : {static_cast<char>(good[at] ^ 1), '\0', '\xff'}) {
      std::string bad = good;
      bad[at] = damaged;
      const absl::Status status = DecodeManifest("the-manifest", bad).status();
      EXPECT_EQ(CodeOf(status), ErrorCode::kDataIntegrity) << at;
      EXPECT_NE(MessageOf(status).find("the-manifest"), std::string_view::npos);
    }
  }
}

TEST(SnapshotManifest, ListsEveryObjectThatItsRowsName) {
  SnapshotManifest manifest = Example();
  manifest.objects.erase("delta_log/7/-1/12/12");
  const absl::Status status = DecodeManifest("m", *EncodeManifest(manifest)).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kDataIntegrity);
  EXPECT_NE(MessageOf(status).find("delta_log/7/-1/12/12 is not listed"), std::string_view::npos);
}

}  // namespace
}  // namespace elanus::coord
