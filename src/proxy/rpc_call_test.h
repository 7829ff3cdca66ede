// Calls rows of the table as a front end does.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "milvus.pb.h"
#include "proxy/rpc_table.h"
#include "proxy/testing_fakes.h"
#include "proxy/wire_types.h"

namespace elanus::proxy {

class RpcTest : public ::testing::Test {
 protected:
  RpcTest() : table_(MakeRpcTable(server_.proxy)) {}

  template <typename Response, typename Request>
  Response Call(std::string_view name, const Request& request) {
    for (const RpcRow& row : table_) {
      if (row.name != name) continue;
      Response response;
      call_.method = name;
      EXPECT_TRUE(row.handler(call_, request, &response).ok());
      return response;
    }
    ADD_FAILURE() << "no row: " << name;
    return Response();
  }

  meta::CollectionPtr AddBooks() { return server_.coordinator.Add(FakeBooks()); }

  FakeServer server_;
  CallContext call_;
  const std::vector<RpcRow> table_;
};

// A column of a request.
inline void AddLongs(google::protobuf::RepeatedPtrField<schema_pb::FieldData>* columns,
                     const std::string& name, std::initializer_list<int64_t> values) {
  schema_pb::FieldData* column = columns->Add();
  column->set_type(schema_pb::Int64);
  column->set_field_name(name);
  for (const int64_t value : values) {
    column->mutable_scalars()->mutable_long_data()->add_data(value);
  }
}
inline void AddTexts(google::protobuf::RepeatedPtrField<schema_pb::FieldData>* columns,
                     const std::string& name, std::initializer_list<std::string> values) {
  schema_pb::FieldData* column = columns->Add();
  column->set_type(schema_pb::VarChar);
  column->set_field_name(name);
  for (const std::string& value : values) {
    column->mutable_scalars()->mutable_string_data()->add_data(value);
  }
}
inline void AddFloats(google::protobuf::RepeatedPtrField<schema_pb::FieldData>* columns,
                      const std::string& name, int64_t dim, std::initializer_list<float> values) {
  schema_pb::FieldData* column = columns->Add();
  column->set_type(schema_pb::FloatVector);
  column->set_field_name(name);
  column->mutable_vectors()->set_dim(dim);
  for (const float value : values) {
    column->mutable_vectors()->mutable_float_vector()->add_data(value);
  }
}
inline void AddDynamic(google::protobuf::RepeatedPtrField<schema_pb::FieldData>* columns,
                       std::initializer_list<std::string> values) {
  schema_pb::FieldData* column = columns->Add();
  column->set_type(schema_pb::JSON);
  column->set_is_dynamic(true);
  for (const std::string& value : values) {
    column->mutable_scalars()->mutable_json_data()->add_data(value);
  }
}

template <typename Request>
void AddParam(Request& request, const std::string& key, const std::string& value) {
  common_pb::KeyValuePair* pair = nullptr;
  if constexpr (requires { request.add_search_params(); }) {
    pair = request.add_search_params();
  } else {
    pair = request.add_query_params();
  }
  pair->set_key(key);
  pair->set_value(value);
}

// The books 3, 1 and 2.
inline milvus_pb::InsertRequest ThreeBooks() {
  milvus_pb::InsertRequest request;
  request.set_collection_name("books");
  request.set_num_rows(3);
  AddLongs(request.mutable_fields_data(), "id", {3, 1, 2});
  AddTexts(request.mutable_fields_data(), "title", {"c", "a", "b"});
  AddFloats(request.mutable_fields_data(), "vec", 2, {3, 0, 1, 0, 2, 0});
  AddDynamic(request.mutable_fields_data(), {R"({"x":3,"y":[1, 2]})", "{}", R"({"x":"two"})"});
  return request;
}

}  // namespace elanus::proxy
