#include "meta/codec.h"

#include <charconv>

#include "meta/codec_parts.h"

namespace elanus::meta {
namespace {
using nlohmann::json;
}  // namespace

absl::StatusOr<std::string> Encode(const Format& format) {
  return WriteJson({{"v", kRowVersion}, {"format", format.format}, {"instance", format.instance}},
                   "the format row");
}

absl::StatusOr<Format> DecodeFormat(std::string_view key, std::string_view value) {
  ELANUS_ASSIGN_OR_RETURN(const json object, ParseJson(value, key));
  JsonReader reader(object, key);
  CheckVersion(reader);
  Format out;
  out.format = reader.Int("format");
  out.instance = reader.String("instance");
  ELANUS_RETURN_IF_ERROR(reader.Finish());
  return out;
}

absl::StatusOr<std::string> Encode(const Database& database) {
  return WriteJson({{"v", kRowVersion},
                    {"id", database.id.value()},
                    {"name", database.name},
                    {"properties", KeyValuesToJson(database.properties)},
                    {"created", database.created.value()}},
                   fmt::format("database {}", database.id));
}

absl::StatusOr<Database> DecodeDatabase(std::string_view key, std::string_view value) {
  ELANUS_ASSIGN_OR_RETURN(const json object, ParseJson(value, key));
  JsonReader reader(object, key);
  CheckVersion(reader);
  Database out;
  out.id = reader.PositiveId<DatabaseId>("id");
  out.name = reader.String("name");
  out.properties = ReadKeyValues(reader, "properties");
  out.created = ReadTimestamp(reader, "created");
  ELANUS_RETURN_IF_ERROR(reader.Finish());
  return out;
}

absl::StatusOr<std::string> Encode(const Delta& delta) {
  return WriteJson({{"v", kRowVersion},
                    {"id", delta.id},
                    {"collection", delta.collection.value()},
                    {"shard", delta.shard},
                    {"key", delta.key},
                    {"rows", delta.num_rows},
                    {"min_timestamp", delta.min_timestamp.value()},
                    {"max_timestamp", delta.max_timestamp.value()}},
                   fmt::format("delta {}", delta.id));
}

absl::StatusOr<Delta> DecodeDelta(std::string_view key, std::string_view value) {
  ELANUS_ASSIGN_OR_RETURN(const json object, ParseJson(value, key));
  JsonReader reader(object, key);
  CheckVersion(reader);
  Delta out;
  out.id = reader.Int("id", 1);
  out.collection = reader.PositiveId<CollectionId>("collection");
  out.shard = static_cast<int32_t>(reader.Int("shard", 0, INT32_MAX));
  out.key = reader.String("key");
  out.num_rows = reader.Int("rows", 0);
  out.min_timestamp = ReadTimestamp(reader, "min_timestamp");
  out.max_timestamp = ReadTimestamp(reader, "max_timestamp");
  ELANUS_RETURN_IF_ERROR(reader.Finish());
  return out;
}

std::string EncodeNumber(uint64_t number) {
  return fmt::format("{}", number);
}

absl::StatusOr<uint64_t> DecodeNumber(std::string_view key, std::string_view value) {
  uint64_t number = 0;
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || rest != end || value.empty()) {
    return InternalError(ErrorCode::kDataIntegrity, "the catalog is damaged: {}: not a number",
                         key);
  }
  return number;
}

}  // namespace elanus::meta
