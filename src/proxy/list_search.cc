#include "proxy/list_search.h"

#include <charconv>

#include "expr/element_filter.h"
#include "index/index_params.h"

namespace elanus::proxy {
namespace {

constexpr char kAnnRatioKey[] = "retrieval_ann_ratio";
constexpr char kRerankKey[] = "emb_list_rerank";

absl::Status NotForLists(std::string_view feature, const schema::FieldSchema& field) {
  return UserError(ErrorCode::kParameterInvalid,
                   "{} is not supported for vector array (embedding list) fields, fieldName: {}",
                   feature, field.name);
}

absl::Status NotForElements(std::string_view feature, const schema::FieldSchema& field) {
  return UserError(ErrorCode::kParameterInvalid,
                   "{} is not supported for element-level search, fieldName: {}", feature,
                   field.name);
}

absl::Status CheckAnnRatio(const SearchParams& params) {
  const auto it = params.index_params.find(kAnnRatioKey);
  if (it == params.index_params.end()) return absl::OkStatus();
  double ratio = 0;
  const char* const end = it->second.data() + it->second.size();
  const auto [at, error] = std::from_chars(it->second.data(), end, ratio);
  // The upper bound keeps the product with topk far from overflowing.
  if (error == std::errc() && at == end && ratio > 0 && ratio <= 1e6) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "{} [{}] is invalid, it should be a number in range (0, 1000000]", kAnnRatioKey,
                   it->second);
}

absl::Status CheckRerank(const SearchParams& params) {
  const auto it = params.index_params.find(kRerankKey);
  if (it == params.index_params.end() || index::ParseSettingBool(it->second).has_value()) {
    return absl::OkStatus();
  }
  return UserError(ErrorCode::kParameterInvalid, "{} [{}] is invalid, it should be a boolean",
                   kRerankKey, it->second);
}

}  // namespace

absl::Status CheckListParams(const SearchTarget& target, const SearchParams& params,
                             const schema::CollectionSchema& schema) {
  const schema::FieldSchema& field = *target.field;
  if (field.type != schema::DataType::kArrayOfVector) return absl::OkStatus();
  if (target.ranks_lists) {
    if (params.iterator) return NotForLists("search iterator", field);
    if (params.radius) return NotForLists("range search", field);
    if (params.group_by) return NotForLists("group by search", field);
    ELANUS_RETURN_IF_ERROR(CheckRerank(params));
    return CheckAnnRatio(params);
  }
  if (params.iterator && !params.iterator_v2) {
    return NotForElements("search iterator of the first version", field);
  }
  if (params.group_by &&
      params.group_by->fields != std::vector<std::string>{schema.primary_key().name}) {
    return NotForElements("group by another field than the primary key", field);
  }
  return absl::OkStatus();
}

absl::Status CheckElementFilter(const SearchTarget& target, const expr::Plan& filter) {
  const std::string& owner = expr::ElementStructOf(filter);
  if (owner.empty()) return absl::OkStatus();
  const bool finds_elements =
      target.field->type == schema::DataType::kArrayOfVector && !target.ranks_lists;
  if (finds_elements && target.field->struct_name == owner) return absl::OkStatus();
  return UserError(ErrorCode::kParameterInvalid,
                   "element_filter is only supported for element-level search on the same struct "
                   "array ({}); use MATCH_ANY to filter rows",
                   owner);
}

absl::Status CheckListQueries(const SearchTarget& target, const QueryVectors& vectors) {
  const schema::FieldSchema& field = *target.field;
  if (field.type != schema::DataType::kArrayOfVector) return absl::OkStatus();
  const bool lists = !vectors.list_begins.empty();
  if (lists == target.ranks_lists) return absl::OkStatus();
  if (lists) {
    return UserError(ErrorCode::kParameterInvalid,
                     "metric type not match: a search with embedding lists needs a MAX_SIM metric, "
                     "but field {} has {}",
                     field.name, kernels::MetricName(target.metric));
  }
  return UserError(ErrorCode::kParameterInvalid,
                   "vector type must be the same, field {} - type {}, search info type {}: its "
                   "metric MAX_SIM_{} needs an embedding list",
                   field.name, schema::DataTypeName(field.type),
                   schema::DataTypeName(field.element_type), kernels::MetricName(target.metric));
}

}  // namespace elanus::proxy
