// /_elanus/filter/explain on the management port, and the verb that asks for it.
#pragma once

#include "absl/synchronization/mutex.h"
#include "proxy/proxy_context.h"
#include "server/http_server.h"

namespace elanus::server {

inline constexpr char kFilterPagePath[] = "/_elanus/filter/explain";

// The page itself: ?db=&collection=&filter=&analyze=true -> proxy::FilterJson, or {"error": "..."}.
// Numbers of rows tell what values there are, and the port asks nobody for a name: where clients
// must log in, they get them from a query with elanus.explain instead, and here is a 403.
//
// It runs on the port's only thread, so it ends within a second: 504 if the filter has not.
//
// Threads: any.
class FilterPage {
 public:
  // 503 until then. `proxy` is used until Close() returns.
  void Open(proxy::ProxyContext& proxy) ABSL_LOCKS_EXCLUDED(mutex_);
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);
  HttpResponse Answer(const HttpRequest& request) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Mutex mutex_;
  proxy::ProxyContext* proxy_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

struct FilterPageQuestion {
  std::string server = "127.0.0.1:9091";  // Its management port.
  std::string database;
  std::string collection;
  std::string filter;
  bool analyze = false;
};

// What the page of a running server says, as it came; an error if that is not 200.
absl::StatusOr<std::string> AskFilterPage(const FilterPageQuestion& question);

}  // namespace elanus::server
