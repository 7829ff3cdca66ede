#include "index/faiss_factory.h"

#include <gtest/gtest.h>

#include "index/index_kinds.h"
#include "index/test_vectors_test.h"

namespace elanus::index {
namespace {

using kernels::Metric;
using schema::DataType;

// "TYPE key=value ...", or the refusal.
std::string PlanText(std::string_view factory, bool binary = false) {
  const auto plan = ParseFactory(factory, binary);
  if (!plan.ok()) return std::string(MessageOf(plan.status()));
  std::string text(plan->type);
  for (const auto& [key, value] : plan->params) text += " " + key + "=" + value;
  return text;
}

TEST(FaissFactory, ReadsTheStringsThatItHasTypesFor) {
  EXPECT_EQ(PlanText("Flat"), "IVF_FLAT nlist=1");
  EXPECT_EQ(PlanText("IDMap,Flat"), "IVF_FLAT nlist=1");
  EXPECT_EQ(PlanText("IDMap2,SQ8"), "IVF_SQ8 nlist=1 sq_type=sq8");
  EXPECT_EQ(PlanText("IVF256,Flat"), "IVF_FLAT nlist=256");
  EXPECT_EQ(PlanText("IVF256,SQ4,RFlat"),
            "IVF_SQ8 nlist=256 refine=true refine_type=flat sq_type=sq4");
  EXPECT_EQ(PlanText("IVF64,PQ16"), "IVF_PQ m=16 nbits=8 nlist=64");
  EXPECT_EQ(PlanText("IVF64,PQ32x4fs,Refine(SQ8)"),
            "IVF_PQ m=32 nbits=4 nlist=64 refine=true refine_type=sq8");
  EXPECT_EQ(PlanText("PQ16x10"), "IVF_PQ m=16 nbits=10 nlist=1");
  EXPECT_EQ(PlanText("IVF64,RaBitQ,Refine(SQfp16)"),
            "IVF_RABITQ nlist=64 refine=true refine_type=fp16");
  EXPECT_EQ(PlanText("HNSW"), "HNSW M=32");
  EXPECT_EQ(PlanText("HNSW16,Flat"), "HNSW M=16");
  EXPECT_EQ(PlanText("HNSW24,SQ4"), "HNSW_SQ M=24 sq_type=sq4");
  EXPECT_EQ(PlanText("HNSW24,SQbf16,RFlat"),
            "HNSW_SQ M=24 refine=true refine_type=flat sq_type=bf16");
  EXPECT_EQ(PlanText("HNSW32,PQ12"), "HNSW_PQ M=32 m=12 nbits=8");
  EXPECT_EQ(PlanText("OPQ16,IVF64,PQ16x4fs"), "IVF_PQ faiss_axes=all m=16 nbits=4 nlist=64");
  EXPECT_EQ(PlanText("IDMap,OPQ8_32,PQ8,RFlat"),
            "IVF_PQ faiss_axes=32 m=8 nbits=8 nlist=1 refine=true refine_type=flat");
  EXPECT_EQ(PlanText("PCA24,HNSW16,PQ12"), "HNSW_PQ M=16 faiss_axes=24 m=12 nbits=8");
  EXPECT_EQ(PlanText("PCAR24,IVF4,PQ12"), "IVF_PQ faiss_axes=24 m=12 nbits=8 nlist=4");
  EXPECT_EQ(PlanText("BFlat", true), "BIN_IVF_FLAT nlist=1");
  EXPECT_EQ(PlanText("BIVF100", true), "BIN_IVF_FLAT nlist=100");
  EXPECT_EQ(PlanText("BHNSW24", true), "HNSW M=24");
}

TEST(FaissFactory, NamesThePartThatItDoesNotSupport) {
  const auto refuses = [](std::string_view factory, std::string_view part, bool binary = false) {
    const std::string text = PlanText(factory, binary);
    return text.find(fmt::format("part '{}' is not supported, supported: [IDMap,]", part)) !=
           std::string::npos;
  };
  EXPECT_TRUE(refuses("", ""));
  EXPECT_TRUE(refuses("flat", "flat")) << "names are case-sensitive";
  EXPECT_TRUE(refuses("OPQ16,IVF64,SQ8", "OPQ16")) << "only what follows by parts is turned";
  EXPECT_TRUE(refuses("PCA64,Flat", "PCA64"));
  EXPECT_TRUE(refuses("PCAW64,PQ16", "PCAW64"));
  EXPECT_TRUE(refuses("OPQ,PQ16", "OPQ"));
  EXPECT_TRUE(refuses("OPQ16_,PQ16", "OPQ16_"));
  EXPECT_TRUE(refuses("OPQ16,OPQ16,PQ16", "OPQ16"));
  EXPECT_TRUE(refuses("IVF,Flat", "IVF"));
  EXPECT_TRUE(refuses("IVF0,Flat", "IVF0"));
  EXPECT_TRUE(refuses("IVF64_HNSW32,Flat", "IVF64_HNSW32"));
  EXPECT_TRUE(refuses("IVF64,SQfp16", "SQfp16"));
  EXPECT_TRUE(refuses("IVF64,LSH", "LSH"));
  EXPECT_TRUE(refuses("IVF64,PQ", "PQ"));
  EXPECT_TRUE(refuses("IVF64,PQ8x", "PQ8x"));
  EXPECT_TRUE(refuses("IVF64,Flat,RFlat", "RFlat"));
  EXPECT_TRUE(refuses("IVF64,SQ8,Refine(PQ8)", "Refine(PQ8)"));
  EXPECT_TRUE(refuses("IVF64,SQ8,RFlat,RFlat", "RFlat"));
  EXPECT_TRUE(refuses("HNSW32,RaBitQ", "RaBitQ"));
  EXPECT_TRUE(refuses("HNSWx", "HNSWx"));
  EXPECT_TRUE(refuses("IVF64,Flat", "IVF64,Flat", true));
  EXPECT_TRUE(refuses("BFlat", "BFlat"));
}

TEST(FaissFactory, ChecksWhatTheTypeUnderneathChecks) {
  const IndexKind& kind = *FindIndexKind("FAISS");
  schema::FieldSchema field;
  field.type = DataType::kFloatVector;
  field.type_params["dim"] = "48";
  const auto refusal = [&](Params params) {
    return std::string(MessageOf(kind.check_build(field, params)));
  };
  EXPECT_EQ(refusal({{"faiss_index_name", "HNSW16,SQ4"}}), "");
  EXPECT_NE(refusal({}).find("param 'faiss_index_name' not exist"), std::string::npos);
  EXPECT_NE(refusal({{"faiss_index_name", "IVF8,PQ7"}}).find("number of subquantizers"),
            std::string::npos);
  EXPECT_EQ(refusal({{"faiss_index_name", "OPQ10_40,IVF8,PQ10"}}), "") << "10 divides 40";
  EXPECT_NE(refusal({{"faiss_index_name", "OPQ7,IVF8,PQ7"}}).find("number of subquantizers"),
            std::string::npos);
  EXPECT_NE(refusal({{"faiss_index_name", "PCA64,PQ8"}}).find("64 dimensions of 48"),
            std::string::npos);
  EXPECT_NE(refusal({{"faiss_index_name", "IVF70000,Flat"}}).find("nlist"), std::string::npos);
  EXPECT_NE(refusal({{"faiss_index_name", "IVF8,PQ8x30"}}).find("nbits"), std::string::npos);
}

TEST(FaissFactory, BuildsAndSearchesEveryForm) {
  for (const DataType type : {DataType::kFloatVector, DataType::kBinaryVector}) {
    const bool binary = type == DataType::kBinaryVector;
    const Metric metric = binary ? Metric::kHamming : Metric::kL2;
    const auto data = ClusteredVectors(type, 48, 2000, 20, 5);
    const auto queries = ClusteredVectors(type, 48, 20, 20, 5, 1);
    const std::vector<std::string> floats = {"Flat",
                                             "IDMap,SQ8",
                                             "IVF16,Flat",
                                             "IVF16,SQ6",
                                             "IVF16,PQ24",
                                             "IVF16,PQ24x4fs,RFlat",
                                             "OPQ24,IVF16,PQ24",
                                             "OPQ12_24,IVF16,PQ12,RFlat",
                                             "PCA40,HNSW16,PQ20,RFlat",
                                             "IVF16,RaBitQ,RFlat",
                                             "HNSW16",
                                             "HNSW16,SQ4,RFlat",
                                             "HNSW16,SQfp16",
                                             "HNSW16,PQ24,Refine(SQ8)"};
    const std::vector<std::string> bits = {"BFlat", "BIVF16", "BHNSW16"};
    for (const std::string& factory : binary ? bits : floats) {
      BuildOptions options{.rows = data.rows(), .metric = metric};
      options.params["faiss_index_name"] = factory;
      const auto file = BuildFaiss(options);
      ASSERT_TRUE(file.ok()) << factory << file.status().ToString();
      const auto index = OpenFaiss({reinterpret_cast<const uint8_t*>(file->data()), file->size()},
                                   data.rows(), metric, {});
      ASSERT_TRUE(index.ok()) << factory << index.status().ToString();
      const Params params = {{"nprobe", "16"}, {"efSearch", "100"}, {"k_factor", "10"}};
      double recall = 0;
      for (int64_t q = 0; q < queries.num_rows; ++q) {
        const auto hits =
            (*index)->Search({.query = queries.row(q), .k = 10, .params = &params}, nullptr);
        ASSERT_TRUE(hits.ok());
        // By the rows found: an index without refinement reports estimates.
        std::vector<Neighbor> found;
        const auto all = ExactSearch(data.rows(), metric, queries.row(q), data.num_rows);
        for (const Neighbor& hit : *hits) {
          found.push_back(*std::find_if(
              all.begin(), all.end(), [&](const Neighbor& other) { return other.row == hit.row; }));
        }
        recall += Recall(found, {all.begin(), all.begin() + 10});
      }
      EXPECT_GE(recall / queries.num_rows, 0.8) << factory;
    }
  }
}

}  // namespace
}  // namespace elanus::index
