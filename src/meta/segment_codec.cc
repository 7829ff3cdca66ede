#include "meta/codec.h"
#include "meta/codec_parts.h"

namespace elanus::meta {
namespace {
using nlohmann::json;

json ValuesToJson(const ColumnValues& values) {
  json out = {{"nulls", values.num_nulls}};
  if (values.has_nan) out["nan"] = true;
  if (values.max_is_prefix) out["cut"] = true;
  switch (values.kind) {
    case ColumnValues::Kind::kNone:
      break;
    case ColumnValues::Kind::kInt:
      out["ints"] = {values.min_int, values.max_int};
      break;
    case ColumnValues::Kind::kReal:
      out["reals"] = {values.min_real, values.max_real};
      break;
    case ColumnValues::Kind::kText:
      out["texts"] = {values.min_text, values.max_text};
      break;
  }
  if (!values.ints.empty()) out["all"] = values.ints;
  if (!values.texts.empty()) out["all"] = values.texts;
  return out;
}

bool IsInt64(const json& value) {
  return value.is_number_integer() && (!value.is_number_unsigned() || value <= INT64_MAX);
}

ColumnValues ValuesFromJson(JsonReader& reader) {
  using Kind = ColumnValues::Kind;
  ColumnValues out;
  out.num_nulls = reader.Int("nulls", 0);
  if (reader.Has("nan")) out.has_nan = reader.Bool("nan");
  if (reader.Has("cut")) out.max_is_prefix = reader.Bool("cut");
  const auto range = [&](const char* name, Kind kind, const auto& is_one) -> const json* {
    if (!reader.Has(name)) return nullptr;
    const json& pair = reader.Array(name);
    if (out.kind != Kind::kNone || pair.size() != 2 || !is_one(pair[0]) || !is_one(pair[1]) ||
        pair[1] < pair[0]) {
      reader.Fail("values have no such range");
      return nullptr;
    }
    out.kind = kind;
    return &pair;
  };
  if (const json* pair = range("ints", Kind::kInt, IsInt64)) {
    out.min_int = (*pair)[0].get<int64_t>();
    out.max_int = (*pair)[1].get<int64_t>();
  }
  if (const json* pair = range("reals", Kind::kReal, [](const json& v) { return v.is_number(); })) {
    out.min_real = (*pair)[0].get<double>();
    out.max_real = (*pair)[1].get<double>();
  }
  if (const json* pair = range("texts", Kind::kText, [](const json& v) { return v.is_string(); })) {
    out.min_text = (*pair)[0].get<std::string>();
    out.max_text = (*pair)[1].get<std::string>();
  }
  if (!reader.Has("all")) return out;
  for (const json& value : reader.Array("all")) {
    if (out.kind == Kind::kInt && IsInt64(value)) {
      out.ints.push_back(value.get<int64_t>());
    } else if (out.kind == Kind::kText && value.is_string()) {
      out.texts.push_back(value.get<std::string>());
    } else {
      reader.Fail("values are of another type than their range");
      break;
    }
  }
  return out;
}

json FileToJson(const FieldFile& file) {
  json out = {{"field", file.field.value()}, {"key", file.key}, {"bytes", file.bytes}};
  if (!file.quantiles.empty()) out["quantiles"] = file.quantiles;
  if (file.paths) out["paths"] = true;
  if (file.values.has_value()) out["values"] = ValuesToJson(*file.values);
  return out;
}

FieldFile FileFromJson(JsonReader& reader) {
  FieldFile out;
  out.field = FieldId(reader.Int("field", 0));
  out.key = reader.String("key");
  out.bytes = reader.Int("bytes", 0);
  if (reader.Has("paths")) out.paths = reader.Bool("paths");
  if (reader.Has("values")) {
    const json& values = reader.Object("values");
    JsonReader part(values, "values");
    out.values = ValuesFromJson(part);
    reader.Merge(part.Finish());
  }
  if (!reader.Has("quantiles")) return out;
  for (const json& value : reader.Array("quantiles")) {
    if (!value.is_number_integer() || (value.is_number_unsigned() && value > INT64_MAX)) {
      reader.Fail("quantiles has something else than times");
      break;
    }
    out.quantiles.push_back(value.get<int64_t>());
  }
  return out;
}

json SegmentIndexToJson(const SegmentIndex& index) {
  json out = {{"index", index.index.value()},
              {"build", index.build.value()},
              {"state", static_cast<int>(index.state)},
              {"key", index.key},
              {"bytes", index.bytes},
              {"fail_reason", index.fail_reason}};
  if (index.parts.empty()) return out;
  json& parts = out["parts"] = json::array();
  for (const IndexPart& part : index.parts) {
    parts.push_back({part.first_row, part.offset, part.bytes});
  }
  return out;
}

// Each begins behind the one before, rows and bytes; the first with row 0.
std::vector<IndexPart> PartsFromJson(JsonReader& reader, int64_t object_bytes) {
  std::vector<IndexPart> out;
  for (const json& value : reader.Array("parts")) {
    const bool numbers =
        value.is_array() && value.size() == 3 && std::all_of(value.begin(), value.end(), IsInt64);
    if (!numbers) {
      reader.Fail("parts has something else than runs of rows");
      return {};
    }
    const IndexPart part{value[0].get<int64_t>(), value[1].get<int64_t>(), value[2].get<int64_t>()};
    const bool first = out.empty();
    if (first ? part.first_row != 0 : part.first_row <= out.back().first_row) {
      reader.Fail("parts are not in the order of rows");
    } else if (part.bytes <= 0 || part.bytes > object_bytes ||
               part.offset < (first ? 0 : out.back().offset + out.back().bytes) ||
               part.offset > object_bytes - part.bytes) {
      reader.Fail("parts do not lie in the object");
    }
    out.push_back(part);
  }
  return out;
}

SegmentIndex SegmentIndexFromJson(JsonReader& reader) {
  SegmentIndex out;
  out.index = reader.PositiveId<IndexId>("index");
  out.build = BuildId(reader.Int("build", 0));
  out.state = static_cast<BuildState>(reader.Int("state", 0, 2));
  out.key = reader.String("key");
  out.bytes = reader.Int("bytes", 0);
  out.fail_reason = reader.String("fail_reason");
  if (reader.Has("parts")) out.parts = PartsFromJson(reader, out.bytes);
  return out;
}

json ReplacedToJson(const ReplacedSegment& replaced) {
  return {{"id", replaced.id.value()}, {"log_end", replaced.log_end}};
}

ReplacedSegment ReplacedFromJson(JsonReader& reader) {
  ReplacedSegment out;
  out.id = reader.PositiveId<SegmentId>("id");
  out.log_end = reader.Unsigned("log_end");
  return out;
}

}  // namespace

absl::StatusOr<std::string> Encode(const Segment& segment) {
  json files = json::array();
  for (const FieldFile& file : segment.files) files.push_back(FileToJson(file));
  json indexes = json::array();
  for (const SegmentIndex& index : segment.indexes) indexes.push_back(SegmentIndexToJson(index));
  json replaces = json::array();
  for (const ReplacedSegment& replaced : segment.replaces) {
    replaces.push_back(ReplacedToJson(replaced));
  }
  json row = {{"v", kRowVersion},
              {"id", segment.id.value()},
              {"collection", segment.collection.value()},
              {"partition", segment.partition.value()},
              {"shard", segment.shard},
              {"rows", segment.num_rows},
              {"min_timestamp", segment.min_timestamp.value()},
              {"max_timestamp", segment.max_timestamp.value()},
              {"flushed", segment.flushed.value()},
              {"files", std::move(files)},
              {"indexes", std::move(indexes)},
              {"log_end", segment.log_end},
              {"replaces", std::move(replaces)},
              {"deletes_applied", segment.deletes_applied.value()},
              {"merged", segment.merged}};
  if (!segment.siblings.empty()) {
    json siblings = json::array();
    for (const SegmentId sibling : segment.siblings) siblings.push_back(sibling.value());
    row["siblings"] = std::move(siblings);
  }
  if (segment.ordered_by.valid()) row["ordered_by"] = segment.ordered_by.value();
  if (segment.clustered_by.valid()) {
    row["clustered_by"] = segment.clustered_by.value();
    row["clustering"] = segment.clustering;
  }
  return WriteJson(row, fmt::format("segment {}", segment.id));
}

absl::StatusOr<Segment> DecodeSegment(std::string_view key, std::string_view value) {
  ELANUS_ASSIGN_OR_RETURN(const json object, ParseJson(value, key));
  JsonReader reader(object, key);
  CheckVersion(reader);
  Segment out;
  out.id = reader.PositiveId<SegmentId>("id");
  out.collection = reader.PositiveId<CollectionId>("collection");
  out.partition = reader.PositiveId<PartitionId>("partition");
  out.shard = static_cast<int32_t>(reader.Int("shard", 0, INT32_MAX));
  out.num_rows = reader.Int("rows", 0);
  out.min_timestamp = ReadTimestamp(reader, "min_timestamp");
  out.max_timestamp = ReadTimestamp(reader, "max_timestamp");
  out.flushed = ReadTimestamp(reader, "flushed");
  ReadObjects(reader, "files", key,
              [&](JsonReader& part) { out.files.push_back(FileFromJson(part)); });
  ReadObjects(reader, "indexes", key,
              [&](JsonReader& part) { out.indexes.push_back(SegmentIndexFromJson(part)); });
  // Servers before compaction did not write these.
  out.log_end = UINT64_MAX;
  if (reader.Has("log_end")) {
    out.log_end = reader.Unsigned("log_end");
    ReadObjects(reader, "replaces", key,
                [&](JsonReader& part) { out.replaces.push_back(ReplacedFromJson(part)); });
    out.deletes_applied = ReadTimestamp(reader, "deletes_applied");
    out.merged = reader.Bool("merged");
  }
  if (reader.Has("siblings")) {
    for (const json& value : reader.Array("siblings")) {
      if (!value.is_number_integer() || value <= 0 || value > INT64_MAX) {
        reader.Fail("siblings has something else than ids");
        break;
      }
      out.siblings.emplace_back(value.get<int64_t>());
    }
  }
  if (reader.Has("ordered_by")) out.ordered_by = reader.PositiveId<FieldId>("ordered_by");
  if (reader.Has("clustered_by")) {
    out.clustered_by = reader.PositiveId<FieldId>("clustered_by");
    out.clustering = reader.Int("clustering", 0);
  }
  for (const SegmentIndex& index : out.indexes) {
    if (!index.parts.empty() && index.parts.back().first_row >= out.num_rows) {
      reader.Fail("parts begin behind the last row");
    }
  }
  ELANUS_RETURN_IF_ERROR(reader.Finish());
  return out;
}

}  // namespace elanus::meta
