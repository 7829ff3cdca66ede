// All roles in one process.
#pragma once

#include "absl/status/status.h"
#include "common/metrics.h"
#include "common/object_store_settings.h"
#include "common/settings.h"
#include "server/cache_tiers.h"
#include "server/filter_page.h"
#include "server/garbage_pages.h"
#include "server/health.h"
#include "server/stop_signal.h"

namespace elanus::server {

// Pages of the management port about what the roles do; they say so while there are none.
struct RolePages {
  FilterPage filter;
  GarbagePages garbage;
  CachePage cache;
};

// What main made before the roles start, and takes down after they have ended.
struct StandaloneContext {
  const Settings& settings;    // As at the start.
  const ObjectStoreSettings& object_store;
  const SettingsHolder& live;  // Follows hot keys.
  MetricRegistry& metrics;
  Health& health;
  RolePages& pages;
  const StopSignal& stop;
};

coord::GarbageRules GarbageRulesOf(const Settings& settings);

// Runs until the stop is requested, then lets running requests end within
// proxy.gracefulStopTimeout, flushes, and returns. The data directory is locked already.
absl::Status RunStandalone(const StandaloneContext& context);

}  // namespace elanus::server
