#include "proxy/describe_collection.h"

#include "milvus.pb.h"
#include "proxy/convert_key_values.h"
#include "proxy/convert_schema.h"
#include "proxy/proxy_context.h"
#include "proxy/search_params.h"

namespace elanus::proxy {

std::string PhysicalChannel(const ProxyContext& proxy, int32_t shard) {
  const auto settings = proxy.Now();
  return fmt::format("{}-{}_{}", settings->log.channel_prefix, settings->log.dml_channel_name,
                     shard);
}

std::string VirtualChannel(const ProxyContext& proxy, const meta::Collection& collection,
                           int32_t shard) {
  return fmt::format("{}_{}v{}", PhysicalChannel(proxy, shard), collection.id, shard);
}

absl::Status DescribeToWire(const ProxyContext& proxy, const meta::Collection& collection,
                            const std::string& requested_name,
                            milvus_pb::DescribeCollectionResponse* out) {
  ELANUS_ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf("", collection));
  SchemaToWire(collection.schema, zone, out->mutable_schema());
  out->set_collectionid(collection.id.value());
  out->set_collection_name(requested_name.empty() ? collection.schema.name : requested_name);
  out->set_db_name(collection.database_name);
  out->set_db_id(collection.database.value());
  out->set_created_timestamp(collection.created.value());
  out->set_created_utc_timestamp(PhysicalMs(collection.created));
  out->set_shards_num(collection.num_shards);
  out->set_num_partitions(static_cast<int64_t>(collection.partitions.size()));
  out->set_consistency_level(static_cast<common_pb::ConsistencyLevel>(collection.consistency));
  for (const std::string& alias : collection.aliases) out->add_aliases(alias);
  ToWire(collection.properties, out->mutable_properties());
  for (int32_t shard = 0; shard < collection.num_shards; ++shard) {
    out->add_physical_channel_names(PhysicalChannel(proxy, shard));
    out->add_virtual_channel_names(VirtualChannel(proxy, collection, shard));
  }
  // Clients send this back with their writes; it changes with the schema and with nothing else.
  out->set_update_timestamp(collection.updated.value());
  out->set_update_timestamp_str(std::to_string(collection.updated.value()));
  return absl::OkStatus();
}

}  // namespace elanus::proxy
