// A client of the wire protocol, as thin as gRPC allows: what the bench programs share.
//
// Threads: any number may call; a call waits for its answer.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "milvus.pb.h"

namespace elanus::bench {

namespace wire = ::milvus::proto::milvus;

// One connection of its own to `address` ("127.0.0.1:19530"), for messages of any size.
std::shared_ptr<grpc::Channel> Connect(const std::string& address);

std::string MethodPath(const std::string& method);

// Ends the program with `what` and the reason: a bench has nothing to say after a failed call.
void DieUnlessOk(const std::string& what, const grpc::Status& transport, int32_t code,
                 const std::string& reason);

class WireClient {
 public:
  explicit WireClient(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {}

  grpc::Status Call(const std::string& path, const grpc::ByteBuffer& request,
                    grpc::ByteBuffer* response);

  // Calls and dies unless the answer's status is success.
  template <typename Response>
  Response Must(const std::string& method, const google::protobuf::Message& request) {
    Response response;
    const grpc::Status transport = CallWith(method, request, &response);
    if constexpr (requires { response.status(); }) {
      DieUnlessOk(method, transport, response.status().code(), response.status().reason());
    } else {
      DieUnlessOk(method, transport, response.code(), response.reason());
    }
    return response;
  }

 private:
  grpc::Status CallWith(const std::string& method, const google::protobuf::Message& request,
                        google::protobuf::Message* response);

  const std::shared_ptr<grpc::Channel> channel_;
};

struct CollectionOptions {
  std::string name;
  int64_t dim = 128;
  std::string index_type = "FLAT";  // Of the field "vector", metric L2.
};

// Drops the collection if it is there and makes it anew: "id" INT64 key, "vector" FLOAT_VECTOR,
// indexed and loaded.
void MakeCollection(WireClient& client, const CollectionOptions& options);

// `rows` rows of `dim` made floats, as the vector column of a serialised InsertRequest.
std::string VectorColumn(int64_t rows, int64_t dim, uint32_t seed);

// The rest of that InsertRequest: keys `first`, `first` + 1, ... A serialised message is the
// concatenation of its parts, so both may be sent as slices of one.
std::string KeysAndHeader(const std::string& collection, int64_t first, int64_t rows);

// A search of one query, limit 10, without output fields.
wire::SearchRequest SearchOf(const std::string& collection, const std::vector<float>& query,
                             ::milvus::proto::common::ConsistencyLevel consistency);

// Seconds of processor time, user and system, that process `pid` has used; 0 for pid 0.
double ProcessSeconds(int pid);

// Sorts `values`.
double Percentile(std::vector<double>& values, double percent);

}  // namespace elanus::bench
