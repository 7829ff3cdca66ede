// What the front ends (gRPC, REST) and the RPC handlers know of each other.
//
// A front end finds the row of a method, makes the request and the response, runs the row's handler
// on the pool that the row names, and sends the response. Nothing here knows a transport.
#pragma once

#include <google/protobuf/message.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"

namespace elanus::proxy {

// What a handler knows about its call besides the request.
//
// The views point into the front end's own copy of the call and live as long as the call; what is
// kept longer must be copied.
//
// Threads: one call is handled by one thread at a time; cancelled() may be asked by any thread.
struct CallContext {
  std::string_view method;         // "Search".
  std::string_view database;       // Header dbname; empty when absent.
  std::string_view authorization;  // Header authorization (base64 of the token), not yet checked.
  std::string_view identifier;  // Header identifier (decimal text of ConnectResponse.identifier).
  std::string_view client_unix_ms;  // Header client-request-unixmsec (decimal text).
  std::string request_id;    // Header client-request-id or client_request_id, else generated.
  std::string peer;          // "ipv4:127.0.0.1:40312".
  size_t request_bytes = 0;  // Size of the request on the wire.
  // Absent: the client waits forever.
  std::optional<std::chrono::steady_clock::time_point> deadline;

  // Set by the front end when nobody waits for the answer any more: the client cancelled or went
  // away, or the deadline passed. Null: cannot happen. Hand it down to loops that may take long.
  const std::atomic<bool>* cancel_flag = nullptr;

  bool cancelled() const {
    return cancel_flag != nullptr && cancel_flag->load(std::memory_order_relaxed);
  }
};

// The executor that a handler runs on.
enum class Pool {
  kCompute,   // Uses a core from start to end: search, query.
  kBlocking,  // May wait for a disk, a lock or another role: everything else.
};

// Fills `response`, with application errors in its Status, and returns OK. It may also return
//
// - an error with an ErrorCode of ours (UserError and so on): the front end clears the response
//   and puts the error into its Status
// - a plain absl::UnimplementedError, UnauthenticatedError, PermissionDeniedError,
//   InvalidArgumentError or ResourceExhaustedError: the call ends as that error, without response
//
// Plain errors of other kinds go into the Status too: clients repeat such a call for minutes.
using RpcHandler =
    std::function<absl::Status(CallContext& context, const google::protobuf::Message& request,
                               google::protobuf::Message* response)>;

// One RPC of MilvusService that this server answers.
struct RpcRow {
  std::string_view name;  // "Search"; outlives the row.
  Pool pool = Pool::kBlocking;
  const google::protobuf::Message* request_prototype =
      nullptr;  // Default instances: make requests and
  const google::protobuf::Message* response_prototype = nullptr;  // responses of the right type.
  RpcHandler handler;
};

// A row for `call(CallContext&, const Request&, Response*)`, which returns void or absl::Status.
template <typename Request, typename Response, typename Callable>
RpcRow MakeRow(std::string_view name, Pool pool, Callable call) {
  return RpcRow{
      .name = name,
      .pool = pool,
      .request_prototype = &Request::default_instance(),
      .response_prototype = &Response::default_instance(),
      .handler = [call = std::move(call)](CallContext& context,
                                          const google::protobuf::Message& request,
                                          google::protobuf::Message* response) -> absl::Status {
        // The front end made both from the prototypes above.
        const auto& typed_request = static_cast<const Request&>(request);
        auto* typed_response = static_cast<Response*>(response);
        if constexpr (std::is_void_v<std::invoke_result_t<const Callable&, CallContext&,
                                                          const Request&, Response*>>) {
          call(context, typed_request, typed_response);
          return absl::OkStatus();
        } else {
          return call(context, typed_request, typed_response);
        }
      },
  };
}

}  // namespace elanus::proxy
