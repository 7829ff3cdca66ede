// What the gRPC front adds to a unary call: our server against the barest callback server that gRPC
// allows.
//
// Client and server share the process; one call is under way at a time, so that the time is
// latency.
#include <benchmark/benchmark.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <future>
#include <memory>
#include <string>

#include "common/status.h"
#include "milvus.pb.h"
#include "server/grpc_server.h"

namespace elanus::server {
namespace {

namespace wire = ::milvus::proto::milvus;
constexpr char kService[] = "/milvus.proto.milvus.MilvusService/";
constexpr char kEchoPath[] = "/milvus.proto.milvus.MilvusService/DescribeAlias";

// Sends the request's bytes back from gRPC's own thread, unparsed.
class BareService final : public grpc::Service {
 public:
  BareService() {
    using Handler = grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>;
    AddMethod(new grpc::internal::RpcServiceMethod(kEchoPath, grpc::internal::RpcMethod::NORMAL_RPC,
                                                   nullptr));
    MarkMethodRawCallback(
        0, new Handler([](grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                          grpc::ByteBuffer* response) {
          *response = *request;
          grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
          reactor->Finish(grpc::Status::OK);
          return reactor;
        }));
  }
};

void Drive(benchmark::State& state, int port, const char* method, const std::string& request) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  grpc::GenericStub stub(grpc::CreateCustomChannel(fmt::format("127.0.0.1:{}", port),
                                                   grpc::InsecureChannelCredentials(), arguments));
  const std::string path = std::string(kService) + method;
  const grpc::Slice slice(request);
  for (auto _ : state) {
    grpc::ClientContext context;
    grpc::ByteBuffer sent(&slice, 1), received;
    std::promise<bool> done;
    stub.UnaryCall(&context, path, {}, &sent, &received,
                   [&done](const grpc::Status& status) { done.set_value(status.ok()); });
    if (!done.get_future().get()) state.SkipWithError("the call failed");
  }
  state.SetBytesProcessed(state.iterations() * request.size());
}

std::string EchoRequest(size_t alias_bytes) {
  wire::DescribeAliasRequest request;
  request.set_alias(std::string(alias_bytes, 'a'));
  return request.SerializeAsString();
}

void BM_BareCallbackServer(benchmark::State& state) {
  BareService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  Drive(state, port, "DescribeAlias", EchoRequest(state.range(0)));
}
BENCHMARK(BM_BareCallbackServer)->Arg(10)->Arg(1 << 20)->UseRealTime();

void BM_GrpcServer(benchmark::State& state) {
  Executor compute({.name = "compute", .num_threads = 2});
  auto server = GrpcServer::Start(
      {.address = "127.0.0.1", .port = 0},
      {proxy::MakeRow<wire::DescribeAliasRequest, wire::DescribeAliasResponse>(
          "DescribeAlias", proxy::Pool::kCompute,
          [](proxy::CallContext&, const wire::DescribeAliasRequest& request,
             wire::DescribeAliasResponse* response) { response->set_alias(request.alias()); })},
      {&compute, &compute});
  if (!server.ok()) return state.SkipWithError("the server did not start");
  Drive(state, (*server)->port(), "DescribeAlias", EchoRequest(state.range(0)));
}
BENCHMARK(BM_GrpcServer)->Arg(10)->Arg(1 << 20)->UseRealTime();

// The way in of an insert of `rows` vectors of 768 floats; the handler only answers.
void BM_GrpcServerInsert(benchmark::State& state) {
  Executor compute({.name = "compute", .num_threads = 2});
  auto server = GrpcServer::Start(
      {.address = "127.0.0.1", .port = 0},
      {proxy::MakeRow<wire::InsertRequest, wire::MutationResult>(
          "Insert", proxy::Pool::kCompute,
          [](proxy::CallContext&, const wire::InsertRequest& request,
             wire::MutationResult* response) { response->set_insert_cnt(request.num_rows()); })},
      {&compute, &compute});
  if (!server.ok()) return state.SkipWithError("the server did not start");
  wire::InsertRequest request;
  auto* vectors = request.add_fields_data()->mutable_vectors();
  vectors->set_dim(768);
  vectors->mutable_float_vector()->mutable_data()->Resize(768 * state.range(0), 0.5f);
  Drive(state, (*server)->port(), "Insert", request.SerializeAsString());
}
BENCHMARK(BM_GrpcServerInsert)->Arg(1)->Arg(1000)->Arg(10000)->UseRealTime();

}  // namespace
}  // namespace elanus::server
