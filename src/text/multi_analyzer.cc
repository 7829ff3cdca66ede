#include "text/multi_analyzer.h"

#include "text/options.h"

namespace elanus::text {

using nlohmann::json;

absl::StatusOr<MultiAnalyzer> MultiAnalyzer::Parse(std::string_view params) {
  const json definition = json::parse(params, nullptr, /*allow_exceptions=*/false);
  if (!definition.is_object()) {
    return UserError(ErrorCode::kParameterInvalid, "multi analyzer params must be a JSON object");
  }
  MultiAnalyzer made;
  Options options("multi_analyzer_params", definition);
  ELANUS_ASSIGN_OR_RETURN(const std::optional<std::string> by_field, options.String("by_field"));
  if (!by_field.has_value()) return options.Missing("by_field");
  made.by_field_ = *by_field;
  const json* analyzers = options.Take("analyzers");
  if (analyzers == nullptr) return options.Missing("analyzers");
  if (!analyzers->is_object() || !analyzers->contains("default")) {
    return options.Wrong("analyzers", "an object with the key default");
  }
  for (const auto& [name, analyzer] : analyzers->items()) {
    ELANUS_ASSIGN_OR_RETURN(made.analyzers_[name], MakeAnalyzer(analyzer, 0));
  }
  if (const json* aliases = options.Take("alias")) {
    if (!aliases->is_object()) return options.Wrong("alias", "an object of analyzers by alias");
    for (const auto& [alias, name] : aliases->items()) {
      if (!name.is_string() || !made.analyzers_.contains(name.get<std::string>())) {
        return options.Wrong("alias", "an object whose values are names of analyzers");
      }
      made.aliases_[alias] = name.get<std::string>();
    }
  }
  ELANUS_RETURN_IF_ERROR(options.Finish());
  return made;
}

const AnalyzerPtr& MultiAnalyzer::Of(std::string_view name) const {
  const auto alias = aliases_.find(name);
  const auto found = analyzers_.find(alias == aliases_.end() ? name : alias->second);
  return found == analyzers_.end() ? analyzers_.find("default")->second : found->second;
}

}  // namespace elanus::text
