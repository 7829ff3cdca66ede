// The services behind the gRPC front: MilvusService by descriptor, and the answer to everything
// else.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/service_type.h>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/rpc.h"
#include "server/grpc_call.h"
#include "server/grpc_server.h"

namespace elanus::server {

// Threads: constructed and filled by one, then immutable.
class MilvusGrpcService final : public grpc::Service {
 public:
  // `options` outlives the service.
  MilvusGrpcService(const GrpcServerOptions& options, RpcExecutors executors);

  // Registers every method of the service. An error names a row that does not fit its method: that
  // is a mistake in the table.
  absl::Status Bind(std::vector<proxy::RpcRow> rows);

 private:
  void AddUnary(const google::protobuf::MethodDescriptor& method, const BoundRow* row);
  void AddStreaming(const google::protobuf::MethodDescriptor& method);

  const GrpcServerOptions& options_;
  const RpcExecutors executors_;
  std::deque<BoundRow> rows_;      // Calls keep pointers to them.
  std::deque<std::string> paths_;  // gRPC keeps pointers to their characters.
};

// Answers calls of services and methods that are not registered.
class UnknownMethodService final : public grpc::CallbackGenericService {
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;
};

}  // namespace elanus::server
