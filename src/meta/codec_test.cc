#include "meta/codec.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace elanus::meta {
namespace {

schema::FieldSchema MakeField(int64_t id, const char* name, schema::DataType type) {
  schema::FieldSchema field;
  field.id = FieldId(id);
  field.name = name;
  field.type = type;
  return field;
}

Collection MakeCollection() {
  Collection out;
  out.id = CollectionId(7);
  out.database = DatabaseId(1);
  out.schema.name = "books";
  out.schema.description = "with \"quotes\", \xc3\xa9 and \n";
  out.schema.enable_dynamic_field = true;
  out.schema.fields.push_back(MakeField(100, "id", schema::DataType::kInt64));
  out.schema.fields[0].is_primary_key = true;
  out.schema.fields[0].auto_id = true;
  out.schema.fields.push_back(MakeField(101, "v", schema::DataType::kFloatVector));
  out.schema.fields[1].type_params = {{"dim", "8"}, {"mmap.enabled", "true"}};
  out.schema.fields.push_back(MakeField(102, "tags", schema::DataType::kArray));
  out.schema.fields[2].element_type = schema::DataType::kVarChar;
  out.schema.fields[2].nullable = true;
  out.schema.fields.push_back(MakeField(103, "b", schema::DataType::kBool));
  out.schema.fields[3].default_value = true;
  out.schema.fields.push_back(MakeField(104, "i", schema::DataType::kInt64));
  out.schema.fields[4].default_value = INT64_MIN;
  out.schema.fields.push_back(MakeField(105, "d", schema::DataType::kDouble));
  out.schema.fields[5].default_value = 2.0;
  out.schema.fields.push_back(MakeField(106, "s", schema::DataType::kVarChar));
  out.schema.fields[6].default_value = std::string("x");
  out.schema.fields.push_back(MakeField(107, "$meta", schema::DataType::kJson));
  out.schema.fields[7].is_dynamic = true;
  out.schema.fields.push_back(MakeField(109, "st[n]", schema::DataType::kArrayOfVector));
  out.schema.fields[8].element_type = schema::DataType::kInt8Vector;
  out.schema.fields[8].struct_name = "st";
  out.schema.fields[8].type_params = {{"dim", "16"}, {"max_capacity", "5"}};
  out.schema.structs = {{FieldId(108), "st", "parts", true, {{"mmap.enabled", "false"}}}};
  out.schema.properties = {{"version", "3"}};
  out.num_shards = 2;
  out.consistency = ConsistencyLevel::kSession;
  out.properties = {{"z", "1"}, {"a", "2"}, {"z", "1"}};
  out.partitions = {{PartitionId(8), "_default", Timestamp(5)},
                    {PartitionId(9), "p", Timestamp(6)}};
  Index index;
  index.id = IndexId(11);
  index.name = "v";
  index.field = FieldId(101);
  index.field_name = "v";
  index.user_params = {{"index_type", "AUTOINDEX"}, {"metric_type", "cosine"}};
  index.type = "HNSW";
  index.metric = "COSINE";
  index.params = {{"M", "16"}};
  index.json_path = "/a";
  index.created = Timestamp(12);
  out.indexes = {index};
  out.aliases = {"novels", "texts"};
  out.load = {true, false, {PartitionId(9)}, {FieldId(100), FieldId(101)}, 1};
  out.created = Timestamp(UINT64_MAX);
  out.updated = Timestamp(14);
  out.truncated = Timestamp(15);
  return out;
}

Segment MakeSegment() {
  Segment out;
  out.log_end = UINT64_MAX;
  out.replaces = {{SegmentId(5), 77}, {SegmentId(6), 0}};
  out.siblings = {SegmentId(21), SegmentId(22)};
  out.deletes_applied = Timestamp(12);
  out.merged = true;
  out.ordered_by = FieldId(103);
  out.clustered_by = FieldId(101);
  out.clustering = 21;
  out.id = SegmentId(21);
  out.collection = CollectionId(7);
  out.partition = PartitionId(8);
  out.shard = 1;
  out.num_rows = 1000;
  out.min_timestamp = Timestamp(1);
  out.max_timestamp = Timestamp(2);
  out.flushed = Timestamp(3);
  out.files = {{kTimestampField, "insert_log/7/8/21/1/22", 99, {-5, 0, INT64_MAX}},
               {FieldId(100),
                "k",
                0,
                {},
                false,
                ColumnValues{.kind = ColumnValues::Kind::kInt,
                             .num_nulls = 3,
                             .min_int = INT64_MIN,
                             .max_int = INT64_MAX,
                             .ints = {INT64_MIN, 0, INT64_MAX}}},
               {FieldId(101),
                "l",
                0,
                {},
                false,
                ColumnValues{.kind = ColumnValues::Kind::kReal,
                             .has_nan = true,
                             .min_real = -0.1,
                             .max_real = 1e300}},
               {FieldId(102),
                "m",
                0,
                {},
                false,
                ColumnValues{.kind = ColumnValues::Kind::kText,
                             .min_text = "",
                             .max_text = "\"z",
                             .max_is_prefix = true,
                             .texts = {"", "a"}}},
               {FieldId(103), "n", 0, {}, false, ColumnValues{.num_nulls = 9}},
               {FieldId(100), "stats_log/7/8/21/100/22", 5, {}, true}};
  out.indexes = {{IndexId(11), BuildId(30), BuildState::kFailed, "", 0, "no memory"},
                 {IndexId(12),
                  BuildId(31),
                  BuildState::kFinished,
                  "index_files/31/x",
                  7000,
                  "",
                  {{0, 0, 1000}, {400, 4096, 2904}}}};
  return out;
}

Snapshot MakeSnapshot() {
  Snapshot out;
  out.id = SnapshotId(40);
  out.name = "daily";
  out.description = "before the \"migration\"";
  out.collection = CollectionId(7);
  out.at = Timestamp(UINT64_MAX);
  out.created_ms = 1'760'000'000'000;
  out.protected_until_ms = 5;
  out.pins = {{41, UINT64_MAX}, {42, 0}};
  return out;
}

RestoreJob MakeRestoreJob() {
  RestoreJob out;
  out.id = 43;
  out.snapshot = SnapshotId(40);
  out.snapshot_name = "daily";
  out.database = DatabaseId(1);
  out.collection_name = "again";
  out.copies = true;
  out.state = RestoreJob::State::kFailed;
  out.progress = 50;
  out.reason = "the disk is full";
  out.started_ms = 6;
  out.cost_ms = 7;
  return out;
}

// Rows are compared as text: one row has one text.
template <typename Row, typename Decode>
void ExpectRoundTrip(const Row& row, const Decode& decode) {
  const absl::StatusOr<std::string> text = Encode(row);
  ASSERT_TRUE(text.ok()) << text.status();
  const absl::StatusOr<Row> back = decode("key", *text);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*Encode(*back), *text);
}

TEST(Codec, KeepsEveryRowOverARoundTrip) {
  ExpectRoundTrip(Format{1, "abc"}, &DecodeFormat);
  ExpectRoundTrip(Database{DatabaseId(3), "db", {{"k", "v"}}, Timestamp(4)}, &DecodeDatabase);
  ExpectRoundTrip(MakeCollection(), &DecodeCollection);
  ExpectRoundTrip(MakeSegment(), &DecodeSegment);
  // As a server before compaction wrote it.
  Segment older = MakeSegment();
  nlohmann::json row = nlohmann::json::parse(*Encode(older));
  for (const char* member : {"log_end", "replaces", "deletes_applied", "merged"}) row.erase(member);
  const auto read = DecodeSegment("segment", row.dump());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->replaces.empty());
  EXPECT_EQ(read->log_end, UINT64_MAX);
  ExpectRoundTrip(Delta{5, CollectionId(7), 1, "delta_log/7/5", 3, Timestamp(1), Timestamp(2)},
                  &DecodeDelta);
  ExpectRoundTrip(MakeSnapshot(), &DecodeSnapshot);
  ExpectRoundTrip(MakeRestoreJob(), &DecodeRestoreJob);
  EXPECT_EQ(*DecodeNumber("key", EncodeNumber(UINT64_MAX)), UINT64_MAX);
}

TEST(Codec, KeepsTheSchemaAndWhatClientsSeeExactly) {
  const Collection before = MakeCollection();
  const Collection after = *DecodeCollection("key", *Encode(before));
  EXPECT_TRUE(after.schema == before.schema);
  EXPECT_EQ(after.properties, before.properties);
  EXPECT_EQ(after.indexes[0].user_params, before.indexes[0].user_params);
  EXPECT_EQ(after.aliases, before.aliases);
  EXPECT_EQ(after.created, before.created);
  EXPECT_EQ(after.load.partitions, before.load.partitions);
  EXPECT_EQ(after.consistency, before.consistency);
}

TEST(Codec, RefusesTextThatIsNotUtf8InsteadOfChangingIt) {
  Collection collection = MakeCollection();
  collection.schema.description = "\xff";
  EXPECT_EQ(CodeOf(Encode(collection).status()), ErrorCode::kParameterInvalid);
}

TEST(Codec, NamesTheRowThatIsDamaged) {
  const absl::Status status = DecodeSegment("segment/7/21", "{").status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kDataIntegrity);
  EXPECT_NE(MessageOf(status).find("segment/7/21"), std::string_view::npos) << status;
}

TEST(Codec, RefusesRowsThatAreNotWhatItWrites) {
  const std::string good = *Encode(MakeCollection());
  const std::pair<std::string, std::string> changes[] = {
      {"\"v\":1", "\"v\":2"},                       // A newer layout.
      {"\"v\":1", "\"w\":1"},                       // A missing and an unknown member.
      {"\"id\":7", "\"id\":0"},                     // Out of range.
      {"\"id\":7", "\"id\":\"7\""},                 // Another type.
      {"\"id\":7", "\"id\":18446744073709551615"},  // Above int64.
      {"\"shards\":2", "\"shards\":0"},
      {"\"shards\":2", "\"shards\":4294967296"},
      {"\"consistency\":1", "\"consistency\":5"},
      {"\"dim\":\"8\"", "\"dim\":\"0\""},
      {"\"dim\":\"8\"", "\"dim\":\"99999999999\""},
      {"\"primary_key\":true", "\"primary_key\":false"},
      {"\"type\":101", "\"type\":99"},
      {"\"dim\":\"16\"", "\"dim\":\"0\""},
      {"\"element_type\":105", "\"element_type\":104"},
      {"\"struct\":\"st\"", "\"struct\":\"su\""},
      {"\"name\":\"st[n]\"", "\"name\":\"st(n)\""},
      {"\"name\":\"st[n]\"", "\"name\":\"s\""},
      {"\"name\":\"st\"", "\"name\":\"v\""},
      {"\"id\":108", "\"id\":109"},
      {"\"structs\":[", "\"structs\":[7,"},
      {"\"name\":\"tags\"", "\"name\":\"v\""},
      {"\"id\":101", "\"id\":100"},
      {"\"created\":14", "\"created\":-1"},
      {"\"updated\":14", "\"updated\":1.5"},
      {"\"field\":101", "\"field\":900"},
      {"\"partitions\":[9]", "\"partitions\":[10]"},
      {"[\"a\",\"2\"]", "[\"a\"]"},
  };
  for (const auto& [from, to] : changes) {
    std::string bad = good;
    const size_t at = bad.find(from);
    if (at == std::string::npos) {
      EXPECT_EQ(from, "\"created\":14") << "not in " << good;
      continue;
    }
    bad.replace(at, from.size(), to);
    EXPECT_EQ(CodeOf(DecodeCollection("key", bad).status()), ErrorCode::kDataIntegrity)
        << from << " -> " << to;
  }
}

TEST(Codec, SurvivesTruncationAtEveryLengthAndRandomDamage) {
  const std::string rows[] = {*Encode(MakeCollection()), *Encode(MakeSegment()),
                              *Encode(Format{1, "x"}), *Encode(MakeSnapshot()),
                              *Encode(MakeRestoreJob())};
  for (const std::string& row : rows) {
    for (size_t length = 0; length < row.size(); ++length) {
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(row.data()), length);
      EXPECT_FALSE(DecodeCollection("key", row.substr(0, length)).ok());
    }
    std::mt19937 random(17);
    for (int i = 0; i < 3000; ++i) {
      std::string bad = row;
      for (int flips = 1 + random() % 3; flips > 0; --flips) {
        bad[random() % bad.size()] = static_cast<char>(random());
      }
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bad.data()), bad.size());
    }
  }
  const std::string deep(200000, '[');
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(deep.data()), deep.size());
}

TEST(Codec, RefusesPartsThatAreNoRunsOfTheSegment) {
  const std::string good = *Encode(MakeSegment());
  const std::string parts = "[[0,0,1000],[400,4096,2904]]";
  ASSERT_NE(good.find(parts), std::string::npos);
  for (const char* bad : {
           "[[1,0,1000],[400,4096,2904]]",              // Not from the first row.
           "[[0,0,1000],[0,4096,2904]]",                // No rows.
           "[[0,0,1000],[1000,4096,2904]]",             // Behind the last row.
           "[[0,0,4097],[400,4096,2904]]",              // Overlaps.
           "[[0,0,1000],[400,4096,2905]]",              // Ends behind the object.
           "[[0,0,1000],[400,9223372036854775807,1]]",  // Likewise.
           "[[0,0,1000],[400,4096,9223372036854775807]]",
           "[[0,0,0],[400,4096,2904]]",
           "[[0,-1,1000]]",
           "[[0,0]]",
           "[7]",
           "[[0,0,\"1\"]]",
           "[[0,0,18446744073709551615]]",
       }) {
    std::string row = good;
    row.replace(row.find(parts), parts.size(), bad);
    EXPECT_FALSE(DecodeSegment("key", row).ok()) << bad;
  }
}

TEST(Codec, ReadsOnlyPlainNumbers) {
  for (const char* bad : {"", "-1", " 1", "1 ", "0x1", "18446744073709551616", "1.0"}) {
    EXPECT_FALSE(DecodeNumber("key", bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace elanus::meta
