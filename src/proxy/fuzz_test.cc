// The fuzz target's driver on damaged requests, so that every build runs some of it.
#include <random>

#include "proxy/fuzz_driver_test.h"
#include "proxy/rpc_call_test.h"

namespace elanus::proxy {
namespace {

// A row's number and good requests for it.
std::vector<std::string> Seeds() {
  FakeServer server;
  const std::vector<RpcRow> table = MakeRpcTable(server.proxy);
  std::vector<std::string> seeds;
  const auto add = [&](std::string_view name, const google::protobuf::Message& request) {
    for (size_t i = 0; i < table.size(); ++i) {
      if (table[i].name == name) {
        seeds.push_back(static_cast<char>(i) + request.SerializeAsString());
      }
    }
  };
  add("Insert", ThreeBooks());
  milvus_pb::UpsertRequest upsert;
  upsert.ParseFromString(ThreeBooks().SerializeAsString());
  upsert.set_partial_update(true);
  add("Upsert", upsert);
  milvus_pb::SearchRequest search;
  search.set_collection_name("books");
  search.set_dsl("id in {a} and title like 'x%'");
  search.set_dsl_type(common_pb::BoolExprV1);
  (*search.mutable_expr_template_values())["a"].mutable_array_val()->mutable_json_data()->add_data(
      "[1]");
  common_pb::PlaceholderGroup group;
  group.add_placeholders()->set_type(common_pb::PlaceholderType::FloatVector);
  group.mutable_placeholders(0)->add_values("12345678");
  search.set_placeholder_group(group.SerializeAsString());
  AddParam(search, "topk", "3");
  AddParam(search, "params", R"({"ef":10})");
  add("Search", search);
  milvus_pb::QueryRequest query;
  query.set_collection_name("books");
  query.set_expr("id > 1");
  query.add_output_fields("*");
  add("Query", query);
  schema_pb::CollectionSchema schema;
  schema.add_fields()->mutable_default_value()->set_string_data("x");
  milvus_pb::CreateCollectionRequest create;
  create.set_schema(schema.SerializeAsString());
  add("CreateCollection", create);
  return seeds;
}

TEST(ProxyFuzz, DamagedRequestsNeverCrash) {
  std::mt19937 random(7);
  const auto run = [](const std::string& input) {
    RunFuzzInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  };
  for (const std::string& seed : Seeds()) {
    for (size_t size = 0; size <= seed.size(); ++size) run(seed.substr(0, size));
    for (int round = 0; round < 300; ++round) {
      std::string input = seed;
      for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) {
        input[1 + random() % (input.size() - 1)] = static_cast<char>(random());
      }
      run(input);
    }
  }
  for (int round = 0; round < 2000; ++round) {
    std::string input(1 + random() % 40, '\0');
    for (char& c : input) c = static_cast<char>(random());
    run(input);
  }
}

}  // namespace
}  // namespace elanus::proxy
