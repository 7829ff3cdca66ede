#include "proxy/text_fields.h"

#include "schema/text_params.h"
#include "schema/validate.h"
#include "text/analyzer.h"
#include "text/multi_analyzer.h"

namespace elanus::proxy {
namespace {

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return UserError(ErrorCode::kParameterInvalid, format, std::forward<Args>(args)...);
}

absl::Status CheckSwitches(const schema::FieldSchema& field) {
  const bool text =
      field.type == schema::DataType::kVarChar || field.type == schema::DataType::kText;
  for (const char* key : {"enable_analyzer", "enable_match"}) {
    const auto given = field.type_params.find(key);
    if (given == field.type_params.end()) continue;
    const std::optional<bool> value = schema::ParseBool(given->second);
    if (!value.has_value()) {
      return Invalid("the value of type param({}) of field {} should be true or false, but got {}",
                     key, field.name, given->second.substr(0, 64));
    }
    if (*value && !text) {
      return Invalid("type param({}) is for fields of type VarChar: field {} has the type {}", key,
                     field.name, schema::DataTypeName(field.type));
    }
  }
  if (schema::EnablesMatch(field) && !schema::EnablesAnalyzer(field)) {
    return Invalid(
        "field {} which has enable_match or is input of BM25 function must also enable_analyzer",
        field.name);
  }
  return absl::OkStatus();
}

absl::Status CheckMultiAnalyzer(const schema::FieldSchema& field, const std::string& params,
                                const schema::CollectionSchema& schema) {
  if (schema::EnablesMatch(field)) {
    return Invalid("multi analyzer now only support for bm25, but now field {} enable match",
                   field.name);
  }
  if (!schema::AnalyzerParams(field).empty()) {
    return Invalid("field {} analyzer params should be none if has multi analyzer params",
                   field.name);
  }
  const absl::StatusOr<text::MultiAnalyzer> analyzers = text::MultiAnalyzer::Parse(params);
  if (!analyzers.ok()) return WithContext(analyzers.status(), "field " + field.name);
  const schema::FieldSchema* by_field = schema.Find(analyzers->by_field());
  if (by_field == nullptr) {
    return Invalid("multi analyzer params of field {}: field {} not exist", field.name,
                   analyzers->by_field());
  }
  if (by_field->type != schema::DataType::kVarChar) {
    return Invalid("multi analyzer params of field {}: by_field {} must be a VarChar field",
                   field.name, by_field->name);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTextField(const schema::FieldSchema& field,
                            const schema::CollectionSchema& schema) {
  ELANUS_RETURN_IF_ERROR(CheckSwitches(field));
  const auto multi = field.type_params.find("multi_analyzer_params");
  if (multi != field.type_params.end()) {
    ELANUS_RETURN_IF_ERROR(CheckMultiAnalyzer(field, multi->second, schema));
  }
  if (schema::AnalyzerParams(field).empty()) return absl::OkStatus();
  const absl::Status analyzer = text::SharedAnalyzer(schema::AnalyzerParams(field)).status();
  return analyzer.ok() ? analyzer : WithContext(analyzer, "field " + field.name);
}

}  // namespace elanus::proxy
