// Range search, ties and grouping over several segments, against the dullest model there is.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "querynode/grouped_search.h"
#include "querynode/segment_search.h"
#include "segment/segment_fixture_test.h"
#include "segment/tiers_fixture_test.h"
#include "storage/object_store.h"

namespace elanus::querynode {
namespace {

using schema::DataType;

struct ModelRow {
  int64_t key = 0;
  float distance = 0;
  std::optional<int64_t> number;  // The group.
  friend bool operator==(const ModelRow&, const ModelRow&) = default;
};

// Segments of random rows: few distances, so that there are ties everywhere; repeated keys if
// asked for; half of the segments sealed.
class Fixture {
 public:
  Fixture(uint64_t seed, bool repeated_keys, int num_groups)
      : random_(seed), executor_({.name = "compute", .num_threads = 0}) {
    auto collection = std::make_shared<meta::Collection>();
    collection->schema = segment::TestSchema();
    request.scope.collection = collection;
    request.field = segment::kVector;
    const float query[2] = {0, 0};
    request.queries.assign(reinterpret_cast<const char*>(query), sizeof(query));
    request.num_queries = 1;
    int64_t next_key = 0;
    for (int s = 0; s < 4; ++s) AddSegment(s, repeated_keys, num_groups, next_key);
    std::sort(rows_.begin(), rows_.end(), [](const ModelRow& a, const ModelRow& b) {
      return a.distance != b.distance ? a.distance < b.distance : a.key < b.key;
    });
    std::set<int64_t> seen;
    std::erase_if(rows_, [&](const ModelRow& row) { return !seen.insert(row.key).second; });
  }

  int64_t Draw(int64_t bound) { return static_cast<int64_t>(random_() % bound); }
  SegmentSearch search() const {
    const auto* field = request.scope.collection->schema.Find(segment::kVector);
    return {request, *field, segments_, executor_, cancellation_};
  }
  // What a hit is.
  ModelRow RowOf(const query::Hit& hit) const {
    const segment::Segment& segment = *segments_[hit.at.segment];
    schema::Column number({.type = DataType::kInt64});
    const int64_t row[] = {hit.at.row};
    EXPECT_TRUE(
        segment.Fetch(*request.scope.collection->schema.Find(segment::kNumber), row, number, {})
            .ok());
    ModelRow out{segment.Key(hit.at.row).as_int(), hit.distance, std::nullopt};
    if (number.View().IsValid(0)) out.number = number.View().Value<int64_t>(0);
    return out;
  }
  std::vector<ModelRow> RowsOf(const Hits& hits) const {
    std::vector<ModelRow> out;
    for (const query::Hit& hit : hits) out.push_back(RowOf(hit));
    return out;
  }
  // One row a key, nearest first, then by key.
  const std::vector<ModelRow>& rows() const { return rows_; }
  const CandidateRows& candidates() const { return candidates_; }
  std::span<const segment::SegmentPtr> segments() const { return segments_; }
  Executor& executor() const { return executor_; }

  roles::SearchRequest request;

 private:
  void AddSegment(int s, bool repeated_keys, int num_groups, int64_t& next_key) {
    const schema::CollectionSchema& schema = request.scope.collection->schema;
    auto growing =
        std::make_shared<segment::GrowingSegment>(SegmentId(s), PartitionId(1), 0, schema);
    schema::Column keys({.type = DataType::kInt64}), numbers({.type = DataType::kInt64});
    schema::Column vectors(schema.Find(segment::kVector)->column_type());
    const int64_t count = Draw(300);
    std::vector<ModelRow> rows(count);
    std::vector<int64_t> order(count);
    for (int64_t i = 0; i < count; ++i) order[i] = next_key + i;
    next_key += count;
    std::shuffle(order.begin(), order.end(), random_);
    for (int64_t i = 0; i < count; ++i) {
      ModelRow& row = rows[i];
      row.key = repeated_keys && Draw(4) == 0 ? Draw(50) : order[i];
      const float x = static_cast<float>(Draw(30));
      row.distance = x * x;
      // Low numbers are near and many.
      const int64_t group =
          std::min(Draw(num_groups), Draw(num_groups)) + static_cast<int64_t>(x) / 8;
      if (group % 7 != 3) row.number = group;
      keys.Append(row.key);
      const float vector[2] = {x, 0};
      vectors.AppendFixedRows(vector, 1);
      row.number ? numbers.Append(*row.number) : numbers.AppendNull();
    }
    schema::RowBatch batch;
    batch.num_rows = count;
    batch.columns.emplace_back(segment::kKey, std::move(keys));
    batch.columns.emplace_back(segment::kNumber, std::move(numbers));
    batch.columns.emplace_back(segment::kVector, std::move(vectors));
    growing->Insert(schema, batch, Timestamp(5));
    segment::SegmentPtr segment = growing;
    if (s % 2 == 0 && count > 0) {
      const auto sealed = segment::Seal(
          *growing, schema, *store_, {}, s % 4 == 0 ? tiers_.options() : segment::TierOptions(),
          std::nullopt, {}, Draw(3) == 0 ? segment::kNumber : FieldId());
      ASSERT_TRUE(sealed.ok()) << sealed.status().ToString();
      segment = *sealed;
    }
    // Some rows are filtered out or deleted. Rows of sealed segments are in another order.
    kernels::Bitset visible(count, true);
    std::set<int64_t> keys_out;
    for (int64_t row = 0; row < count; ++row) {
      if (Draw(5) == 0) keys_out.insert(segment->Key(row).as_int());
    }
    for (int64_t row = 0; row < count; ++row) {
      if (keys_out.contains(segment->Key(row).as_int())) visible.Reset(row);
    }
    for (const ModelRow& row : rows) {
      if (!keys_out.contains(row.key)) rows_.push_back(row);
    }
    segments_.push_back(segment);
    candidates_.push_back(std::move(visible));
  }

  std::mt19937_64 random_;
  mutable Executor executor_;
  Cancellation cancellation_;
  storage::MemoryFileSystem files_;
  std::unique_ptr<storage::ObjectStore> store_ = storage::MakeLocalObjectStore(files_, "objects");
  segment::TightTiers tiers_{*store_};
  std::vector<segment::SegmentPtr> segments_;
  CandidateRows candidates_;
  std::vector<ModelRow> rows_;
};

std::vector<ModelRow> Cut(std::vector<ModelRow> rows, int64_t count) {
  if (std::ssize(rows) > count) rows.resize(count);
  return rows;
}

TEST(SegmentSearch, FindsRangesAndBreaksTiesByKey) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Fixture fixture(seed, /*repeated_keys=*/false, 5);
    fixture.request.range = {static_cast<float>(fixture.Draw(400)),
                             static_cast<float>(fixture.Draw(1000))};
    if (fixture.Draw(3) == 0) fixture.request.range = {};
    std::vector<ModelRow> expected = fixture.rows();
    std::erase_if(expected, [&](const ModelRow& row) {
      return !fixture.request.range.Contains(row.distance);
    });
    const int64_t k = 1 + fixture.Draw(100);
    bool cut = false;
    const auto exact = fixture.search().NearestWithTies(0, k, fixture.candidates(), &cut);
    ASSERT_TRUE(exact.ok()) << exact.status().ToString();
    EXPECT_EQ(fixture.RowsOf(*exact), Cut(expected, k));
    EXPECT_EQ(cut, std::ssize(expected) > k && expected[k - 1].distance == expected[k].distance);
    // Without exact ties the distances are the same.
    const auto plain = fixture.search().Nearest(k, fixture.candidates());
    ASSERT_TRUE(plain.ok());
    ASSERT_EQ((*plain)[0].size(), exact->size());
    for (size_t i = 0; i < exact->size(); ++i) {
      EXPECT_EQ((*plain)[0][i].distance, (*exact)[i].distance);
    }
  }
}

TEST(SegmentSearch, GivesEachKeyOnceAlsoWhenKeysRepeat) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Fixture fixture(seed, /*repeated_keys=*/true, 5);
    const int64_t k = 1 + fixture.Draw(100);
    bool cut = false;
    const auto hits = fixture.search().NearestWithTies(0, k, fixture.candidates(), &cut);
    ASSERT_TRUE(hits.ok());
    std::vector<ModelRow> found = fixture.RowsOf(*hits), expected = Cut(fixture.rows(), k);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].key, expected[i].key);
      EXPECT_EQ(found[i].distance, expected[i].distance);
    }
  }
}

using Group = std::optional<int64_t>;

TEST(GroupedSearch, AgreesWithGroupingAllRows) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Fixture fixture(seed, /*repeated_keys=*/false, 1 + static_cast<int>(seed % 60));
    roles::Grouping& grouping = fixture.request.grouping.emplace();
    // A field twice makes the same groups.
    grouping.fields.assign(1 + seed % 3, {.field = segment::kNumber});
    grouping.size = 1 + fixture.Draw(10);
    grouping.strict_size = seed % 2 == 0;
    fixture.request.k = 1 + fixture.Draw(20);
    fixture.request.offset = fixture.Draw(3);
    // The distances of each group's rows, nearest first.
    std::map<Group, std::vector<float>> expected;
    for (const ModelRow& row : fixture.rows()) expected[row.number].push_back(row.distance);

    const SegmentSearch search = fixture.search();
    GroupedSearch grouped(fixture.request, search, fixture.segments(), fixture.candidates(),
                          fixture.executor());
    const auto found = grouped.Run();
    ASSERT_TRUE(found.ok()) << found.status().ToString();
    std::vector<std::pair<Group, std::vector<float>>> groups;
    std::vector<query::RowRef> refs;
    for (const query::Hit& hit : (*found)[0]) {
      const ModelRow row = fixture.RowOf(hit);
      refs.push_back(hit.at);
      if (groups.empty() || groups.back().first != row.number)
        groups.emplace_back(row.number, std::vector<float>());
      groups.back().second.push_back(hit.distance);
    }
    // As many groups as there are, nearest first; which of two equally near groups comes first, and
    // which is cut off, the order of keys decides.
    std::vector<float> best;
    for (const auto& [number, distances] : expected) best.push_back(distances.front());
    std::sort(best.begin(), best.end());
    best.erase(best.begin(), best.begin() + std::min(std::ssize(best), fixture.request.offset));
    if (std::ssize(best) > fixture.request.k) best.resize(fixture.request.k);
    ASSERT_EQ(groups.size(), best.size());
    std::set<Group> seen;
    for (size_t i = 0; i < groups.size(); ++i) {
      const auto& [number, distances] = groups[i];
      EXPECT_TRUE(seen.insert(number).second) << "a group in two pieces";
      EXPECT_EQ(distances.front(), best[i]);
      std::vector<float> all = expected.at(number);
      EXPECT_LE(std::ssize(distances), grouping.size);
      if (grouping.strict_size) {
        EXPECT_EQ(std::ssize(distances), std::min(std::ssize(all), grouping.size));
      }
      all.resize(distances.size());
      EXPECT_EQ(distances, all) << "its nearest rows";
    }
    const auto values = grouped.ValuesOf(refs);
    ASSERT_TRUE(values.ok());
    ASSERT_EQ(values->size(), grouping.fields.size());
    for (size_t i = 0; i < refs.size(); ++i) {
      const schema::ColumnView column = values->back().View();
      const Group value = column.IsValid(i) ? Group(column.Value<int64_t>(i)) : Group();
      EXPECT_EQ(value, fixture.RowOf((*found)[0][i]).number);
    }
  }
}

TEST(GroupedSearch, FindsFarGroupsBehindAGroupThatFillsTheFirstRound) {
  // One group of 2000 near rows, then ten groups of one row each.
  roles::SearchRequest request;
  auto collection = std::make_shared<meta::Collection>();
  collection->schema = segment::TestSchema();
  request.scope.collection = collection;
  request.field = segment::kVector;
  const float query[2] = {0, 0};
  request.queries.assign(reinterpret_cast<const char*>(query), sizeof(query));
  request.num_queries = 1;
  request.k = 6;
  request.grouping = roles::Grouping{.fields = {{.field = segment::kNumber}}, .size = 2};
  auto growing = std::make_shared<segment::GrowingSegment>(SegmentId(1), PartitionId(1), 0,
                                                           collection->schema);
  schema::RowBatch rows = segment::TestRows(collection->schema, {});
  for (int64_t i = 0; i < 2010; ++i) {
    rows.columns[0].second.Append(i);
    rows.columns[1].second.Append<int64_t>(i < 2000 ? -1 : i);
    const float vector[2] = {static_cast<float>(i), 0};
    rows.columns[2].second.AppendFixedRows(vector, 1);
  }
  rows.num_rows = 2010;
  growing->Insert(collection->schema, rows, Timestamp(1));
  const std::vector<segment::SegmentPtr> segments = {growing};
  const CandidateRows candidates = {kernels::Bitset(2010, true)};
  Executor executor({.name = "compute", .num_threads = 0});
  const Cancellation cancellation;
  const auto* field = collection->schema.Find(segment::kVector);
  const SegmentSearch search(request, *field, segments, executor, cancellation);
  GroupedSearch grouped(request, search, segments, candidates, executor);
  const auto found = grouped.Run();
  ASSERT_TRUE(found.ok());
  std::vector<int64_t> keys;
  for (const query::Hit& hit : (*found)[0]) keys.push_back(hit.at.row);
  EXPECT_EQ(keys, (std::vector<int64_t>{0, 1, 2000, 2001, 2002, 2003, 2004}));
}

std::string ValueOf(std::vector<std::string> path, DataType type, std::string_view json) {
  roles::GroupField grouping;
  grouping.path = std::move(path);
  grouping.json_type = type;
  schema::FieldSchema field{.id = FieldId(5), .name = "j", .type = DataType::kJson};
  schema::Column column(field.column_type());
  column.AppendRaw(json);
  GroupValues values(grouping, field);
  const auto value = values.Of(column.View(), 0);
  EXPECT_TRUE(value.ok());
  if (!value->has_value()) return "null";
  if (type != DataType::kInt8) return std::string(**value);
  return std::to_string(static_cast<int>(static_cast<int8_t>((**value)[0])));
}

TEST(GroupValues, JsonIsReadByPathAndCast) {
  const char* const json = R"({"a": {"b": [7, "x\n", 1.5, true, null, 300]}, "0": "key"})";
  EXPECT_EQ(ValueOf({"a", "b", "0"}, DataType::kNone, json), "7");
  EXPECT_EQ(ValueOf({"a", "b", "1"}, DataType::kNone, json), "x\n");
  EXPECT_EQ(ValueOf({"a", "b", "2"}, DataType::kNone, json), "1.5");
  EXPECT_EQ(ValueOf({"a", "b", "3"}, DataType::kNone, json), "true");
  EXPECT_EQ(ValueOf({"a", "b", "4"}, DataType::kNone, json), "null");
  EXPECT_EQ(ValueOf({"a", "c"}, DataType::kNone, json), "null");
  EXPECT_EQ(ValueOf({"0"}, DataType::kVarChar, json), "key");
  EXPECT_EQ(ValueOf({"a", "b", "0"}, DataType::kInt8, json), "7");
  EXPECT_EQ(ValueOf({"a", "b", "5"}, DataType::kInt8, json), "null") << "out of range";
  EXPECT_EQ(ValueOf({"a", "b", "1"}, DataType::kInt8, json), "null");
  EXPECT_EQ(ValueOf({"a", "b", "0"}, DataType::kVarChar, json), "null");
}

TEST(GroupValues, StrictCastsRefuseOtherTypes) {
  roles::GroupField grouping;
  grouping.path = {"a"};
  grouping.json_type = DataType::kBool;
  grouping.strict_cast = true;
  schema::FieldSchema field{.id = FieldId(5), .name = "j", .type = DataType::kJson};
  schema::Column column(field.column_type());
  column.AppendRaw(R"({"a": true})");
  column.AppendRaw(R"({"a": 1})");
  GroupValues values(grouping, field);
  EXPECT_TRUE(values.Of(column.View(), 0).ok());
  EXPECT_EQ(CodeOf(values.Of(column.View(), 1).status()), ErrorCode::kParameterInvalid);
}

}  // namespace
}  // namespace elanus::querynode
