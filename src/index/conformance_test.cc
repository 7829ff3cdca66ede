// What every vector index of the table promises, tried on every one that this version has.
#include <gtest/gtest.h>

#include <random>

#include "index/index_kinds.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Bitset;
using kernels::Metric;
using schema::DataType;

constexpr DataType kVectorTypes[] = {DataType::kFloatVector, DataType::kFloat16Vector,
                                     DataType::kBFloat16Vector, DataType::kInt8Vector,
                                     DataType::kBinaryVector};
constexpr int64_t kDim = 48;  // Long enough for graphs to have codes.
constexpr int64_t kBinaryDim = 32;

struct Case {
  const IndexKind* kind;
  DataType type;
  Metric metric;
};

std::string NameOf(const Case& c) {
  return std::string(c.kind->name) + "_" + std::string(schema::DataTypeName(c.type)) + "_" +
         std::string(kernels::MetricName(c.metric));
}
void PrintTo(const Case& c, std::ostream* out) {
  *out << NameOf(c);
}

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const IndexKind& kind : IndexKinds()) {
    if (!kind.is_vector || !kind.available || !kind.builds_files) continue;
    for (const DataType type : kVectorTypes) {
      schema::FieldSchema field;
      field.type = type;
      if (!kind.admits(field)) continue;
      for (const Metric metric : kind.metrics(type)) cases.push_back({&kind, type, metric});
    }
  }
  return cases;
}

class Conformance : public ::testing::TestWithParam<Case> {
 protected:
  absl::StatusOr<std::string> Build(const TestVectors& data, kernels::BitView valid = {},
                                    const Cancellation* cancellation = nullptr) const {
    BuildOptions options{.rows = data.rows(), .valid = valid, .metric = GetParam().metric};
    options.cancellation = cancellation;
    schema::FieldSchema field;
    field.type = data.type;
    field.type_params["dim"] = std::to_string(data.dim);
    // Small graphs keep the suite short; keys of other kinds are ignored. Codes are refined, so
    // that all kinds can be held to one recall.
    options.params = {{"M", "8"}, {"efConstruction", "60"}, {"m", "8"}};
    // A band an element: what has an element in common with the query is found.
    options.params["mh_lsh_band"] = std::to_string(std::max<int64_t>(data.dim / 8, 1));
    options.params["faiss_index_name"] =
        data.type == DataType::kBinaryVector ? "BIVF20" : "IVF20,SQ8,RFlat";
    for (const ParamSpec& spec : GetParam().kind->param_specs) {
      if (spec.name == "refine") options.params["refine"] = "true";
    }
    ELANUS_RETURN_IF_ERROR(GetParam().kind->check_build(field, options.params));
    return GetParam().kind->build(options);
  }
  absl::StatusOr<std::unique_ptr<VectorIndex>> Open(const std::string& file,
                                                    const TestVectors& data) const {
    return GetParam().kind->open({reinterpret_cast<const uint8_t*>(file.data()), file.size()},
                                 data.rows(), GetParam().metric, {});
  }
  // Rows that a search for all of them finds: not all where the metric says what is no hit.
  int64_t NumHits(const TestVectors& data, const uint8_t* query,
                  kernels::BitView allowed = {}) const {
    if (data.num_rows == 0) return 0;
    return static_cast<int64_t>(
        ExactSearch(data.rows(), GetParam().metric, query, data.num_rows, allowed).size());
  }
  TestVectors Data(int64_t num_rows, uint64_t draw = 0, int64_t dim = 0) const {
    if (dim == 0) dim = GetParam().type == DataType::kBinaryVector ? kBinaryDim : kDim;
    return ClusteredVectors(GetParam().type, dim, num_rows, 20, 77, draw);
  }
};

INSTANTIATE_TEST_SUITE_P(All, Conformance, ::testing::ValuesIn(AllCases()),
                         [](const auto& info) { return NameOf(info.param); });

TEST_P(Conformance, FindsTheNeighboursAtEverySelectivity) {
  const auto data = Data(3000), queries = Data(20, 1);
  const auto file = Build(data);
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  const auto index = Open(*file, data);
  ASSERT_TRUE(index.ok()) << index.status().ToString();
  EXPECT_GT((*index)->memory_bytes(), 0);
  std::mt19937_64 random(3);
  for (const double share : {1.0, 0.9, 0.5, 0.1, 0.01, -1.0, 0.0}) {  // -1: one row.
    Bitset allowed(data.num_rows);
    for (int64_t row = 0; row < data.num_rows; ++row) {
      if (static_cast<double>(random() % 1000) < share * 1000) allowed.Set(row);
    }
    if (share < 0) allowed.Set(1234);
    const int64_t num_allowed = allowed.Count();
    for (const int64_t k : {1, 10, 200}) {
      const int64_t refine_k = std::max<int64_t>(8, 64 / k);
      const Params params = {{"ef", std::to_string(std::max<int64_t>(k, 100))},
                             {"search_list", std::to_string(std::max<int64_t>(2 * k, 100))},
                             {"nprobe", "40"},
                             {"mh_search_with_jaccard", "true"},
                             {"svs_search_window_size", std::to_string(std::max<int64_t>(k, 100))},
                             {"svs_search_buffer_capacity", std::to_string(refine_k * k)},
                             {"refine_k", std::to_string(refine_k)},
                             {"reorder_k", std::to_string(refine_k * k)}};
      double recall = 0;
      for (int64_t q = 0; q < queries.num_rows; ++q) {
        SearchRequest request{.query = queries.row(q), .k = k, .params = &params};
        if (share < 1) {
          request.allowed = allowed.view();
          request.num_allowed = num_allowed;
        }
        SearchStatistics statistics;
        const auto hits = (*index)->Search(request, &statistics);
        ASSERT_TRUE(hits.ok()) << hits.status().ToString();
        ASSERT_EQ(static_cast<int64_t>(hits->size()),
                  std::min(k, NumHits(data, queries.row(q), request.allowed)));
        EXPECT_TRUE(std::is_sorted(hits->begin(), hits->end(), kernels::Nearer));
        std::set<int64_t> rows;
        for (const Neighbor& hit : *hits) {
          EXPECT_TRUE(share >= 1 || allowed.Test(hit.row));
          rows.insert(hit.row);
        }
        EXPECT_EQ(rows.size(), hits->size()) << "a row twice";
        recall += Recall(
            *hits, ExactSearch(data.rows(), GetParam().metric, queries.row(q), k, request.allowed));
      }
      // Inner product is no metric; graphs find less by it.
      EXPECT_GE(recall / queries.num_rows, GetParam().metric == Metric::kIp ? 0.9 : 0.95)
          << "share " << share << " k " << k;
    }
  }
}

// Rows of `all` (nearest first, every row) in the range, k at most.
std::vector<Neighbor> InRange(const std::vector<Neighbor>& all, const DistanceRange& range,
                              int64_t k) {
  std::vector<Neighbor> out;
  for (const Neighbor& hit : all) {
    if (range.Contains(hit.distance) && static_cast<int64_t>(out.size()) < k) out.push_back(hit);
  }
  return out;
}

// Distances may differ in their last bits, and so may the order of rows at equal ones.
TEST_P(Conformance, GivesEachOfManyQueriesWhatItFindsAlone) {
  const auto data = Data(3000), queries = Data(21, 1);
  const auto file = Build(data);
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  const auto index = Open(*file, data);
  ASSERT_TRUE(index.ok()) << index.status().ToString();
  std::mt19937_64 random(4);
  for (const double share : {1.0, 0.5, 0.005}) {
    Bitset allowed(data.num_rows);
    for (int64_t row = 0; row < data.num_rows; ++row) {
      if (static_cast<double>(random() % 1000) < share * 1000) allowed.Set(row);
    }
    for (const int64_t k : {1, 10, 2000}) {
      for (const std::string_view nprobe : {"1", "7", "100"}) {
        const Params params = {{"ef", std::to_string(std::max<int64_t>(k, 100))},
                               {"search_list", std::to_string(std::max<int64_t>(2 * k, 100))},
                               {"svs_search_window_size", std::to_string(k)},
                               {"nprobe", std::string(nprobe)},
                               {"reorder_k", std::to_string(4 * k)}};
        SearchRequest request{.query = queries.row(0),
                              .query_width = queries.rows().width(),
                              .k = k,
                              .params = &params};
        if (share < 1) {
          request.allowed = allowed.view();
          request.num_allowed = allowed.Count();
        }
        const auto many = (*index)->SearchMany(request, queries.num_rows, nullptr);
        ASSERT_TRUE(many.ok()) << many.status().ToString();
        ASSERT_EQ(std::ssize(*many), queries.num_rows);
        for (int64_t q = 0; q < queries.num_rows; ++q) {
          request.query = queries.row(q);
          const auto alone = (*index)->Search(request, nullptr);
          ASSERT_TRUE(alone.ok()) << alone.status().ToString();
          const std::vector<Neighbor>& hits = (*many)[static_cast<size_t>(q)];
          ASSERT_EQ(hits.size(), alone->size()) << "query " << q << ", k " << k;
          EXPECT_TRUE(std::is_sorted(hits.begin(), hits.end(), kernels::Nearer));
          size_t same = 0;
          for (size_t i = 0; i < hits.size(); ++i) {
            const float distance = (*alone)[i].distance;
            EXPECT_NEAR(hits[i].distance, distance, 1e-4f * std::max(1.0f, std::abs(distance)))
                << "query " << q << ", hit " << i << ", k " << k;
            same += hits[i].row == (*alone)[i].row ? 1 : 0;
          }
          // Binary distances are few: many rows are equally far.
          if (data.type != DataType::kBinaryVector) {
            EXPECT_GE(same * 10, hits.size() * 9) << "query " << q << ", k " << k;
          }
        }
      }
    }
  }
}

// A column that holds nothing but what was pinned.
class CopiedRows final : public RowPins {
 public:
  explicit CopiedRows(const TestVectors& all)
      : all_(all),
        width_(static_cast<size_t>(all.rows().width())),
        bytes_(width_ * static_cast<size_t>(all.num_rows), 0xFF) {}  // NaN.

  VectorRows rows() const {
    VectorRows rows = all_.rows();
    rows.data = bytes_.data();
    return rows;
  }
  absl::Status Pin(std::span<const uint32_t> rows) override {
    for (const uint32_t row : rows) {
      std::memcpy(bytes_.data() + row * width_, all_.row(row), width_);
      pinned_.insert(row);
    }
    return status;
  }
  absl::Status PinAll() override {
    for (int64_t row = 0; row < all_.num_rows; ++row) {
      std::memcpy(bytes_.data() + static_cast<size_t>(row) * width_, all_.row(row), width_);
      pinned_.insert(static_cast<uint32_t>(row));
    }
    return status;
  }
  // Forgets everything.
  void Clear() {
    std::fill(bytes_.begin(), bytes_.end(), uint8_t{0xFF});
    pinned_.clear();
  }
  size_t num_pinned() const { return pinned_.size(); }

  absl::Status status;

 private:
  const TestVectors& all_;
  const size_t width_;
  std::vector<uint8_t> bytes_;
  std::set<uint32_t> pinned_;
};

TEST_P(Conformance, ReadsRowsOnlyOncePinnedIfItSaysSo) {
  const auto data = Data(3000), queries = Data(7, 1);
  const auto file = Build(data);
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  CopiedRows copied(data);
  const auto whole = Open(*file, data);
  const auto index =
      GetParam().kind->open({reinterpret_cast<const uint8_t*>(file->data()), file->size()},
                            copied.rows(), GetParam().metric, {});
  ASSERT_TRUE(whole.ok() && index.ok());
  ASSERT_EQ((*whole)->reads_few_rows(), (*index)->reads_few_rows());
  if (!(*index)->reads_few_rows()) GTEST_SKIP() << "reads rows anywhere";
  std::mt19937_64 random(5);
  for (const double share : {1.0, 0.3, 0.01}) {
    Bitset allowed(data.num_rows);
    for (int64_t row = 0; row < data.num_rows; ++row) {
      if (static_cast<double>(random() % 1000) < share * 1000) allowed.Set(row);
    }
    for (const int64_t k : {1, 10, 3000}) {
      const Params params = {{"ef", std::to_string(std::max<int64_t>(k, 100))},
                             {"search_list", std::to_string(std::max<int64_t>(2 * k, 100))},
                             {"nprobe", "20"}};
      double recall = 0, recall_behind = 0;
      for (int64_t q = 0; q < queries.num_rows; ++q) {
        SearchRequest request{.query = queries.row(q), .k = k, .params = &params};
        if (share < 1) {
          request.allowed = allowed.view();
          request.num_allowed = allowed.Count();
        }
        // The whole of what is allowed, a page of it, and what is nearer than one of them.
        const auto all = (*whole)->Search(request, nullptr);
        ASSERT_TRUE(all.ok());
        for (int page = 0; page < 3; ++page) {
          if (page > 0 && all->empty()) break;
          request.range = {};
          if (page == 1) request.range.nearest = (*all)[all->size() / 2].distance;
          if (page == 2) request.range.farthest = all->back().distance;
          copied.Clear();
          request.pins = &copied;
          const auto found = (*index)->Search(request, nullptr);
          ASSERT_TRUE(found.ok()) << found.status();
          // Ranges with a beginning: the others compare rows there.
          const bool few = page == 0 || (page == 1 && GetParam().kind->name == "HNSW");
          if (few && share == 1 && k <= 10) EXPECT_LT(copied.num_pinned(), 300u) << page;
          const size_t num_pinned = copied.num_pinned();
          // Distances of rows that were not pinned would be NaN.
          for (const Neighbor& hit : *found) EXPECT_TRUE(std::isfinite(hit.distance));
          EXPECT_EQ(num_pinned, copied.num_pinned());
          request.pins = nullptr;
          const auto expected = (*whole)->Search(request, nullptr);
          ASSERT_TRUE(expected.ok());
          if (page == 0) recall += Recall(*found, *expected);
          if (page == 1) recall_behind += Recall(*found, *expected);
          if (k == 3000) EXPECT_EQ(found->size(), expected->size());
        }
        request.range = {};
      }
      // Where rows are not here, codes decide that a scan would not need.
      if (k == 10) {
        EXPECT_GE(recall / static_cast<double>(queries.num_rows), 0.5);
        EXPECT_GE(recall_behind / static_cast<double>(queries.num_rows), 0.5);
      }
      // Of several queries at once.
      copied.Clear();
      SearchRequest many{.query = queries.row(0),
                         .query_width = data.rows().width(),
                         .k = k,
                         .params = &params,
                         .pins = &copied};
      const auto lists = (*index)->SearchMany(many, queries.num_rows, nullptr);
      ASSERT_TRUE(lists.ok()) << lists.status();
      for (const auto& hits : *lists) {
        for (const Neighbor& hit : hits) EXPECT_TRUE(std::isfinite(hit.distance));
      }
    }
  }
  // What cannot be had ends the search.
  copied.Clear();
  copied.status = UserError(ErrorCode::kMemoryLimitExceeded, "no room");
  SearchRequest request{.query = queries.row(0), .k = data.num_rows, .pins = &copied};
  const auto refused = (*index)->Search(request, nullptr);
  if (copied.num_pinned() > 0) {
    EXPECT_EQ(CodeOf(refused.status()), ErrorCode::kMemoryLimitExceeded);
  }
}

TEST_P(Conformance, FindsTheNearestRowsOfARange) {
  const auto data = Data(3000), queries = Data(10, 1);
  const auto file = Build(data);
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  const auto index = Open(*file, data);
  ASSERT_TRUE(index.ok()) << index.status().ToString();
  Bitset half(data.num_rows);
  for (int64_t row = 0; row < data.num_rows; row += 2) half.Set(row);
  const Params params = {
      {"nprobe", "60"}, {"ef", "500"}, {"search_list", "500"}, {"mh_search_with_jaccard", "true"}};
  // Where the range begins and ends, as places in the list of all rows; 3000: no end.
  for (const auto& [begin, end] : std::vector<std::pair<int64_t, int64_t>>{
           {0, 3000}, {0, 30}, {40, 3000}, {40, 300}, {1200, 3000}, {1200, 1210}, {2990, 3000}}) {
    for (const bool filtered : {false, true}) {
      for (const int64_t k : {1, 20, 400}) {
        double recall = 0;
        for (int64_t q = 0; q < queries.num_rows; ++q) {
          SearchRequest request{.query = queries.row(q), .k = k, .params = &params};
          if (filtered) {
            request.allowed = half.view();
            request.num_allowed = half.Count();
          }
          const auto all =
              ExactSearch(data.rows(), GetParam().metric, queries.row(q), data.num_rows);
          const auto num_hits = static_cast<int64_t>(all.size());
          if (begin > 0 && begin < num_hits) request.range.nearest = all[begin].distance;
          if (end < num_hits) request.range.farthest = all[end].distance;
          const auto expected = InRange(
              ExactSearch(data.rows(), GetParam().metric, queries.row(q), 3000, request.allowed),
              request.range, k);
          const auto hits = (*index)->Search(request, nullptr);
          ASSERT_TRUE(hits.ok()) << hits.status().ToString();
          EXPECT_LE(static_cast<int64_t>(hits->size()), k);
          EXPECT_TRUE(std::is_sorted(hits->begin(), hits->end(), kernels::Nearer));
          for (const Neighbor& hit : *hits) {
            EXPECT_TRUE(request.range.Contains(hit.distance));
            EXPECT_TRUE(!filtered || half.Test(hit.row));
          }
          recall += Recall(*hits, expected);
        }
        EXPECT_GE(recall / queries.num_rows, GetParam().metric == Metric::kIp ? 0.8 : 0.85)
            << begin << " to " << end << ", k " << k << (filtered ? ", filtered" : "");
      }
    }
  }
}

// Each page begins right behind the last distance of the one before. Rows at equal distances over
// the end of a page are taken together, as an iterator does.
TEST_P(Conformance, GivesEveryRowOnceInPages) {
  const auto data = Data(2000), queries = Data(1, 1);
  const auto file = Build(data);
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  const auto index = Open(*file, data);
  ASSERT_TRUE(index.ok()) << index.status().ToString();
  std::set<int64_t> seen;
  const Params params = {{"nprobe", "40"}, {"mh_search_with_jaccard", "true"}};
  float nearest = -std::numeric_limits<float>::infinity();
  for (int page = 0; page < 2000; ++page) {
    SearchRequest request{
        .query = queries.row(0), .k = 50, .params = &params, .range = {.nearest = nearest}};
    const auto hits = (*index)->Search(request, nullptr);
    ASSERT_TRUE(hits.ok()) << hits.status().ToString();
    if (hits->empty()) break;
    for (const Neighbor& hit : *hits) {
      EXPECT_TRUE(seen.insert(hit.row).second) << "row " << hit.row << " twice";
    }
    const float last = hits->back().distance;
    request.k = data.num_rows;
    request.range = {last, std::nextafter(last, std::numeric_limits<float>::infinity())};
    const auto ties = (*index)->Search(request, nullptr);
    ASSERT_TRUE(ties.ok()) << ties.status().ToString();
    for (const Neighbor& hit : *ties) seen.insert(hit.row);
    nearest = request.range.farthest;
  }
  EXPECT_GE(static_cast<double>(seen.size()),
            0.98 * static_cast<double>(NumHits(data, queries.row(0))));
}

TEST_P(Conformance, HandlesNoRowsOneRowAndNullsOnly) {
  for (const int64_t num_rows : {0, 1, 2, 65}) {
    const auto data = Data(num_rows), queries = Data(1, 1);
    for (const bool all_null : {false, true}) {
      const Bitset valid(num_rows, !all_null);
      const auto file = Build(data, all_null ? valid.view() : kernels::BitView());
      ASSERT_TRUE(file.ok()) << file.status().ToString();
      const auto index = Open(*file, data);
      ASSERT_TRUE(index.ok()) << index.status().ToString();
      for (const bool filtered : {false, true}) {
        const Bitset allowed(num_rows, true);
        SearchRequest request{.query = queries.row(0), .k = 5, .num_allowed = num_rows};
        if (filtered) request.allowed = allowed.view();
        const auto hits = (*index)->Search(request, nullptr);
        ASSERT_TRUE(hits.ok()) << hits.status().ToString();
        // An empty view means all rows, so "no row valid" of no rows cannot be said: same thing.
        EXPECT_EQ(static_cast<int64_t>(hits->size()),
                  all_null ? 0 : std::min<int64_t>(5, NumHits(data, queries.row(0))));
      }
    }
  }
}

TEST_P(Conformance, StopsWhenCancelled) {
  const auto data = Data(2000);
  const Cancellation cancelled(std::make_shared<std::atomic<bool>>(true), 0);
  EXPECT_EQ(CodeOf(Build(data, {}, &cancelled).status()), ErrorCode::kCancelled);
  const auto file = Build(data);
  ASSERT_TRUE(file.ok());
  const auto index = Open(*file, data);
  ASSERT_TRUE(index.ok());
  const SearchRequest request{.query = data.row(0), .k = 3, .cancellation = &cancelled};
  EXPECT_EQ(CodeOf((*index)->Search(request, nullptr).status()), ErrorCode::kCancelled);
}

TEST_P(Conformance, RefusesATruncatedOrLengthenedFile) {
  const auto data = Data(40, 0, 8);
  const auto file = Build(data);
  ASSERT_TRUE(file.ok());
  for (size_t size = 0; size < file->size(); ++size) {
    // A buffer of its own size, so that sanitizers see a read behind it.
    const std::string cut(file->data(), size);
    EXPECT_EQ(CodeOf(Open(cut, data).status()), ErrorCode::kDataIntegrity) << size;
  }
  EXPECT_EQ(CodeOf(Open(*file + '\0', data).status()), ErrorCode::kDataIntegrity);
}

TEST_P(Conformance, RefusesADamagedByteAnywhere) {
  const auto data = Data(40, 0, 8);
  auto file = Build(data);
  ASSERT_TRUE(file.ok());
  for (size_t at = 0; at < file->size(); ++at) {
    const char intact = (*file)[at];
    for (const char damaged : {char(intact ^ 1), char(0), char(0xFF)}) {
      if (damaged == intact) continue;
      (*file)[at] = damaged;
      EXPECT_EQ(CodeOf(Open(*file, data).status()), ErrorCode::kDataIntegrity) << at;
    }
    (*file)[at] = intact;
  }
  EXPECT_TRUE(Open(*file, data).ok());
}

TEST(IndexKinds, HaveNamesOfTheirOwnAndAreComplete) {
  std::set<std::string_view> names;
  for (const IndexKind& kind : IndexKinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_EQ(FindIndexKind(kind.name), &kind);
    EXPECT_TRUE(kind.admits && kind.metrics && kind.check_build && kind.check_search) << kind.name;
    EXPECT_EQ(kind.is_vector, kind.scalar_form == ScalarForm::kNone) << kind.name;
    if (kind.is_vector && kind.available && kind.builds_files) {
      EXPECT_TRUE(kind.build && kind.open) << kind.name;
    }
    EXPECT_EQ(kind.is_vector, !kind.metric_names.empty()) << kind.name;
  }
  EXPECT_EQ(FindIndexKind("NO_SUCH"), nullptr);
  EXPECT_EQ(FindIndexKind("Hnsw"), nullptr) << "names are case-sensitive";
  EXPECT_EQ(FindIndexKind("marisa-trie"), FindIndexKind("TRIE"));
}

TEST(IndexKinds, AdmitTheVectorTypesAndMetricsOfTheMatrix) {
  // Cells of type x metric for explicit CPU types in the 2.6 line: dense 108, int8 12, binary 9,
  // sparse 4 (and the later types of the 3.0 line left out).
  const std::set<std::string_view> later = {
      "IVF_RABITQ_FASTSCAN", "FAISS",          "SVS_FLAT",
      "SVS_VAMANA",          "SVS_VAMANA_LVQ", "SVS_VAMANA_LEANVEC"};
  int dense = 0, int8 = 0, binary = 0, sparse = 0;
  for (const IndexKind& kind : IndexKinds()) {
    if (!kind.is_vector || !kind.offered || later.contains(kind.name)) continue;
    const auto admits = [&](DataType type) {
      schema::FieldSchema field;
      field.type = type;
      return kind.admits(field);
    };
    for (const DataType type :
         {DataType::kFloatVector, DataType::kFloat16Vector, DataType::kBFloat16Vector}) {
      if (admits(type)) dense += static_cast<int>(kind.metrics(type).size());
    }
    if (admits(DataType::kInt8Vector)) {
      int8 += static_cast<int>(kind.metrics(DataType::kInt8Vector).size());
    }
    if (admits(DataType::kBinaryVector)) {
      binary += static_cast<int>(kind.metrics(DataType::kBinaryVector).size());
    }
    if (admits(DataType::kSparseFloatVector)) sparse += static_cast<int>(kind.metric_names.size());
  }
  EXPECT_EQ(dense, 108);
  EXPECT_EQ(int8, 12);
  EXPECT_EQ(binary, 9);
  EXPECT_EQ(sparse, 4);
}

}  // namespace
}  // namespace elanus::index
