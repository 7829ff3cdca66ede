// One change under way; only the coordinator's own files include this.
#pragma once

#include <mutex>
#include <utility>

#include "coord/coordinator.h"

namespace elanus::coord {

class Coordinator::Change {
 public:
  explicit Change(Coordinator& coordinator)
      : coordinator_(coordinator), lock_(coordinator.ddl_mutex_) {}
  ~Change() {
    lock_.unlock();
    coordinator_.notifier_.Deliver();
  }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  template <typename Row>
  absl::Status Put(Row row) {
    return catalog_.Put(std::move(row));
  }
  CatalogChange& catalog() { return catalog_; }

  // Durable and visible when it returns OK.
  absl::Status Commit() { return coordinator_.CommitLocked(catalog_); }

  // Tells the query node the collection as it is now.
  void NotifyChanged(CollectionId id) {
    absl::StatusOr<meta::CollectionPtr> collection = coordinator_.state_.FindCollection(id);
    if (!collection.ok()) return;
    Notify([collection = *std::move(collection)](roles::DataNode*, roles::QueryNode* query_node) {
      if (query_node != nullptr) query_node->OnCollectionChanged(collection);
    });
  }
  // Tells the query node what of the collection is to be loaded now.
  void NotifyLoad(CollectionId id, bool refresh) {
    absl::StatusOr<meta::CollectionPtr> collection = coordinator_.state_.FindCollection(id);
    if (!collection.ok()) return;
    Notify([collection = *std::move(collection), refresh](roles::DataNode*,
                                                          roles::QueryNode* query_node) {
      if (query_node != nullptr) query_node->OnLoadChanged(collection, refresh);
    });
  }
  // Tells the query node a segment as it is now.
  void NotifySegment(SegmentId id) {
    Notify([segment = coordinator_.state_.FindSegment(id)](roles::DataNode*,
                                                           roles::QueryNode* query_node) {
      if (query_node != nullptr && segment != nullptr) query_node->OnSegmentIndexesChanged(segment);
    });
  }
  // Calls tell(data node, query node) when the lock is released; either may be null.
  template <typename Tell>
  void Notify(Tell tell) {
    coordinator_.notifier_.Add([&coordinator = coordinator_, tell = std::move(tell)] {
      tell(coordinator.data_node_, coordinator.query_node_);
    });
  }

 private:
  Coordinator& coordinator_;
  std::unique_lock<std::mutex> lock_;
  CatalogChange catalog_;
};

}  // namespace elanus::coord
