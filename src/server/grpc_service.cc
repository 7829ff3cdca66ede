#include "server/grpc_service.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/status.h"
#include "milvus.pb.h"

namespace elanus::server {
namespace {

using google::protobuf::MethodDescriptor;
using grpc::ByteBuffer;
using grpc::internal::RpcMethod;
using grpc::internal::RpcServiceMethod;

grpc::Status NotSupported(std::string_view method) {
  return {grpc::StatusCode::UNIMPLEMENTED,
          fmt::format("{} is not supported by this Elanus version", method)};
}

// A stream that ends with a status at once.
template <typename Base>
class EndedStream final : public Base {
 public:
  explicit EndedStream(grpc::Status status) { this->Finish(std::move(status)); }
  void OnDone() override { delete this; }
};

const google::protobuf::ServiceDescriptor& ServiceOf() {
  // Naming a message links and registers milvus.proto's descriptors.
  return *milvus::proto::milvus::ConnectRequest::descriptor()->file()->FindServiceByName(
      "MilvusService");
}

absl::Status CheckFits(const proxy::RpcRow& row, const MethodDescriptor* method) {
  const auto mistake = [&row](std::string_view what) {
    return InternalError(ErrorCode::kInternal, "RPC table: {}: {}", what, row.name);
  };
  if (method == nullptr) return mistake("no such method in MilvusService");
  if (method->client_streaming() || method->server_streaming()) {
    return mistake("streaming methods cannot have a row");
  }
  if (row.handler == nullptr || row.request_prototype == nullptr ||
      row.response_prototype == nullptr) {
    return mistake("handler or prototype is missing");
  }
  if (row.request_prototype->GetDescriptor() != method->input_type() ||
      row.response_prototype->GetDescriptor() != method->output_type()) {
    return mistake("request or response type differs from the method's");
  }
  return absl::OkStatus();
}

}  // namespace

MilvusGrpcService::MilvusGrpcService(const GrpcServerOptions& options, RpcExecutors executors)
    : options_(options), executors_(executors) {}

absl::Status MilvusGrpcService::Bind(std::vector<proxy::RpcRow> rows) {
  const google::protobuf::ServiceDescriptor& service = ServiceOf();
  absl::flat_hash_map<const MethodDescriptor*, const BoundRow*> row_of;
  for (proxy::RpcRow& row : rows) {
    const MethodDescriptor* method = service.FindMethodByName(std::string(row.name));
    ELANUS_RETURN_IF_ERROR(CheckFits(row, method));
    const StatusField status_field = StatusField::Of(*method->output_type());
    Executor* executor =
        row.pool == proxy::Pool::kCompute ? executors_.compute : executors_.blocking;
    BoundRow& bound =
        rows_.emplace_back(BoundRow{std::move(row), status_field, executor, &options_});
    if (!row_of.emplace(method, &bound).second) {
      return InternalError(ErrorCode::kInternal, "RPC table: two rows for one method: {}",
                           bound.row.name);
    }
  }
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    paths_.push_back(fmt::format("/{}/{}", service.full_name(), method.name()));
    if (method.client_streaming() || method.server_streaming()) {
      AddStreaming(method);
    } else {
      const auto found = row_of.find(&method);
      AddUnary(method, found == row_of.end() ? nullptr : found->second);
    }
  }
  return absl::OkStatus();
}

void MilvusGrpcService::AddUnary(const MethodDescriptor& method, const BoundRow* row) {
  using Handler = grpc::internal::CallbackUnaryHandler<ByteBuffer, ByteBuffer>;
  auto create = [this, &method, row](grpc::CallbackServerContext* context,
                                     const ByteBuffer* request,
                                     ByteBuffer* response) -> grpc::ServerUnaryReactor* {
    if (row == nullptr) {
      if (options_.on_finished_call) {
        options_.on_finished_call({.method = method.name(),
                                   .transport_code = absl::StatusCode::kUnimplemented,
                                   .request_bytes = request->Length()});
      }
      grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
      reactor->Finish(NotSupported(method.name()));
      return reactor;
    }
    // gRPC owns the buffer as a plain ByteBuffer and looks at it no more: it may be emptied early.
    auto* call = new GrpcCall(*row, context, const_cast<ByteBuffer*>(request), response);
    call->Start();
    return call;
  };
  AddMethod(new RpcServiceMethod(paths_.back().c_str(), RpcMethod::NORMAL_RPC, nullptr));
  MarkMethodRawCallback(method.index(), new Handler(std::move(create)));
}

void MilvusGrpcService::AddStreaming(const MethodDescriptor& method) {
  if (method.client_streaming()) {
    using Reactor = EndedStream<grpc::ServerBidiReactor<ByteBuffer, ByteBuffer>>;
    AddMethod(new RpcServiceMethod(paths_.back().c_str(), RpcMethod::BIDI_STREAMING, nullptr));
    MarkMethodRawCallback(method.index(),
                          new grpc::internal::CallbackBidiHandler<ByteBuffer, ByteBuffer>(
                              [&method](grpc::CallbackServerContext*) {
                                return new Reactor(NotSupported(method.name()));
                              }));
  } else {
    using Reactor = EndedStream<grpc::ServerWriteReactor<ByteBuffer>>;
    AddMethod(new RpcServiceMethod(paths_.back().c_str(), RpcMethod::SERVER_STREAMING, nullptr));
    MarkMethodRawCallback(
        method.index(), new grpc::internal::CallbackServerStreamingHandler<ByteBuffer, ByteBuffer>(
                            [&method](grpc::CallbackServerContext*, const ByteBuffer*) {
                              return new Reactor(NotSupported(method.name()));
                            }));
  }
}

grpc::ServerGenericBidiReactor* UnknownMethodService::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  return new EndedStream<grpc::ServerGenericBidiReactor>(NotSupported(context->method()));
}

}  // namespace elanus::server
