#include "proxy/proxy_context.h"

#include <chrono>
#include <memory>

namespace elanus::proxy {

std::string DatabaseOf(const CallContext& call, const std::string& requested) {
  if (!requested.empty()) return requested;
  if (!call.database.empty()) return std::string(call.database);
  return std::string(meta::kDefaultDatabase);
}

Cancellation CancellationOf(const CallContext& call) {
  // Shares the flag without owning it: the call outlives every handler.
  const std::shared_ptr<const std::atomic<bool>> flag(std::shared_ptr<void>(), call.cancel_flag);
  uint64_t deadline_ns = 0;
  if (call.deadline) {
    deadline_ns = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(call.deadline->time_since_epoch())
            .count());
  }
  return Cancellation(flag, deadline_ns);
}

absl::StatusOr<meta::CollectionPtr> FindCollection(ProxyContext& proxy, const CallContext& call,
                                                   const std::string& database,
                                                   const std::string& name) {
  if (name.empty()) {
    return UserError(ErrorCode::kParameterInvalid, "collection name should not be empty");
  }
  return proxy.coordinator->GetCollection(DatabaseOf(call, database), name);
}

}  // namespace elanus::proxy
