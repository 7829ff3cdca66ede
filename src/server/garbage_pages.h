// The management port's pages about garbage in the object store.
#pragma once

#include <mutex>

#include "coord/coordinator.h"
#include "server/http_server.h"

namespace elanus::server {

inline constexpr char kGarbagePage[] = "/management/datacoord/garbage_collection";

// Threads: any. Pages answer 503 while there is no coordinator.
class GarbagePages {
 public:
  // Null before the coordinator goes away; when this returns no page uses the old one.
  void Use(coord::Coordinator* coordinator);

  // ?pause_seconds=&collection_id= -> {"msg":"OK","ticket":1}
  HttpResponse Pause(const HttpRequest& request);
  // ?ticket= -> {"msg":"OK"}
  HttpResponse Resume(const HttpRequest& request);
  // What would be removed, as of the last listing; begins another if that is too old:
  // {"msg":"OK","listing":true,"report":null}
  HttpResponse DryRun(const HttpRequest& request);
  void AddTo(HttpRoutes& routes);

 private:
  std::mutex mutex_;
  coord::Coordinator* coordinator_ = nullptr;  // By mutex_.
};

// The value of a query parameter; "" if it is absent. Only what needs no %-decoding: numbers.
std::string_view QueryParameter(std::string_view query, std::string_view name);

}  // namespace elanus::server
