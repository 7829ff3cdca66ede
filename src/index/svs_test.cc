#include "index/svs.h"

#include <gtest/gtest.h>

#include "index/index_kinds.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

struct Storage {
  std::string type, kind;
  double recall;  // At the default window, by the rows that are found.
};

TEST(Svs, FindsAsMuchAsItsStorageAllowsAndTakesAsMuchRoom) {
  const auto data = ClusteredVectors(DataType::kFloatVector, 64, 3000, 30, 9);
  const auto queries = ClusteredVectors(DataType::kFloatVector, 64, 40, 30, 9, 1);
  std::map<std::string, size_t> bytes;
  for (const Storage& storage :
       {Storage{"SVS_VAMANA", "fp32", 0.98}, Storage{"SVS_VAMANA", "fp16", 0.98},
        Storage{"SVS_VAMANA", "sqi8", 0.95}, Storage{"SVS_VAMANA_LVQ", "lvq4x0", 0.5},
        Storage{"SVS_VAMANA_LVQ", "lvq4x4", 0.95}, Storage{"SVS_VAMANA_LVQ", "LVQ4x8", 0.95},
        Storage{"SVS_VAMANA_LEANVEC", "leanvec4x4", 0.85},
        Storage{"SVS_VAMANA_LEANVEC", "leanvec4x8", 0.85},
        Storage{"SVS_VAMANA_LEANVEC", "leanvec8x8", 0.85}}) {
    const IndexKind& kind = *FindIndexKind(storage.type);
    schema::FieldSchema field;
    field.type = data.type;
    field.type_params["dim"] = "64";
    BuildOptions options{.rows = data.rows(), .metric = Metric::kL2};
    options.params["svs_storage_kind"] = storage.kind;
    ASSERT_TRUE(kind.check_build(field, options.params).ok());
    const auto file = kind.build(options);
    ASSERT_TRUE(file.ok()) << file.status().ToString();
    bytes[storage.kind] = file->size();
    const auto index = kind.open({reinterpret_cast<const uint8_t*>(file->data()), file->size()},
                                 data.rows(), Metric::kL2, {});
    ASSERT_TRUE(index.ok()) << index.status().ToString();
    double recall = 0;
    for (int64_t q = 0; q < queries.num_rows; ++q) {
      const auto hits = (*index)->Search({.query = queries.row(q), .k = 10}, nullptr);
      ASSERT_TRUE(hits.ok());
      const auto exact = ExactSearch(data.rows(), Metric::kL2, queries.row(q), 10);
      for (const Neighbor& hit : *hits) {
        recall += std::any_of(exact.begin(), exact.end(),
                              [&](const Neighbor& other) { return other.row == hit.row; });
      }
    }
    EXPECT_GE(recall / 10 / queries.num_rows, storage.recall) << storage.kind;
  }
  EXPECT_EQ(bytes["lvq4x0"], bytes["lvq4x4"]);
  EXPECT_LT(bytes["lvq4x4"], bytes["sqi8"]);
  EXPECT_LT(bytes["leanvec4x4"], bytes["leanvec8x8"]);
}

TEST(Svs, TakesTheParametersOfTheTypesAndNoOthers) {
  schema::FieldSchema field;
  field.type = DataType::kFloatVector;
  field.type_params["dim"] = "64";
  const auto refusal = [&](const char* type, Params params) {
    return std::string(MessageOf(FindIndexKind(type)->check_build(field, params)));
  };
  const auto has = [](const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_EQ(refusal("SVS_VAMANA", {{"svs_graph_max_degree", "256"}, {"svs_alpha", "10"}}), "");
  EXPECT_TRUE(has(refusal("SVS_VAMANA", {{"svs_graph_max_degree", "3"}}), "[4, 256]"));
  EXPECT_TRUE(
      has(refusal("SVS_VAMANA", {{"svs_construction_window_size", "10001"}}), "[1, 10000]"));
  EXPECT_TRUE(has(refusal("SVS_VAMANA", {{"svs_alpha", "10.5"}}), "[0, 10]"));
  EXPECT_TRUE(has(refusal("SVS_VAMANA", {{"svs_storage_kind", "lvq4x4"}}),
                  "invalid svs_storage_kind: lvq4x4, supported: [fp32 fp16 sqi8]"));
  EXPECT_TRUE(has(refusal("SVS_VAMANA_LVQ", {{"svs_storage_kind", "fp32"}}), "lvq4x0 lvq4x4"));
  EXPECT_TRUE(has(refusal("SVS_VAMANA_LEANVEC", {{"svs_leanvec_dim", "65"}}),
                  "svs_leanvec_dim (65) should not be larger"));
  EXPECT_EQ(refusal("SVS_VAMANA_LEANVEC", {{"svs_leanvec_dim", "64"}}), "");
  field.type_params["dim"] = "4097";
  EXPECT_TRUE(has(refusal("SVS_VAMANA_LEANVEC", {}), "at most 4096 dimensions"));
}

}  // namespace
}  // namespace elanus::index
