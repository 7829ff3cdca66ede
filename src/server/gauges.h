#pragma once

#include <memory>

#include "cache/cache_manager.h"
#include "common/metrics.h"
#include "coord/coordinator.h"
#include "roles/data_node.h"
#include "roles/query_node.h"

namespace elanus::server {

// Sets the gauges that describe what is stored and loaded before each scrape; series of collections
// that are gone go too. The registry may be scraped longer than the roles live: destroying this
// takes the roles out of its reach. Threads: any.
class RoleGauges {
 public:
  // `disk` is the disk tier; null: there is none.
  RoleGauges(MetricRegistry& metrics, coord::Coordinator& coordinator, roles::DataNode& data_node,
             roles::QueryNode& query_node, const cache::CacheManager* disk);
  ~RoleGauges();

 private:
  class Source;
  std::shared_ptr<Source> source_;
};

}  // namespace elanus::server
