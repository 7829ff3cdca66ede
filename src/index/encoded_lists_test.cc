// Lists of vectors found by their encodings, against MaxSim over all rows.
#include "index/encoded_lists.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <list>
#include <random>
#include <set>

#include "index/build_memory.h"
#include "index/hnsw.h"
#include "index/lemur.h"
#include "index/max_sim.h"
#include "index/muvera.h"
#include "index/test_vectors_test.h"
#include "schema/column.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

constexpr int64_t kDim = 32;

// A column of lists. Rows have a topic, and most of their vectors are near to words of it.
class Lists {
 public:
  Lists(DataType type, int64_t num_rows, int64_t dim, uint64_t draw = 0)
      : column_({.type = DataType::kArrayOfVector, .element_type = type, .dim = dim}) {
    const int num_words = 200, num_topics = 40, words_of_topic = 8;
    std::mt19937_64 random(1000 + draw);
    const TestVectors words = Words(type, dim, num_rows, num_words, draw);
    const auto width = static_cast<size_t>(words.rows().width());
    for (int64_t row = 0, at = 0; row < num_rows; ++row) {
      const uint64_t topic = random() % num_topics;
      std::string list;
      const int64_t count = row % 17 == 5 ? 0 : 2 + static_cast<int64_t>(random() % 10);
      for (int64_t i = 0; i < count; ++i) {
        // Words lie at numbers that are equal modulo num_words.
        const uint64_t word = random() % 4 != 0 ? topic * 5 + random() % words_of_topic : random();
        const int64_t pick = static_cast<int64_t>(word % num_words) + num_words * (at++ % 50);
        list.append(reinterpret_cast<const char*>(words.row(pick)), width);
      }
      if (list.empty()) {
        column_.AppendNull();
      } else {
        column_.AppendRaw(list);
      }
    }
    view_ = column_.View();
  }
  Lists(const Lists&) = delete;

  ElementRows rows() const { return ElementRows(view_); }
  std::pair<const uint8_t*, int64_t> List(int64_t row) const {
    const ElementRows all = rows();
    return {all.vectors().Row(all.Begin(row)), all.End(row) - all.Begin(row)};
  }

 private:
  // 50 variants of each word: number word + num_words * variant.
  static TestVectors Words(DataType type, int64_t dim, int64_t, int num_words, uint64_t draw) {
    const auto centres = ClusteredVectors(DataType::kFloatVector, dim, num_words, num_words, 7);
    std::mt19937_64 random(5 + draw);
    std::normal_distribution<float> normal;
    TestVectors out{type, dim, 50 * num_words, {}};
    const int64_t width = schema::FixedWidth(type, dim);
    out.bytes.resize(static_cast<size_t>(out.num_rows * width));
    for (int64_t i = 0; i < out.num_rows; ++i) {
      const auto* centre = reinterpret_cast<const float*>(centres.row(i % num_words));
      uint8_t* to = &out.bytes[static_cast<size_t>(i * width)];
      std::vector<float> vector(static_cast<size_t>(dim));
      for (int64_t d = 0; d < dim; ++d) vector[d] = 0.5f + centre[d] + 0.3f * normal(random);
      if (type == DataType::kFloatVector) {
        std::memcpy(to, vector.data(), vector.size() * 4);
      } else if (type == DataType::kInt8Vector) {
        for (int64_t d = 0; d < dim; ++d) {
          to[d] =
              static_cast<uint8_t>(static_cast<int8_t>(std::clamp(vector[d] * 30, -127.f, 127.f)));
        }
      } else if (type == DataType::kBinaryVector) {
        for (int64_t d = 0; d < dim; ++d) {
          if (vector[d] > 0.5f) to[d / 8] |= static_cast<uint8_t>(1 << (d % 8));
        }
      } else {
        ELANUS_CHECK(kernels::FloatToHalf(ElementTypeOf(type), vector.data(), vector.size(), to));
      }
    }
    return out;
  }

  schema::Column column_;
  schema::ColumnView view_;
};

Params Resolved(std::string_view strategy, Params params = {}) {
  params.emplace("emb_list_strategy", strategy);
  if (strategy == "lemur") {  // Small, so that the suite is short.
    params.emplace("lemur_hidden_dim", "64");
    params.emplace("lemur_num_train_samples", "3000");
    params.emplace("lemur_num_epochs", "20");
    params.emplace("lemur_batch_size", "128");
  }
  ELANUS_CHECK_OK(CheckListStrategy("HNSW", params));
  params.emplace("M", "12");
  params.emplace("efConstruction", "80");
  params.emplace("nlist", "16");
  return params;
}

absl::StatusOr<std::string> Build(const Lists& lists, Metric metric, const Params& params,
                                  std::string_view kind = "HNSW",
                                  const Cancellation* cancellation = nullptr) {
  BuildOptions options{.metric = metric, .params = params, .seed = 3};
  options.cancellation = cancellation;
  return BuildEncodedLists(*FindIndexKind(kind), lists.rows(), options);
}

absl::StatusOr<std::unique_ptr<VectorIndex>> Open(const std::string& file, const Lists& lists,
                                                  Metric metric, const Params& params,
                                                  std::string_view kind = "HNSW") {
  return OpenEncodedLists(*FindIndexKind(kind),
                          {reinterpret_cast<const uint8_t*>(file.data()), file.size()},
                          lists.rows().vectors(), lists.rows().num_rows(), metric, params);
}

// The rows nearest by MaxSim.
std::vector<Neighbor> Exact(const Lists& lists, Metric metric, const uint8_t* list, int64_t count,
                            int64_t k) {
  const ElementRows rows = lists.rows();
  MaxSim distance(rows.vectors().type, rows.vectors().dim, metric, list, count);
  std::vector<float> found(static_cast<size_t>(rows.num_rows()));
  distance.Distances(rows, 0, rows.num_rows(), found.data());
  kernels::TopK best(k);
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    if (!rows.IsEmpty(row)) best.Push(found[row], row);
  }
  return best.TakeSorted();
}

struct Case {
  std::string strategy;
  DataType type;
  Metric metric;
  std::string kind;
  double floor;  // Of the 10 nearest among the 40 that the index finds.
  Params params = {};
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.strategy << " " << schema::DataTypeName(c.type) << " " << kernels::MetricName(c.metric)
       << " " << c.kind;
}

class EncodedListsTest : public testing::TestWithParam<Case> {};

TEST_P(EncodedListsTest, FindsTheRowsThatMaxSimFinds) {
  const Case& c = GetParam();
  const Lists lists(c.type, 1500, kDim), queries(c.type, 30, kDim, 1);
  const Params params = Resolved(c.strategy, c.params);
  const auto file = Build(lists, c.metric, params, c.kind);
  ASSERT_TRUE(file.ok()) << file.status();
  const auto index = Open(*file, lists, c.metric, params, c.kind);
  ASSERT_TRUE(index.ok()) << index.status();
  const auto* encoded = dynamic_cast<const EncodedLists*>(index->get());
  ASSERT_NE(encoded, nullptr);
  EXPECT_TRUE(encoded->reranks());
  const Params search = {{"ef", "200"}, {"nprobe", "16"}, {"refine_k", "4"}};
  kernels::Bitset odd(lists.rows().num_rows());
  for (int64_t row = 1; row < odd.size(); row += 2) {
    if (!lists.rows().IsEmpty(row)) odd.Set(row);
  }
  double found = 0, wanted = 0, error = 0, spread = 0;
  for (int64_t q = 0; q < 30; ++q) {
    const auto [list, count] = queries.List(q);
    if (count == 0) continue;
    const auto truth = Exact(lists, c.metric, list, count, 10);
    const auto query = encoded->EncodeQuery(list, count);
    SearchRequest request{.query = reinterpret_cast<const uint8_t*>(query.vector.data()), .k = 40};
    request.params = &search;
    const auto hits = encoded->Search(request, nullptr);
    ASSERT_TRUE(hits.ok()) << hits.status();
    ASSERT_EQ(hits->size(), 40u);
    std::set<int64_t> rows;
    for (const Neighbor& hit : *hits) {
      EXPECT_FALSE(lists.rows().IsEmpty(hit.row)) << "an empty list is near nothing";
      rows.insert(hit.row);
    }
    for (const Neighbor& hit : truth) found += static_cast<double>(rows.count(hit.row));
    wanted += static_cast<double>(truth.size());
    // What MaxSim is of the nearest row by encodings, about.
    const auto all = Exact(lists, c.metric, list, count, lists.rows().num_rows());
    for (const Neighbor& hit : all) {
      if (hit.row != hits->front().row) continue;
      error += std::abs(query.Estimate(hits->front().distance) - hit.distance);
      spread += all.back().distance - all.front().distance;
    }
    request.allowed = odd.view();
    request.num_allowed = odd.Count();
    const auto filtered = encoded->Search(request, nullptr);
    ASSERT_TRUE(filtered.ok()) << filtered.status();
    ASSERT_EQ(filtered->size(), 40u);
    for (const Neighbor& hit : *filtered) EXPECT_TRUE(odd.Test(hit.row));
  }
  EXPECT_GE(found / wanted, c.floor);
  EXPECT_LT(error / spread, 0.5) << "estimates stand for distances";
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const std::string strategy : {"muvera", "lemur"}) {
    const auto add = [&](DataType type, Metric metric, std::string kind, double floor,
                         Params params = {}) {
      cases.push_back({strategy, type, metric, std::move(kind), floor, std::move(params)});
    };
    for (const Metric metric : {Metric::kIp, Metric::kCosine, Metric::kL2}) {
      add(DataType::kFloatVector, metric, "HNSW", 0.82);
    }
    for (const DataType type :
         {DataType::kFloat16Vector, DataType::kBFloat16Vector, DataType::kInt8Vector}) {
      add(type, Metric::kCosine, "HNSW", 0.82);
    }
    add(DataType::kBinaryVector, Metric::kHamming, "HNSW", 0.74);
    add(DataType::kBinaryVector, Metric::kJaccard, "HNSW", 0.7);
    const Params refined = {{"refine", "true"}};
    add(DataType::kFloatVector, Metric::kIp, "IVF_FLAT", 0.82);
    add(DataType::kFloatVector, Metric::kCosine, "HNSW_SQ", 0.82, refined);
    add(DataType::kFloatVector, Metric::kCosine, "HNSW_PQ", 0.8, {{"m", "16"}, {"refine", "true"}});
    add(DataType::kFloatVector, Metric::kCosine, "HNSW_PRQ", 0.8,
        {{"m", "8"}, {"nrq", "2"}, {"refine", "true"}});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(All, EncodedListsTest, testing::ValuesIn(Cases()));

class EncodedListsOf : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(All, EncodedListsOf, testing::Values("muvera", "lemur"));

TEST_P(EncodedListsOf, AFileDependsOnRowsParametersAndSeedAlone) {
  const Lists lists(DataType::kFloatVector, 400, 16);
  Executor executor({.name = "test", .num_threads = 3});
  BuildOptions options{.metric = Metric::kL2, .params = Resolved(GetParam()), .seed = 9};
  const IndexKind& kind = *FindIndexKind("HNSW");
  const auto alone = BuildEncodedLists(kind, lists.rows(), options);
  options.executor = &executor;
  const auto together = BuildEncodedLists(kind, lists.rows(), options);
  ASSERT_TRUE(alone.ok() && together.ok());
  EXPECT_EQ(*alone, *together);
  options.params["muvera_seed"] = "7";
  options.seed = 10;
  EXPECT_NE(*BuildEncodedLists(kind, lists.rows(), options), *alone);
}

TEST_P(EncodedListsOf, ABuildEndsWhenNobodyWantsIt) {
  const Lists lists(DataType::kFloatVector, 400, 16);
  const auto flag = std::make_shared<std::atomic<bool>>(false);
  const Cancellation cancellation(flag, 0);
  BuildOptions options{.metric = Metric::kIp, .params = Resolved(GetParam())};
  options.cancellation = &cancellation;
  double last = 0;
  options.progress = [&](double share) {
    EXPECT_GE(share, last);
    last = share;
    if (share > 0.1) flag->store(true);
  };
  const auto file = BuildEncodedLists(*FindIndexKind("HNSW"), lists.rows(), options);
  EXPECT_EQ(CodeOf(file.status()), ErrorCode::kCancelled);
  EXPECT_GT(last, 0.1);
}

TEST_P(EncodedListsOf, WhatBuildsTakeIsMoreThanTheirFile) {
  const Lists lists(DataType::kFloatVector, 400, 16);
  for (const char* name : {"HNSW", "HNSW_SQ", "IVF_FLAT"}) {
    const IndexKind& kind = *FindIndexKind(name);
    const Params params = Resolved(GetParam());
    const auto file = Build(lists, Metric::kIp, params, name);
    ASSERT_TRUE(file.ok()) << file.status();
    const VectorRows vectors = lists.rows().vectors();
    const BuildShape shape{vectors.type, vectors.dim, vectors.num_rows};
    const int64_t bytes = ListBuildMemoryBytes(kind, shape, 400, "MAX_SIM_IP", params);
    EXPECT_GE(bytes, static_cast<int64_t>(file->size()));
    // Under a plain metric every vector is indexed by itself.
    EXPECT_EQ(ListBuildMemoryBytes(kind, shape, 400, "IP", params),
              BuildMemoryBytes(kind, shape, params));
  }
}

// A column of the given lists of one component each.
schema::Column ColumnOf(const std::vector<std::vector<float>>& lists) {
  schema::Column column(
      {.type = DataType::kArrayOfVector, .element_type = DataType::kFloatVector, .dim = 1});
  for (const auto& list : lists) {
    column.AppendRaw({reinterpret_cast<const char*>(list.data()), list.size() * sizeof(float)});
  }
  return column;
}

TEST_P(EncodedListsOf, OddRowsAreIndexed) {
  const float huge = std::numeric_limits<float>::max();
  const std::vector<std::vector<std::vector<float>>> columns = {
      {{1.0f}},                                 // One vector.
      {{}, {0.0f, 0.0f}, {}},                   // Of length 0.
      {{huge, -huge}, {1.0f}, {-1.0f, 0.5f}},   // Products out of range.
      {{2.0f}, {2.0f}, {2.0f, 2.0f}, {2.0f}}};  // All equal.
  for (const auto& values : columns) {
    const schema::Column column = ColumnOf(values);
    const schema::ColumnView view = column.View();
    const ElementRows rows(view);
    int64_t with_vectors = 0;
    for (const auto& list : values) with_vectors += list.empty() ? 0 : 1;
    for (const Metric metric : {Metric::kIp, Metric::kCosine, Metric::kL2}) {
      const Params params = Resolved(GetParam());
      BuildOptions options{.metric = metric, .params = params};
      const auto file = BuildEncodedLists(*FindIndexKind("HNSW"), rows, options);
      ASSERT_TRUE(file.ok()) << file.status();
      const auto index = OpenEncodedLists(
          *FindIndexKind("HNSW"), {reinterpret_cast<const uint8_t*>(file->data()), file->size()},
          rows.vectors(), rows.num_rows(), metric, params);
      ASSERT_TRUE(index.ok()) << index.status();
      const auto& encoded = dynamic_cast<const EncodedLists&>(**index);
      for (const float value : {1.0f, 0.0f, huge}) {
        const auto query = encoded.EncodeQuery(reinterpret_cast<const uint8_t*>(&value), 1);
        const auto hits = encoded.Search(
            {.query = reinterpret_cast<const uint8_t*>(query.vector.data()), .k = 10}, nullptr);
        ASSERT_TRUE(hits.ok()) << hits.status();
        EXPECT_EQ(static_cast<int64_t>(hits->size()), with_vectors);
      }
    }
  }
}

TEST_P(EncodedListsOf, DamageIsFound) {
  const Lists lists(DataType::kFloatVector, 60, 8);
  const Params params =
      Resolved(GetParam(), {{"lemur_hidden_dim", "8"}, {"muvera_num_repeats", "2"}});
  const auto file = Build(lists, Metric::kIp, params);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(Open(*file, lists, Metric::kIp, params).ok());
  std::mt19937_64 random(4);
  for (int i = 0; i < 300; ++i) {
    std::string damaged = *file;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    if (damaged == *file) continue;
    const auto opened = Open(damaged, lists, Metric::kIp, params);
    if (opened.ok()) continue;  // Between sections nothing is looked at.
    EXPECT_EQ(CodeOf(opened.status()), ErrorCode::kDataIntegrity);
  }
  for (size_t size = 0; size < file->size(); size += 97) {
    EXPECT_FALSE(Open(file->substr(0, size), lists, Metric::kIp, params).ok()) << size;
  }
  // The file of another column, and another metric.
  EXPECT_FALSE(Open(*file, lists, Metric::kL2, params).ok());
  EXPECT_FALSE(Open(*file, Lists(DataType::kFloatVector, 61, 8), Metric::kIp, params).ok());
  EXPECT_FALSE(Open(*file, Lists(DataType::kFloatVector, 60, 9), Metric::kIp, params).ok());
}

TEST_P(EncodedListsOf, WellSealedNonsenseIsRefusedOrSearchedSafely) {
  const Lists lists(DataType::kFloatVector, 40, 4);
  const ElementRows rows = lists.rows();
  const bool muvera = std::string_view(GetParam()) == "muvera";
  EncodedListsFacts good{.strategy = muvera ? 1u : 2u, .metric = 2, .dim = 4, .num_rows = 40};
  good.num_vectors = static_cast<uint64_t>(rows.num_elements());
  good.first = muvera ? 1 : 8;
  good.second = 1;
  good.encoded_dim = muvera ? 8 : 9;
  std::vector<float> floats(muvera ? MuveraShape{1, 1}.NumFloats(4)
                                   : LemurShape{8, 1}.NumFloats(4));
  std::vector<uint16_t> encodings(40 * good.encoded_dim, 0x7fc0);  // Not a number.
  BuildOptions options{.metric = Metric::kIp, .params = Resolved(GetParam())};
  options.rows = {DataType::kBFloat16Vector, static_cast<int64_t>(good.encoded_dim), 40,
                  reinterpret_cast<const uint8_t*>(encodings.data())};
  std::vector<uint16_t> zeros(encodings.size());
  options.rows.data = reinterpret_cast<const uint8_t*>(zeros.data());
  const std::string index = BuildHnsw(options).value();
  std::list<std::string> files;  // Indexes borrow them.
  const auto open = [&](const EncodedListsFacts& facts) {
    files.push_back(MakeEncodedListsFile(facts, floats, encodings, index));
    return Open(files.back(), lists, Metric::kIp, {});
  };
  const auto opened = open(good);  // Its floats are all 0: a factor that divides by 0.
  ASSERT_TRUE(opened.ok()) << opened.status();
  const auto& encoded = dynamic_cast<const EncodedLists&>(**opened);
  const auto [list, count] = lists.List(0);
  const auto query = encoded.EncodeQuery(list, count);
  SearchRequest request{.query = reinterpret_cast<const uint8_t*>(query.vector.data()), .k = 7};
  const auto hits = encoded.Search(request, nullptr);
  ASSERT_TRUE(hits.ok()) << hits.status();
  for (const Neighbor& hit : *hits) EXPECT_TRUE(hit.row >= 0 && hit.row < 40);

  const auto refused = [&](auto&& change) {
    EncodedListsFacts facts = good;
    change(facts);
    return CodeOf(open(facts).status()) == ErrorCode::kDataIntegrity;
  };
  EXPECT_TRUE(refused([](auto& f) { f.strategy = 0; }));
  EXPECT_TRUE(refused([](auto& f) { f.strategy = 3; }));
  EXPECT_TRUE(refused([](auto& f) { f.first = 9000; }));
  EXPECT_TRUE(refused([](auto& f) { f.first = 0; }));
  EXPECT_TRUE(refused([](auto& f) { f.second = 33; }));
  EXPECT_TRUE(refused([](auto& f) { f.dim = uint64_t{1} << 40; }));
  EXPECT_TRUE(refused([](auto& f) { f.encoded_dim = uint64_t{1} << 40; }));
  EXPECT_TRUE(refused([](auto& f) { f.encoded_dim = 0; }));
  EXPECT_TRUE(refused([](auto& f) { f.encoded_dim -= 1; }));
  EXPECT_TRUE(refused([](auto& f) { f.num_rows = 41; }));
  EXPECT_TRUE(refused([](auto& f) { f.metric = 77; }));
  floats.back() = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(CodeOf(open(good).status()), ErrorCode::kDataIntegrity);
}

// What is left of the variance of `target` when it is fitted by the features, of both 0 mean.
double Residual(const std::vector<float>& features, size_t hidden,
                const std::vector<float>& target) {
  // Gradient descent is enough for a comparison.
  std::vector<double> weights(hidden + 1);
  double error = 0;
  for (int round = 0; round < 400; ++round) {
    error = 0;
    for (size_t i = 0; i < target.size(); ++i) {
      double sum = weights[hidden], square = 1;
      for (size_t f = 0; f < hidden; ++f) {
        sum += weights[f] * features[i * hidden + f];
        square += static_cast<double>(features[i * hidden + f]) * features[i * hidden + f];
      }
      const double miss = target[i] - sum;
      error += miss * miss;
      for (size_t f = 0; f < hidden; ++f) {
        weights[f] += 0.1 * miss * features[i * hidden + f] / square;
      }
      weights[hidden] += 0.1 * miss / square;
    }
  }
  return error / static_cast<double>(target.size());
}

TEST(FeatureNetwork, LearnsFeaturesThatTellTheTargets) {
  constexpr size_t kCount = 1000, kInputs = 6;
  const NetworkShape shape{kInputs, 8, 2};
  std::mt19937_64 random(8);
  std::normal_distribution<float> normal;
  std::vector<float> vectors(kCount * kInputs), targets(kCount);
  for (float& value : vectors) value = normal(random);
  for (size_t i = 0; i < kCount; ++i) {  // No linear function of the vector.
    targets[i] = std::abs(vectors[i * kInputs] - vectors[i * kInputs + 1]) - 1.1f;
  }
  Training training{.vectors = vectors, .targets = targets, .num_epochs = 1, .batch = 50};
  training.learning_rate = 1e-12;
  const auto residual = [&] {
    const auto floats = TrainNetwork(shape, training);
    EXPECT_TRUE(floats.ok());
    EXPECT_EQ(floats->size(), shape.NumFloats());
    std::vector<float> features;
    ApplyNetwork(shape, *floats, vectors, nullptr, features);
    return Residual(features, shape.hidden, targets);
  };
  const double untrained = residual();
  training.num_epochs = 60;
  training.learning_rate = 5e-3;
  EXPECT_LT(residual(), untrained / 3);
}

TEST(Muvera, ProductsAreThoseOfTheNearestVectorsWhereEachHasItsPart) {
  // Two clusters that any plane through the mean between them separates, or neither.
  const float near = 4, far = -4;
  const std::vector<std::vector<float>> lists = {{near, far}, {near}, {far}};
  const schema::Column column = ColumnOf(lists);
  const schema::ColumnView view = column.View();
  const ElementRows rows(view);
  const TokenForm form(DataType::kFloatVector, 1, Metric::kIp);
  const MuveraShape shape{.num_planes = 1, .num_repeats = 3};
  const std::vector<float> floats = MuveraFloats(shape, form, rows);
  const Muvera encoder(shape, form, floats);
  const float query[] = {1, -1};
  const auto encoded = encoder.Encode(reinterpret_cast<const uint8_t*>(query), 2);
  // MaxSim: 1 * 4 + -1 * -4 of the first, 1 * 4 - 1 * 4 of the second.
  const double expected[] = {8, 0, 0};
  for (int64_t row = 0; row < 3; ++row) {
    std::vector<float> of_row(encoder.dim());
    encoder.EncodeRow(rows.vectors().Row(rows.Begin(row)), rows.End(row) - rows.Begin(row),
                      of_row.data());
    double product = 0;
    for (size_t d = 0; d < of_row.size(); ++d) product += of_row[d] * encoded.vector[d];
    EXPECT_NEAR(product * encoded.scale, expected[row], 1e-3);
  }
}

}  // namespace
}  // namespace elanus::index
