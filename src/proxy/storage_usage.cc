#include "proxy/storage_usage.h"

#include <fmt/format.h>

#include <algorithm>

#include "common.pb.h"

namespace elanus::proxy {

StorageUsage::StorageUsage(const ProxyContext& proxy, const CallContext& call)
    : bytes_(proxy.Now()->read.tells_bytes ? std::make_shared<ReadBytes>() : nullptr),
      cancellation_(CancellationOf(call).Counted(bytes_)) {}

void StorageUsage::ToWire(common_pb::Status* status) const {
  if (bytes_ == nullptr) return;
  const uint64_t fetched = bytes_->fetched;
  const uint64_t total = std::max<uint64_t>(bytes_->total, fetched);
  const double hits = total == 0 ? 1 : static_cast<double>(total - fetched) / total;
  auto& info = *status->mutable_extra_info();
  info["scanned_remote_bytes"] = fmt::format("{}", fetched);
  info["scanned_total_bytes"] = fmt::format("{}", total);
  info["cache_hit_ratio"] = fmt::format("{}", hits);
}

}  // namespace elanus::proxy
