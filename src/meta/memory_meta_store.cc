#include <map>
#include <mutex>

#include "common/crash_point.h"
#include "meta/crash_points.h"
#include "meta/meta_store.h"

namespace elanus::meta {
namespace {

class MemoryMetaStore final : public MetaStore {
 public:
  absl::StatusOr<std::optional<std::string>> Get(const std::string& key) override {
    std::lock_guard lock(mutex_);
    return Find(key);
  }

  absl::StatusOr<std::vector<KeyValue>> Scan(const std::string& prefix) override {
    std::lock_guard lock(mutex_);
    std::vector<KeyValue> out;
    for (auto it = rows_.lower_bound(prefix); it != rows_.end(); ++it) {
      if (!it->first.starts_with(prefix)) break;
      out.push_back({it->first, it->second});
    }
    return out;
  }

  absl::StatusOr<bool> Commit(const Transaction& transaction) override {
    CrashPoint(kCommitBefore);
    std::lock_guard lock(mutex_);
    for (const Compare& compare : transaction.compares) {
      if (Find(compare.key) != compare.value) return false;
    }
    for (const KeyValue& put : transaction.puts) rows_[put.key] = put.value;
    for (const std::string& key : transaction.deletes) rows_.erase(key);
    CrashPoint(kCommitAfter);
    return true;
  }

 private:
  std::optional<std::string> Find(const std::string& key) const {
    const auto it = rows_.find(key);
    if (it == rows_.end()) return std::nullopt;
    return it->second;
  }

  std::mutex mutex_;
  std::map<std::string, std::string> rows_;
};

}  // namespace

std::unique_ptr<MetaStore> MakeMemoryMetaStore() {
  return std::make_unique<MemoryMetaStore>();
}

}  // namespace elanus::meta
