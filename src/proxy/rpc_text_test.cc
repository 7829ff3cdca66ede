// RunAnalyzer, ComputePhraseMatchSlop, and what fields may say about analyzers.
#include "proxy/convert_schema.h"
#include "proxy/rpc_call_test.h"
#include "proxy/text_fields.h"
#include "schema.pb.h"

namespace elanus::proxy {
namespace {

class RpcTextTest : public RpcTest {
 protected:
  // The field `title` with these parameters, loaded.
  void AddBooksWith(const schema::Properties& params) {
    meta::Collection books = FakeBooks();
    books.schema.fields[1].type_params.insert(params.begin(), params.end());
    server_.coordinator.Add(std::move(books));
    server_.query_node.load_status.state = roles::LoadState::kLoaded;
  }
  milvus_pb::RunAnalyzerResponse Run(const milvus_pb::RunAnalyzerRequest& request) {
    return Call<milvus_pb::RunAnalyzerResponse>("RunAnalyzer", request);
  }
  std::string ErrorOf(const milvus_pb::RunAnalyzerRequest& request) {
    const auto answer = Run(request);
    EXPECT_NE(answer.status().code(), 0);
    EXPECT_EQ(answer.results_size(), 0);
    return answer.status().reason();
  }
};

milvus_pb::RunAnalyzerRequest Request(const std::string& params,
                                      std::initializer_list<std::string> texts) {
  milvus_pb::RunAnalyzerRequest request;
  request.set_analyzer_params(params);
  for (const std::string& text : texts) request.add_placeholder(text);
  return request;
}

milvus_pb::RunAnalyzerRequest ByField(const std::string& field,
                                      std::initializer_list<std::string> texts,
                                      std::initializer_list<std::string> names = {}) {
  milvus_pb::RunAnalyzerRequest request = Request("", texts);
  request.set_collection_name("books");
  request.set_field_name(field);
  for (const std::string& name : names) request.add_analyzer_names(name);
  return request;
}

std::string Words(const milvus_pb::AnalyzerResult& result) {
  std::string out;
  for (const auto& token : result.tokens()) out += (out.empty() ? "" : " ") + token.token();
  return out;
}

TEST_F(RpcTextTest, RunAnalyzerGivesTokensAndWhatWasAskedFor) {
  auto request = Request(R"({"type": "english"})", {"The runners", ""});
  auto answer = Run(request);
  ASSERT_EQ(answer.results_size(), 2);
  ASSERT_EQ(answer.results(0).tokens_size(), 1);
  EXPECT_EQ(answer.results(0).tokens(0).token(), "runner");
  EXPECT_EQ(answer.results(0).tokens(0).end_offset(), 0);
  EXPECT_EQ(answer.results(0).tokens(0).hash(), 0u);
  EXPECT_EQ(answer.results(1).tokens_size(), 0);

  request.set_with_detail(true);
  request.set_with_hash(true);
  answer = Run(request);
  const milvus_pb::AnalyzerToken& token = answer.results(0).tokens(0);
  EXPECT_EQ(token.start_offset(), 4);
  EXPECT_EQ(token.end_offset(), 11);
  EXPECT_EQ(token.position(), 1);
  EXPECT_EQ(token.position_length(), 1);
  EXPECT_EQ(token.hash(), 4180380478u);  // zlib.crc32(b"runner") in Python.
  EXPECT_EQ(Run(Request("{}", {})).results_size(), 0);
  EXPECT_EQ(Run(Request("{}", {})).status().code(), 0);
}

TEST_F(RpcTextTest, RunAnalyzerUsesAFieldsAnalyzer) {
  AddBooksWith(
      {{"enable_analyzer", "true"}, {"analyzer_params", R"({"tokenizer": "whitespace"})"}});
  EXPECT_EQ(Words(Run(ByField("title", {"A-b C"})).results(0)), "A-b C");
  EXPECT_EQ(ErrorOf(ByField("id", {"x"})), "field id does not enable analyzer: invalid parameter");
  EXPECT_EQ(ErrorOf(ByField("none", {"x"})), "field none not exist: invalid parameter");
  EXPECT_NE(ErrorOf(ByField("title", {"x"}, {"en"})).find("analyzer_names are for fields with"),
            std::string::npos);
  auto both = ByField("title", {"x"});
  both.set_analyzer_params("{}");
  EXPECT_NE(ErrorOf(both).find(
                "run analyzer can't use analyzer params and (collection,field) in same time"),
            std::string::npos);
  server_.query_node.load_status.state = roles::LoadState::kLoading;
  EXPECT_EQ(Run(ByField("title", {"x"})).status().code(), 101);
}

TEST_F(RpcTextTest, RunAnalyzerChoosesAmongSeveral) {
  AddBooksWith({{"enable_analyzer", "true"},
                {"multi_analyzer_params",
                 R"({"by_field": "title", "analyzers": {"default": {"tokenizer": "whitespace"},
                     "en": {"type": "english"}}, "alias": {"english": "en"}})"}});
  const auto words = [&](std::initializer_list<std::string> names) {
    const auto answer = Run(ByField("title", {"The Runners", "My Dogs"}, names));
    return Words(answer.results(0)) + " / " + Words(answer.results(1));
  };
  EXPECT_EQ(words({}), "The Runners / My Dogs");
  EXPECT_EQ(words({"en"}), "runner / my dog");
  EXPECT_EQ(words({"nobody", "english"}), "The Runners / my dog");
  EXPECT_NE(ErrorOf(ByField("title", {"a", "b", "c"}, {"en", "en"})).find("2 names, 3 texts"),
            std::string::npos);
}

TEST_F(RpcTextTest, RunAnalyzerRefusesBadInput) {
  EXPECT_NE(ErrorOf(Request("{", {"x"})).find("not JSON"), std::string::npos);
  EXPECT_NE(ErrorOf(Request(R"({"tokenizer": "x"})", {"x"})).find("unknown analyzer tokenizer: x"),
            std::string::npos);
  EXPECT_NE(ErrorOf(Request("", {"fine", "\xff"})).find("not valid UTF-8: number 1"),
            std::string::npos);
  EXPECT_NE(ErrorOf(Request("", {std::string(3 << 20, 'x')})).find("longer than"),
            std::string::npos);
  auto named = Request("", {"x"});
  named.add_analyzer_names("en");
  EXPECT_NE(ErrorOf(named).find("analyzer_names need a collection"), std::string::npos);
}

TEST_F(RpcTextTest, ComputePhraseMatchSlopGivesTheLeastSlop) {
  milvus_pb::ComputePhraseMatchSlopRequest request;
  request.set_query_text("quick fox");
  for (const char* text : {"the quick fox", "quick brown fox", "Fox quick", "slow fox", ""}) {
    request.add_data_texts(text);
  }
  const auto compute = [&] {
    return Call<milvus_pb::ComputePhraseMatchSlopResponse>("ComputePhraseMatchSlop", request);
  };
  const auto answer = compute();
  EXPECT_EQ(answer.status().code(), 0);
  EXPECT_EQ(std::vector<bool>(answer.is_match().begin(), answer.is_match().end()),
            (std::vector<bool>{true, true, true, false, false}));
  EXPECT_EQ(std::vector<int64_t>(answer.slops().begin(), answer.slops().end()),
            (std::vector<int64_t>{0, 1, 2, -1, -1}));
  request.set_query_text("...");
  EXPECT_NE(compute().status().reason().find("the query has no tokens"), std::string::npos);
}

struct FieldCase {
  schema::Properties params;
  std::string error;  // Empty: none.
};

TEST(TextFields, AreCheckedWithTheirSchema) {
  const std::string multi = R"({"by_field": "lang", "analyzers": {"default": {}}})";
  const std::vector<FieldCase> cases = {
      {{{"enable_analyzer", "true"}}, ""},
      {{{"enable_analyzer", "True"}, {"enable_match", "1"}}, ""},
      {{{"enable_analyzer", "false"}, {"enable_match", "false"}}, ""},
      {{{"enable_match", "true"}},
       "field text which has enable_match or is input of BM25 function must also enable_analyzer"},
      {{{"enable_analyzer", "false"}, {"enable_match", "true"}}, "must also enable_analyzer"},
      {{{"enable_match", "maybe"}}, "should be true or false, but got maybe"},
      {{{"enable_analyzer", "true"}, {"analyzer_params", R"({"type": "english"})"}}, ""},
      {{{"enable_analyzer", "true"}, {"analyzer_params", R"({"type": "x"})"}},
       "field text: unknown build-in analyzer type: x"},
      {{{"enable_analyzer", "true"}, {"analyzer_params", "{"}}, "not JSON"},
      {{{"enable_analyzer", "true"}, {"multi_analyzer_params", multi}}, ""},
      {{{"enable_analyzer", "true"}, {"enable_match", "true"}, {"multi_analyzer_params", multi}},
       "multi analyzer now only support for bm25, but now field text enable match"},
      {{{"enable_analyzer", "true"}, {"analyzer_params", "{}"}, {"multi_analyzer_params", multi}},
       "field text analyzer params should be none if has multi analyzer params"},
      {{{"multi_analyzer_params", "[]"}}, "multi analyzer params must be a JSON object"},
      {{{"multi_analyzer_params", R"({"analyzers": {"default": {}}})"}},
       "by_field of multi_analyzer_params must be set"},
      {{{"multi_analyzer_params", R"({"by_field": "lang"})"}},
       "analyzers of multi_analyzer_params must be set"},
      {{{"multi_analyzer_params", R"({"by_field": "lang", "analyzers": {"en": {}}})"}},
       "the key default"},
      {{{"multi_analyzer_params", R"({"by_field": "x", "analyzers": {"default": {}}})"}},
       "field x not exist"},
      {{{"multi_analyzer_params", R"({"by_field": "id", "analyzers": {"default": {}}})"}},
       "by_field id must be a VarChar field"},
      {{{"multi_analyzer_params",
         R"({"by_field": "lang", "analyzers": {"default": {}}, "alias": {"e": "en"}})"}},
       "whose values are names of analyzers"},
      {{{"multi_analyzer_params",
         R"({"by_field": "lang", "analyzers": {"default": {"type": "x"}}})"}},
       "unknown build-in analyzer type: x"},
      {{{"multi_analyzer_params",
         R"({"by_field": "lang", "analyzers": {"default": {}}, "more": 1})"}},
       "unknown analyzer option key more"},
  };
  schema::CollectionSchema schema;
  schema.fields = {FakeField(100, "id", schema::DataType::kInt64),
                   FakeField(101, "lang", schema::DataType::kVarChar)};
  for (const FieldCase& test : cases) {
    const schema::FieldSchema field =
        FakeField(102, "text", schema::DataType::kVarChar, test.params);
    const absl::Status status = CheckTextField(field, schema);
    EXPECT_EQ(status.ok(), test.error.empty()) << status;
    EXPECT_NE(MessageOf(status).find(test.error), std::string_view::npos) << status;
  }
  const auto number = FakeField(103, "n", schema::DataType::kInt64, {{"enable_match", "true"}});
  EXPECT_NE(MessageOf(CheckTextField(number, schema)).find("is for fields of type VarChar"),
            std::string_view::npos);
}

TEST(TextFields, ComeBackInTheDescription) {
  schema_pb::CollectionSchema wire;
  schema_pb::FieldSchema* text = wire.add_fields();
  text->set_name("text");
  text->set_data_type(schema_pb::VarChar);
  for (const auto& [key, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"analyzer_params", R"({"type": "english"})"},
           {"enable_analyzer", "true"},
           {"enable_match", "true"},
           {"max_length", "10"}}) {
    common_pb::KeyValuePair* pair = text->add_type_params();
    pair->set_key(key);
    pair->set_value(value);
  }
  const auto schema = SchemaFromBytes(wire.SerializeAsString(), absl::UTCTimeZone());
  ASSERT_TRUE(schema.ok()) << schema.status();
  schema_pb::CollectionSchema out;
  SchemaToWire(*schema, absl::UTCTimeZone(), &out);
  EXPECT_EQ(out.DebugString(), wire.DebugString());
  text->mutable_type_params(0)->set_value("{");
  EXPECT_FALSE(SchemaFromBytes(wire.SerializeAsString(), absl::UTCTimeZone()).ok());
}

}  // namespace
}  // namespace elanus::proxy
