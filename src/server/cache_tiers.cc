#include "server/cache_tiers.h"

#include <sys/statvfs.h>

#include <algorithm>

#include "common/logging.h"
#include "common/memory_limit.h"

namespace elanus::server {
namespace {

using cache::CacheManager;

constexpr int kLoadsPerCore = 8;    // They wait for a network.
constexpr double kFreeShare = 0.9;  // Of free disk that the cache may take: others write, too.
constexpr size_t kObjectsShown = 1000;

CacheManager::Options Common(const Settings::Tiers& tiers) {
  CacheManager::Options options;
  options.evicts = tiers.evicts;
  options.evicts_behind = tiers.evicts_behind;
  options.ttl_ms = tiers.ttl_ms;
  options.touch_window_ms = tiers.touch_window_ms;
  if (tiers.wait_ms >= 0) options.wait_ms = tiers.wait_ms;
  return options;
}

// The low mark stands to the high one as the ratios do.
uint64_t LowOf(uint64_t high, double low_ratio, double high_ratio) {
  if (high_ratio <= 0) return 0;
  return static_cast<uint64_t>(static_cast<double>(high) * std::min(low_ratio / high_ratio, 1.0));
}

CacheManager::Options MemoryOptions(const Settings& settings) {
  const Settings::Tiers& tiers = settings.tiers;
  const int64_t limit = settings.resources.memory_limit_bytes;
  const auto all = static_cast<double>(limit > 0 ? limit : AvailableMemory());
  CacheManager::Options options = Common(tiers);
  options.tier = "memory";
  options.budget_key = tiers.memory_bytes > 0
                           ? "elanus.cache.memory"
                           : "queryNode.segcore.tieredStorage.memoryHighWatermarkRatio";
  options.bytes_high = tiers.memory_bytes > 0 ? static_cast<uint64_t>(tiers.memory_bytes)
                                              : static_cast<uint64_t>(all * tiers.memory_high);
  options.bytes_low = LowOf(options.bytes_high, tiers.memory_low, tiers.memory_high);
  return options;
}

CacheManager::Options DiskOptions(const Settings& settings,
                                  const cache::CacheDirectory& directory) {
  const Settings::Tiers& tiers = settings.tiers;
  CacheManager::Options options = Common(tiers);
  options.tier = "disk";
  options.budget_key = tiers.disk_bytes > 0
                           ? "elanus.cache.disk"
                           : "queryNode.segcore.tieredStorage.diskHighWatermarkRatio";
  if (tiers.disk_bytes > 0) {
    options.bytes_high = static_cast<uint64_t>(tiers.disk_bytes);
  } else {
    struct statvfs info {};
    if (::statvfs(directory.root().c_str(), &info) == 0) {
      const double unit = static_cast<double>(info.f_frsize);
      const double all = unit * static_cast<double>(info.f_blocks) * tiers.disk_high;
      const double free = unit * static_cast<double>(info.f_bavail) * kFreeShare;
      options.bytes_high =
          static_cast<uint64_t>(std::min(all, static_cast<double>(directory.disk_bytes()) + free));
    }
  }
  options.bytes_low = LowOf(options.bytes_high, tiers.disk_low, tiers.disk_high);
  // What is on disk is a copy: it goes when room is wanted, whatever is said of memory. Mapped
  // vectors that are in use are pinned.
  options.evicts = true;
  return options;
}

// Keys are ours: nothing in them needs to be escaped.
std::string ShowTier(const CacheManager& manager) {
  std::vector<CacheManager::Residency> all = manager.Inspect();
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  std::string objects;
  size_t shown = 0;
  for (const CacheManager::Residency& one : all) {
    if (one.bytes == 0 && one.pinned == 0) continue;
    if (shown++ == kObjectsShown) break;
    const std::string_view why = one.pinned > 0 ? "in use"
                                 : one.hot > 0  ? "used again and again"
                                                : "used once, goes first";
    objects += fmt::format(
        R"({}{{"object": "{}", "kind": "{}", "collection": {}, "bytes": {}, "bytes_total": {}, )"
        R"("cells": {}, "cells_total": {}, "pinned": {}, "hot": {}, "idle_ms": {}, "why": "{}"}})",
        objects.empty() ? "" : ",\n    ", one.identity.name, KindName(one.identity.kind),
        one.identity.owner, one.bytes, one.bytes_total, one.cells, one.cells_total, one.pinned,
        one.hot, one.idle_ms, why);
  }
  const CacheManager::Options& options = manager.options();
  return fmt::format(
      R"({{"tier": "{}", "used_bytes": {}, "high_bytes": {}, "low_bytes": {}, "evicts": {}, )"
      R"("objects_known": {}, "objects": [{}]}})",
      options.tier, manager.used_bytes(), options.bytes_high, options.bytes_low, options.evicts,
      all.size(), objects);
}

}  // namespace

CacheTiers::CacheTiers(CacheManager::Options memory, CacheManager::Options disk,
                       std::unique_ptr<cache::CacheDirectory> directory, int cores,
                       MetricRegistry& metrics)
    : io_({.name = "cacheio", .num_threads = cores * kLoadsPerCore}),
      directory_(std::move(directory)),
      memory_(std::move(memory), SystemClock(), &io_, &metrics),
      disk_(std::move(disk), SystemClock(), &io_, &metrics) {}

absl::StatusOr<std::unique_ptr<CacheTiers>> CacheTiers::Make(const Settings& settings,
                                                             storage::ObjectStore& store,
                                                             const std::string& directory,
                                                             MetricRegistry& metrics) {
  ELANUS_ASSIGN_OR_RETURN(auto files, cache::CacheDirectory::Open(directory));
  CacheManager::Options memory = MemoryOptions(settings);
  CacheManager::Options disk = DiskOptions(settings, *files);
  ELANUS_LOG(Info, "tiers", Field("directory", directory), Field("memory_bytes", memory.bytes_high),
             Field("disk_bytes", disk.bytes_high), Field("evicts", memory.evicts));
  std::unique_ptr<CacheTiers> tiers(new CacheTiers(std::move(memory), std::move(disk),
                                                   std::move(files), AvailableCores(), metrics));
  tiers->tiers_ = {.store = &store,
                   .memory = &tiers->memory_,
                   .disk = &tiers->disk_,
                   .directory = tiers->directory_.get(),
                   .io = &tiers->io_,
                   .metrics = &metrics,
                   .map_vectors = settings.tiers.map_vectors};
  return tiers;
}

void CacheTiers::Maintain() {
  memory_.Maintain();
  disk_.Maintain();
}

void CacheTiers::RemoveLeftOver() {
  const int removed = directory_->RemoveLeftOver();
  if (removed > 0) {
    ELANUS_LOG(Info, "cache files that nobody asked for are removed", Field("files", removed));
  }
}

std::string CacheTiers::Inspect() const {
  return fmt::format("{{\"tiers\": [\n  {},\n  {}\n]}}\n", ShowTier(memory_), ShowTier(disk_));
}

}  // namespace elanus::server
