// One change of the catalog: what is written and what readers see afterwards, gathered side by
// side.
#pragma once

#include "common/status.h"
#include "coord/catalog_state.h"
#include "meta/meta_store.h"
#include "meta/types.h"

namespace elanus::coord {

class CatalogChange {
 public:
  absl::Status Put(const meta::Database& database);
  absl::Status Put(meta::Collection collection);
  absl::Status Put(meta::Segment segment);
  absl::Status Put(const meta::Delta& delta);
  absl::Status Put(meta::Snapshot snapshot);     // Its content stays as it is written.
  absl::Status PutNew(meta::Snapshot snapshot);  // With its content.
  absl::Status Put(const meta::RestoreJob& job);
  void Remove(const meta::Database& database);
  // And all it has, its snapshots too.
  void Remove(const meta::Collection& collection, const CatalogState& state);
  void Remove(const meta::Segment& segment);
  void Remove(const meta::Delta& delta);
  void Remove(const meta::Snapshot& snapshot);
  void Remove(const meta::RestoreJob& job);
  void SetReplayFrom(uint64_t position);

  bool empty() const { return transaction_.empty(); }
  const meta::Transaction& transaction() const { return transaction_; }
  const CatalogEffect& effect() const { return effect_; }

 private:
  meta::Transaction transaction_;
  CatalogEffect effect_;
};

}  // namespace elanus::coord
