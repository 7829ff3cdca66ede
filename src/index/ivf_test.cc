#include "index/ivf.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "index/ivf_file.h"
#include "index/kmeans.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

absl::StatusOr<std::string> Build(const TestVectors& data, Metric metric, const std::string& nlist,
                                  Executor* executor = nullptr) {
  BuildOptions options{.rows = data.rows(), .metric = metric, .params = {{"nlist", nlist}}};
  options.executor = executor;
  return BuildIvfFlat(options);
}

std::unique_ptr<VectorIndex> Open(const std::string& file, const TestVectors& data, Metric metric) {
  auto index = OpenIvfFlat({reinterpret_cast<const uint8_t*>(file.data()), file.size()},
                           data.rows(), metric, {});
  ELANUS_CHECK_OK(index.status());
  return *std::move(index);
}

TEST(Ivf, FindsEverythingWhenAllListsAreProbedAndMoreWithMoreLists) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 24, 4000, 300, 5);
  const auto queries = ClusteredVectors(DataType::kFloatVector, 24, 30, 300, 5, 1);
  for (const Metric metric : {Metric::kL2, Metric::kIp, Metric::kCosine}) {
    const auto file = Build(data, metric, "64");
    ASSERT_TRUE(file.ok()) << file.status().ToString();
    const auto index = Open(*file, data, metric);
    double before = 0;
    int64_t distances_before = 0;
    for (const char* nprobe : {"1", "4", "16", "64"}) {
      const Params params = {{"nprobe", nprobe}};
      double recall = 0;
      SearchStatistics statistics;
      for (int64_t q = 0; q < queries.num_rows; ++q) {
        const SearchRequest request{.query = queries.row(q), .k = 10, .params = &params};
        const auto hits = index->Search(request, &statistics);
        ASSERT_TRUE(hits.ok());
        ASSERT_EQ(hits->size(), 10u);
        recall += Recall(*hits, ExactSearch(data.rows(), metric, queries.row(q), 10));
      }
      recall /= static_cast<double>(queries.num_rows);
      EXPECT_GE(recall, before) << nprobe;
      EXPECT_GT(statistics.distances, distances_before) << nprobe;
      before = recall;
      distances_before = statistics.distances;
    }
    EXPECT_EQ(before, 1) << "all lists";
  }
}

TEST(Ivf, FillsUpFromFurtherListsUnlessToldOtherwise) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 8, 500, 50, 9);
  const auto file = Build(data, Metric::kL2, "100");
  ASSERT_TRUE(file.ok());
  const auto index = Open(*file, data, Metric::kL2);
  Params params = {{"nprobe", "1"}};
  const SearchRequest request{.query = data.row(3), .k = 200, .params = &params};
  EXPECT_EQ(index->Search(request, nullptr)->size(), 200u);
  params["ensure_topk_full"] = "false";
  EXPECT_LT(index->Search(request, nullptr)->size(), 200u);
}

TEST(Ivf, MakesTheSameFileWithAnyNumberOfThreads) {
  const auto data = ClusteredVectors(DataType::kFloat16Vector, 16, 3000, 40, 2);
  Executor executor({.name = "ivf", .num_threads = 3});
  const auto alone = Build(data, Metric::kCosine, "32");
  const auto together = Build(data, Metric::kCosine, "32", &executor);
  ASSERT_TRUE(alone.ok() && together.ok());
  EXPECT_TRUE(*alone == *together);
}

TEST(Ivf, ListsEqualRowsByTheThousand) {
  TestVectors data = ClusteredVectors(DataType::kFloatVector, 4, 1, 1, 1);
  const std::vector<uint8_t> row = data.bytes;
  for (data.num_rows = 1; data.num_rows < 3000; ++data.num_rows) {
    data.bytes.insert(data.bytes.end(), row.begin(), row.end());
  }
  const auto file = Build(data, Metric::kL2, "128");
  ASSERT_TRUE(file.ok());
  const SearchRequest request{.query = row.data(), .k = 2000};
  const auto hits = Open(*file, data, Metric::kL2)->Search(request, nullptr);
  ASSERT_TRUE(hits.ok());
  std::set<int64_t> rows;
  for (const Neighbor& hit : *hits) rows.insert(hit.row);
  EXPECT_EQ(rows.size(), 2000u);
}

struct CodedKind {
  const char* name;
  absl::StatusOr<std::string> (*build)(const BuildOptions&);
  Params params;
  double floor;  // Recall among 10 of all lists, by the codes alone.
};
const CodedKind kCodedKinds[] = {
    {"sq8", &BuildIvfSq, {}, 0.97},
    {"sq6", &BuildIvfSq, {{"sq_type", "SQ6"}}, 0.9},
    {"sq4", &BuildIvfSq, {{"sq_type", "sq4"}}, 0.7},
    {"pq8", &BuildIvfPq, {{"m", "12"}}, 0.65},
    {"pq4", &BuildIvfPq, {{"m", "12"}, {"nbits", "4"}}, 0.35},
    {"pq9", &BuildIvfPq, {{"m", "12"}, {"nbits", "9"}}, 0.65},
    {"rabitq1", &BuildIvfRabitq, {}, 0.2},
    {"rabitq4", &BuildIvfRabitq, {{"rbq_bits", "4"}}, 0.7},
    {"rabitq8", &BuildIvfRabitq, {{"rbq_bits", "8"}}, 0.95},
    {"scann", &BuildScann, {{"with_raw_data", "false"}}, 0.35},
};

double RecallOf(const VectorIndex& index, const TestVectors& data, const TestVectors& queries,
                Metric metric, const Params& params) {
  double recall = 0;
  for (int64_t q = 0; q < queries.num_rows; ++q) {
    const SearchRequest request{.query = queries.row(q), .k = 10, .params = &params};
    const auto hits = index.Search(request, nullptr);
    ELANUS_CHECK_OK(hits.status());
    std::set<int64_t> expected;
    for (const Neighbor& hit : ExactSearch(data.rows(), metric, queries.row(q), 10)) {
      expected.insert(hit.row);
    }
    for (const Neighbor& hit : *hits) recall += static_cast<double>(expected.count(hit.row));
  }
  return recall / static_cast<double>(10 * queries.num_rows);
}

TEST(IvfCodes, FindWhatTheirBitsAllowAndAllOfItWhenRefined) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 24, 4000, 300, 5);
  const auto queries = ClusteredVectors(DataType::kFloatVector, 24, 30, 300, 5, 1);
  for (const Metric metric : {Metric::kL2, Metric::kIp, Metric::kCosine}) {
    for (const CodedKind& kind : kCodedKinds) {
      BuildOptions options{.rows = data.rows(), .metric = metric, .params = kind.params};
      options.params["nlist"] = "32";
      const auto recall = [&](const Params& more, const Params& search) {
        BuildOptions changed = options;
        for (const auto& [key, value] : more) changed.params[key] = value;
        const std::string file = kind.build(changed).value();
        const auto index = OpenIvfCodes(
            {reinterpret_cast<const uint8_t*>(file.data()), file.size()}, data.rows(), metric, {});
        ELANUS_CHECK_OK(index.status());
        return RecallOf(**index, data, queries, metric, search);
      };
      const std::string what = std::string(kind.name) + " " + std::string(MetricName(metric));
      const double plain = recall({}, {{"nprobe", "32"}});
      EXPECT_GE(plain, kind.floor) << what;
      if (kind.build == &BuildScann) {
        EXPECT_GE(recall({{"with_raw_data", "true"}}, {{"nprobe", "32"}, {"reorder_k", "300"}}),
                  0.97)
            << what;
        continue;
      }
      const Params search = {{"nprobe", "32"}, {"refine_k", "30"}};
      const double exact = recall({{"refine", "true"}, {"refine_type", "fp32"}}, search);
      EXPECT_GE(exact, 0.98) << what;
      // By codes of 8 bits nearly as well; by 6 less so.
      const double fine = recall({{"refine", "true"}, {"refine_type", "sq8"}}, search);
      EXPECT_GE(fine, 0.93) << what;
      EXPECT_LE(fine, exact + 0.01) << what;
      EXPECT_GE(recall({{"refine", "true"}, {"refine_type", "bf16"}}, search), 0.9) << what;
    }
  }
}

TEST(IvfCodes, MakeTheSameFileWithAnyNumberOfThreads) {
  const auto data = ClusteredVectors(DataType::kBFloat16Vector, 16, 3000, 40, 2);
  Executor executor({.name = "ivf", .num_threads = 3});
  for (const CodedKind& kind : kCodedKinds) {
    BuildOptions options{.rows = data.rows(), .metric = Metric::kL2, .params = kind.params};
    options.params["nlist"] = "16";
    options.params["refine"] = "true";
    options.params["refine_type"] = "sq6";
    options.params["m"] = "4";
    const std::string alone = kind.build(options).value();
    options.executor = &executor;
    EXPECT_TRUE(alone == kind.build(options).value()) << kind.name;
  }
}

// Pages of iterators rest on it: neither k nor a filter nor a range may change a row's distance.
TEST(IvfCodes, GiveARowOneDistanceInEverySearch) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 24, 3000, 30, 5);
  kernels::Bitset few(data.num_rows), many(data.num_rows);
  for (int64_t row = 0; row < data.num_rows; ++row) {
    if (row % 100 == 1) few.Set(row);
    if (row % 3 != 1) many.Set(row);
  }
  for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
    for (const CodedKind& kind : kCodedKinds) {
      for (const char* refine_type : {"", "sq6", "flat"}) {
        BuildOptions options{.rows = data.rows(), .metric = metric, .params = kind.params};
        options.params["nlist"] = "16";
        if (*refine_type != 0) {
          options.params["refine"] = "true";
          options.params["refine_type"] = refine_type;
        }
        const std::string file = kind.build(options).value();
        const auto index =
            OpenIvfCodes({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, data.rows(),
                         metric, {})
                .value();
        std::map<int64_t, float> seen;
        const auto search = [&](SearchRequest request) {
          const Params params = {{"nprobe", "4"}};
          request.query = data.row(5);
          request.params = &params;
          const auto hits = index->Search(request, nullptr).value();
          EXPECT_FALSE(hits.empty());
          for (const Neighbor& hit : hits) {
            EXPECT_TRUE(request.range.Contains(hit.distance));
            EXPECT_EQ(seen.emplace(hit.row, hit.distance).first->second, hit.distance)
                << kind.name << " " << refine_type << " row " << hit.row;
          }
          return hits;
        };
        const auto first = search({.k = 300});
        search({.k = 7});
        search({.k = 50, .allowed = few.view(), .num_allowed = few.Count()});
        search({.k = 50, .allowed = many.view(), .num_allowed = many.Count()});
        const DistanceRange range{first[100].distance, first[200].distance};
        search({.k = 500, .range = range});
        search({.k = 500, .allowed = many.view(), .num_allowed = many.Count(), .range = range});
        search({.k = 20, .range = {.nearest = range.farthest}});
      }
    }
  }
}

TEST(IvfCodes, RefuseFilesWhoseCodesDoNotFitTheirLists) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 8, 100, 5, 2);
  BuildOptions options{.rows = data.rows(), .metric = Metric::kL2};
  options.params = {{"nlist", "3"}, {"refine", "true"}, {"refine_type", "sq8"}};
  const std::string file = BuildIvfSq(options).value();
  std::vector<uint64_t> copy;
  const Bytes bytes =
      AlignedFile({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, copy);
  IvfCodes good;
  const IvfLists lists = OpenIvfFile(bytes, &good).value();
  const auto open = [&](const IvfCodes& codes) {
    const uint64_t n = lists.facts.num_lists;
    const std::string changed =
        MakeIvfFile(lists.facts, {lists.centroids, lists.centroids + n * 8 * 4},
                    {lists.begins, lists.begins + n + 1}, {lists.rows, lists.rows + 100}, &codes);
    return CodeOf(OpenIvfCodes({reinterpret_cast<const uint8_t*>(changed.data()), changed.size()},
                               data.rows(), Metric::kL2, {})
                      .status());
  };
  EXPECT_EQ(open(good), ErrorCode::kOk);
  for (const auto& change : std::vector<void (*)(IvfCodes&)>{
           [](IvfCodes& c) { c.facts.spec.bits = 4; }, [](IvfCodes& c) { c.facts.spec.bits = 5; },
           [](IvfCodes& c) { c.facts.spec.kind = CodeKind::kHalf; },
           [](IvfCodes& c) { c.facts.refine = static_cast<RefineBy>(3); },
           [](IvfCodes& c) { c.codes = c.codes.first(c.codes.size() - 1); },
           [](IvfCodes& c) { c.parameters = c.parameters.first(4); },
           [](IvfCodes& c) { c.refine_head = c.refine_head.first(8); },
           [](IvfCodes& c) { c.refine_parameters = {}; },
           [](IvfCodes& c) { c.refine_codes = c.refine_codes.first(8); }}) {
    IvfCodes codes = good;
    change(codes);
    EXPECT_EQ(open(codes), ErrorCode::kDataIntegrity);
  }
  EXPECT_EQ(CodeOf(OpenIvfFlat(bytes, data.rows(), Metric::kL2, {}).status()),
            ErrorCode::kDataIntegrity)
      << "a file of codes as one without";
}

// What checksums do not tell: a file that a hostile writer sealed.
TEST(Ivf, RefusesFilesWhoseListsContradictTheirCounts) {
  const std::vector<uint8_t> centroids(2 * 8 * 4);
  const IvfFacts good{.type = static_cast<uint32_t>(DataType::kFloatVector),
                      .metric = MetricNumber(Metric::kL2),
                      .dim = 8,
                      .num_rows = 3,
                      .num_listed = 3,
                      .num_lists = 2};
  const auto open = [&](const IvfFacts& facts, std::vector<uint64_t> begins,
                        std::vector<uint32_t> rows) {
    std::vector<uint64_t> copy;
    const std::string file = MakeIvfFile(facts, centroids, begins, rows);
    const Bytes bytes{reinterpret_cast<const uint8_t*>(file.data()), file.size()};
    return CodeOf(OpenIvfFile(AlignedFile(bytes, copy)).status());
  };
  EXPECT_EQ(open(good, {0, 1, 3}, {2, 0, 1}), ErrorCode::kOk);
  EXPECT_EQ(open(good, {0, 1, 3}, {2, 0, 0}), ErrorCode::kDataIntegrity) << "a row twice";
  EXPECT_EQ(open(good, {0, 1, 3}, {3, 0, 1}), ErrorCode::kDataIntegrity) << "no such row";
  EXPECT_EQ(open(good, {0, 4, 3}, {2, 0, 1}), ErrorCode::kDataIntegrity) << "list ends early";
  EXPECT_EQ(open(good, {1, 1, 3}, {2, 0, 1}), ErrorCode::kDataIntegrity) << "begin";
  EXPECT_EQ(open(good, {0, 1, 2}, {2, 0, 1}), ErrorCode::kDataIntegrity) << "end";
  EXPECT_EQ(open(good, {0, 3}, {2, 0, 1}), ErrorCode::kDataIntegrity) << "a list is missing";
  for (const auto& change : std::vector<void (*)(IvfFacts&)>{
           [](IvfFacts& f) { f.type = 5; }, [](IvfFacts& f) { f.metric = 9; },
           [](IvfFacts& f) { f.dim = 16; }, [](IvfFacts& f) { f.dim = 0; },
           [](IvfFacts& f) { f.num_rows = 2; }, [](IvfFacts& f) { f.num_lists = 4; },
           [](IvfFacts& f) { f.num_lists = 0; }}) {
    IvfFacts facts = good;
    change(facts);
    EXPECT_EQ(open(facts, {0, 1, 3}, {2, 0, 1}), ErrorCode::kDataIntegrity);
  }
}

}  // namespace
}  // namespace elanus::index
