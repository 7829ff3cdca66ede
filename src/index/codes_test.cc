#include "index/codes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "index/refiner.h"
#include "index/turned_codes.h"

namespace elanus::index {
namespace {

using kernels::Metric;

constexpr Metric kMetrics[] = {Metric::kL2, Metric::kIp, Metric::kCosine};

struct Spec {
  const char* name;
  CodeSpec spec;
  double error_max;  // Root mean square of the error, in parts of that of the distances' spread.
};

constexpr CodeSpec Product(uint32_t bits, uint32_t parts, uint32_t levels, uint32_t in_blocks) {
  return {CodeKind::kProduct, bits, parts, levels, in_blocks, 0};
}
constexpr CodeSpec Turned(CodeSpec spec, uint32_t axes) {
  spec.axes = axes;
  return spec;
}

const Spec kSpecs[] = {
    {"sq8", {.kind = CodeKind::kScalar, .bits = 8}, 0.02},
    {"sq6", {.kind = CodeKind::kScalar, .bits = 6}, 0.045},
    {"sq4", {.kind = CodeKind::kScalar, .bits = 4}, 0.13},
    {"sq4u", {.kind = CodeKind::kUniform, .bits = 4}, 0.14},
    {"fp16", {.kind = CodeKind::kHalf, .bits = 16}, 0.001},
    {"bf16", {.kind = CodeKind::kHalf, .bits = 17}, 0.01},
    {"pq8 blocks", Product(8, 20, 1, 1), 0.14},
    {"pq8 records", Product(8, 20, 1, 0), 0.14},
    {"pq4 blocks", Product(4, 20, 1, 1), 0.4},
    {"pq3 blocks", Product(3, 20, 1, 1), 0.55},
    {"pq5 blocks", Product(5, 20, 1, 1), 0.3},
    {"pq10 records", Product(10, 10, 1, 0), 0.3},
    {"prq8 records", Product(8, 10, 3, 0), 0.06},
    {"sign1", {.kind = CodeKind::kSign, .bits = 1, .in_blocks = 1}, 0.9},
    {"sign2", {.kind = CodeKind::kSign, .bits = 2, .in_blocks = 1}, 0.45},
    {"sign4", {.kind = CodeKind::kSign, .bits = 4, .in_blocks = 1}, 0.13},
    {"sign4 two steps", {.kind = CodeKind::kSign, .bits = 4, .levels = 2, .in_blocks = 1}, 0.13},
    {"sign6", {.kind = CodeKind::kSign, .bits = 6, .in_blocks = 1}, 0.035},
    {"sign9", {.kind = CodeKind::kSign, .bits = 9, .in_blocks = 1}, 0.01},
    {"local4", {.kind = CodeKind::kLocal, .bits = 4}, 0.13},
    {"local8", {.kind = CodeKind::kLocal, .bits = 8}, 0.01},
    {"local8 reduced", {.kind = CodeKind::kLocal, .bits = 8, .parts = 39}, 0.25},
    {"prq4 blocks", Product(4, 10, 4, 1), 0.2},
    {"turned pq8 blocks", Turned(Product(8, 20, 1, 1), 40), 0.14},
    {"turned pq4 records", Turned(Product(4, 20, 1, 0), 40), 0.4},
    {"turned pq8 reduced", Turned(Product(8, 38, 1, 1), 38), 0.3},
};

constexpr size_t kDim = 40, kRows = 150;

struct World {
  std::vector<float> sample, residuals, centre, query;
  Metric metric;

  explicit World(Metric metric) : metric(metric) {
    std::mt19937_64 random(7);
    std::normal_distribution<float> normal;
    const auto fill = [&](std::vector<float>& values, size_t count, float scale) {
      values.resize(count);
      for (float& value : values) value = scale * normal(random);
    };
    // Such that rows of centre and residual have a length of about 1.
    fill(sample, 4096 * kDim, 0.07f);
    fill(residuals, kRows * kDim, 0.07f);
    fill(centre, kDim, 0.14f);
    fill(query, kDim, 0.16f);
    for (size_t row = 0; metric == Metric::kCosine && row < kRows; ++row) ToUnit(row);
    if (metric == Metric::kCosine) Scale(query.data(), query.data());
  }
  // Makes centre + residual a vector of length 1.
  void ToUnit(size_t row) {
    std::vector<float> x(kDim);
    for (size_t d = 0; d < kDim; ++d) x[d] = centre[d] + residuals[row * kDim + d];
    Scale(x.data(), x.data());
    for (size_t d = 0; d < kDim; ++d) residuals[row * kDim + d] = x[d] - centre[d];
  }
  static void Scale(const float* from, float* to) {
    double norm = 0;
    for (size_t d = 0; d < kDim; ++d) norm += double{from[d]} * from[d];
    for (size_t d = 0; d < kDim; ++d) to[d] = static_cast<float>(from[d] / std::sqrt(norm));
  }
  double Exact(const float* residual) const {
    double sum = 0;
    for (size_t d = 0; d < kDim; ++d) {
      const double x = double{centre[d]} + residual[d];
      sum += metric == Metric::kL2 ? (query[d] - x) * (query[d] - x) : -query[d] * x;
    }
    return sum;
  }
  CodeShift Shift() const {
    const std::vector<float> nothing(kDim);
    float norm = 0;
    for (const float value : centre) norm += value * value;
    return ShiftTo(metric, static_cast<float>(Exact(nothing.data())), norm);
  }
  std::unique_ptr<CodeStore> Train(const CodeSpec& spec) const {
    return TrainCodes(spec, {.dim = kDim, .metric = metric, .residuals = &sample}).value();
  }
};

std::vector<uint8_t> EncodeAll(const CodeStore& store, const World& world) {
  std::vector<uint8_t> run(store.RunBytes(kRows));
  store.Encode(world.residuals.data(), world.centre.data(), 64, 0, kRows, run.data());
  store.Encode(&world.residuals[64 * kDim], world.centre.data(), kRows - 64, 64, kRows, run.data());
  return run;
}

std::vector<float> ScanAll(const CodeStore& store, const World& world,
                           const std::vector<uint8_t>& run) {
  std::vector<float> out(kRows);
  store.Query(world.query.data())->Scan(run.data(), kRows, 0, kRows, world.Shift(), out.data());
  return out;
}

TEST(Codes, EstimateDistancesWithoutBiasAndAsWellAsTheirBitsAllow) {
  for (const Metric metric : kMetrics) {
    const World world(metric);
    double mean = 0, spread = 0;
    for (size_t row = 0; row < kRows; ++row) mean += world.Exact(&world.residuals[row * kDim]);
    mean /= kRows;
    for (size_t row = 0; row < kRows; ++row) {
      const double exact = world.Exact(&world.residuals[row * kDim]);
      spread += (exact - mean) * (exact - mean);
    }
    for (const Spec& s : kSpecs) {
      const auto store = world.Train(s.spec);
      const auto found = ScanAll(*store, world, EncodeAll(*store, world));
      double squared = 0, bias = 0;
      for (size_t row = 0; row < kRows; ++row) {
        const double error = found[row] - world.Exact(&world.residuals[row * kDim]);
        squared += error * error;
        bias += error;
      }
      EXPECT_LT(std::sqrt(squared / spread), s.error_max)
          << s.name << " " << kernels::MetricName(metric);
      EXPECT_GT(std::sqrt(squared / spread), s.error_max / 100) << s.name << ": a bound too wide";
      EXPECT_LT(std::abs(bias) / kRows, 0.3 * s.error_max * std::sqrt(spread / kRows))
          << s.name << " " << kernels::MetricName(metric);
    }
  }
}

TEST(Codes, ScanWithinABoundLosesNothingNearerAndLeavesOutWhatIsFarther) {
  for (const Metric metric : kMetrics) {
    const World world(metric);
    for (const uint32_t bits : {2u, 4u, 9u}) {
      const auto store =
          world.Train({.kind = CodeKind::kSign, .bits = bits, .levels = 2, .in_blocks = 1});
      const auto run = EncodeAll(*store, world);
      const auto all = ScanAll(*store, world, run);
      auto sorted = all;
      std::sort(sorted.begin(), sorted.end());
      const auto query = store->Query(world.query.data());
      for (const size_t kept : {size_t{0}, size_t{10}, kRows - 1}) {
        std::vector<float> out(kRows);
        query->ScanWithin(run.data(), kRows, 0, kRows, world.Shift(), sorted[kept], out.data());
        size_t left_out = 0;
        for (size_t row = 0; row < kRows; ++row) {
          left_out += std::isinf(out[row]);
          if (all[row] <= sorted[kept]) {
            EXPECT_EQ(out[row], all[row]) << bits << " bits";
          } else {
            EXPECT_TRUE(out[row] == all[row] || std::isinf(out[row]));
          }
        }
        if (kept == 0) EXPECT_GT(left_out, kRows / 10) << bits << " bits";
      }
    }
  }
}

TEST(Codes, ScanFromAnyBlockAndGatherTellTheSame) {
  const World world(Metric::kL2);
  for (const Spec& s : kSpecs) {
    const auto store = world.Train(s.spec);
    const auto run = EncodeAll(*store, world);
    const auto all = ScanAll(*store, world, run);
    std::vector<float> rest(kRows - 64);
    const auto query = store->Query(world.query.data());
    query->Scan(run.data(), kRows, 64, kRows - 64, world.Shift(), rest.data());
    for (size_t i = 0; i < rest.size(); ++i) EXPECT_EQ(rest[i], all[64 + i]) << s.name;
    if (s.spec.in_blocks != 0) continue;
    const uint32_t ids[] = {149, 3, 64, 0, 77};
    float gathered[5];
    query->Gather(run.data(), ids, 5, world.Shift(), gathered);
    for (size_t i = 0; i < 5; ++i) EXPECT_EQ(gathered[i], all[ids[i]]) << s.name;
  }
}

TEST(Codes, OpenFromTheirParametersAndFromNoOthers) {
  const World world(Metric::kIp);
  for (const Spec& s : kSpecs) {
    const auto store = world.Train(s.spec);
    const auto parameters = store->Parameters();
    const auto opened = OpenCodes(s.spec, kDim, Metric::kIp, parameters);
    ASSERT_TRUE(opened.ok()) << s.name;
    const auto run = EncodeAll(*store, world);
    EXPECT_EQ(run, EncodeAll(**opened, world)) << s.name;
    EXPECT_EQ(ScanAll(*store, world, run), ScanAll(**opened, world, run)) << s.name;
    EXPECT_EQ(parameters, world.Train(s.spec)->Parameters()) << s.name << ": another store";

    std::vector<uint8_t> wrong = parameters;
    wrong.push_back(0);
    EXPECT_EQ(CodeOf(OpenCodes(s.spec, kDim, Metric::kIp, wrong).status()),
              ErrorCode::kDataIntegrity)
        << s.name;
  }
  for (const CodeSpec& spec :
       {CodeSpec{.kind = CodeKind::kScalar, .bits = 7}, CodeSpec{.kind = static_cast<CodeKind>(99)},
        Product(25, 20, 1, 0), Product(0, 20, 1, 0), Product(8, 0, 1, 0), Product(8, 7, 1, 0),
        Product(8, 20, 17, 0), Product(9, 20, 1, 1), Turned(Product(8, 20, 1, 1), 41),
        Turned(Product(8, 20, 1, 1), 30)}) {
    EXPECT_EQ(CodeOf(OpenCodes(spec, kDim, Metric::kIp, {}).status()), ErrorCode::kDataIntegrity);
  }
}

// What a hostile file may hold: any code, and parameters that are no numbers.
TEST(Codes, CompareSafelyWithAnyBytes) {
  const World world(Metric::kL2);
  for (const Spec& s : kSpecs) {
    std::vector<uint8_t> parameters = world.Train(s.spec)->Parameters();
    for (const uint8_t byte : {0x00, 0x7F, 0xFF}) {
      std::fill(parameters.begin(), parameters.end(), byte);
      const auto store = OpenCodes(s.spec, kDim, Metric::kL2, parameters).value();
      const std::vector<uint8_t> run(store->RunBytes(kRows), byte);
      for (const float distance : ScanAll(*store, world, run)) {
        EXPECT_FALSE(std::isnan(distance)) << s.name;
      }
    }
  }
}

TEST(Codes, TurnedFirstErrLessWhereComponentsVaryTogether) {
  World world(Metric::kL2);
  // Five directions make most of the vectors, spread over all components.
  std::mt19937_64 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> directions(5 * kDim);
  for (float& value : directions) value = normal(random);
  for (std::vector<float>* vectors : {&world.sample, &world.residuals}) {
    for (size_t row = 0; row < vectors->size() / kDim; ++row) {
      float* vector = &(*vectors)[row * kDim];
      for (size_t d = 0; d < kDim; ++d) vector[d] *= 0.1f;
      for (size_t i = 0; i < 5; ++i) {
        const float share = 0.1f * normal(random);
        for (size_t d = 0; d < kDim; ++d) vector[d] += share * directions[i * kDim + d];
      }
    }
  }
  const auto error = [&](const CodeSpec& spec) {
    const auto store = world.Train(spec);
    const auto found = ScanAll(*store, world, EncodeAll(*store, world));
    double sum = 0;
    for (size_t row = 0; row < kRows; ++row) {
      const double miss = found[row] - world.Exact(&world.residuals[row * kDim]);
      sum += miss * miss;
    }
    return std::sqrt(sum / kRows);
  };
  const CodeSpec plain = Product(4, 10, 1, 1);
  EXPECT_LT(error(Turned(plain, 40)), 0.8 * error(plain));
  EXPECT_LT(error(Turned(plain, 10)), 0.8 * error(plain)) << "reduced to the ten that vary most";
}

TEST(Codes, AxesAreSharedOutByTheirVariances) {
  // 16 goes to the first part, 8 and 4 to the second, 2 to what is left.
  EXPECT_EQ(ShareAxes({2, 16, 4, 8}, 2), (std::vector<uint32_t>{1, 0, 3, 2}));
  EXPECT_EQ(ShareAxes({0, 0, 0, 0}, 2).size(), 4u);
  EXPECT_EQ(ShareAxes({1}, 1), (std::vector<uint32_t>{0}));
}

TEST(Codes, OfFewRowsOrNoneHaveFewEntries) {
  World world(Metric::kL2);
  for (const size_t rows : {0, 1, 3}) {
    world.sample.resize(rows * kDim);
    for (const Spec& s : kSpecs) {
      const auto store = world.Train(s.spec);
      const auto found = ScanAll(*store, world, EncodeAll(*store, world));
      EXPECT_TRUE(std::isfinite(found[0])) << s.name << " of " << rows;
    }
  }
}

TEST(RefineChoice, FollowsTheParametersAndSparesCopiesOfTheColumn) {
  using schema::DataType;
  const auto by = [](const Params& params, DataType type) {
    return RefineChoiceOf(params, type).by;
  };
  EXPECT_EQ(by({}, DataType::kFloatVector), RefineBy::kNothing);
  EXPECT_EQ(by({{"refine", "false"}, {"refine_type", "fp32"}}, DataType::kFloatVector),
            RefineBy::kNothing);
  EXPECT_EQ(by({{"refine", "True"}}, DataType::kFloatVector), RefineBy::kColumn);
  EXPECT_EQ(by({{"refine", "true"}, {"refine_type", "FLAT"}}, DataType::kFloatVector),
            RefineBy::kColumn);
  EXPECT_EQ(by({{"refine", "true"}, {"refine_type", "fp16"}}, DataType::kFloat16Vector),
            RefineBy::kColumn);
  const auto finer =
      RefineChoiceOf({{"refine", "true"}, {"refine_type", "SQ6"}}, DataType::kFloatVector);
  EXPECT_EQ(finer.by, RefineBy::kCodes);
  EXPECT_EQ(finer.codes, (CodeSpec{.kind = CodeKind::kScalar, .bits = 6}));

  EXPECT_EQ(CandidatesFor(10, {}), 40);
  EXPECT_EQ(CandidatesFor(1, {}), 32);
  EXPECT_EQ(CandidatesFor(10, {{"refine_k", "1.25"}}), 13);
  EXPECT_EQ(CandidatesFor(10, {{"refine_k", "1"}}), 10);
  EXPECT_EQ(CandidatesFor(10, {{"reorder_k", "70"}}), 70);
  EXPECT_GT(CandidatesFor(16384, {{"refine_k", "1e300"}}), 16384);
}

}  // namespace
}  // namespace elanus::index
