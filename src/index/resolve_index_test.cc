#include <gtest/gtest.h>

#include "index/index_kinds.h"
#include "index/scalar_kinds.h"

namespace elanus::index {
namespace {

using schema::DataType;
using schema::FieldSchema;
using Pairs = std::vector<std::pair<std::string, std::string>>;

FieldSchema Field(DataType type, int dim = 8) {
  FieldSchema field;
  field.name = "f";
  field.type = type;
  if (schema::IsDenseVector(type)) field.type_params["dim"] = std::to_string(dim);
  return field;
}

std::string Why(const FieldSchema& field, const Pairs& params,
                ErrorCode code = ErrorCode::kParameterInvalid) {
  const auto resolved = ResolveIndex(field, params);
  EXPECT_FALSE(resolved.ok()) << "was accepted";
  EXPECT_EQ(CodeOf(resolved.status()), code) << resolved.status().ToString();
  return WireReason(resolved.status());
}

Pairs Typed(std::string type, std::string metric, Pairs more = {}) {
  Pairs out = {{"index_type", std::move(type)}, {"metric_type", std::move(metric)}};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

constexpr std::string_view kWrapper =
    ": invalid parameter[expected=valid index params][actual=invalid index params]";
std::string Wrapped(std::string_view text) {
  return std::string(text) + std::string(kWrapper);
}

#define EXPECT_HAS(text, part) EXPECT_NE(std::string(text).find(part), std::string::npos) << text

TEST(ResolveIndex, CompletesTheParametersOfAnExplicitType) {
  const auto hnsw = ResolveIndex(Field(DataType::kFloatVector),
                                 Typed("HNSW", "l2", {{"params", R"({"M": 16, "x": "y"})"}}));
  ASSERT_TRUE(hnsw.ok()) << hnsw.status().ToString();
  EXPECT_EQ(hnsw->type, "HNSW");
  EXPECT_EQ(hnsw->metric, "L2");
  EXPECT_FALSE(hnsw->is_auto);
  EXPECT_EQ(hnsw->params, (Params{{"M", "16"}, {"efConstruction", "360"}, {"x", "y"}}));
  const auto flat = ResolveIndex(Field(DataType::kBinaryVector), Typed("BINFLAT", "SUBSTRUCTURE"));
  ASSERT_TRUE(flat.ok());
  EXPECT_EQ(flat->type, "BIN_FLAT");
}

TEST(ResolveIndex, AutoIndexChoosesByTypeAndTakesAMetricOnly) {
  const auto resolved = [](DataType type, const Pairs& params) {
    auto out = ResolveIndex(Field(type), params);
    EXPECT_TRUE(out.ok()) << out.status().ToString();
    EXPECT_TRUE(!out.ok() || out->is_auto);
    return out.value_or(ResolvedIndex());
  };
  const auto dense = resolved(DataType::kFloatVector, {});
  EXPECT_EQ(dense.type, "HNSW");
  EXPECT_EQ(dense.metric, "COSINE");
  EXPECT_EQ(dense.params, (Params{{"M", "18"}, {"efConstruction", "240"}}));
  EXPECT_EQ(resolved(DataType::kInt8Vector, {{"index_type", "AUTOINDEX"}, {"params", "{}"}}).type,
            "HNSW");
  EXPECT_EQ(resolved(DataType::kFloatVector, {{"metric_type", "IP"}}).metric, "IP");
  const auto binary = resolved(DataType::kBinaryVector, {{"index_type", "AUTOINDEX"}});
  EXPECT_EQ(binary.type, "BIN_FLAT");
  EXPECT_EQ(binary.metric, "HAMMING");
  EXPECT_HAS(Why(Field(DataType::kFloatVector), {{"metric_type", "L2"}, {"mmap.enabled", "true"}}),
             "only metric type can be passed when use AutoIndex");
  EXPECT_EQ(Why(Field(DataType::kFloatVector), {{"metric_type", "HAMMING"}}),
            Wrapped("float vector index does not support metric type: HAMMING"));
}

TEST(ResolveIndex, AutoIndexFollowsTheConfiguration) {
  AutoIndexRules rules;
  rules.float_build =
      R"({"M":18,"efConstruction":240,"index_type":"HNSW_SQ","metric_type":"L2","refine":true,)"
      R"("refine_type":"FP16","sq_type":"SQ4U"})";
  rules.int8_build = R"({"index_type":"HNSW","M":8})";
  rules.binary_build = R"({"index_type":"BIN_IVF_FLAT","nlist":1024,"metric_type":"JACCARD"})";
  const auto resolve = [&](DataType type, const Pairs& params) {
    return ResolveIndex(Field(type), params, rules);
  };
  auto dense = resolve(DataType::kFloat16Vector, {{"index_type", "AUTOINDEX"}});
  ASSERT_TRUE(dense.ok()) << dense.status().ToString();
  EXPECT_EQ(dense->type, "HNSW_SQ");
  EXPECT_EQ(dense->metric, "L2");
  EXPECT_EQ(dense->params.at("refine"), "true");
  EXPECT_EQ(dense->params.at("sq_type"), "SQ4U");
  EXPECT_EQ(dense->why, "autoIndex.params.build");
  EXPECT_EQ(resolve(DataType::kFloatVector, {{"metric_type", "IP"}})->metric, "IP");
  EXPECT_EQ(resolve(DataType::kInt8Vector, {})->params.at("M"), "8");
  EXPECT_EQ(resolve(DataType::kInt8Vector, {})->metric, "COSINE");
  EXPECT_EQ(resolve(DataType::kBinaryVector, {})->type, "BIN_IVF_FLAT");
  EXPECT_EQ(resolve(DataType::kBinaryVector, {})->metric, "JACCARD");
  // A type that does not take the metric gives way to one that does.
  const auto membership = resolve(DataType::kBinaryVector, {{"metric_type", "SUBSTRUCTURE"}});
  ASSERT_TRUE(membership.ok());
  EXPECT_EQ(membership->type, "BIN_FLAT");
  EXPECT_TRUE(membership->params.empty());
  EXPECT_EQ(resolve(DataType::kBinaryVector, {{"metric_type", "MHJACCARD"}})->type, "MINHASH_LSH");
  rules.deduplicate_build = R"({"index_type":"MINHASH_LSH","with_raw_data":true})";
  const auto signatures = resolve(DataType::kBinaryVector, {{"metric_type", "MHJACCARD"}});
  ASSERT_TRUE(signatures.ok());
  EXPECT_EQ(signatures->params.at("with_raw_data"), "true");
  rules.large_topk_build = R"({"index_type":"IVF_SQ8","nlist":128})";
  EXPECT_EQ(resolve(DataType::kFloatVector, {})->type, "IVF_SQ8");
  EXPECT_FALSE(dense->why.empty());

  // What the configuration says of DISKANN goes before what the client says.
  rules.disk_build = {{"max_degree", "24"}, {"pq_code_budget_gb_ratio", "0.05"}};
  const auto disk =
      resolve(DataType::kFloatVector, Typed("DISKANN", "COSINE", {{"max_degree", "90"}}));
  ASSERT_TRUE(disk.ok());
  EXPECT_EQ(disk->params.at("max_degree"), "24");
  EXPECT_EQ(disk->params.at("pq_code_budget_gb_ratio"), "0.05");
  EXPECT_EQ(disk->params.at("search_list_size"), "100");

  const Pairs explicit_type = Typed("FLAT", "COSINE", {{"nlist", "7"}});
  EXPECT_EQ(resolve(DataType::kFloatVector, explicit_type)->type, "FLAT");
  rules.override_explicit = true;
  const auto overridden = resolve(DataType::kFloatVector, explicit_type);
  ASSERT_TRUE(overridden.ok());
  EXPECT_EQ(overridden->type, "IVF_SQ8");
  EXPECT_EQ(overridden->metric, "COSINE");
  EXPECT_EQ(overridden->params.at("nlist"), "128");
  EXPECT_TRUE(overridden->is_auto);
  EXPECT_HAS(MessageOf(resolve(DataType::kFloatVector,
                               Typed("FLAT", "COSINE", {{"mmap.enabled", "false"}}))
                           .status()),
             "mmap.enabled cannot be set");
  rules.large_topk_build = R"({"index_type": nothing})";
  EXPECT_HAS(MessageOf(resolve(DataType::kFloatVector, {}).status()),
             "setting autoIndex.params.largeTopK.build");
  rules.large_topk_build = R"({"index_type": "NO_SUCH"})";
  EXPECT_HAS(MessageOf(resolve(DataType::kFloatVector, {}).status()),
             "invalid index type: NO_SUCH");
}

TEST(ResolveIndex, SaysWhatIsWrongInTheWordsClientsMatch) {
  const auto vector = Field(DataType::kFloatVector);
  EXPECT_EQ(Why(vector, Typed("NOPE", "L2")),
            "invalid parameter[expected=valid index][actual=invalid index type: NOPE]");
  EXPECT_HAS(Why(vector, Typed("", "L2")), "actual=invalid index type: ]");
  EXPECT_HAS(Why(vector, Typed("hnsw", "L2")), "invalid index type: hnsw");
  EXPECT_HAS(Why(vector, Typed("HYBRID", "L2")), "invalid index type: HYBRID");
  EXPECT_HAS(Why(vector, Typed("GPU_CAGRA", "L2")), "invalid index type: GPU_CAGRA");
  EXPECT_EQ(Why(vector, Typed("BIN_FLAT", "L2")),
            Wrapped("data type FloatVector can't build with this index BIN_FLAT"));
  EXPECT_EQ(Why(vector, {{"index_type", "HNSW"}}), Wrapped("metric type not set for vector index"));
  EXPECT_EQ(Why(vector, Typed("HNSW", "JACCARD")),
            Wrapped("float vector index does not support metric type: JACCARD"));
  EXPECT_EQ(Why(Field(DataType::kInt8Vector), Typed("HNSW", "HAMMING")),
            Wrapped("int vector index does not support metric type: HAMMING"));
  EXPECT_EQ(Why(Field(DataType::kBinaryVector), Typed("HNSW", "L2")),
            Wrapped("binary vector index does not support metric type: L2"));
  EXPECT_HAS(Why(Field(DataType::kBinaryVector), Typed("BIN_IVF_FLAT", "SUBSTRUCTURE")),
             "metric type SUBSTRUCTURE not found or not supported, supported: [HAMMING JACCARD]");
  EXPECT_HAS(Why(Field(DataType::kSparseFloatVector), Typed("SPARSE_WAND", "L2")),
             "only IP&BM25 is the supported metric type for sparse index");
  EXPECT_HAS(Why(Field(DataType::kSparseFloatVector), Typed("SPARSE_WAND", "BM25")),
             "only BM25 Function output field support BM25 metric type");
  auto bm25 = Field(DataType::kSparseFloatVector);
  bm25.is_function_output = true;
  EXPECT_HAS(Why(bm25, Typed("SPARSE_WAND", "IP")),
             "index metric type of BM25 function output field must be BM25, got IP");
  EXPECT_EQ(Why(vector, Typed("INVERTED", "L2")),
            Wrapped("INVERTED are not supported on FloatVector field"));
  EXPECT_HAS(Why(vector, Typed("HNSW", "L2", {{"dim", "9"}})),
             "dimension mismatch, dimension in schema: 8");
  EXPECT_HAS(Why(vector, {{"M", "4"}, {"M", "5"}}),
             "duplicated index param (key=M) (value=5) found");
  EXPECT_HAS(Why(vector, Typed("HNSW", "L2", {{"params", "[1]"}})), "params is not a JSON object");
}

TEST(ResolveIndex, ChecksRangesOfIntegersAndBooleans) {
  const auto why = [](const char* type, const char* key, const char* value) {
    return Why(Field(DataType::kFloatVector), Typed(type, "L2", {{key, value}}));
  };
  EXPECT_EQ(why("HNSW", "M", "1"),
            Wrapped("Out of range in json: param 'M' (1) should be in range [2, 2048]"));
  EXPECT_HAS(why("HNSW", "M", "99999999999999999999"), "Out of range in json: param 'M'");
  EXPECT_HAS(why("HNSW", "efConstruction", "0"), "should be in range [1, 2147483647]");
  EXPECT_HAS(why("HNSW", "M", "16.0"), "wrong data type in json");
  EXPECT_HAS(why("HNSW", "M", "True"), "invalid integer value");
  EXPECT_HAS(why("HNSW", "M", ""), "invalid integer value");
  EXPECT_HAS(why("IVF_FLAT", "nlist", "0"),
             "Out of range in json: param 'nlist' (0) should be in range [1, 65536]");
  EXPECT_HAS(why("IVF_SQ8", "refine", "1"),
             "Type conflict in json: param 'refine' (1) should be a boolean");
  EXPECT_HAS(why("HNSW", "refine", "true"), "refine is not supported for this index");
  EXPECT_HAS(why("HNSW_SQ", "sq_type", "sq5"), "invalid scalar quantizer type");
  EXPECT_HAS(why("IVF_PQ", "nlist", "10"), "param 'm' not exist");
  EXPECT_HAS(why("IVF_PQ", "m", "3"),
             "The dimension of a vector (dim) should be a multiple of the number of subquantizers "
             "(m). Dimension:8, m:3");
}

TEST(ResolveIndex, RefusesKnownTypesThatThisVersionLacks) {
  EXPECT_EQ(Why(Field(DataType::kSparseFloatVector), Typed("SPARSE_WAND", "IP"),
                ErrorCode::kIndexNotSupported),
            "index type SPARSE_WAND is not in this version of Elanus: index type not supported");
  EXPECT_HAS(Why(Field(DataType::kSparseFloatVector), {}, ErrorCode::kIndexNotSupported),
             "AUTOINDEX is not in this version");
  // Build keys of DISKANN are the server's to set.
  EXPECT_TRUE(
      ResolveIndex(Field(DataType::kFloatVector), Typed("DISKANN", "L2", {{"max_degree", "-5"}}))
          .ok());
  auto lists = Field(DataType::kArrayOfVector);
  lists.element_type = DataType::kFloatVector;
  lists.type_params["dim"] = "8";
  for (const char* type : {"HNSW", "HNSW_SQ", "IVF_FLAT", "DISKANN"}) {
    EXPECT_TRUE(ResolveIndex(lists, Typed(type, "MAX_SIM_IP")).ok()) << type;
  }
  EXPECT_TRUE(ResolveIndex(lists, Typed("FLAT", "L2")).ok()) << "each vector by itself";
  const auto strategy = [](const char* name) {
    return Typed("HNSW", "MAX_SIM", {{"emb_list_strategy", name}});
  };
  EXPECT_TRUE(ResolveIndex(lists, strategy("tokenann")).ok());
  const auto muvera = ResolveIndex(lists, strategy("muvera"));
  ASSERT_TRUE(muvera.ok()) << muvera.status();
  EXPECT_EQ(muvera->params.at("muvera_num_projections"), "4");
  EXPECT_EQ(muvera->params.at("muvera_num_repeats"), "7");
  EXPECT_EQ(muvera->params.at("muvera_seed"), "42");
  EXPECT_FALSE(muvera->params.contains("lemur_hidden_dim"));
  const auto lemur = ResolveIndex(lists, strategy("lemur"));
  ASSERT_TRUE(lemur.ok()) << lemur.status();
  for (const auto& [key, value] : Params{{"lemur_hidden_dim", "256"},
                                         {"lemur_num_train_samples", "20000"},
                                         {"lemur_num_epochs", "50"},
                                         {"lemur_batch_size", "512"},
                                         {"lemur_learning_rate", "0.001"},
                                         {"lemur_num_layers", "2"}}) {
    EXPECT_EQ(lemur->params.at(key), value) << key;
  }
  struct Bad {
    const char *strategy, *key, *value;
  };
  for (const Bad& bad : {Bad{"muvera", "muvera_num_projections", "8"},
                         {"muvera", "muvera_num_projections", "0"},
                         {"muvera", "muvera_num_repeats", "33"},
                         {"muvera", "muvera_seed", "x"},
                         {"lemur", "lemur_hidden_dim", "7"},
                         {"lemur", "lemur_num_train_samples", "999"},
                         {"lemur", "lemur_num_epochs", "1001"},
                         {"lemur", "lemur_batch_size", "0"},
                         {"lemur", "lemur_learning_rate", "0"},
                         {"lemur", "lemur_num_layers", "9"},
                         {"muvera", "emb_list_rerank", "maybe"}}) {
    EXPECT_HAS(Why(lists, Typed("IVF_FLAT", "MAX_SIM_L2",
                                {{"emb_list_strategy", bad.strategy}, {bad.key, bad.value}})),
               bad.key);
  }
  EXPECT_HAS(Why(lists, Typed("DISKANN", "MAX_SIM", {{"emb_list_strategy", "muvera"}})),
             "emb_list_strategy muvera is not supported by DISKANN");
  EXPECT_TRUE(ResolveIndex(lists, Typed("HNSW", "L2", {{"emb_list_strategy", "lemur"}})).ok())
      << "means nothing where vectors are found by themselves";
  EXPECT_HAS(Why(lists, strategy("x")), "invalid emb_list_strategy: x");
  EXPECT_HAS(Why(lists, Typed("FLAT", "MAX_SIM")),
             "data type ArrayOfVector can't build with this index FLAT");
  EXPECT_HAS(Why(lists, Typed("HNSW", "JACCARD")),
             "array of vector with float element type does not support metric type: JACCARD");
}

TEST(ResolveIndex, TakesMemoryMapSettingsWhereTheyMakeSense) {
  const auto vector = Field(DataType::kFloatVector);
  EXPECT_TRUE(ResolveIndex(vector, Typed("HNSW", "L2", {{"mmap.enabled", "T"}})).ok());
  EXPECT_HAS(Why(vector, Typed("HNSW", "L2", {{"mmap.enabled", "yes"}})),
             "invalid mmap.enabled value: yes, expected: true, false");
  EXPECT_HAS(Why(vector, Typed("DISKANN", "L2", {{"mmap.enabled", "1"}})),
             "invalid mmap type params: index type DISKANN does not support mmap");
  const auto text = Field(DataType::kVarChar);
  const auto trie = [&](const char* type) {
    return ResolveIndex(text, {{"index_type", type}, {"mmap.enabled", "true"}}).ok();
  };
  EXPECT_TRUE(trie("Trie"));
  EXPECT_FALSE(trie("TRIE"));
  EXPECT_TRUE(CheckIndexProperty("STL_SORT", "mmap.enabled", "false").ok());
  EXPECT_FALSE(CheckIndexProperty("STL_SORT", "mmap.enabled", "true").ok());
  EXPECT_TRUE(CheckIndexProperty("BITMAP", "indexoffsetcache.enabled", "true").ok());
  EXPECT_HAS(MessageOf(CheckIndexProperty("HNSW", "indexoffsetcache.enabled", "true")),
             "only bitmap index support indexoffsetcache.enabled now");
  EXPECT_HAS(MessageOf(CheckIndexProperty("HNSW", "nlist", "4")),
             "nlist is not a configable index property");
  EXPECT_FALSE(CheckIndexProperty("HNSW", "warmup", "maybe").ok());
}

TEST(ResolveIndex, AdmitsScalarIndexesByDataType) {
  const auto accepts = [](DataType type, const char* index, Pairs more = {}) {
    more.insert(more.begin(), {"index_type", index});
    return ResolveIndex(Field(type), more).ok();
  };
  struct Row {
    const char* index;
    // bool, int8, int64, float, varchar, geometry, timestamptz
    bool admits[7];
  };
  const DataType types[] = {DataType::kBool,       DataType::kInt8,    DataType::kInt64,
                            DataType::kFloat,      DataType::kVarChar, DataType::kGeometry,
                            DataType::kTimestamptz};
  const Row rows[] = {{"INVERTED", {true, true, true, true, true, false, false}},
                      {"BITMAP", {true, true, true, false, true, false, false}},
                      {"STL_SORT", {false, true, true, true, true, false, true}},
                      {"Trie", {false, false, false, false, true, false, false}},
                      {"RTREE", {false, false, false, false, false, true, false}},
                      {"AUTOINDEX", {true, true, true, true, true, true, true}},
                      {"HNSW", {false, false, false, false, false, false, false}},
                      {"HYBRID", {false, false, false, false, false, false, false}}};
  for (const Row& row : rows) {
    for (size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(accepts(types[i], row.index), row.admits[i])
          << row.index << " on " << schema::DataTypeName(types[i]);
    }
  }
  EXPECT_TRUE(accepts(DataType::kVarChar, "NGRAM", {{"min_gram", "2"}, {"max_gram", "3"}}));
  EXPECT_EQ(ResolveIndex(Field(DataType::kInt64), {}).value().type, "HYBRID");
  EXPECT_HAS(Why(Field(DataType::kInt64), {{"bitmap_cardinality_limit", "0"}}),
             "failed to check bitmap cardinality limit");
  auto key = Field(DataType::kInt64);
  key.is_primary_key = true;
  EXPECT_HAS(Why(key, {{"index_type", "BITMAP"}}),
             "create bitmap index on primary key not supported");
  auto floats = Field(DataType::kArray);
  floats.element_type = DataType::kFloat;
  EXPECT_HAS(Why(floats, {{"index_type", "BITMAP"}}), "bitmap index are only supported on");
  EXPECT_TRUE(ResolveIndex(floats, {{"index_type", "INVERTED"}}).ok());
  EXPECT_HAS(Why(Field(DataType::kText), {{"index_type", "INVERTED"}}),
             "TEXT field does not support user-created scalar index");
  EXPECT_HAS(Why(Field(DataType::kArrayOfStruct), {}),
             "create auto index on type:ArrayOfStruct is not supported");
}

TEST(ResolveIndex, AutoIndexOfScalarsFollowsTheConfiguration) {
  AutoIndexRules rules;
  rules.scalar_build = R"({"int": "STL_SORT", "varchar": "TRIE", "json": "HYBRID"})";
  rules.bitmap_cardinality_limit = 7;
  const auto resolve = [&](const schema::FieldSchema& field, const Pairs& params) {
    const auto resolved = ResolveIndex(field, params, rules);
    EXPECT_TRUE(resolved.ok()) << resolved.status();
    return *resolved;
  };
  EXPECT_EQ(resolve(Field(DataType::kInt16), {}).type, "STL_SORT");
  EXPECT_EQ(resolve(Field(DataType::kInt16), {}).why, "scalarAutoIndex.params.build");
  EXPECT_EQ(resolve(Field(DataType::kVarChar), {{"index_type", "AUTOINDEX"}}).type, "TRIE");
  EXPECT_EQ(resolve(Field(DataType::kVarChar), {{"index_type", "INVERTED"}}).type, "INVERTED");
  const auto floats = resolve(Field(DataType::kDouble), {});
  EXPECT_EQ(floats.type, "HYBRID") << "as it stands";
  EXPECT_EQ(floats.params.at("bitmap_cardinality_limit"), "7");
  EXPECT_EQ(resolve(Field(DataType::kFloat), {{"bitmap_cardinality_limit", "9"}})
                .params.at("bitmap_cardinality_limit"),
            "9");
  const Pairs of_number = {{"json_path", "f[\"a\"]"}, {"json_cast_type", "double"}};
  const Pairs of_all = {{"json_path", "f"}, {"json_cast_type", "JSON"}};
  EXPECT_EQ(resolve(Field(DataType::kJson), of_number).type, "HYBRID");
  EXPECT_EQ(resolve(Field(DataType::kJson), of_all).type, "INVERTED");
  rules.override_scalar = true;
  const auto overridden = resolve(Field(DataType::kVarChar), {{"index_type", "INVERTED"}});
  EXPECT_EQ(overridden.type, "TRIE");
  EXPECT_TRUE(overridden.is_auto);
  rules.scalar_build = R"({"int": "RTREE"})";
  const auto refused = ResolveIndex(Field(DataType::kInt64), {}, rules);
  EXPECT_HAS(refused.status().ToString(), "RTREE index can only be built on geometry field");
  rules.scalar_build = "{nonsense}";
  EXPECT_HAS(ResolveIndex(Field(DataType::kInt64), {}, rules).status().ToString(),
             "setting scalarAutoIndex.params.build");
}

TEST(ResolveIndex, ChecksGrams) {
  const auto why = [](Pairs more) {
    more.insert(more.begin(), {"index_type", "NGRAM"});
    return Why(Field(DataType::kVarChar), more);
  };
  EXPECT_HAS(why({{"min_gram", "2"}}), "must specify both min_gram and max_gram");
  EXPECT_HAS(why({{"min_gram", "a"}, {"max_gram", "3"}}), "must be an integer");
  EXPECT_HAS(why({{"min_gram", "4"}, {"max_gram", "3"}}), "invalid min_gram or max_gram value");
  EXPECT_HAS(why({{"min_gram", "0"}, {"max_gram", "3"}}), "invalid min_gram or max_gram value");
}

TEST(ResolveIndex, ReadsJsonPathsAndCasts) {
  auto json = Field(DataType::kJson);
  json.name = "meta";
  const auto resolved = ResolveIndex(json, {{"index_type", "INVERTED"},
                                            {"json_path", R"(meta["a/b"]["c"][0])"},
                                            {"json_cast_type", " double "},
                                            {"json_cast_function", "STRING_TO_DOUBLE"}});
  ASSERT_TRUE(resolved.ok()) << resolved.status().ToString();
  EXPECT_EQ(resolved->params.at("json_path"), "/a~1b/c/0");
  EXPECT_EQ(resolved->params.at("json_cast_type"), "DOUBLE");
  const auto why = [&](Pairs more) {
    more.insert(more.begin(), {"index_type", "INVERTED"});
    return Why(json, more);
  };
  EXPECT_HAS(why({}), "json index must specify cast type: missing parameter");
  EXPECT_HAS(why({{"json_cast_type", "INT"}}), "json_cast_type INT is not supported");
  EXPECT_HAS(why({{"json_cast_type", "BOOL"}, {"json_cast_function", "STRING_TO_DOUBLE"}}),
             "json_cast_function");
  for (const char* path : {"meta[", "meta[\"a\"", "meta[a]", "other[\"a\"]", "", "meta[\"a\"]x"}) {
    EXPECT_HAS(why({{"json_cast_type", "BOOL"}, {"json_path", path}}), "cannot parse identifier: ");
  }
  EXPECT_EQ(JsonPointerOf(json, "meta").value(), "");
  auto dynamic = json;
  dynamic.name = "$meta";
  dynamic.is_dynamic = true;
  EXPECT_EQ(JsonPointerOf(dynamic, "a['b']").value(), "/a/b");
  EXPECT_EQ(JsonPointerOf(dynamic, "$meta[\"x\"]").value(), "/x");
  EXPECT_HAS(Why(json, {{"index_type", "BITMAP"}, {"json_cast_type", "DOUBLE"}}), "json_cast_type");
}

TEST(SearchParams, AreReadFromJsonAndCheckedAgainstK) {
  const IndexKind& hnsw = *FindIndexKind("HNSW");
  const auto check = [&](const char* json, int64_t k) {
    const auto params = ParseSearchParams(json);
    EXPECT_TRUE(params.ok());
    const absl::Status status = hnsw.check_search(*params, k);
    return status.ok() ? std::string("ok") : std::string(MessageOf(status));
  };
  EXPECT_EQ(check("", 10), "ok");
  EXPECT_EQ(check(R"({"ef": 10, "nprobe": -3, "other": {"a": [1]}})", 10), "ok");
  EXPECT_EQ(check(R"({"ef": "64"})", 10), "ok");
  EXPECT_EQ(check(R"({"ef": 1})", 10), "ef(1) should be larger than k(10)");
  EXPECT_EQ(check(R"({"ef": 32.0})", 10),
            "Type conflict in json: param 'ef' (32.0) should be integer");
  EXPECT_EQ(check(R"({"ef": true})", 10),
            "Type conflict in json: param 'ef' (true) should be integer");
  EXPECT_EQ(check(R"({"ef": null})", 10),
            "Type conflict in json: param 'ef' (null) should be integer");
  EXPECT_EQ(check(R"({"ef": 0})", 10),
            "Out of range in json: param 'ef' (0) should be in range [1, 2147483647]");
  const Params small = {{"ef", "1"}}, list = {{"search_list", "1"}};
  EXPECT_TRUE(FindIndexKind("HNSW_PQ")->check_search(small, 10).ok());
  EXPECT_EQ(MessageOf(FindIndexKind("DISKANN")->check_search(list, 10)),
            "search_list_size(1) should be larger than k(10)");
  EXPECT_FALSE(ParseSearchParams("[1]").ok());
  EXPECT_FALSE(ParseSearchParams("{\"a\": }").ok());
}

}  // namespace
}  // namespace elanus::index
