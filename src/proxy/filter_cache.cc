#include "proxy/filter_cache.h"

namespace elanus::proxy {
namespace {
// Longer filters (lists of thousands of keys) seldom repeat and would fill memory.
constexpr size_t kTextBytesMax = 4096;
}  // namespace

absl::StatusOr<expr::PlanPtr> FilterCache::Compile(const meta::Collection& collection,
                                                   std::string_view text,
                                                   const expr::TemplateValues& values,
                                                   absl::TimeZone zone) {
  expr::CompileOptions options;
  options.zone = zone;
  if (!values.empty() || text.size() > kTextBytesMax) {
    return expr::Compile(text, collection.schema, values, options);
  }
  Key key{collection.id, collection.updated, std::string(text), zone.name()};
  {
    absl::MutexLock lock(&mutex_);
    const auto found = index_.find(key);
    if (found != index_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return found->second->second;
    }
  }
  ELANUS_ASSIGN_OR_RETURN(expr::PlanPtr plan, expr::Compile(text, collection.schema, {}, options));
  absl::MutexLock lock(&mutex_);
  if (index_.contains(key)) return plan;  // Another call was faster.
  entries_.emplace_front(key, plan);
  index_.emplace(std::move(key), entries_.begin());
  if (entries_.size() > entries_max_) {
    index_.erase(entries_.back().first);
    entries_.pop_back();
  }
  return plan;
}

size_t FilterCache::size() const {
  absl::MutexLock lock(&mutex_);
  return entries_.size();
}

}  // namespace elanus::proxy
