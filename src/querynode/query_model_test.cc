// Ordered rows and aggregates over several segments, against the dullest model there is.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "querynode/aggregation.h"
#include "querynode/hit_order.h"
#include "querynode/ordered_rows.h"
#include "segment/segment_fixture_test.h"
#include "segment/tiers_fixture_test.h"
#include "storage/object_store.h"

namespace elanus::querynode {
namespace {

using schema::DataType;

struct ModelRow {
  int64_t key = 0;
  uint64_t time = 0;
  std::optional<int64_t> number;
};

// Random rows in growing and sealed segments; some are filtered out.
class Fixture {
 public:
  Fixture(uint64_t seed, bool repeated_keys)
      : random_(seed), executor_({.name = "compute", .num_threads = 0}) {
    auto collection = std::make_shared<meta::Collection>();
    collection->schema = segment::TestSchema();
    request.scope.collection = collection;
    for (int s = 0; s < 4; ++s) AddSegment(s, repeated_keys);
  }

  int64_t Draw(int64_t bound) { return static_cast<int64_t>(random_() % bound); }
  absl::StatusOr<std::vector<query::RowRef>> Ordered() {
    return OrderRows(request, segments_, candidates_, executor_, cancellation_);
  }
  absl::StatusOr<query::AggregateTable> Aggregated() {
    return AggregateRows(request, segments_, candidates_, executor_, cancellation_);
  }
  int64_t KeyOf(const query::RowRef& at) const {
    return segments_[at.segment]->Key(at.row).as_int();
  }
  const std::vector<ModelRow>& rows() const { return rows_; }

  roles::QueryRequest request;

 private:
  void AddSegment(int s, bool repeated_keys) {
    const schema::CollectionSchema& schema = request.scope.collection->schema;
    auto growing =
        std::make_shared<segment::GrowingSegment>(SegmentId(s), PartitionId(1), 0, schema);
    std::map<int64_t, std::vector<ModelRow>> by_key;  // Of this segment.
    for (int64_t i = Draw(200); i > 0; --i) {
      const uint64_t time = ++time_;
      const int64_t key = repeated_keys ? Draw(150) : s * 1000 + i;
      schema::RowBatch batch = segment::TestRows(schema, {key});
      ModelRow row{key, time, std::nullopt};
      if (Draw(5) != 0) row.number = Draw(20) - 10;
      schema::Column number({.type = DataType::kInt64});
      row.number ? number.Append(*row.number) : number.AppendNull();
      for (auto& [field, column] : batch.columns) {
        if (field == segment::kNumber) column = number;
      }
      growing->Insert(schema, batch, Timestamp(time));
      by_key[key].push_back(row);
    }
    segment::SegmentPtr segment = growing;
    if (s % 2 == 0 && growing->num_rows() > 0) {
      const auto sealed = segment::Seal(
          *growing, schema, *store_, {}, s % 4 == 0 ? tiers_.options() : segment::TierOptions(),
          std::nullopt, {}, Draw(3) == 0 ? segment::kNumber : FieldId());
      ASSERT_TRUE(sealed.ok()) << sealed.status().ToString();
      segment = *sealed;
    }
    kernels::Bitset chosen(segment->num_rows(), true);
    for (const auto& [key, rows] : by_key) {
      if (Draw(4) != 0) {
        rows_.insert(rows_.end(), rows.begin(), rows.end());
        continue;
      }
      for (int64_t row = 0; row < segment->num_rows(); ++row) {
        if (segment->Key(row).as_int() == key) chosen.Reset(row);
      }
    }
    segments_.push_back(segment);
    candidates_.push_back(std::move(chosen));
  }

  std::mt19937_64 random_;
  Executor executor_;
  Cancellation cancellation_;
  storage::MemoryFileSystem files_;
  std::unique_ptr<storage::ObjectStore> store_ = storage::MakeLocalObjectStore(files_, "objects");
  segment::TightTiers tiers_{*store_};
  std::vector<segment::SegmentPtr> segments_;
  std::vector<kernels::Bitset> candidates_;
  std::vector<ModelRow> rows_;
  uint64_t time_ = 1;
};

TEST(QueryModel, OrdersTheNewestRowOfEachKey) {
  for (uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    Fixture fixture(seed, seed % 2 == 0);
    const query::SortDirection direction{fixture.Draw(2) == 0, fixture.Draw(2) == 0};
    fixture.request.order = {{segment::kNumber, {}, direction}};
    fixture.request.offset = fixture.Draw(10);
    fixture.request.limit = fixture.Draw(60) + 1;
    std::map<int64_t, ModelRow> newest;
    for (const ModelRow& row : fixture.rows()) {
      ModelRow& at = newest[row.key];
      if (at.time < row.time) at = row;
    }
    std::vector<ModelRow> model;
    for (const auto& [key, row] : newest) model.push_back(row);
    std::stable_sort(model.begin(), model.end(), [&](const ModelRow& a, const ModelRow& b) {
      if (a.number.has_value() != b.number.has_value()) {
        return a.number.has_value() != direction.nulls_first;
      }
      return direction.descending ? b.number < a.number : a.number < b.number;
    });
    std::vector<int64_t> expected;
    for (int64_t i = fixture.request.offset; i < std::ssize(model); ++i) {
      if (i < fixture.request.offset + fixture.request.limit) expected.push_back(model[i].key);
    }
    const auto rows = fixture.Ordered();
    ASSERT_TRUE(rows.ok());
    std::vector<int64_t> keys;
    for (const query::RowRef& row : *rows) keys.push_back(fixture.KeyOf(row));
    EXPECT_EQ(keys, expected);
  }
}

TEST(QueryModel, AggregatesEveryVisibleRow) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Fixture fixture(seed, seed % 2 == 0);
    const schema::ColumnType int64{.type = DataType::kInt64};
    fixture.request.aggregation = {{segment::kNumber},
                                   {{query::AggregateKind::kCountRows, {}, {}},
                                    {query::AggregateKind::kSum, segment::kKey, int64}}};
    std::map<std::pair<bool, int64_t>, std::pair<int64_t, int64_t>> model;  // Nulls last.
    for (const ModelRow& row : fixture.rows()) {
      auto& [count, sum] = model[{!row.number.has_value(), row.number.value_or(0)}];
      ++count;
      sum += row.key;
    }
    const auto table = fixture.Aggregated();
    ASSERT_TRUE(table.ok());
    ASSERT_EQ(table->num_rows, std::ssize(model));
    int64_t row = 0;
    for (const auto& [group, values] : model) {
      EXPECT_EQ(table->groups[0].View().IsValid(row), !group.first);
      EXPECT_EQ(table->groups[0].View().Value<int64_t>(row), group.second);
      EXPECT_EQ(table->values[0].View().Value<int64_t>(row), values.first);
      EXPECT_EQ(table->values[1].View().Value<int64_t>(row), values.second);
      ++row;
    }
  }
}

TEST(HitOrder, SortsHitsAndKeepsGroupsTogether) {
  const std::vector<std::string> keys = {"c", "a", "b", "a", "a"};
  EXPECT_EQ(OrderHits(keys, {}), (std::vector<size_t>{1, 3, 4, 2, 0}));
  const std::vector<std::string> groups = {"x", "x", "y", "z", "z"};
  EXPECT_EQ(OrderHits(keys, groups), (std::vector<size_t>{1, 0, 3, 4, 2}));
}

TEST(HitOrder, OrdersJsonByKindAndPutsWhatCannotBeOrderedWithTheNulls) {
  schema::CollectionSchema schema = segment::TestSchema();
  schema.fields.push_back(
      {.id = FieldId(9), .name = "j", .type = DataType::kJson, .nullable = true});
  auto growing = std::make_shared<segment::GrowingSegment>(SegmentId(1), PartitionId(1), 0, schema);
  const std::vector<std::string> values = {R"("b")", "2",  "null",  "1.5",
                                           "true",   "[]", R"("")", "-3"};
  schema::RowBatch batch;
  batch.num_rows = std::ssize(values);
  schema::Column keys({.type = DataType::kInt64}), numbers({.type = DataType::kInt64});
  schema::Column vectors(schema.Find(segment::kVector)->column_type());
  schema::Column json({.type = DataType::kJson});
  std::vector<query::RowRef> rows;
  for (int64_t i = 0; i < batch.num_rows; ++i) {
    keys.Append(i);
    numbers.Append(i);
    const float vector[2] = {0, 0};
    vectors.AppendFixedRows(vector, 1);
    json.AppendRaw(R"({"a": {"0": )" + values[i] + "}}");
    rows.push_back({0, i});
  }
  batch.columns.emplace_back(segment::kKey, std::move(keys));
  batch.columns.emplace_back(segment::kNumber, std::move(numbers));
  batch.columns.emplace_back(segment::kVector, std::move(vectors));
  batch.columns.emplace_back(FieldId(9), std::move(json));
  growing->Insert(schema, batch, Timestamp(1));
  const std::vector<segment::SegmentPtr> segments = {growing};
  const std::vector<roles::Ordering> order = {{FieldId(9), {"a", "0"}, {}}};
  EXPECT_EQ(OrderHits(*OrderKeys(order, schema, segments, rows, {}), {}),
            (std::vector<size_t>{4, 7, 3, 1, 6, 0, 2, 5}));
}

}  // namespace
}  // namespace elanus::querynode
