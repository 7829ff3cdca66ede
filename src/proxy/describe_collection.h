// A collection as clients see it.
#pragma once

#include <string>

#include "common/status.h"
#include "meta/types.h"
#include "proxy/wire_types.h"

namespace milvus::proto::milvus {
class DescribeCollectionResponse;
}

namespace elanus::proxy {

struct ProxyContext;

// `requested_name` is echoed: the alias, when the collection was asked for by one; empty = its
// name.
absl::Status DescribeToWire(const ProxyContext& proxy, const meta::Collection& collection,
                            const std::string& requested_name,
                            milvus_pb::DescribeCollectionResponse* out);

// The names of a shard's channels. No client opens them; some count them.
std::string PhysicalChannel(const ProxyContext& proxy, int32_t shard);
std::string VirtualChannel(const ProxyContext& proxy, const meta::Collection& collection,
                           int32_t shard);

}  // namespace elanus::proxy
