// Collections: create, drop, look at, alter.
#include "milvus.pb.h"
#include "proxy/convert_key_values.h"
#include "proxy/convert_schema.h"
#include "proxy/describe_collection.h"
#include "proxy/rpc_rows.h"
#include "proxy/search_params.h"
#include "proxy/statistics.h"
#include "proxy/text_fields.h"
#include "schema/timestamptz.h"

namespace elanus::proxy {
namespace {

absl::Status CreateCollection(ProxyContext& proxy, CallContext& call,
                              const milvus_pb::CreateCollectionRequest& request,
                              common_pb::Status*) {
  roles::CreateCollectionRequest create;
  create.db = DatabaseOf(call, request.db_name());
  create.properties = FromWire(request.properties());
  // Default times without offset are in the collection's zone.
  ELANUS_ASSIGN_OR_RETURN(const absl::TimeZone zone,
                          schema::FindTimeZone(Find(create.properties, "timezone").value_or("")));
  ELANUS_ASSIGN_OR_RETURN(create.schema, SchemaFromBytes(request.schema(), zone));
  create.schema.name = request.collection_name();
  create.num_shards = request.shards_num();
  create.num_partitions = request.num_partitions();
  const int level = request.consistency_level();
  if (!common_pb::ConsistencyLevel_IsValid(level)) {
    return UserError(ErrorCode::kParameterInvalid, "unknown consistency level: {}", level);
  }
  create.consistency = static_cast<meta::ConsistencyLevel>(level);
  return proxy.coordinator->CreateCollection(create);
}

absl::Status DropCollection(ProxyContext& proxy, CallContext& call,
                            const milvus_pb::DropCollectionRequest& request, common_pb::Status*) {
  return proxy.coordinator->DropCollection(DatabaseOf(call, request.db_name()),
                                           request.collection_name());
}

absl::Status TruncateCollection(ProxyContext& proxy, CallContext& call,
                                const milvus_pb::TruncateCollectionRequest& request,
                                milvus_pb::TruncateCollectionResponse*) {
  return proxy.coordinator->TruncateCollection(DatabaseOf(call, request.db_name()),
                                               request.collection_name());
}

absl::Status RenameCollection(ProxyContext& proxy, CallContext& call,
                              const milvus_pb::RenameCollectionRequest& request,
                              common_pb::Status*) {
  const std::string database = DatabaseOf(call, request.db_name());
  return proxy.coordinator->RenameCollection(
      database, request.oldname(), request.newdbname().empty() ? database : request.newdbname(),
      request.newname());
}

absl::Status HasCollection(ProxyContext& proxy, CallContext& call,
                           const milvus_pb::HasCollectionRequest& request,
                           milvus_pb::BoolResponse* response) {
  const absl::Status found =
      FindCollection(proxy, call, request.db_name(), request.collection_name()).status();
  if (!found.ok() && CodeOf(found) != ErrorCode::kCollectionNotFound) return found;
  response->set_value(found.ok());
  return absl::OkStatus();
}

// By name, or by id when the name is empty. The words of the error are what clients look for.
absl::StatusOr<meta::CollectionPtr> FindToDescribe(ProxyContext& proxy, const std::string& database,
                                                   const std::string& name, int64_t id) {
  const bool by_id = name.empty() && id != 0;
  if (name.empty() && !by_id) {
    return UserError(ErrorCode::kParameterInvalid, "collection name should not be empty");
  }
  absl::StatusOr<meta::CollectionPtr> found =
      by_id ? proxy.coordinator->GetCollection(CollectionId(id))
            : proxy.coordinator->GetCollection(database, name);
  if (found.ok() || CodeOf(found.status()) != ErrorCode::kCollectionNotFound) return found;
  return UserError(ErrorCode::kCollectionNotFound,
                   "can't find collection[database={}][collection={}]", database,
                   by_id ? std::to_string(id) : name);
}

absl::Status DescribeCollection(ProxyContext& proxy, CallContext& call,
                                const milvus_pb::DescribeCollectionRequest& request,
                                milvus_pb::DescribeCollectionResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr collection,
                          FindToDescribe(proxy, DatabaseOf(call, request.db_name()),
                                         request.collection_name(), request.collectionid()));
  return DescribeToWire(proxy, *collection, request.collection_name(), response);
}

absl::Status BatchDescribeCollection(ProxyContext& proxy, CallContext& call,
                                     const milvus_pb::BatchDescribeCollectionRequest& request,
                                     milvus_pb::BatchDescribeCollectionResponse* response) {
  const std::string database = DatabaseOf(call, request.db_name());
  const auto add = [&](const std::string& name, int64_t id) {
    milvus_pb::DescribeCollectionResponse* one = response->add_responses();
    const absl::StatusOr<meta::CollectionPtr> collection =
        FindToDescribe(proxy, database, name, id);
    FillStatus(
        collection.ok() ? DescribeToWire(proxy, **collection, name, one) : collection.status(),
        one->mutable_status());
  };
  if (request.collection_name_size() == 0 && request.collectionid_size() == 0) {
    return UserError(ErrorCode::kParameterInvalid, "no collection name or id to describe");
  }
  for (const std::string& name : request.collection_name()) add(name, 0);
  for (const int64_t id : request.collectionid()) add("", id);
  return absl::OkStatus();
}

void ShowOne(ProxyContext& proxy, const meta::Collection& collection, bool in_memory,
             milvus_pb::ShowCollectionsResponse* response) {
  if (in_memory) {
    const roles::LoadStatus load = proxy.query_node->GetLoadStatus(collection.id, {});
    response->add_inmemory_percentages(load.percent);
    response->add_query_service_available(load.state == roles::LoadState::kLoaded);
  }
  response->add_collection_names(collection.schema.name);
  response->add_collection_ids(collection.id.value());
  response->add_created_timestamps(collection.created.value());
  response->add_created_utc_timestamps(PhysicalMs(collection.created));
  response->add_shards_num(collection.num_shards);
}

absl::Status ShowCollections(ProxyContext& proxy, CallContext& call,
                             const milvus_pb::ShowCollectionsRequest& request,
                             milvus_pb::ShowCollectionsResponse* response) {
  const std::string database = DatabaseOf(call, request.db_name());
  const bool named = request.collection_names_size() > 0;
  const bool in_memory = request.type() == milvus_pb::InMemory || named;
  if (named) {
    for (const std::string& name : request.collection_names()) {
      ELANUS_ASSIGN_OR_RETURN(const meta::CollectionPtr collection,
                              proxy.coordinator->GetCollection(database, name));
      if (!collection->load.loaded) {
        return UserError(ErrorCode::kCollectionNotLoaded, "collection not loaded[collection={}]",
                         name);
      }
      ShowOne(proxy, *collection, in_memory, response);
    }
    return absl::OkStatus();
  }
  ELANUS_ASSIGN_OR_RETURN(const std::vector<meta::CollectionPtr> collections,
                          proxy.coordinator->ListCollections(database));
  for (const meta::CollectionPtr& collection : collections) {
    if (in_memory && !collection->load.loaded) continue;
    ShowOne(proxy, *collection, in_memory, response);
  }
  return absl::OkStatus();
}

absl::Status GetCollectionStatistics(ProxyContext& proxy, CallContext& call,
                                     const milvus_pb::GetCollectionStatisticsRequest& request,
                                     milvus_pb::GetCollectionStatisticsResponse* response) {
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  common_pb::KeyValuePair* stat = response->add_stats();
  stat->set_key("row_count");
  stat->set_value(std::to_string(CountRows(proxy, collection->id, std::nullopt)));
  return absl::OkStatus();
}

absl::Status CheckSetOrDelete(bool sets, bool deletes) {
  if (sets && deletes) {
    return UserError(ErrorCode::kParameterInvalid,
                     "cannot provide both DeleteKeys and ExtraParams");
  }
  if (!sets && !deletes) {
    return UserError(ErrorCode::kParameterInvalid, "no properties or delete keys provided");
  }
  return absl::OkStatus();
}

absl::Status AlterCollection(ProxyContext& proxy, CallContext& call,
                             const milvus_pb::AlterCollectionRequest& request, common_pb::Status*) {
  ELANUS_RETURN_IF_ERROR(
      CheckSetOrDelete(request.properties_size() > 0, request.delete_keys_size() > 0));
  const meta::KeyValues properties = FromWire(request.properties());
  ELANUS_RETURN_IF_ERROR(schema::FindTimeZone(Find(properties, "timezone").value_or("")).status());
  return proxy.coordinator->AlterCollection(DatabaseOf(call, request.db_name()),
                                            request.collection_name(), properties,
                                            FromWire(request.delete_keys()));
}

absl::Status AlterCollectionField(ProxyContext& proxy, CallContext& call,
                                  const milvus_pb::AlterCollectionFieldRequest& request,
                                  common_pb::Status*) {
  ELANUS_RETURN_IF_ERROR(
      CheckSetOrDelete(request.properties_size() > 0, request.delete_keys_size() > 0));
  return proxy.coordinator->AlterField(
      DatabaseOf(call, request.db_name()), request.collection_name(), request.field_name(),
      FromWire(request.properties()), FromWire(request.delete_keys()));
}

absl::Status AddCollectionField(ProxyContext& proxy, CallContext& call,
                                const milvus_pb::AddCollectionFieldRequest& request,
                                common_pb::Status*) {
  const std::string database = DatabaseOf(call, request.db_name());
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  ELANUS_ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf("", *collection));
  ELANUS_ASSIGN_OR_RETURN(schema::FieldSchema field, FieldFromBytes(request.schema(), zone));
  ELANUS_RETURN_IF_ERROR(CheckTextField(field, collection->schema));
  return proxy.coordinator->AddField(database, request.collection_name(), std::move(field));
}

absl::Status AddCollectionStructField(ProxyContext& proxy, CallContext& call,
                                      const milvus_pb::AddCollectionStructFieldRequest& request,
                                      common_pb::Status*) {
  ELANUS_ASSIGN_OR_RETURN(
      const meta::CollectionPtr collection,
      FindCollection(proxy, call, request.db_name(), request.collection_name()));
  ELANUS_ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf("", *collection));
  schema::CollectionSchema added;
  ELANUS_RETURN_IF_ERROR(StructSchemaFromWire(request.struct_array_field_schema(), zone, added));
  return proxy.coordinator->AddStruct(DatabaseOf(call, request.db_name()),
                                      request.collection_name(), added.structs.front(),
                                      std::move(added.fields));
}

}  // namespace

void AddCollectionRows(ProxyContext& proxy, std::vector<RpcRow>& rows) {
  rows.push_back(Row(proxy, "CreateCollection", Pool::kBlocking, &CreateCollection));
  rows.push_back(Row(proxy, "DropCollection", Pool::kBlocking, &DropCollection));
  rows.push_back(Row(proxy, "TruncateCollection", Pool::kBlocking, &TruncateCollection));
  rows.push_back(Row(proxy, "RenameCollection", Pool::kBlocking, &RenameCollection));
  rows.push_back(Row(proxy, "HasCollection", Pool::kBlocking, &HasCollection));
  rows.push_back(Row(proxy, "DescribeCollection", Pool::kBlocking, &DescribeCollection));
  rows.push_back(Row(proxy, "BatchDescribeCollection", Pool::kBlocking, &BatchDescribeCollection));
  rows.push_back(Row(proxy, "ShowCollections", Pool::kBlocking, &ShowCollections));
  rows.push_back(Row(proxy, "GetCollectionStatistics", Pool::kBlocking, &GetCollectionStatistics));
  rows.push_back(Row(proxy, "AlterCollection", Pool::kBlocking, &AlterCollection));
  rows.push_back(Row(proxy, "AlterCollectionField", Pool::kBlocking, &AlterCollectionField));
  rows.push_back(Row(proxy, "AddCollectionField", Pool::kBlocking, &AddCollectionField));
  rows.push_back(
      Row(proxy, "AddCollectionStructField", Pool::kBlocking, &AddCollectionStructField));
}

}  // namespace elanus::proxy
