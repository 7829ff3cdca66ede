#include <set>

#include "meta/codec.h"
#include "meta/codec_parts.h"
#include "meta/schema_codec.h"

namespace elanus::meta {
namespace {
using nlohmann::json;

json PartitionToJson(const Partition& partition) {
  return {{"id", partition.id.value()},
          {"name", partition.name},
          {"created", partition.created.value()}};
}

Partition PartitionFromJson(JsonReader& reader) {
  Partition out;
  out.id = reader.PositiveId<PartitionId>("id");
  out.name = reader.String("name");
  out.created = ReadTimestamp(reader, "created");
  return out;
}

json IndexToJson(const Index& index) {
  return {{"id", index.id.value()},
          {"name", index.name},
          {"field", index.field.value()},
          {"field_name", index.field_name},
          {"user_params", KeyValuesToJson(index.user_params)},
          {"type", index.type},
          {"metric", index.metric},
          {"params", index.params},
          {"json_path", index.json_path},
          {"created", index.created.value()}};
}

Index IndexFromJson(JsonReader& reader) {
  Index out;
  out.id = reader.PositiveId<IndexId>("id");
  out.name = reader.String("name");
  out.field = reader.PositiveId<FieldId>("field");
  out.field_name = reader.String("field_name");
  out.user_params = ReadKeyValues(reader, "user_params");
  out.type = reader.String("type");
  out.metric = reader.String("metric");
  for (const auto& [key, value] : reader.Object("params").items()) {
    if (!value.is_string()) {
      reader.Fail("params has something else than texts");
      break;
    }
    out.params[key] = value.get_ref<const std::string&>();
  }
  out.json_path = reader.String("json_path");
  out.created = ReadTimestamp(reader, "created");
  return out;
}

json LoadToJson(const LoadSpec& load) {
  return {{"loaded", load.loaded},
          {"all_partitions", load.all_partitions},
          {"partitions", IdsToJson(load.partitions)},
          {"fields", IdsToJson(load.fields)},
          {"replica_number", load.replica_number}};
}

LoadSpec LoadFromJson(JsonReader& owner, std::string_view what) {
  JsonReader reader(owner.Object("load"), what);
  LoadSpec out;
  out.loaded = reader.Bool("loaded");
  out.all_partitions = reader.Bool("all_partitions");
  out.partitions = ReadIds<PartitionId>(reader, "partitions");
  out.fields = ReadIds<FieldId>(reader, "fields");
  out.replica_number = static_cast<int32_t>(reader.Int("replica_number", 0, INT32_MAX));
  owner.Merge(reader.Finish());
  return out;
}

// Parts must refer to parts that exist.
void CheckTogether(JsonReader& reader, const Collection& collection) {
  std::set<PartitionId> partitions;
  for (const Partition& partition : collection.partitions) {
    if (!partitions.insert(partition.id).second) reader.Fail("two partitions of one id");
  }
  if (partitions.empty()) reader.Fail("no partition");
  for (const PartitionId id : collection.load.partitions) {
    if (!partitions.contains(id)) reader.Fail("a loaded partition does not exist");
  }
  for (const FieldId id : collection.load.fields) {
    if (collection.schema.Find(id) == nullptr) reader.Fail("a loaded field does not exist");
  }
  std::set<IndexId> indexes;
  for (const Index& index : collection.indexes) {
    if (!indexes.insert(index.id).second) reader.Fail("two indexes of one id");
    if (collection.schema.Find(index.field) == nullptr) reader.Fail("an index without its field");
  }
}

}  // namespace

absl::StatusOr<std::string> Encode(const Collection& collection) {
  json partitions = json::array();
  for (const Partition& partition : collection.partitions) {
    partitions.push_back(PartitionToJson(partition));
  }
  json indexes = json::array();
  for (const Index& index : collection.indexes) indexes.push_back(IndexToJson(index));
  return WriteJson({{"v", kRowVersion},
                    {"id", collection.id.value()},
                    {"database", collection.database.value()},
                    {"schema", SchemaToJson(collection.schema)},
                    {"shards", collection.num_shards},
                    {"consistency", static_cast<int32_t>(collection.consistency)},
                    {"properties", KeyValuesToJson(collection.properties)},
                    {"partitions", std::move(partitions)},
                    {"indexes", std::move(indexes)},
                    {"aliases", collection.aliases},
                    {"load", LoadToJson(collection.load)},
                    {"created", collection.created.value()},
                    {"updated", collection.updated.value()},
                    {"truncated", collection.truncated.value()}},
                   fmt::format("collection {}", collection.schema.name));
}

absl::StatusOr<Collection> DecodeCollection(std::string_view key, std::string_view value) {
  ELANUS_ASSIGN_OR_RETURN(const json object, ParseJson(value, key));
  JsonReader reader(object, key);
  CheckVersion(reader);
  Collection out;
  out.id = reader.PositiveId<CollectionId>("id");
  out.database = reader.PositiveId<DatabaseId>("database");
  absl::StatusOr<schema::CollectionSchema> schema = SchemaFromJson(reader.Object("schema"), key);
  reader.Merge(schema.status());
  if (schema.ok()) out.schema = *std::move(schema);
  out.num_shards = static_cast<int32_t>(reader.Int("shards", 1, INT32_MAX));
  out.consistency = static_cast<ConsistencyLevel>(reader.Int("consistency", 0, 4));
  out.properties = ReadKeyValues(reader, "properties");
  ReadObjects(reader, "partitions", key,
              [&](JsonReader& part) { out.partitions.push_back(PartitionFromJson(part)); });
  ReadObjects(reader, "indexes", key,
              [&](JsonReader& part) { out.indexes.push_back(IndexFromJson(part)); });
  for (const json& alias : reader.Array("aliases")) {
    if (alias.is_string())
      out.aliases.push_back(alias.get<std::string>());
    else
      reader.Fail("an alias is not a text");
  }
  out.load = LoadFromJson(reader, key);
  out.created = ReadTimestamp(reader, "created");
  out.updated = ReadTimestamp(reader, "updated");
  out.truncated = ReadTimestamp(reader, "truncated");
  CheckTogether(reader, out);
  ELANUS_RETURN_IF_ERROR(reader.Finish());
  return out;
}

}  // namespace elanus::meta
