#include "index/coded_hnsw.h"

#include <gtest/gtest.h>

#include <map>

#include "index/hnsw.h"
#include "index/refiner.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

struct Kind {
  const char* name;
  absl::StatusOr<std::string> (*build)(const BuildOptions&);
  Params params;
  double floor;  // Recall among 10, by the codes alone.
};
const Kind kKinds[] = {
    {"sq8", &BuildHnswSq, {}, 0.95},
    {"sq6", &BuildHnswSq, {{"sq_type", "SQ6"}}, 0.9},
    {"sq4u", &BuildHnswSq, {{"sq_type", "sq4u"}}, 0.6},
    {"fp16", &BuildHnswSq, {{"sq_type", "fp16"}}, 0.98},
    {"bf16", &BuildHnswSq, {{"sq_type", "bf16"}}, 0.9},
    {"pq", &BuildHnswPq, {{"m", "12"}}, 0.5},
    {"prq", &BuildHnswPrq, {{"m", "6"}, {"nrq", "3"}}, 0.5},
};

std::unique_ptr<VectorIndex> Open(const std::string& file, const TestVectors& data, Metric metric) {
  auto index = OpenCodedHnsw({reinterpret_cast<const uint8_t*>(file.data()), file.size()},
                             data.rows(), metric, {});
  ELANUS_CHECK_OK(index.status());
  return *std::move(index);
}

BuildOptions Options(const TestVectors& data, Metric metric, const Kind& kind,
                     const Params& more = {}) {
  BuildOptions options{.rows = data.rows(), .metric = metric, .params = kind.params};
  options.params["M"] = "8";
  options.params["efConstruction"] = "60";
  for (const auto& [key, value] : more) options.params[key] = value;
  return options;
}

TEST(CodedHnsw, FindsWhatItsBitsAllowAndAllOfItWhenRefined) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 24, 1500, 1, 5);
  const auto queries = ClusteredVectors(DataType::kFloatVector, 24, 30, 1, 5, 1);
  for (const Metric metric : {Metric::kL2, Metric::kIp, Metric::kCosine}) {
    for (const Kind& kind : kKinds) {
      const auto recall = [&](const Params& more) {
        const std::string file = kind.build(Options(data, metric, kind, more)).value();
        const auto index = Open(file, data, metric);
        const Params params = {{"ef", "200"}, {"refine_k", "15"}};
        double sum = 0;
        for (int64_t q = 0; q < queries.num_rows; ++q) {
          const SearchRequest request{.query = queries.row(q), .k = 10, .params = &params};
          std::set<int64_t> expected;
          for (const Neighbor& hit : ExactSearch(data.rows(), metric, queries.row(q), 10)) {
            expected.insert(hit.row);
          }
          const auto hits = index->Search(request, nullptr).value();
          for (const Neighbor& hit : hits) {
            sum += static_cast<double>(expected.count(hit.row));
          }
        }
        return sum / static_cast<double>(10 * queries.num_rows);
      };
      const std::string what = std::string(kind.name) + " " + std::string(MetricName(metric));
      EXPECT_GE(recall({}), kind.floor) << what;
      EXPECT_GE(recall({{"refine", "true"}, {"refine_type", "flat"}}), 0.97) << what;
      EXPECT_GE(recall({{"refine", "true"}, {"refine_type", "sq8"}}), 0.93) << what;
    }
  }
}

TEST(CodedHnsw, GivesARowOneDistanceInEverySearch) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 24, 2500, 30, 5);
  kernels::Bitset few(data.num_rows), many(data.num_rows);
  for (int64_t row = 0; row < data.num_rows; ++row) {
    if (row % 100 == 1) few.Set(row);
    if (row % 3 != 1) many.Set(row);
  }
  for (const Kind& kind : kKinds) {
    for (const char* refine_type : {"", "sq6", "flat"}) {
      Params refine;
      if (*refine_type != 0) refine = {{"refine", "true"}, {"refine_type", refine_type}};
      const std::string file = kind.build(Options(data, Metric::kL2, kind, refine)).value();
      const auto index = Open(file, data, Metric::kL2);
      std::map<int64_t, float> seen;
      const auto search = [&](SearchRequest request) {
        request.query = data.row(5);
        const auto hits = index->Search(request, nullptr).value();
        EXPECT_FALSE(hits.empty());
        for (const Neighbor& hit : hits) {
          EXPECT_TRUE(request.range.Contains(hit.distance));
          EXPECT_EQ(seen.emplace(hit.row, hit.distance).first->second, hit.distance)
              << kind.name << " " << refine_type << " row " << hit.row;
        }
        return hits;
      };
      const auto first = search({.k = 100});
      search({.k = 7});
      search({.k = 30, .allowed = few.view(), .num_allowed = few.Count()});
      search({.k = 30, .allowed = many.view(), .num_allowed = many.Count()});
      const DistanceRange range{first[40].distance, first[90].distance};
      search({.k = 500, .range = range});
      search({.k = 20, .range = {.nearest = range.farthest}});
    }
  }
}

TEST(CodedHnsw, RefusesFilesWhosePartsDoNotFit) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 8, 100, 5, 2);
  const auto other = ClusteredVectors(DataType::kFloatVector, 8, 101, 5, 2);
  const BuildOptions options{.rows = data.rows(), .metric = Metric::kL2};
  std::vector<uint32_t> members(100);
  for (uint32_t row = 0; row < 100; ++row) members[row] = row;
  const std::string graph = BuildHnsw(options).value();
  const RowCodesBytes good = BuildRowCodes(options, {.bits = 8}, members).value();
  const auto open = [&](uint32_t refine, const RowCodesBytes& codes, const RowCodesBytes& finer,
                        const TestVectors& rows) {
    const std::string file = MakeCodedHnswFile(
        refine, {reinterpret_cast<const uint8_t*>(graph.data()), graph.size()}, codes, finer);
    return CodeOf(OpenCodedHnsw({reinterpret_cast<const uint8_t*>(file.data()), file.size()},
                                rows.rows(), Metric::kL2, {})
                      .status());
  };
  EXPECT_EQ(open(0, good, {}, data), ErrorCode::kOk);
  EXPECT_EQ(open(2, good, good, data), ErrorCode::kOk);
  EXPECT_EQ(open(0, good, {}, other), ErrorCode::kDataIntegrity);
  EXPECT_EQ(open(3, good, {}, data), ErrorCode::kDataIntegrity);
  EXPECT_EQ(open(2, good, {}, data), ErrorCode::kDataIntegrity);
  for (const auto& change : std::vector<void (*)(RowCodesBytes&)>{
           [](RowCodesBytes& c) { c.codes.pop_back(); },
           [](RowCodesBytes& c) { c.head.pop_back(); }, [](RowCodesBytes& c) { c.head[0] = 4; },
           [](RowCodesBytes& c) { c.head[4] = 6; }, [](RowCodesBytes& c) { c.head[16] = 1; },
           [](RowCodesBytes& c) { c.parameters.clear(); }}) {
    RowCodesBytes changed = good;
    change(changed);
    EXPECT_EQ(open(0, changed, {}, data), ErrorCode::kDataIntegrity);
    EXPECT_EQ(open(2, good, changed, data), ErrorCode::kDataIntegrity);
  }
}

}  // namespace
}  // namespace elanus::index
