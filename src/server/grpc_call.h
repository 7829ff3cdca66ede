// One unary call on its way through the gRPC front: arrival, executor, parse, handler, answer.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "proxy/rpc.h"
#include "server/grpc_server.h"
#include "server/response_status.h"

namespace elanus::server {

// A row with what is looked up once for all its calls.
struct BoundRow {
  proxy::RpcRow row;
  StatusField status_field;
  Executor* executor = nullptr;
  const GrpcServerOptions* options = nullptr;
};

// Deletes itself when gRPC is done with it.
//
// Threads: Start() on a gRPC thread, Run() on one of the executor's, OnCancel() on any at any time.
// After Finish() gRPC may delete the call, so that nothing may touch it any more.
class GrpcCall final : public grpc::ServerUnaryReactor {
 public:
  // gRPC keeps the three alive until OnDone(). `request` is emptied as soon as it is parsed.
  GrpcCall(const BoundRow& row, grpc::CallbackServerContext* context, grpc::ByteBuffer* request,
           grpc::ByteBuffer* response);

  void Start();

 private:
  void OnCancel() override { cancelled_.store(true, std::memory_order_relaxed); }
  void OnDone() override { delete this; }

  void Run();
  void Refuse();
  // Sends the response, or `error` in its place as its kind demands.
  void Answer(const absl::Status& error, google::protobuf::Message* response);
  void Send(const google::protobuf::Message& response);
  void FinishWith(absl::StatusCode code, std::string message);
  void Report(absl::StatusCode code, int32_t error_code, size_t response_bytes) const;

  const BoundRow& row_;
  grpc::ByteBuffer* const request_;
  grpc::ByteBuffer* const response_;
  const std::chrono::steady_clock::time_point arrival_;
  std::atomic<bool> cancelled_{false};
  proxy::CallContext context_;
};

}  // namespace elanus::server
