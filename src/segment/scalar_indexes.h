// The scalar and text indexes of one sealed segment, and which of them answers a filter's question.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "common/strong_id.h"
#include "expr/index_question.h"
#include "index/scalar/path_index.h"
#include "index/scalar/scalar_index.h"
#include "index/scalar/text_index.h"
#include "segment/cached_blocks.h"
#include "segment/opened_later.h"
#include "storage/file_system.h"

namespace elanus::segment {

// What the keys of an index stand for.
struct IndexSubject {
  FieldId field;
  std::optional<expr::JsonPath> path;  // Into a JSON field.
  bool elements = false;               // Of arrays, in the column or at the path.
  bool all_paths = false;              // At `path` and below.
  // Whether the index may know the answer.
  bool IsOf(const expr::IndexQuestion& question) const;
};

struct LoadedScalarIndex : IndexSubject {
  std::string bytes;                          // Of an index that is in memory alone.
  std::shared_ptr<storage::MappedFile> file;  // Null: read by blocks, or in `bytes`.
  std::shared_ptr<CachedBlocks> blocks;       // Where these come and go.
  // One of the three.
  OpenedLater<index::ScalarIndex> index;
  OpenedLater<const index::PathIndex> paths;  // `all_paths`.
  OpenedLater<const index::TextIndex> texts;
  std::string key;   // Of the object.
  std::string name;  // "INVERTED by_city", for people.
  // Called when a block turns out to be damaged; the index is used no more. May be empty.
  std::function<void(const absl::Status&)> on_damage;

  int64_t memory_bytes() const {
    return index.memory_bytes() + paths.memory_bytes() + texts.memory_bytes();
  }
  // Opens them anew at the next question, if that can be done.
  void Forget() const {
    index.Forget();
    paths.Forget();
    texts.Forget();
  }
};

// Threads: any.
class ScalarIndexes {
 public:
  using Ptr = std::shared_ptr<const LoadedScalarIndex>;

  // Uses the index of that number in the catalog from now on; null stops using it.
  void Set(IndexId id, Ptr index) ABSL_LOCKS_EXCLUDED(mutex_);
  // Null if there is none.
  Ptr Get(IndexId id) const ABSL_LOCKS_EXCLUDED(mutex_);
  // The object that the index in use came from; empty if there is none.
  std::string KeyOf(IndexId id) const ABSL_LOCKS_EXCLUDED(mutex_);
  bool empty() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Stops using all others.
  void Keep(const std::set<IndexId>& ids) ABSL_LOCKS_EXCLUDED(mutex_);

  // See expr::ColumnSource. Of several indexes the cheapest answers.
  std::optional<expr::IndexAnswer> Ask(const expr::IndexQuestion& question, double budget_ns,
                                       const Cancellation& cancellation);
  std::optional<expr::IndexOffer> Offer(const expr::IndexQuestion& question, double budget_ns,
                                        const Cancellation& cancellation);
  bool HasTexts(FieldId field) const ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t memory_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Choice {
    IndexId id;
    Ptr loaded;
    std::shared_ptr<const index::ScalarIndex> index;
    const index::ScalarQuery* query = nullptr;
    index::ScalarPlan plan;
  };
  std::optional<Choice> Choose(const expr::IndexQuestion& question, double budget_ns,
                               const Cancellation& cancellation);
  // Takes a plan that is better than `best` over.
  absl::Status Consider(IndexId id, const Ptr& loaded, const expr::IndexQuestion& question,
                        double budget_ns, const Cancellation& cancellation,
                        std::optional<Choice>& best);
  std::vector<std::pair<IndexId, Ptr>> About(const expr::IndexQuestion& question) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Null if there is none.
  std::pair<IndexId, Ptr> TextsOf(FieldId field) const ABSL_LOCKS_EXCLUDED(mutex_);
  std::optional<expr::IndexAnswer> AskTexts(const expr::IndexQuestion& question,
                                            const Cancellation& cancellation);
  std::optional<expr::IndexOffer> OfferTexts(const expr::IndexQuestion& question, double budget_ns,
                                             const Cancellation& cancellation);
  std::optional<expr::IndexRows> Take(const Choice& choice, const Cancellation& cancellation);
  std::optional<expr::IndexRows> TakeTexts(IndexId id, const Ptr& loaded,
                                           const expr::IndexQuestion& question,
                                           const Cancellation& cancellation);
  // Does what reads the index, no longer than the request waits; what came from local disk damaged
  // is read once more.
  absl::Status Try(IndexId id, const LoadedScalarIndex& loaded, const Cancellation& cancellation,
                   absl::FunctionRef<absl::Status()> read) ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<IndexId, Ptr> indexes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace elanus::segment
