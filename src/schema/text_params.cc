#include "schema/text_params.h"

#include "schema/validate.h"

namespace elanus::schema {
namespace {

bool IsOn(const FieldSchema& field, const char* key) {
  const auto it = field.type_params.find(key);
  return it != field.type_params.end() && ParseBool(it->second).value_or(false);
}

}  // namespace

bool EnablesAnalyzer(const FieldSchema& field) {
  return IsOn(field, "enable_analyzer");
}

bool EnablesMatch(const FieldSchema& field) {
  return IsOn(field, "enable_match");
}

std::string_view AnalyzerParams(const FieldSchema& field) {
  const auto it = field.type_params.find("analyzer_params");
  return it == field.type_params.end() ? std::string_view() : std::string_view(it->second);
}

}  // namespace elanus::schema
