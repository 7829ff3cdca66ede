// Compiled filters by text, so that a client that repeats a filter pays for parsing once.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/timestamp.h"
#include "expr/expr.h"
#include "meta/types.h"

namespace elanus::proxy {

// Least recently used filters go first. Threads: any.
class FilterCache {
 public:
  explicit FilterCache(size_t entries_max = 1024) : entries_max_(entries_max) {}

  // Compiles or finds `text` for that version of the collection. Filters with template values are
  // not kept: their plans hold the values. Times without offset are in `zone`.
  absl::StatusOr<expr::PlanPtr> Compile(const meta::Collection& collection, std::string_view text,
                                        const expr::TemplateValues& values,
                                        absl::TimeZone zone = absl::UTCTimeZone())
      ABSL_LOCKS_EXCLUDED(mutex_);

  size_t size() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Key {
    CollectionId collection;
    Timestamp version;
    std::string text;
    std::string zone;
    friend bool operator==(const Key&, const Key&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.collection, key.version, key.text, key.zone);
    }
  };
  using Entry = std::pair<Key, expr::PlanPtr>;

  const size_t entries_max_;
  mutable absl::Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // Most recently used first.
  absl::flat_hash_map<Key, std::list<Entry>::iterator> index_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace elanus::proxy
