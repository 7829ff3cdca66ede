// The gRPC front: serves milvus.proto.milvus.MilvusService from a table of rows (proxy/rpc.h),
// without generated service code.
//
// Every method of the service is registered by its descriptor, so that reflection lists them all;
// one without a row ends as UNIMPLEMENTED, and so does any other service. A call's bytes are
// parsed, handled and serialised on the executor that its row names; gRPC's threads only hand calls
// over.
//
// How a call ends:
//
//   what                                      gRPC status          response
//   handler filled the response               OK                   as filled
//   handler returned an error                 see RpcHandler       Status, or none
//   the executor's queue is full              OK                   Status code 4
//   bytes that are no such request            INVALID_ARGUMENT     none
//   no row, unknown method or service         UNIMPLEMENTED        none
//   request or response over its limit        RESOURCE_EXHAUSTED   none
//   cancelled before a thread took it up      CANCELLED            none
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/executor.h"
#include "proxy/rpc.h"

namespace milvus::proto::common {
class Status;
}

namespace elanus::server {

// How one call ended, for metrics and the access log. The views are valid during the callback.
struct FinishedCall {
  std::string_view method;  // "Search".
  std::string_view database;
  std::string_view peer;
  std::string_view request_id;
  absl::StatusCode transport_code = absl::StatusCode::kOk;  // The gRPC status.
  int32_t error_code = 0;                                   // Status.code of the response.
  std::chrono::microseconds duration{
      0};  // From the arrival of the request to handing the answer to gRPC.
  size_t request_bytes = 0;
  size_t response_bytes = 0;
};

struct GrpcServerOptions {
  std::string address = "0.0.0.0";  // An IPv6 address without brackets.
  int port = 19530;                 // 0: any free one, see port().
  bool listen = true;               // False: only connections given to AdoptConnection().
  // Null: clear text.
  std::shared_ptr<grpc::ServerCredentials> credentials;

  int receive_bytes_max = 64 << 20;
  int send_bytes_max = 256 << 20;
  bool reflection = true;

  // Puts an error into the Status of a response. Absent: FillPlainStatus
  // (server/response_status.h).
  std::function<void(const absl::Status& error, milvus::proto::common::Status* status)> fill_status;

  // Called once for each call of a method of MilvusService, from any thread; must not block.
  std::function<void(const FinishedCall&)> on_finished_call;
};

// The executors behind proxy::Pool. Both outlive the server and run until after its Shutdown().
struct RpcExecutors {
  Executor* compute = nullptr;
  Executor* blocking = nullptr;
};

// Threads: any.
class GrpcServer {
 public:
  // Listens when it returns. The error says which address could not be had, and why.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(GrpcServerOptions options,
                                                           std::vector<proxy::RpcRow> rows,
                                                           RpcExecutors executors);
  ~GrpcServer();  // Shutdown() without grace.

  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // The port listened on; 0 if none.
  int port() const;

  // Takes over an accepted, non-blocking TCP connection of which `already_read` was read: lets one
  // port serve several protocols. The descriptor is closed when the server is shut down.
  void AdoptConnection(int descriptor, std::string_view already_read);

  // Refuses new calls, waits up to `grace` for those under way, then cancels them; returns when the
  // last handler has. Repeating it does nothing.
  void Shutdown(std::chrono::milliseconds grace);

 private:
  class Impl;
  explicit GrpcServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace elanus::server
