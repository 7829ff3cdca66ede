// Indexes.
#include <algorithm>

#include "milvus.pb.h"
#include "proxy/convert_key_values.h"
#include "proxy/rpc_rows.h"

namespace elanus::proxy {
namespace {

absl::Status CreateIndex(ProxyContext& proxy, CallContext& call,
                         const milvus_pb::CreateIndexRequest& request, common_pb::Status*) {
  roles::CreateIndexRequest create;
  create.db = DatabaseOf(call, request.db_name());
  create.collection = request.collection_name();
  create.field_name = request.field_name();
  create.index_name = request.index_name();
  create.params = FromWire(request.extra_params());
  return proxy.coordinator->CreateIndex(create);
}

absl::Status DropIndex(ProxyContext& proxy, CallContext& call,
                       const milvus_pb::DropIndexRequest& request, common_pb::Status*) {
  return proxy.coordinator->DropIndex(DatabaseOf(call, request.db_name()),
                                      request.collection_name(), request.field_name(),
                                      request.index_name());
}

absl::Status AlterIndex(ProxyContext& proxy, CallContext& call,
                        const milvus_pb::AlterIndexRequest& request, common_pb::Status*) {
  const bool sets = request.extra_params_size() > 0;
  const bool deletes = request.delete_keys_size() > 0;
  if (sets && deletes) {
    return UserError(ErrorCode::kParameterInvalid,
                     "cannot provide both DeleteKeys and ExtraParams");
  }
  if (!sets && !deletes) {
    return UserError(ErrorCode::kParameterInvalid, "no properties or delete keys provided");
  }
  return proxy.coordinator->AlterIndex(
      DatabaseOf(call, request.db_name()), request.collection_name(), request.index_name(),
      FromWire(request.extra_params()), FromWire(request.delete_keys()));
}

common_pb::IndexState StateToWire(meta::BuildState state) {
  switch (state) {
    case meta::BuildState::kPending:
      return common_pb::InProgress;
    case meta::BuildState::kFinished:
      return common_pb::Finished;
    case meta::BuildState::kFailed:
      return common_pb::Failed;
  }
  return common_pb::IndexStateNone;
}

// The indexes that a request means. A field name picks among them when no index name is given and
// an index is on it; otherwise, as clients expect, all are described.
template <typename Request>
absl::StatusOr<std::vector<roles::IndexProgress>> Find(ProxyContext& proxy, const CallContext& call,
                                                       const Request& request, Timestamp at) {
  ELANUS_ASSIGN_OR_RETURN(
      std::vector<roles::IndexProgress> indexes,
      proxy.coordinator->DescribeIndexes(DatabaseOf(call, request.db_name()),
                                         request.collection_name(), request.index_name(), at));
  if constexpr (requires { request.field_name(); }) {
    const auto other = [&request](const roles::IndexProgress& progress) {
      return progress.index.field_name != request.field_name();
    };
    const bool picks = request.index_name().empty() && !request.field_name().empty();
    if (picks && !std::all_of(indexes.begin(), indexes.end(), other)) {
      std::erase_if(indexes, other);
    }
  }
  return indexes;
}

void Describe(const roles::IndexProgress& progress, milvus_pb::IndexDescription* out) {
  out->set_index_name(progress.index.name);
  out->set_indexid(progress.index.id.value());
  ToWire(progress.index.user_params, out->mutable_params());
  out->set_field_name(progress.index.field_name);
  out->set_total_rows(progress.total_rows);
  out->set_indexed_rows(progress.indexed_rows);
  out->set_pending_index_rows(progress.pending_rows);
  out->set_state(StateToWire(progress.state));
  out->set_index_state_fail_reason(progress.fail_reason);
}

absl::Status DescribeIndex(ProxyContext& proxy, CallContext& call,
                           const milvus_pb::DescribeIndexRequest& request,
                           milvus_pb::DescribeIndexResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(const std::vector<roles::IndexProgress> indexes,
                          Find(proxy, call, request, Timestamp(request.timestamp())));
  for (const roles::IndexProgress& progress : indexes) {
    Describe(progress, response->add_index_descriptions());
  }
  return absl::OkStatus();
}

absl::Status GetIndexStatistics(ProxyContext& proxy, CallContext& call,
                                const milvus_pb::GetIndexStatisticsRequest& request,
                                milvus_pb::GetIndexStatisticsResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(const std::vector<roles::IndexProgress> indexes,
                          Find(proxy, call, request, Timestamp(request.timestamp())));
  for (const roles::IndexProgress& progress : indexes) {
    Describe(progress, response->add_index_descriptions());
  }
  return absl::OkStatus();
}

absl::Status GetIndexState(ProxyContext& proxy, CallContext& call,
                           const milvus_pb::GetIndexStateRequest& request,
                           milvus_pb::GetIndexStateResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(const std::vector<roles::IndexProgress> indexes,
                          Find(proxy, call, request, Timestamp()));
  // Of several indexes the one that is furthest from finished.
  meta::BuildState state = meta::BuildState::kFinished;
  for (const roles::IndexProgress& progress : indexes) {
    if (progress.state == meta::BuildState::kFailed) {
      state = meta::BuildState::kFailed;
      response->set_fail_reason(progress.fail_reason);
    } else if (progress.state == meta::BuildState::kPending &&
               state == meta::BuildState::kFinished) {
      state = meta::BuildState::kPending;
    }
  }
  response->set_state(StateToWire(state));
  return absl::OkStatus();
}

absl::Status GetIndexBuildProgress(ProxyContext& proxy, CallContext& call,
                                   const milvus_pb::GetIndexBuildProgressRequest& request,
                                   milvus_pb::GetIndexBuildProgressResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(const std::vector<roles::IndexProgress> indexes,
                          Find(proxy, call, request, Timestamp()));
  for (const roles::IndexProgress& progress : indexes) {
    response->set_indexed_rows(response->indexed_rows() + progress.indexed_rows);
    response->set_total_rows(response->total_rows() + progress.total_rows);
  }
  return absl::OkStatus();
}

}  // namespace

void AddIndexRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "CreateIndex", Pool::kBlocking, &CreateIndex));
  rows.push_back(Row(proxy, "DropIndex", Pool::kBlocking, &DropIndex));
  rows.push_back(Row(proxy, "AlterIndex", Pool::kBlocking, &AlterIndex));
  rows.push_back(Row(proxy, "DescribeIndex", Pool::kBlocking, &DescribeIndex));
  rows.push_back(Row(proxy, "GetIndexStatistics", Pool::kBlocking, &GetIndexStatistics));
  rows.push_back(Row(proxy, "GetIndexState", Pool::kBlocking, &GetIndexState));
  rows.push_back(Row(proxy, "GetIndexBuildProgress", Pool::kBlocking, &GetIndexBuildProgress));
}

}  // namespace elanus::proxy
