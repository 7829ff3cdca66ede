#include "segment/shredded_field.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "segment/segment_fixture_test.h"
#include "segment/segment_merge.h"
#include "segment/tiers_fixture_test.h"

namespace elanus::segment {
namespace {

constexpr FieldId kJson{104};
constexpr int64_t kRows = 3000;
constexpr const char* kColumnKey = "insert_log/5/104";
constexpr const char* kPathsKey = "stats_log/5/104";

const char* const kFilters[] = {"j['n'] < 20",
                                "j['n'] == 7.0 or j['n'] > 90.5",
                                "j['s'] like 'v1%' and j['o']['x'] == true",
                                "j['n'] in [1, 2, 77] or not (exists j['s'])",
                                "j['mixed'] > 5",
                                "j['mixed'] == 'text'",
                                "json_contains(j['l'], 3)",
                                "j['l'][0] >= 8",
                                "j['rare'] == 1",
                                "j['n'] is null",
                                "j['o']['x'] is not null and j is not null",
                                "j['none'] == 3 or j['n'] % 10 == 3",
                                "j is null"};

class ShreddedFieldTest : public testing::Test {
 protected:
  void SetUp() override {
    schema.name = "documents";
    schema::FieldSchema key{.id = kKey, .name = "key", .type = schema::DataType::kInt64};
    key.is_primary_key = true;
    schema::FieldSchema json{.id = kJson, .name = "j", .type = schema::DataType::kJson};
    json.nullable = true;
    schema.fields = {key, json};
    growing = std::make_unique<GrowingSegment>(SegmentId(5), PartitionId(2), 0, schema);
    growing->Insert(schema, Rows(0, kRows), Timestamp(10));
  }

  schema::RowBatch Rows(int64_t begin, int64_t end) const {
    schema::RowBatch rows;
    rows.num_rows = end - begin;
    schema::Column keys({.type = schema::DataType::kInt64});
    schema::Column json({.type = schema::DataType::kJson});
    for (int64_t i = begin; i < end; ++i) {
      keys.Append(i);
      if (i % 11 == 0) {
        json.AppendNull();
        continue;
      }
      std::string text = fmt::format(R"({{"n": {}, "o": {{"x": {}}}, "l": [{}, 3.0]}})", i % 100,
                                     i % 3 == 0, i % 10);
      text.pop_back();
      if (i % 4 != 0) text += fmt::format(R"(, "s": "v{}")", i % 20);
      text += i % 2 == 0 ? fmt::format(R"(, "mixed": {})", i % 9) : R"(, "mixed": "text")";
      if (i % 50 == 0) text += R"(, "rare": 1)";
      json.AppendRaw(text + "}");
    }
    rows.columns.emplace_back(kKey, std::move(keys));
    rows.columns.emplace_back(kJson, std::move(json));
    return rows;
  }

  std::shared_ptr<SealedSegment> Shredded(const TierOptions& tiers = {}) {
    auto sealed = Seal(*growing, schema, *store, {}, tiers, expr::ShreddingLimits());
    ELANUS_CHECK_OK(sealed.status());
    return *std::move(sealed);
  }

  std::vector<int64_t> KeysFound(const Segment& segment, const char* filter,
                                 bool shredded = true) const {
    const auto plan = expr::Compile(filter, schema, {}, {});
    ELANUS_CHECK_OK(plan.status());
    const std::vector<FieldId> fields = expr::FieldsOf(**plan);
    const auto source = segment.SourceFor(**plan, {.fields = fields, .shredded = shredded}, schema,
                                          segment.num_rows(), Cancellation());
    ELANUS_CHECK_OK(source.status());
    kernels::Bitset out(segment.num_rows());
    ELANUS_CHECK_OK(expr::Evaluate(**plan, **source, {}, out, Cancellation()));
    std::vector<int64_t> keys;
    out.view().ForEach([&](int64_t row) { keys.push_back(segment.Key(row).as_int()); });
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  void ExpectSameAnswers(const Segment& segment, const Segment& expected) const {
    for (const char* filter : kFilters) {
      EXPECT_EQ(KeysFound(segment, filter), KeysFound(expected, filter)) << filter;
    }
    EXPECT_FALSE(KeysFound(segment, kFilters[0]).empty());
  }

  // Changes bytes of an object from `offset` on.
  void Damage(const std::string& key, size_t offset) {
    const auto object = store->Get(key);
    ELANUS_CHECK_OK(object.status());
    std::string bytes(reinterpret_cast<const char*>((*object)->data().data()),
                      (*object)->data().size());
    for (size_t at = offset; at < bytes.size() - 2000 && at < offset + 200; ++at) bytes[at] ^= 1;
    const std::string_view part = bytes;
    ELANUS_CHECK_OK(store->Put(key, {&part, 1}));
  }

  schema::CollectionSchema schema;
  std::unique_ptr<GrowingSegment> growing;
  storage::MemoryFileSystem files;
  std::unique_ptr<storage::ObjectStore> store = storage::MakeLocalObjectStore(files, "objects");
};

TEST_F(ShreddedFieldTest, AnswersAsTheTextsDo) {
  const auto segment = Shredded();
  ASSERT_NE(segment->Shredded(kJson), nullptr);
  EXPECT_EQ(segment->Shredded(kJson)->num_columns(), 5u);  // n, o.x, l, s, mixed.
  ExpectSameAnswers(*segment, *growing);
}

TEST_F(ShreddedFieldTest, FiltersMayLeaveTheColumnsUnread) {
  const auto segment = Shredded();
  for (const char* filter : kFilters) {
    EXPECT_EQ(KeysFound(*segment, filter, /*shredded=*/false), KeysFound(*growing, filter));
  }
  const int64_t before = segment->Shredded(kJson)->memory_bytes();
  EXPECT_EQ(before, 0) << "columns are read when a filter names them";
  KeysFound(*segment, kFilters[0]);
  EXPECT_GT(segment->Shredded(kJson)->memory_bytes(), 0);
}

TEST_F(ShreddedFieldTest, WithoutLimitsNothingIsWritten) {
  ASSERT_TRUE(Seal(*growing, schema, *store).ok());
  EXPECT_FALSE(store->Get(kPathsKey).ok());
}

TEST_F(ShreddedFieldTest, InTiersAFilterBringsThePathsThatItReadsAndNoText) {
  TightTiers tiers(*store);
  const auto segment = Shredded(tiers.options());
  const auto resident = [&](const std::string& key) {
    uint64_t cells = 0;
    for (const auto& set : tiers.memory().Inspect()) {
      if (set.identity.name == key) cells += set.cells;
    }
    return cells;
  };
  EXPECT_EQ(resident(kPathsKey), 0u);
  EXPECT_FALSE(KeysFound(*segment, "j['n'] < 20").empty());
  EXPECT_EQ(resident(kPathsKey), 1u);
  EXPECT_FALSE(KeysFound(*segment, "j['n'] < 20 and j['o']['x'] == true").empty());
  EXPECT_EQ(resident(kPathsKey), 2u);
  EXPECT_EQ(resident(kColumnKey), 0u);
  EXPECT_FALSE(KeysFound(*segment, "j['rare'] == 1").empty());
  EXPECT_GT(resident(kColumnKey), 0u);
  tiers.memory().DropAll();
  EXPECT_FALSE(KeysFound(*segment, "j['n'] < 20", /*shredded=*/false).empty());
  EXPECT_GT(resident(kColumnKey), 0u) << "asked to read the text";
  EXPECT_EQ(resident(kPathsKey), 0u);
  ExpectSameAnswers(*segment, *growing);
}

TEST_F(ShreddedFieldTest, DamageCostsSpeedAndNeverAnswers) {
  ASSERT_NE(Shredded(), nullptr);
  const size_t size = (*store->Get(kPathsKey))->data().size();
  for (size_t offset = 64; offset < size; offset += 400) {
    Shredded();  // Writes it anew.
    Damage(kPathsKey, offset);
    const auto reopen = [&](const TierOptions& tiers) {
      SealedFiles listed;
      listed.id = SegmentId(5);
      listed.num_rows = kRows;
      listed.max_timestamp = Timestamp(10);
      listed.timestamps = "insert_log/5/1";
      const auto add = [&](std::vector<ColumnObject>& to, FieldId field, const std::string& key) {
        const auto object = store->Get(key);
        to.push_back({field, key, static_cast<int64_t>((*object)->data().size())});
      };
      add(listed.columns, kKey, "insert_log/5/100");
      add(listed.columns, kJson, kColumnKey);
      add(listed.shredded, kJson, kPathsKey);
      return SealedSegment::Open(listed, schema, *store, tiers);
    };
    const auto whole = reopen({});
    ASSERT_TRUE(whole.ok()) << whole.status();
    ExpectSameAnswers(**whole, *growing);
    TightTiers tiers(*store);
    const auto tiered = reopen(tiers.options());
    ASSERT_TRUE(tiered.ok()) << tiered.status();
    ExpectSameAnswers(**tiered, *growing);
  }
}

TEST_F(ShreddedFieldTest, AFileAboutOtherRowsIsRefused) {
  Shredded();
  EXPECT_TRUE(ShreddedField::Open(*store->Get(kPathsKey), "x", kRows).ok());
  EXPECT_EQ(CodeOf(ShreddedField::Open(*store->Get(kPathsKey), "x", kRows + 1).status()),
            ErrorCode::kDataIntegrity);
}

TEST_F(ShreddedFieldTest, AMergedSegmentHasItsOwn) {
  const auto first = Shredded();
  GrowingSegment more(SegmentId(6), PartitionId(2), 0, schema);
  more.Insert(schema, Rows(kRows, 2 * kRows), Timestamp(11));
  const auto second = Seal(more, schema, *store);  // Without.
  ASSERT_TRUE(second.ok());
  const MergeInput inputs[] = {{first, kernels::Bitset(kRows, true)},
                               {*second, kernels::Bitset(kRows, true)}};
  const auto key_of = [](FieldId field) { return fmt::format("insert_log/7/{}", field); };
  const auto merged = MergeSegments(inputs, schema, kStamps, key_of, *store, Cancellation(),
                                    {.shredding = expr::ShreddingLimits()});
  ASSERT_TRUE(merged.ok()) << merged.status();
  SealedFiles listed;
  listed.id = SegmentId(7);
  listed.num_rows = 2 * kRows;
  listed.max_timestamp = merged->max_timestamp;
  for (const WrittenColumn& column : merged->columns) {
    if (column.field == kStamps) listed.timestamps = column.key;
    auto& to = column.paths ? listed.shredded : listed.columns;
    if (column.field != kStamps) to.push_back({column.field, column.key, column.bytes});
  }
  ASSERT_EQ(listed.shredded.size(), 1u);
  EXPECT_EQ(listed.shredded[0].key, "stats_log/7/104");
  const auto opened = SealedSegment::Open(listed, schema, *store);
  ASSERT_TRUE(opened.ok()) << opened.status();
  GrowingSegment all(SegmentId(8), PartitionId(2), 0, schema);
  all.Insert(schema, Rows(0, 2 * kRows), Timestamp(10));
  ExpectSameAnswers(**opened, all);
}

}  // namespace
}  // namespace elanus::segment
