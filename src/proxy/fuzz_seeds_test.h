// Inputs of the fuzz target that are good requests: what damage starts from.
#pragma once

#include <map>
#include <string>

#include "proxy/rpc_call_test.h"

namespace elanus::proxy {

// Good requests by the name of their RPC, each behind its row's number.
inline std::map<std::string, std::string> FuzzSeeds() {
  FakeServer server;
  const std::vector<RpcRow> table = MakeRpcTable(server.proxy);
  std::map<std::string, std::string> seeds;
  const auto add = [&](std::string_view name, const google::protobuf::Message& request) {
    for (size_t i = 0; i < table.size(); ++i) {
      if (table[i].name == name) {
        seeds[std::string(name)] = static_cast<char>(i) + request.SerializeAsString();
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

}  // namespace elanus::proxy
