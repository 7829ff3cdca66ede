// What the handlers work with: the roles behind the proxy, settings, and what they share.
#pragma once

#include <string>
#include <string_view>

#include "common/cancellation.h"
#include "common/clock.h"
#include "common/metrics.h"
#include "common/settings.h"
#include "proxy/filter_cache.h"
#include "proxy/rpc.h"
#include "proxy/search_iterator.h"
#include "roles/coordinator.h"
#include "roles/data_node.h"
#include "roles/query_node.h"

namespace elanus::proxy {

// Filled by the server before MakeRpcTable(); it and what it points to outlive the table. The table
// changes nothing in it but the cache and the cursors, so calls on any threads share it.
struct ProxyContext {
  roles::Coordinator* coordinator = nullptr;
  roles::DataNode* data_node = nullptr;
  roles::QueryNode* query_node = nullptr;
  const SettingsHolder* settings = nullptr;
  const Clock* clock = &SystemClock();
  MetricRegistry* metrics = nullptr;  // May be null: nothing is counted.

  // Shown to users.
  std::string version = "v2.6.0";
  std::string build_time;
  std::string git_commit;
  std::string deploy_mode = "STANDALONE";
  int64_t node_id = 1;
  std::string address = "127.0.0.1:19530";  // Where clients reach this server.
  uint64_t started_ms = 0;                  // Since the Unix epoch.

  FilterCache filters;
  IteratorCursors cursors;

  std::shared_ptr<const Settings> Now() const { return settings->Current(); }
};

// The request's database, else the header's, else the default one.
std::string DatabaseOf(const CallContext& call, const std::string& requested);

// The call's cancel flag and deadline for the roles. Valid as long as the call.
Cancellation CancellationOf(const CallContext& call);

// "database not found" or "collection not found" with the names, for any handler but
// DescribeCollection.
absl::StatusOr<meta::CollectionPtr> FindCollection(ProxyContext& proxy, const CallContext& call,
                                                   const std::string& database,
                                                   const std::string& name);

}  // namespace elanus::proxy
