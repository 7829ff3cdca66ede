#include "meta/codec.h"
#include "meta/codec_parts.h"

namespace elanus::meta {
namespace {
using nlohmann::json;
}  // namespace

absl::StatusOr<std::string> Encode(const Snapshot& snapshot) {
  json pins = json::array();
  for (const SnapshotPin& pin : snapshot.pins) {
    pins.push_back({{"id", pin.id}, {"until_ms", pin.until_ms}});
  }
  return WriteJson({{"v", kRowVersion},
                    {"id", snapshot.id.value()},
                    {"name", snapshot.name},
                    {"description", snapshot.description},
                    {"collection", snapshot.collection.value()},
                    {"at", snapshot.at.value()},
                    {"created_ms", snapshot.created_ms},
                    {"protected_until_ms", snapshot.protected_until_ms},
                    {"pins", std::move(pins)}},
                   fmt::format("snapshot {}", snapshot.name));
}

absl::StatusOr<Snapshot> DecodeSnapshot(std::string_view key, std::string_view value) {
  ELANUS_ASSIGN_OR_RETURN(const json object, ParseJson(value, key));
  JsonReader reader(object, key);
  CheckVersion(reader);
  Snapshot out;
  out.id = reader.PositiveId<SnapshotId>("id");
  out.name = reader.String("name");
  out.description = reader.String("description");
  out.collection = reader.PositiveId<CollectionId>("collection");
  out.at = ReadTimestamp(reader, "at");
  out.created_ms = reader.Unsigned("created_ms");
  out.protected_until_ms = reader.Unsigned("protected_until_ms");
  ReadObjects(reader, "pins", key, [&](JsonReader& part) {
    out.pins.push_back({part.Int("id", 1), part.Unsigned("until_ms")});
  });
  ELANUS_RETURN_IF_ERROR(reader.Finish());
  return out;
}

absl::StatusOr<std::string> Encode(const RestoreJob& job) {
  json row = {{"v", kRowVersion},
              {"id", job.id},
              {"snapshot", job.snapshot.value()},
              {"snapshot_name", job.snapshot_name},
              {"database", job.database.value()},
              {"collection_name", job.collection_name},
              {"copies", job.copies},
              {"state", static_cast<int>(job.state)},
              {"progress", job.progress},
              {"reason", job.reason},
              {"started_ms", job.started_ms},
              {"cost_ms", job.cost_ms}};
  if (!job.uri.empty()) {
    row["external"] = {{"uri", job.uri},
                       {"exports", job.exports},
                       {"num_files", job.num_files},
                       {"num_copied", job.num_copied},
                       {"num_bytes", job.num_bytes}};
  }
  return WriteJson(row, fmt::format("restore {}", job.id));
}

absl::StatusOr<RestoreJob> DecodeRestoreJob(std::string_view key, std::string_view value) {
  ELANUS_ASSIGN_OR_RETURN(const json object, ParseJson(value, key));
  JsonReader reader(object, key);
  CheckVersion(reader);
  RestoreJob out;
  out.id = reader.Int("id", 1);
  out.snapshot = reader.PositiveId<SnapshotId>("snapshot");
  out.snapshot_name = reader.String("snapshot_name");
  out.database = reader.PositiveId<DatabaseId>("database");
  out.collection_name = reader.String("collection_name");
  out.copies = reader.Bool("copies");
  out.state = static_cast<RestoreJob::State>(reader.Int("state", 0, 3));
  out.progress = static_cast<int32_t>(reader.Int("progress", 0, 100));
  out.reason = reader.String("reason");
  out.started_ms = reader.Unsigned("started_ms");
  out.cost_ms = reader.Unsigned("cost_ms");
  if (reader.Has("external")) {
    JsonReader external(reader.Object("external"), key);
    out.uri = external.String("uri");
    out.exports = external.Bool("exports");
    out.num_files = external.Int("num_files", 0);
    out.num_copied = external.Int("num_copied", 0);
    out.num_bytes = external.Int("num_bytes", 0);
    reader.Merge(external.Finish());
  }
  ELANUS_RETURN_IF_ERROR(reader.Finish());
  return out;
}

}  // namespace elanus::meta
