// Pages of the search iterator (version 2), and what the server remembers between them.
#pragma once

#include <cstdint>
#include <list>
#include <random>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "common/status.h"
#include "proxy/search_params.h"
#include "proxy/wire_types.h"
#include "roles/query_node.h"

namespace elanus::proxy {

// An iterator's next page holds what is worse than the last score of the page before, which the
// client sends along. Where a page ended in the middle of hits of one score, that is not enough:
// then how many of them the client has is kept here, by the iterator's token. Losing it (a restart,
// too many iterators) loses the rest of those hits and repeats nothing. Threads: any.
class IteratorCursors {
 public:
  explicit IteratorCursors(uint64_t seed = std::random_device()(), size_t entries_max = 10000)
      : random_(seed), entries_max_(entries_max) {}

  // A fresh token: a random UUID.
  std::string NewToken() ABSL_LOCKS_EXCLUDED(mutex_);

  // Hits at exactly this score that the iterator has returned; 0: all that there are.
  int64_t Returned(std::string_view token, float score) const ABSL_LOCKS_EXCLUDED(mutex_);
  // Replaces what is kept for the token; 0 forgets it.
  void Set(std::string_view token, float score, int64_t returned) ABSL_LOCKS_EXCLUDED(mutex_);
  size_t size() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Entry {
    std::string token;
    float score = 0;
    int64_t returned = 0;
  };

  mutable absl::Mutex mutex_;
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  const size_t entries_max_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // Last set first.
  absl::flat_hash_map<std::string, std::list<Entry>::iterator> places_ ABSL_GUARDED_BY(mutex_);
};

// Whether it looks like a UUID.
bool IsToken(std::string_view text);

// Makes `search` ask for the page that the parameters ask for. False: the page is empty, there is
// nothing behind the last one. kParameterInvalid for more than one query vector.
absl::StatusOr<bool> PreparePage(const SearchIteratorParams& params, const IteratorCursors& cursors,
                                 roles::SearchRequest& search);

// What the page's answer tells the client, and remembers what PreparePage needs for the next one.
// `search` is as PreparePage left it.
void FinishPage(const SearchIteratorParams& params, const roles::SearchRequest& search,
                const roles::SearchResult& result, IteratorCursors& cursors,
                schema_pb::SearchIteratorV2Results* out);

}  // namespace elanus::proxy
