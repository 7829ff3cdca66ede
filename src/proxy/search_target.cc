#include "proxy/search_target.h"

#include "absl/strings/ascii.h"
#include "index/index_kinds.h"
#include "index/max_sim.h"
#include "index/minhash.h"
#include "proxy/list_search.h"

namespace elanus::proxy {
namespace {

absl::StatusOr<const schema::FieldSchema*> FindField(const schema::CollectionSchema& schema,
                                                     const std::string& name) {
  const std::vector<const schema::FieldSchema*> vectors = schema.vector_fields();
  if (vectors.empty()) {
    return UserError(ErrorCode::kParameterInvalid, "anns_field not found in schema");
  }
  if (name.empty() && vectors.size() > 1) {
    return UserError(ErrorCode::kParameterInvalid,
                     "multiple anns_fields exist, please specify a anns_field in search_params");
  }
  if (name.empty()) return vectors.front();
  const schema::FieldSchema* field = schema.Find(name);
  if (field == nullptr) {
    return UserError(ErrorCode::kParameterInvalid,
                     "failed to create query plan: failed to get field schema by name: "
                     "fieldName({}) not found",
                     name);
  }
  if (!schema::IsDenseVector(field->type) && field->type != schema::DataType::kArrayOfVector) {
    return UserError(ErrorCode::kParameterInvalid,
                     "failed to create query plan: field ({}) to search is not of a vector type "
                     "that this version can search: {}",
                     name, schema::DataTypeName(field->type));
  }
  return field;
}

// What an index that is not there would have: the field's data decides.
std::string DefaultMetric(const schema::FieldSchema& field) {
  const bool lists = field.type == schema::DataType::kArrayOfVector;
  const schema::DataType type = lists ? field.element_type : field.type;
  const std::string metric = type == schema::DataType::kBinaryVector ? "HAMMING" : "COSINE";
  return lists ? "MAX_SIM_" + metric : metric;
}

// One metric has two names.
std::string_view OneName(std::string_view metric) {
  return metric == "MAX_SIM" ? "MAX_SIM_COSINE" : metric;
}

}  // namespace

absl::StatusOr<SearchTarget> FindSearchTarget(const meta::Collection& collection,
                                              const SearchParams& params) {
  SearchTarget target;
  ELANUS_ASSIGN_OR_RETURN(target.field, FindField(collection.schema, params.anns_field));
  const meta::Index* index = collection.IndexOf(target.field->id);
  const std::string asked = absl::AsciiStrToUpper(params.metric_type);
  std::string metric = index != nullptr ? index->metric : asked;
  if (metric.empty()) metric = DefaultMetric(*target.field);
  if (!asked.empty() && OneName(asked) != OneName(metric)) {
    return UserError(ErrorCode::kParameterInvalid,
                     "metric type not match: invalid parameter[expected={}][actual={}]", metric,
                     params.metric_type);
  }
  const std::optional<kernels::Metric> known = index::ElementMetric(metric);
  if (!known) {
    return UserError(ErrorCode::kParameterInvalid, "metric type is not supported: {}", metric);
  }
  target.metric = *known;
  target.ranks_lists = index::IsMaxSim(metric);
  ELANUS_RETURN_IF_ERROR(CheckListParams(target, params, collection.schema));
  if (index == nullptr) return target;
  if (target.metric == kernels::Metric::kMinHash) {
    index::AddSignatureParams(index->params, target.index_params);
  }
  const index::IndexKind* kind = index::FindIndexKind(index->type);
  if (kind != nullptr && kind->check_search != nullptr) {
    ELANUS_RETURN_IF_ERROR(kind->check_search(params.index_params, params.topk + params.offset));
  }
  return target;
}

}  // namespace elanus::proxy
