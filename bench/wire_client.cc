#include "wire_client.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/slice.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

namespace elanus::bench {
namespace {

namespace common_pb = ::milvus::proto::common;
namespace schema_pb = ::milvus::proto::schema;

template <typename Repeated>
void AddPair(Repeated* pairs, const std::string& key, const std::string& value) {
  auto* pair = pairs->Add();
  pair->set_key(key);
  pair->set_value(value);
}

std::string Schema(const CollectionOptions& options) {
  schema_pb::CollectionSchema schema;
  schema.set_name(options.name);
  auto* id = schema.add_fields();
  id->set_name("id");
  id->set_data_type(schema_pb::Int64);
  id->set_is_primary_key(true);
  auto* vector = schema.add_fields();
  vector->set_name("vector");
  vector->set_data_type(schema_pb::FloatVector);
  AddPair(vector->mutable_type_params(), "dim", std::to_string(options.dim));
  return schema.SerializeAsString();
}

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

std::string MethodPath(const std::string& method) {
  return "/milvus.proto.milvus.MilvusService/" + method;
}

void DieUnlessOk(const std::string& what, const grpc::Status& transport, int32_t code,
                 const std::string& reason) {
  if (transport.ok() && code == 0) return;
  fmt::print(stderr, "{} failed: {}\n", what,
             transport.ok() ? fmt::format("code {}: {}", code, reason)
                            : fmt::format("gRPC status {}: {}",
                                          static_cast<int>(transport.error_code()),
                                          transport.error_message()));
  std::exit(EXIT_FAILURE);
}

grpc::Status WireClient::Call(const std::string& path, const grpc::ByteBuffer& request,
                              grpc::ByteBuffer* response) {
  const grpc::internal::RpcMethod method(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC,
                                         channel_);
  grpc::ClientContext context;
  return grpc::internal::BlockingUnaryCall(channel_.get(), method, &context, request, response);
}

grpc::Status WireClient::CallWith(const std::string& method,
                                  const google::protobuf::Message& request,
                                  google::protobuf::Message* response) {
  const grpc::Slice sent(request.SerializeAsString());
  grpc::ByteBuffer received;
  grpc::Slice bytes;
  const grpc::Status status = Call(MethodPath(method), grpc::ByteBuffer(&sent, 1), &received);
  if (!status.ok() || received.Length() == 0) return status;
  if (!received.DumpToSingleSlice(&bytes).ok() ||
      !response->ParseFromArray(bytes.begin(), static_cast<int>(bytes.size()))) {
    return {grpc::StatusCode::INTERNAL, "the answer is not a " + response->GetTypeName()};
  }
  return status;
}

void MakeCollection(WireClient& client, const CollectionOptions& options) {
  wire::DropCollectionRequest drop;
  drop.set_collection_name(options.name);
  client.Must<common_pb::Status>("DropCollection", drop);

  wire::CreateCollectionRequest create;
  create.set_collection_name(options.name);
  create.set_schema(Schema(options));
  create.set_consistency_level(common_pb::Strong);
  client.Must<common_pb::Status>("CreateCollection", create);

  wire::CreateIndexRequest index;
  index.set_collection_name(options.name);
  index.set_field_name("vector");
  AddPair(index.mutable_extra_params(), "index_type", options.index_type);
  AddPair(index.mutable_extra_params(), "metric_type", "L2");
  AddPair(index.mutable_extra_params(), "params",
          options.index_type == "HNSW" ? R"({"M":16,"efConstruction":200})" : "{}");
  client.Must<common_pb::Status>("CreateIndex", index);

  wire::LoadCollectionRequest load;
  load.set_collection_name(options.name);
  client.Must<common_pb::Status>("LoadCollection", load);
}

std::string VectorColumn(int64_t rows, int64_t dim, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  wire::InsertRequest request;
  auto* field = request.add_fields_data();
  field->set_type(schema_pb::FloatVector);
  field->set_field_name("vector");
  field->mutable_vectors()->set_dim(dim);
  auto* values = field->mutable_vectors()->mutable_float_vector()->mutable_data();
  values->Resize(static_cast<int>(rows * dim), 0);
  for (float& value : *values) value = uniform(random);
  return request.SerializeAsString();
}

std::string KeysAndHeader(const std::string& collection, int64_t first, int64_t rows) {
  wire::InsertRequest request;
  request.set_collection_name(collection);
  request.set_num_rows(static_cast<uint32_t>(rows));
  auto* field = request.add_fields_data();
  field->set_type(schema_pb::Int64);
  field->set_field_name("id");
  auto* values = field->mutable_scalars()->mutable_long_data()->mutable_data();
  values->Reserve(static_cast<int>(rows));
  for (int64_t key = first; key < first + rows; ++key) values->AddAlreadyReserved(key);
  return request.SerializeAsString();
}

wire::SearchRequest SearchOf(const std::string& collection, const std::vector<float>& query,
                             common_pb::ConsistencyLevel consistency) {
  common_pb::PlaceholderGroup group;
  auto* placeholder = group.add_placeholders();
  placeholder->set_tag("$0");
  placeholder->set_type(common_pb::PlaceholderType::FloatVector);
  placeholder->add_values(query.data(), query.size() * sizeof(float));
  wire::SearchRequest request;
  request.set_collection_name(collection);
  request.set_dsl_type(common_pb::BoolExprV1);
  request.set_placeholder_group(group.SerializeAsString());
  request.set_nq(1);
  request.set_consistency_level(consistency);
  auto* params = request.mutable_search_params();
  AddPair(params, "anns_field", "vector");
  AddPair(params, "topk", "10");
  AddPair(params, "params", "{}");
  AddPair(params, "metric_type", "L2");
  AddPair(params, "round_decimal", "-1");
  return request;
}

double ProcessSeconds(int pid) {
  if (pid <= 0) return 0;
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  // The name in parentheses may hold anything; utime and stime are the 12th and 13th after it.
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double Percentile(std::vector<double>& values, double percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto size = static_cast<double>(values.size());
  const auto at = static_cast<size_t>(std::ceil(percent / 100 * size));
  return values[std::clamp<size_t>(at, 1, values.size()) - 1];
}

}  // namespace elanus::bench
