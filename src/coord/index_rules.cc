#include "coord/index_rules.h"

#include <algorithm>

#include "common/logging.h"
#include "coord/json_path.h"
#include "coord/property_rules.h"
#include "index/index_kinds.h"
#include "index/scalar_kinds.h"
#include "meta/implied_indexes.h"
#include "schema/names.h"
#include "schema/validate.h"

namespace elanus::coord {
namespace {

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

constexpr std::string_view kAutoIndex = "AUTOINDEX";

const std::string* FindParam(const meta::KeyValues& params, std::string_view key) {
  for (const auto& [name, value] : params) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string TextOf(const index::Params& params) {
  std::string text;
  for (const auto& [key, value] : params) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", key, value);
  }
  return text;
}

bool IsAuto(const meta::KeyValues& params) {
  const std::string* type = FindParam(params, "index_type");
  return type == nullptr || type->empty() || *type == kAutoIndex;
}

bool MayBeAltered(std::string_view key) {
  return key == kMmapKey || key == kOffsetCacheKey || key == kWarmupKey;
}

meta::KeyValues SortedWithout(const meta::KeyValues& params, bool (*left_out)(std::string_view)) {
  meta::KeyValues out;
  for (const auto& param : params) {
    if (!left_out(param.first)) out.push_back(param);
  }
  std::sort(out.begin(), out.end());
  return out;
}

absl::Status CheckSize(const meta::KeyValues& params, int64_t max) {
  int64_t bytes = 0;
  for (const auto& [key, value] : params) {
    bytes += static_cast<int64_t>(key.size() + value.size());
  }
  if (bytes <= max) return absl::OkStatus();
  return UserError(ErrorCode::kParameterTooLarge, "index params too large: {} bytes, at most {}",
                   bytes, max);
}

// Fills what concerns JSON: path, default name, the name that describe shows.
absl::Status ResolveJson(const schema::FieldSchema& field, const std::string& field_name,
                         const meta::KeyValues& params, meta::Index& index) {
  const std::string* path = FindParam(params, "json_path");
  ELANUS_ASSIGN_OR_RETURN(std::vector<std::string> segments,
                          ParseJsonPath(path != nullptr && !path->empty() ? *path : field_name));
  // A path may begin with the field itself; on the dynamic field that is optional.
  const size_t first = segments.front() == field.name ? 1 : 0;
  if (first == 0 && !field.is_dynamic) {
    return Invalid("the json path {} does not begin with the field {}", *path, field.name);
  }
  index.json_path = JsonPointer(segments, first);
  index.field_name = field.is_dynamic && segments.size() > first ? segments[first] : field.name;
  if (index.name.empty()) index.name = (first == 0 ? "" : field.name) + index.json_path;
  if (index.name.starts_with('/')) index.name.erase(0, 1);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<meta::Index> ResolveRequest(const meta::Collection& collection,
                                           const std::string& field_name, const std::string& name,
                                           const meta::KeyValues& params, const Limits& limits) {
  ELANUS_RETURN_IF_ERROR(CheckSize(params, limits.index_params_bytes_max));
  const schema::FieldSchema* field = collection.schema.Find(field_name);
  if (field == nullptr) field = collection.schema.dynamic_field();
  if (field == nullptr) return Invalid("cannot create index on non-exist field: {}", field_name);
  if (!name.empty()) ELANUS_RETURN_IF_ERROR(schema::CheckIndexName(name, limits.schema));
  meta::Index index;
  index.name = name;
  index.field = field->id;
  index.field_name = field->name;
  index::AutoIndexRules rules = limits.auto_index;
  if (collection.Property(kQueryModeKey) == "large_topk") {
    rules.large_topk_build = limits.auto_index_large_topk;
  }
  ELANUS_ASSIGN_OR_RETURN(index::ResolvedIndex resolved,
                          index::ResolveIndex(*field, params, rules));
  if (resolved.is_auto) {
    ELANUS_LOG(Info, "AUTOINDEX chose an index type", Field("collection", collection.schema.name),
               Field("field", field->name), Field("type", resolved.type),
               Field("metric", resolved.metric), Field("params", TextOf(resolved.params)),
               Field("because", resolved.why));
  }
  if (field->type == schema::DataType::kJson) {
    ELANUS_RETURN_IF_ERROR(ResolveJson(*field, field_name, params, index));
  }
  index.type = std::move(resolved.type);
  index.metric = std::move(resolved.metric);
  index.params = std::move(resolved.params);
  index.user_params = params;
  if (resolved.is_auto && limits.auto_index.override_explicit && schema::IsVector(field->type)) {
    // What the client sees is AUTOINDEX, whatever it asked for.
    std::erase_if(index.user_params,
                  [](const auto& entry) { return entry.first != "metric_type"; });
  }
  if (limits.auto_index.override_scalar && !schema::IsVector(field->type)) {
    std::erase_if(index.user_params, [](const auto& entry) { return entry.first == "index_type"; });
  }
  if (resolved.is_auto) {
    if (FindParam(index.user_params, "index_type") == nullptr) {
      index.user_params.emplace(index.user_params.begin(), "index_type", kAutoIndex);
    }
    if (FindParam(params, "metric_type") == nullptr && !index.metric.empty()) {
      index.user_params.emplace_back("metric_type", index.metric);
    }
  }
  return index;
}

bool SameIndex(const meta::Index& existing, const meta::Index& wanted,
               const meta::KeyValues& params) {
  if (existing.field != wanted.field || existing.json_path != wanted.json_path) return false;
  // Whoever leaves the metric to the server gets what was chosen the first time.
  if (IsAuto(params) && IsAuto(existing.user_params)) {
    const auto left_out = [](std::string_view key) {
      return key == "index_type" || key == "metric_type" || MayBeAltered(key);
    };
    const auto nothing_more = [](std::string_view key) {
      return key == "index_type" || key == "metric_type";
    };
    const bool same_metric =
        FindParam(params, "metric_type") == nullptr || existing.metric == wanted.metric;
    return same_metric &&
           SortedWithout(existing.user_params, left_out) == SortedWithout(params, nothing_more);
  }
  return SortedWithout(existing.user_params, &MayBeAltered) ==
         SortedWithout(params, [](std::string_view) { return false; });
}

bool BuildsFiles(const meta::Index& index) {
  if (index.type == meta::kTextMatchIndex) return true;
  const index::IndexKind* kind = index::FindIndexKind(index.type);
  return kind != nullptr && kind->builds_files;
}

absl::Status CheckAlterIndexKey(const meta::Index& index, std::string_view key,
                                const std::string* value) {
  if (!MayBeAltered(key)) return Invalid("{} is not a configable index property", key);
  if (value == nullptr) return absl::OkStatus();
  if (key == kWarmupKey) return CheckWarmup(key, *value);
  const std::optional<bool> truth = schema::ParseBool(*value);
  if (!truth.has_value()) {
    return Invalid("invalid {} value: {}, expected: true, false", key, *value);
  }
  if (key == kOffsetCacheKey && index.type != "BITMAP") {
    return Invalid("only bitmap index support indexoffsetcache.enabled now");
  }
  const index::IndexKind* kind = index::FindIndexKind(index.type);
  if (key == kMmapKey && *truth && (kind == nullptr || !kind->supports_mmap)) {
    return Invalid("invalid mmap type params: index type {} does not support mmap", index.type);
  }
  return absl::OkStatus();
}

}  // namespace elanus::coord
