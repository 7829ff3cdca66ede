#include "segment/interim_index.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <thread>

#include "kernels/half.h"
#include "segment/segment_fixture_test.h"
#include "segment/vector_search.h"

namespace elanus::segment {
namespace {

using index::Neighbor;
using kernels::Metric;
using schema::DataType;

constexpr int64_t kTestDim = 64;
constexpr int64_t kTestRows = 6000;

std::vector<uint8_t> OfType(DataType type, const std::vector<float>& values) {
  std::vector<uint8_t> out(static_cast<size_t>(schema::FixedWidth(type, kTestDim)) *
                           (values.size() / kTestDim));
  if (type == DataType::kFloatVector) {
    std::memcpy(out.data(), values.data(), out.size());
  } else if (type == DataType::kInt8Vector) {
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<uint8_t>(static_cast<int8_t>(values[i] * 20));
    }
  } else {
    kernels::FloatToHalf(index::ElementTypeOf(type), values.data(), values.size(), out.data());
  }
  return out;
}

// Rows around 40 centres, as embeddings lie.
std::vector<float> Clustered(int64_t rows, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> centres(40 * kTestDim), out(static_cast<size_t>(rows * kTestDim));
  std::mt19937_64 of_centres(7);
  for (float& value : centres) value = normal(of_centres);
  for (int64_t row = 0; row < rows; ++row) {
    const size_t centre = random() % 40 * kTestDim;
    for (int64_t d = 0; d < kTestDim; ++d) {
      out[row * kTestDim + d] = centres[centre + d] + 0.5f * normal(random);
    }
  }
  return out;
}

// A growing segment of clustered rows, every 50th of them null.
struct Fixture {
  explicit Fixture(DataType vector_type) : type(vector_type) {
    schema = TestSchema();
    schema::FieldSchema& field =
        *std::ranges::find(schema.fields, kVector, &schema::FieldSchema::id);
    field.type = type;
    field.nullable = true;
    field.type_params["dim"] = std::to_string(kTestDim);
    segment = std::make_shared<GrowingSegment>(SegmentId(1), PartitionId(2), 0, schema);
  }

  void Insert(const std::vector<float>& values, uint64_t at) {
    const std::vector<uint8_t> bytes = OfType(type, values);
    const int64_t count = static_cast<int64_t>(values.size()) / kTestDim;
    const auto width = static_cast<size_t>(schema::FixedWidth(type, kTestDim));
    schema::RowBatch batch;
    batch.num_rows = count;
    schema::Column keys({.type = DataType::kInt64});
    schema::Column vectors(schema.Find(kVector)->column_type());
    for (int64_t i = 0; i < count; ++i) {
      keys.Append(next_key);
      if (next_key++ % 50 == 49) {
        vectors.AppendNull();
      } else {
        vectors.AppendFixedRows(bytes.data() + static_cast<size_t>(i) * width, 1);
      }
    }
    batch.columns.emplace_back(kKey, std::move(keys));
    batch.columns.emplace_back(kVector, std::move(vectors));
    segment->Insert(schema, batch, Timestamp(at));
  }

  DataType type;
  schema::CollectionSchema schema;
  std::shared_ptr<GrowingSegment> segment;
  int64_t next_key = 0;
};

struct Asked {
  Metric metric = Metric::kL2;
  int64_t k = 10;
  kernels::DistanceRange range;
  InterimIndexer* interim = nullptr;
  SearchTrace* trace = nullptr;
};

std::vector<std::vector<Neighbor>> Search(const Segment& segment,
                                          const std::vector<uint8_t>& queries, int64_t num_queries,
                                          const kernels::Bitset& candidates, const Asked& asked) {
  SearchSpec spec;
  spec.field = kVector;
  spec.metric = asked.metric;
  spec.queries = queries.data();
  spec.num_queries = num_queries;
  spec.k = asked.k;
  spec.range = asked.range;
  spec.interim = asked.interim;
  spec.trace = asked.trace;
  auto hits = segment.Search(spec, candidates, Cancellation());
  EXPECT_TRUE(hits.ok()) << hits.status().ToString();
  return hits.ok() ? *std::move(hits) : std::vector<std::vector<Neighbor>>(num_queries);
}

struct Case {
  DataType type;
  Metric metric;
};
std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const DataType type : {DataType::kFloatVector, DataType::kFloat16Vector,
                              DataType::kBFloat16Vector, DataType::kInt8Vector}) {
    for (const Metric metric : {Metric::kL2, Metric::kIp, Metric::kCosine}) {
      cases.push_back({type, metric});
    }
  }
  return cases;
}

class InterimIndexOf : public testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(All, InterimIndexOf, testing::ValuesIn(AllCases()),
                         [](const testing::TestParamInfo<Case>& info) {
                           return std::string(schema::DataTypeName(info.param.type)) +
                                  std::string(kernels::MetricName(info.param.metric));
                         });

TEST_P(InterimIndexOf, FindsTheNearestRowsAtTheirExactDistances) {
  const auto [type, metric] = GetParam();
  Fixture rows(type);
  rows.Insert(Clustered(kTestRows, 1), 10);
  constexpr int64_t kQueries = 40;
  const std::vector<uint8_t> queries = OfType(type, Clustered(kQueries, 2));
  const int64_t width = schema::FixedWidth(type, kTestDim);
  InterimIndexer indexer({}, nullptr);
  const std::unique_ptr<storage::ObjectStore> store = [] {
    static storage::MemoryFileSystem files;
    return storage::MakeLocalObjectStore(files, "objects");
  }();
  const auto sealed = Seal(*rows.segment, rows.schema, *store);
  ASSERT_TRUE(sealed.ok()) << sealed.status().ToString();
  for (const Segment* segment : {static_cast<const Segment*>(rows.segment.get()),
                                 static_cast<const Segment*>(sealed->get())}) {
    // All rows, most of them, and the first half, as an older reader sees it.
    kernels::Bitset most(kTestRows), older(kTestRows / 2 + 13, true);
    for (int64_t row = 0; row < kTestRows; ++row) {
      if (row % 4 != 0) most.Set(row);
    }
    for (const kernels::Bitset& candidates : {kernels::Bitset(kTestRows, true), most, older}) {
      if (!segment->growing() && candidates.size() < kTestRows) continue;
      int64_t same = 0;
      for (int64_t q = 0; q < kQueries; ++q) {
        const std::vector<uint8_t> query(queries.begin() + q * width,
                                         queries.begin() + (q + 1) * width);
        SearchTrace trace;
        const auto exact = Search(*segment, query, 1, candidates, {.metric = metric})[0];
        const auto found = Search(*segment, query, 1, candidates,
                                  {.metric = metric, .interim = &indexer, .trace = &trace})[0];
        // Int8 vectors are hardly larger than codes: all of them or none.
        if (type != DataType::kInt8Vector || candidates.Count() == kTestRows) {
          EXPECT_TRUE(trace.strategy.starts_with("codes of ")) << trace.strategy;
        }
        ASSERT_EQ(found.size(), 10u);
        std::map<int64_t, float> nearest;
        for (const Neighbor& hit : exact) nearest[hit.row] = hit.distance;
        for (const Neighbor& hit : found) {
          EXPECT_TRUE(candidates.Test(hit.row));
          EXPECT_NE(segment->Key(hit.row).as_int() % 50, 49) << "a null row";
          if (!nearest.contains(hit.row)) continue;
          EXPECT_EQ(hit.distance, nearest[hit.row]);
          ++same;
        }
      }
      EXPECT_GE(same, kQueries * 10 * 97 / 100);
    }
  }
}

TEST(InterimIndex, SearchesSeveralQueriesAtOnce) {
  Fixture rows(DataType::kFloatVector);
  rows.Insert(Clustered(24 * InterimIndex::kRunRows, 1), 10);
  constexpr int64_t kQueries = 3;
  const std::vector<uint8_t> queries = OfType(rows.type, Clustered(kQueries, 2));
  InterimIndexer indexer({}, nullptr);
  const kernels::Bitset all(24 * InterimIndex::kRunRows, true);
  SearchTrace trace;
  const auto found =
      Search(*rows.segment, queries, kQueries, all, {.interim = &indexer, .trace = &trace});
  EXPECT_TRUE(trace.strategy.starts_with("codes of ")) << trace.strategy;
  for (int64_t q = 0; q < kQueries; ++q) {
    const std::vector<uint8_t> query(queries.begin() + q * kTestDim * 4,
                                     queries.begin() + (q + 1) * kTestDim * 4);
    EXPECT_EQ(found[q], Search(*rows.segment, query, 1, all, {.interim = &indexer})[0]);
  }
}

// Pages of an iterator are searches between two distances, and a radius is an end.
TEST(InterimIndex, GivesARowOneDistanceInEverySearch) {
  Fixture rows(DataType::kFloatVector);
  rows.Insert(Clustered(kTestRows, 1), 10);
  InterimIndexer indexer({}, nullptr);
  const kernels::Bitset all(kTestRows, true);
  std::mt19937_64 random(3);
  for (const Metric metric : {Metric::kL2, Metric::kIp, Metric::kCosine}) {
    for (int round = 0; round < 10; ++round) {
      const std::vector<uint8_t> query = OfType(rows.type, Clustered(1, random()));
      const auto exact =
          Search(*rows.segment, query, 1, all, {.metric = metric, .k = kTestRows})[0];
      std::map<int64_t, float> distances;
      for (const Neighbor& hit : exact) distances[hit.row] = hit.distance;
      const auto first =
          Search(*rows.segment, query, 1, all, {.metric = metric, .interim = &indexer})[0];
      for (const Neighbor& hit : first) EXPECT_EQ(hit.distance, distances.at(hit.row));
      const float last = first.back().distance;
      // Between two distances nothing is left out.
      const kernels::DistanceRange page{.nearest = last};
      EXPECT_EQ(Search(*rows.segment, query, 1, all,
                       {.metric = metric, .range = page, .interim = &indexer}),
                Search(*rows.segment, query, 1, all, {.metric = metric, .range = page}));
      const auto within =
          Search(*rows.segment, query, 1, all,
                 {.metric = metric, .k = 20, .range = {.farthest = last}, .interim = &indexer})[0];
      EXPECT_LT(within.size(), first.size());
      for (const Neighbor& hit : within) {
        EXPECT_LT(hit.distance, last);
        EXPECT_EQ(hit.distance, distances.at(hit.row));
      }
    }
  }
}

TEST(InterimIndex, ComparesExactlyWhereThatIsCheaper) {
  Fixture rows(DataType::kFloatVector);
  rows.Insert(Clustered(kTestRows, 1), 10);
  InterimIndexer indexer({}, nullptr);
  const std::vector<uint8_t> query = OfType(rows.type, Clustered(1, 2));
  const auto strategy_of = [&](const kernels::Bitset& candidates, int64_t k, InterimIndexer& with) {
    SearchTrace trace;
    EXPECT_EQ(
        Search(*rows.segment, query, 1, candidates, {.k = k, .interim = &with, .trace = &trace}),
        Search(*rows.segment, query, 1, candidates, {.k = k}));
    return trace.strategy;
  };
  kernels::Bitset few(kTestRows);
  for (int64_t row = 0; row < kTestRows; row += 20) few.Set(row);
  EXPECT_EQ(strategy_of(few, 10, indexer), "exact");
  EXPECT_EQ(strategy_of(kernels::Bitset(kTestRows, true), kTestRows, indexer), "exact");
  EXPECT_EQ(strategy_of(kernels::Bitset(kTestRows), 10, indexer), "exact");
  EXPECT_EQ(strategy_of(kernels::Bitset(500, true), 10, indexer), "exact");
  InterimIndexer off({.enabled = false}, nullptr);
  EXPECT_EQ(strategy_of(kernels::Bitset(kTestRows, true), 10, off), "exact");
  InterimIndexer later({.growing_bytes_min = kTestRows * kTestDim * 4 + 1}, nullptr);
  EXPECT_EQ(strategy_of(kernels::Bitset(kTestRows, true), 10, later), "exact");
}

TEST(InterimIndex, RowsBeyondWhatCodesCanExpressAreComparedExactly) {
  Fixture rows(DataType::kFloatVector);
  std::vector<float> values = Clustered(kTestRows, 1);
  values[1500 * kTestDim] = 1e18f;
  rows.Insert(values, 10);
  InterimIndexer indexer({}, nullptr);
  std::vector<float> query(values.begin() + 1501 * kTestDim, values.begin() + 1502 * kTestDim);
  SearchTrace trace;
  const auto hits =
      Search(*rows.segment, OfType(rows.type, query), 1, kernels::Bitset(kTestRows, true),
             {.k = 1, .interim = &indexer, .trace = &trace});
  EXPECT_TRUE(trace.strategy.starts_with("codes of ")) << trace.strategy;
  ASSERT_EQ(hits[0].size(), 1u);
  EXPECT_EQ(hits[0][0].row, 1501);
}

TEST(InterimIndex, TakesNoBinaryVectors) {
  EXPECT_FALSE(InterimIndex::Admits(DataType::kBinaryVector, Metric::kHamming));
  EXPECT_FALSE(InterimIndex::Admits(DataType::kBinaryVector, Metric::kJaccard));
}

TEST(InterimIndex, AnotherMetricTakesItsPlace) {
  Fixture rows(DataType::kFloatVector);
  rows.Insert(Clustered(kTestRows, 1), 10);
  InterimIndexer indexer({}, nullptr);
  const kernels::Bitset all(kTestRows, true);
  const std::vector<uint8_t> query = OfType(rows.type, Clustered(1, 2));
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kL2}) {
    EXPECT_EQ(Search(*rows.segment, query, 1, all, {.metric = metric, .k = 3, .interim = &indexer}),
              Search(*rows.segment, query, 1, all, {.metric = metric, .k = 3}));
  }
}

// A row that was inserted is found at once, by itself as the query, whether or not it is coded.
TEST(InterimIndex, FindsEveryRowWhileRowsAreInsertedAndCoded) {
  Fixture rows(DataType::kFloatVector);
  constexpr int64_t kBatch = 100;
  const std::vector<float> values = Clustered(3 * kTestRows, 1);
  Executor executor({.name = "interim", .num_threads = 1});
  InterimIndexer indexer({}, &executor);
  std::atomic<bool> done{false};
  std::vector<std::thread> searchers;
  for (int t = 0; t < 2; ++t) {
    searchers.emplace_back([&, t] {
      std::mt19937_64 random(t);
      while (!done) {
        const int64_t num_rows = rows.segment->num_rows();
        if (num_rows == 0) continue;
        const auto row = static_cast<int64_t>(random() % static_cast<uint64_t>(num_rows));
        if (row % 50 == 49) continue;  // Null.
        const std::vector<float> query(values.begin() + row * kTestDim,
                                       values.begin() + (row + 1) * kTestDim);
        const auto hits = Search(*rows.segment, OfType(rows.type, query), 1,
                                 kernels::Bitset(num_rows, true), {.k = 1, .interim = &indexer});
        ASSERT_EQ(hits[0].size(), 1u);
        ASSERT_EQ(hits[0][0].row, row);
      }
    });
  }
  for (int64_t row = 0; row < 3 * kTestRows; row += kBatch) {
    rows.Insert({values.begin() + row * kTestDim, values.begin() + (row + kBatch) * kTestDim},
                static_cast<uint64_t>(row + 1));
  }
  // At rest all whole runs get coded.
  const std::vector<uint8_t> query = OfType(rows.type, Clustered(1, 2));
  const std::string all =
      fmt::format("codes of {} ", 3 * kTestRows / InterimIndex::kRunRows * InterimIndex::kRunRows);
  SearchTrace trace;
  while (!trace.strategy.starts_with(all)) {
    Search(*rows.segment, query, 1, kernels::Bitset(3 * kTestRows, true),
           {.interim = &indexer, .trace = &trace});
  }
  done = true;
  for (std::thread& thread : searchers) thread.join();
}

TEST(InterimIndex, ASegmentThatIsGoneIsCodedNoFurther) {
  std::function<void()> queued;
  Executor executor({.name = "interim", .num_threads = 1});
  InterimIndexer indexer({}, &executor);
  std::weak_ptr<GrowingSegment> segment;
  {
    Fixture rows(DataType::kFloatVector);
    rows.Insert(Clustered(3 * kTestRows, 1), 10);
    segment = rows.segment;
    Search(*rows.segment, OfType(rows.type, Clustered(1, 2)), 1,
           kernels::Bitset(3 * kTestRows, true), {.interim = &indexer});
  }
  EXPECT_TRUE(segment.expired());
  indexer.Stop();
  executor.Stop();  // Comes back.
}

}  // namespace
}  // namespace elanus::segment
