// How handlers become rows, and the handlers of each subject.
#pragma once

#include <vector>

#include "proxy/proxy_context.h"
#include "proxy/rpc.h"
#include "proxy/wire_status.h"

namespace elanus::proxy {

// A handler fills the response and returns OK, or returns an error of ours, which becomes the
// response's Status, or a transport error, which ends the call.
template <typename Request, typename Response>
using Handler = absl::Status (*)(ProxyContext& proxy, CallContext& call, const Request& request,
                                 Response* response);

// Where a response keeps its Status; most responses of DDL are one.
template <typename Response>
common_pb::Status* StatusIn(Response* response) {
  if constexpr (requires { response->mutable_status(); }) {
    return response->mutable_status();
  } else if constexpr (requires { response->set_error_code({}); }) {
    return response;
  } else {
    return nullptr;
  }
}

template <typename Request, typename Response>
RpcRow Row(ProxyContext& proxy, std::string_view name, Pool pool,
           Handler<Request, Response> handler) {
  return MakeRow<Request, Response>(name, pool,
                                    [&proxy, handler](CallContext& call, const Request& request,
                                                      Response* response) -> absl::Status {
                                      const absl::Status result =
                                          handler(proxy, call, request, response);
                                      if (IsTransportError(result)) return result;
                                      if (!result.ok()) response->Clear();
                                      // Also on success: some clients read fields of the status
                                      // without asking if it is there.
                                      common_pb::Status* status = StatusIn(response);
                                      if (result.ok() || status == nullptr) return result;
                                      FillStatus(result, status);
                                      return absl::OkStatus();
                                    });
}

void AddAliasRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddCollectionRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddConnectRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddDatabaseRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddDeleteRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddFlushRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddIndexRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddInsertRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddLoadRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddPartitionRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddQueryRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddResourceGroupRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddSearchRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddSegmentRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddSnapshotRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddTextRows(ProxyContext& proxy, std::vector<RpcRow>& rows);
void AddUpsertRows(ProxyContext& proxy, std::vector<RpcRow>& rows);

}  // namespace elanus::proxy
