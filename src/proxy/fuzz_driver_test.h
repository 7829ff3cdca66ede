// Runs arbitrary bytes as a request: the first byte picks a row of the table, the rest is parsed as
// its request, and the handler runs against roles in memory.
#pragma once

#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "proxy/rpc_table.h"
#include "proxy/testing_fakes.h"

namespace elanus::proxy {

inline void RunFuzzInput(const uint8_t* data, size_t size) {
  if (size == 0) return;
  FakeServer server;
  server.coordinator.Add(FakeBooks());
  const std::vector<RpcRow> table = MakeRpcTable(server.proxy);
  const RpcRow& row = table[data[0] % table.size()];
  const google::protobuf::LogSilencer silencer;  // A line for every damaged text.
  const std::unique_ptr<google::protobuf::Message> request(row.request_prototype->New());
  if (!request->ParseFromArray(data + 1, static_cast<int>(size - 1))) return;
  const std::unique_ptr<google::protobuf::Message> response(row.response_prototype->New());
  CallContext call;
  call.method = row.name;
  call.request_bytes = size - 1;
  (void)row.handler(call, *request, response.get());
}

}  // namespace elanus::proxy
