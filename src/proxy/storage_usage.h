// What a read took from the object store, told in its answer where the settings ask for that.
#pragma once

#include <memory>

#include "proxy/proxy_context.h"
#include "proxy/wire_types.h"

namespace elanus::proxy {

// Made when a search or query begins. Threads: one; those it hands its cancellation to, any.
class StorageUsage {
 public:
  StorageUsage(const ProxyContext& proxy, const CallContext& call);

  // For all that the call asks of the roles.
  const Cancellation& cancellation() const { return cancellation_; }
  // Under the keys that clients know, in Status.extra_info.
  void ToWire(common_pb::Status* status) const;

 private:
  std::shared_ptr<ReadBytes> bytes_;  // Null: nobody asked.
  Cancellation cancellation_;
};

}  // namespace elanus::proxy
