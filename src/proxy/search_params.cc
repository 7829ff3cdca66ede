#include "proxy/search_params.h"

#include "proxy/search_trace.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "index/index_kinds.h"
#include "proxy/convert_key_values.h"
#include "proxy/field_path.h"
#include "proxy/search_iterator.h"
#include "schema/timestamptz.h"

namespace elanus::proxy {
namespace {

absl::Status NotSupported(std::string_view feature, std::string_view key) {
  return UserError(ErrorCode::kParameterInvalid, "{} is not supported by this version: {}", feature,
                   key);
}

// An empty value is what some clients send for "not used".
bool Uses(const meta::KeyValues& pairs, std::string_view key) {
  const std::optional<std::string_view> value = Find(pairs, key);
  return value && !value->empty();
}

bool IsLargeTopk(const meta::Collection& collection) {
  return collection.Property("query_mode") == "large_topk";
}

absl::Status CheckInRange(std::string_view name, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "{} [{}] is invalid, it should be in range [{}, {}], but got {}", name, value,
                   least, most, value);
}

absl::Status ReadTopkAndOffset(const meta::KeyValues& pairs, const meta::Collection& collection,
                               const Settings::Limits& limits, SearchParams& out) {
  const bool batches = out.iterator_v2 && Uses(pairs, "search_iter_batch_size");
  const char* const key = batches ? "search_iter_batch_size" : "topk";
  const std::optional<std::string_view> topk = Find(pairs, key);
  if (!topk) return UserError(ErrorCode::kParameterInvalid, "topk is required");
  const std::optional<int64_t> number = ParseInt(*topk);
  if (!number) return UserError(ErrorCode::kParameterInvalid, "{} [{}] is invalid", key, *topk);
  out.topk = *number;
  const bool large = IsLargeTopk(collection);
  const int64_t topk_max = large ? limits.large_topk_max : limits.topk_max;
  const int64_t window =
      large ? limits.large_query_result_window_max : limits.query_result_window_max;
  // The pages of an iterator are as large as they may be.
  if (out.iterator) out.topk = std::min({out.topk, topk_max, window});
  ELANUS_RETURN_IF_ERROR(CheckInRange(key, out.topk, 1, topk_max));
  ELANUS_ASSIGN_OR_RETURN(out.offset, IntOf(pairs, "offset", 0));
  ELANUS_RETURN_IF_ERROR(CheckInRange("offset", out.offset, 0, window));
  if (out.iterator_v2 && out.offset > 0) {
    return UserError(ErrorCode::kParameterInvalid,
                     "offset [{}] is not supported with a search iterator", out.offset);
  }
  return CheckInRange("offset+topk", out.offset + out.topk, 1, window);
}

absl::StatusOr<std::optional<double>> NumberIn(const std::map<std::string, std::string>& params,
                                               const char* key) {
  const auto it = params.find(key);
  if (it == params.end() || it->second.empty() || it->second == "null") return std::nullopt;
  double number = 0;
  const char* const end = it->second.data() + it->second.size();
  const auto [at, error] = std::from_chars(it->second.data(), end, number);
  if (error != std::errc() || at != end || std::isnan(number)) {
    return UserError(ErrorCode::kParameterInvalid,
                     "Type conflict in json: param '{}' ({}) should be a number", key, it->second);
  }
  return number;
}

absl::Status ReadIterator(const meta::KeyValues& pairs, SearchParams& out) {
  ELANUS_ASSIGN_OR_RETURN(out.iterator, BoolOf(pairs, "iterator", false));
  ELANUS_ASSIGN_OR_RETURN(const bool second, BoolOf(pairs, "search_iter_v2", false));
  if (!second) return absl::OkStatus();
  out.iterator = true;
  SearchIteratorParams& iterator = out.iterator_v2.emplace();
  iterator.token = Find(pairs, "search_iter_id").value_or("");
  if (!iterator.token.empty() && !IsToken(iterator.token)) {
    return UserError(ErrorCode::kParameterInvalid, "invalid token format: {}", iterator.token);
  }
  if (!Uses(pairs, "search_iter_last_bound")) return absl::OkStatus();
  std::string_view text = *Find(pairs, "search_iter_last_bound");
  if (text.front() == '+') text.remove_prefix(1);  // As Go writes infinity.
  float bound = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), bound);
  // Clients may write more digits than a float has, never a number beyond its range.
  if (error != std::errc() || at != text.data() + text.size() || std::isnan(bound)) {
    return UserError(ErrorCode::kParameterInvalid,
                     "search_iter_last_bound [{}] is invalid, it should be a number", text);
  }
  iterator.last_bound = bound;
  return absl::OkStatus();
}

absl::Status ReadGroupBy(const meta::KeyValues& pairs, SearchParams& out) {
  const bool plural = !Uses(pairs, "group_by_field") && Uses(pairs, "group_by_fields");
  const std::string_view field =
      Find(pairs, plural ? "group_by_fields" : "group_by_field").value_or("");
  if (field.empty()) return absl::OkStatus();
  GroupByParams& group_by = out.group_by.emplace();
  if (plural) {
    ELANUS_ASSIGN_OR_RETURN(group_by.fields, SplitFieldList(field, "group_by_fields"));
    if (group_by.fields.empty()) {
      return UserError(ErrorCode::kParameterInvalid, "group_by_fields has an empty part: {}",
                       field);
    }
  } else {
    group_by.fields.emplace_back(field);
  }
  group_by.plural = plural;
  group_by.json_path = Find(pairs, "json_path").value_or("");
  group_by.json_type = Find(pairs, "json_type").value_or("");
  ELANUS_ASSIGN_OR_RETURN(group_by.size, IntOf(pairs, "group_size", 1));
  ELANUS_ASSIGN_OR_RETURN(group_by.strict_size, BoolOf(pairs, "strict_group_size", false));
  ELANUS_ASSIGN_OR_RETURN(group_by.strict_cast, BoolOf(pairs, "strict_cast", false));
  return absl::OkStatus();
}

absl::Status ReadSearchOrder(const meta::KeyValues& pairs, SearchParams& out) {
  out.order_by = Find(pairs, "order_by_fields").value_or("");
  if (out.order_by.empty()) return absl::OkStatus();
  if (out.iterator) {
    return UserError(ErrorCode::kParameterInvalid,
                     "order_by_fields is not supported with a search iterator: {}", out.order_by);
  }
  if (out.group_by && out.group_by->fields.size() > 1) {
    return UserError(ErrorCode::kParameterInvalid,
                     "order_by_fields is not supported with several group_by_fields: {}",
                     out.order_by);
  }
  return absl::OkStatus();
}

absl::Status ReadIndexParams(const meta::KeyValues& pairs, SearchParams& out) {
  const std::string_view json = Find(pairs, "params").value_or("");
  ELANUS_ASSIGN_OR_RETURN(out.index_params, index::ParseSearchParams(json));
  ELANUS_ASSIGN_OR_RETURN(out.radius, NumberIn(out.index_params, "radius"));
  // Without a radius it means nothing.
  if (out.radius) {
    ELANUS_ASSIGN_OR_RETURN(out.range_filter, NumberIn(out.index_params, "range_filter"));
  }
  if (out.metric_type.empty()) {
    const auto metric = out.index_params.find("metric_type");
    if (metric != out.index_params.end()) out.metric_type = metric->second;
  }
  const auto growing = out.index_params.find("ignore_growing");
  if (growing != out.index_params.end() && ParseBool(growing->second).value_or(false)) {
    out.ignore_growing = true;
  }
  // They are for the proxy; an index knows only its own keys.
  for (const char* key :
       {"metric_type", "ignore_growing", "radius", "range_filter", "page_retain_order"}) {
    out.index_params.erase(key);
  }
  return absl::OkStatus();
}

absl::Status CheckWindow(const QueryParams& params, int64_t window) {
  if (params.limit <= 0) {
    return UserError(ErrorCode::kParameterInvalid,
                     "invalid max query result window, limit [{}] is invalid, it should be greater "
                     "than 0",
                     params.limit);
  }
  if (params.offset < 0) {
    return UserError(ErrorCode::kParameterInvalid,
                     "invalid max query result window, offset [{}] is invalid, it should be gte "
                     "than 0",
                     params.offset);
  }
  const int64_t reach =
      params.offset > window - params.limit ? window + 1 : params.offset + params.limit;
  if (reach <= window) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "invalid max query result window, (offset+limit) should be in range [1, {}], "
                   "but got {}",
                   window, static_cast<uint64_t>(params.offset) + params.limit);
}

}  // namespace

absl::StatusOr<SearchParams> ParseSearchParams(const meta::KeyValues& pairs,
                                               const meta::Collection& collection,
                                               const Settings::Limits& limits) {
  SearchParams out;
  ELANUS_RETURN_IF_ERROR(ReadIterator(pairs, out));
  ELANUS_RETURN_IF_ERROR(ReadGroupBy(pairs, out));
  ELANUS_RETURN_IF_ERROR(ReadSearchOrder(pairs, out));
  ELANUS_ASSIGN_OR_RETURN(out.time_parts, ParseTimeParts(Find(pairs, "time_fields").value_or("")));
  out.anns_field = Find(pairs, "anns_field").value_or("");
  out.metric_type = Find(pairs, "metric_type").value_or("");
  out.timezone = Find(pairs, "timezone").value_or("");
  ELANUS_RETURN_IF_ERROR(ReadTopkAndOffset(pairs, collection, limits, out));
  ELANUS_ASSIGN_OR_RETURN(out.ignore_growing, BoolOf(pairs, "ignore_growing", false));
  ELANUS_RETURN_IF_ERROR(ReadIndexParams(pairs, out));
  ELANUS_ASSIGN_OR_RETURN(out.round_decimal, IntOf(pairs, "round_decimal", -1));
  if (out.round_decimal < -1 || out.round_decimal > 6) {
    return UserError(ErrorCode::kParameterInvalid,
                     "round_decimal [{}] is invalid, it should be -1 or an integer in range [0, 6]",
                     out.round_decimal);
  }
  ELANUS_ASSIGN_OR_RETURN(out.collection_id, IntOf(pairs, "collection_id", 0));
  ELANUS_RETURN_IF_ERROR(CheckCollectionId(out.collection_id, collection));
  return out;
}

absl::StatusOr<QueryParams> ParseQueryParams(const meta::KeyValues& pairs,
                                             const meta::Collection& collection,
                                             const Settings::Limits& limits) {
  if (Uses(pairs, "query_iter_last_pk")) {
    return NotSupported("element iterator", "query_iter_last_pk");
  }
  QueryParams out;
  out.group_by = Find(pairs, "group_by_fields").value_or("");
  out.order_by = Find(pairs, "order_by_fields").value_or("");
  ELANUS_ASSIGN_OR_RETURN(out.time_parts, ParseTimeParts(Find(pairs, "time_fields").value_or("")));
  out.timezone = Find(pairs, "timezone").value_or("");
  ELANUS_ASSIGN_OR_RETURN(out.iterator, BoolOf(pairs, "iterator", false));
  ELANUS_ASSIGN_OR_RETURN(out.ignore_growing, BoolOf(pairs, "ignore_growing", false));
  ELANUS_ASSIGN_OR_RETURN(out.explain, BoolOf(pairs, kExplainKey, false));
  // Read for its errors only: every page holds the smallest keys anyway.
  ELANUS_RETURN_IF_ERROR(BoolOf(pairs, "reduce_stop_for_best", false).status());
  ELANUS_ASSIGN_OR_RETURN(out.collection_id, IntOf(pairs, "collection_id", 0));
  ELANUS_RETURN_IF_ERROR(CheckCollectionId(out.collection_id, collection));
  if (out.iterator && !out.group_by.empty()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "group_by_fields is not supported with a query iterator: {}", out.group_by);
  }
  if (out.iterator && !out.order_by.empty()) {
    return UserError(ErrorCode::kParameterInvalid,
                     "ORDER BY is not supported with a query iterator: {}", out.order_by);
  }
  if (!Uses(pairs, "limit")) return out;  // An offset without limit is ignored.
  ELANUS_ASSIGN_OR_RETURN(out.limit, IntOf(pairs, "limit", -1));
  ELANUS_ASSIGN_OR_RETURN(out.offset, IntOf(pairs, "offset", 0));
  // pymilvus sends -1 for "no limit".
  if (out.limit == -1) {
    out.offset = 0;
    return out;
  }
  const int64_t window = IsLargeTopk(collection) ? limits.large_query_result_window_max
                                                 : limits.query_result_window_max;
  ELANUS_RETURN_IF_ERROR(CheckWindow(out, window));
  return out;
}

absl::Status CheckCollectionId(int64_t wanted, const meta::Collection& collection) {
  if (wanted == 0 || wanted == collection.id.value()) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "collection ids are not the same, the alias may have been moved: collection {} "
                   "is {} now, the request is for {}",
                   collection.schema.name, collection.id, wanted);
}

absl::StatusOr<absl::TimeZone> ZoneOf(const std::string& requested,
                                      const meta::Collection& collection) {
  if (!requested.empty()) return schema::FindTimeZone(requested);
  return schema::FindTimeZone(collection.Property("timezone").value_or(""));
}

}  // namespace elanus::proxy
