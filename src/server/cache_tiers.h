// The tiers over a remote object store: made from settings, watched, shown.
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "cache/cache_directory.h"
#include "cache/cache_manager.h"
#include "cache/stored_object.h"
#include "common/executor.h"
#include "common/metrics.h"
#include "common/settings.h"
#include "storage/object_store.h"

namespace elanus::server {

// Threads: any.
class CacheTiers {
 public:
  // Keeps what it fetches below `directory`. Referenced objects outlive it.
  static absl::StatusOr<std::unique_ptr<CacheTiers>> Make(const Settings& settings,
                                                          storage::ObjectStore& store,
                                                          const std::string& directory,
                                                          MetricRegistry& metrics);

  const cache::Tiers& tiers() const { return tiers_; }
  // Evicts by age. Call now and then.
  void Maintain();
  // What earlier processes left and nobody has asked for: call once everything is loaded.
  void RemoveLeftOver();
  // The process ends: what is on disk stays for the next one.
  void KeepFiles() { directory_->KeepFiles(); }
  // {"tiers": [{"tier": "memory", "used_bytes": 1, ..., "objects": [...]}, ...]}, for people.
  std::string Inspect() const;

 private:
  CacheTiers(cache::CacheManager::Options memory, cache::CacheManager::Options disk,
             std::unique_ptr<cache::CacheDirectory> directory, int cores, MetricRegistry& metrics);

  Executor io_;
  const std::unique_ptr<cache::CacheDirectory> directory_;
  cache::CacheManager memory_;
  cache::CacheManager disk_;
  cache::Tiers tiers_;
};

// What the management port shows of the tiers, which come after it and go before it. Threads: any.
class CachePage {
 public:
  void Show(const CacheTiers* tiers) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    tiers_ = tiers;
  }
  std::string Text() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return tiers_ == nullptr ? R"({"tiers": []})" : tiers_->Inspect();
  }

 private:
  mutable absl::Mutex mutex_;
  const CacheTiers* tiers_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace elanus::server
