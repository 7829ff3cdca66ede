// Flush, and how far it is.
#include <algorithm>

#include "milvus.pb.h"
#include "proxy/rpc_rows.h"

namespace elanus::proxy {
namespace {

constexpr int64_t kMsPerSecond = 1000;

void IdsToWire(const std::vector<SegmentId>& ids, schema_pb::LongArray* out) {
  for (const SegmentId id : ids) out->add_data(id.value());
}

absl::Status Flush(ProxyContext& proxy, CallContext& call, const milvus_pb::FlushRequest& request,
                   milvus_pb::FlushResponse* response) {
  response->set_db_name(DatabaseOf(call, request.db_name()));
  if (request.collection_names_size() == 0) {
    return UserError(ErrorCode::kParameterInvalid, "no collection to flush");
  }
  for (const std::string& name : request.collection_names()) {
    ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr collection,
                            FindCollection(proxy, call, request.db_name(), name));
    ELANUS_ASSIGN_OR_RETURN(const roles::FlushResult flushed,
                            proxy.data_node->Flush(collection->id, CancellationOf(call)));
    // Under the name as given, which may be an alias.
    IdsToWire(flushed.sealed, &(*response->mutable_coll_segids())[name]);
    IdsToWire(flushed.flushed, &(*response->mutable_flush_coll_segids())[name]);
    (*response->mutable_coll_seal_times())[name] =
        static_cast<int64_t>(proxy.clock->WallMs()) / kMsPerSecond;
    (*response->mutable_coll_flush_ts())[name] = flushed.flush_timestamp.value();
  }
  return absl::OkStatus();
}

// A segment that is still growing somewhere is not flushed. One that nobody knows was flushed once
// and has gone since.
bool IsGrowing(ProxyContext& proxy, const std::vector<meta::CollectionPtr>& collections,
               SegmentId id) {
  return std::any_of(collections.begin(), collections.end(), [&](const auto& collection) {
    const auto growing = proxy.data_node->GrowingSegments(collection->id);
    return std::any_of(growing.begin(), growing.end(),
                       [id](const roles::GrowingSummary& segment) { return segment.id == id; });
  });
}

absl::Status GetFlushState(ProxyContext& proxy, CallContext& call,
                           const milvus_pb::GetFlushStateRequest& request,
                           milvus_pb::GetFlushStateResponse* response) {
  std::vector<meta::CollectionPtr> collections;
  if (request.collection_name().empty()) {
    if (request.segmentids_size() > 0) collections = proxy.coordinator->AllCollections();
  } else {
    ELANUS_ASSIGN_OR_RETURN(
        meta::CollectionPtr collection,
        FindCollection(proxy, call, request.db_name(), request.collection_name()));
    collections.push_back(std::move(collection));
  }
  bool flushed = true;
  for (const int64_t id : request.segmentids()) {
    if (proxy.coordinator->FindSegment(SegmentId(id)).has_value()) continue;
    flushed = flushed && !IsGrowing(proxy, collections, SegmentId(id));
  }
  if (request.flush_ts() != 0 && !request.collection_name().empty()) {
    flushed = flushed &&
              proxy.data_node->IsFlushed(collections.front()->id, Timestamp(request.flush_ts()));
  }
  response->set_flushed(flushed);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<meta::CollectionPtr>> CollectionsOf(ProxyContext& proxy,
                                                               const std::string& database) {
  if (database.empty()) return proxy.coordinator->AllCollections();
  return proxy.coordinator->ListCollections(database);
}

absl::Status FlushAll(ProxyContext& proxy, CallContext& call,
                      const milvus_pb::FlushAllRequest& request,
                      milvus_pb::FlushAllResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(const std::vector<meta::CollectionPtr> collections,
                          CollectionsOf(proxy, request.db_name()));
  // Taken first: everything before it is in the segments that are flushed below.
  const Timestamp at = proxy.coordinator->AllocateTimestamp();
  for (const meta::CollectionPtr& collection : collections) {
    const absl::Status flushed =
        proxy.data_node->Flush(collection->id, CancellationOf(call)).status();
    // A collection that was dropped meanwhile needs no flush.
    if (!flushed.ok() && CodeOf(flushed) != ErrorCode::kCollectionNotFound) return flushed;
  }
  // The old field: it is what clients hand to GetFlushAllState.
  response->set_flush_all_ts(at.value());
  return absl::OkStatus();
}

absl::Status GetFlushAllState(ProxyContext& proxy, CallContext&,
                              const milvus_pb::GetFlushAllStateRequest& request,
                              milvus_pb::GetFlushAllStateResponse* response) {
  uint64_t at = request.flush_all_ts();
  for (const auto& [channel, timestamp] : request.flush_all_tss()) at = std::max(at, timestamp);
  ELANUS_ASSIGN_OR_RETURN(const std::vector<meta::CollectionPtr> collections,
                          CollectionsOf(proxy, request.db_name()));
  response->set_flushed(
      std::all_of(collections.begin(), collections.end(), [&](const auto& collection) {
        return proxy.data_node->IsFlushed(collection->id, Timestamp(at));
      }));
  return absl::OkStatus();
}

}  // namespace

void AddFlushRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "Flush", Pool::kBlocking, &Flush));
  rows.push_back(Row(proxy, "GetFlushState", Pool::kBlocking, &GetFlushState));
  rows.push_back(Row(proxy, "FlushAll", Pool::kBlocking, &FlushAll));
  rows.push_back(Row(proxy, "GetFlushAllState", Pool::kBlocking, &GetFlushAllState));
}

}  // namespace elanus::proxy
