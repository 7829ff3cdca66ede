// The table of RPCs that this server answers, and why the others are missing.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "proxy/proxy_context.h"
#include "proxy/rpc.h"

namespace elanus::proxy {

// One row for every supported method of MilvusService. `proxy` outlives the table.
std::vector<RpcRow> MakeRpcTable(ProxyContext& proxy);

struct UnsupportedRpc {
  std::string_view name;
  std::string_view subject;  // What is missing: "users and roles".
  bool planned = true;       // False: no client needs it, and it will not come.
};

// The methods of MilvusService without a row; they end as UNIMPLEMENTED. docs/compatibility.md
// shows this list, and a test holds it, the table and the service together.
std::span<const UnsupportedRpc> UnsupportedRpcs();

}  // namespace elanus::proxy
