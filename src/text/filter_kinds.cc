// Every filter by its name in `analyzer_params`.
#include "text/filter.h"

namespace elanus::text {
namespace {

using nlohmann::json;

struct Kind {
  std::string_view name;
  FilterOr (*make)(Options& options);
};

constexpr Kind kKinds[] = {
    {"lowercase", MakeLowercaseFilter},
    {"asciifolding", MakeAsciiFoldingFilter},
    {"alphanumonly", MakeAlphanumericFilter},
    {"cncharonly", MakeHanFilter},
    {"cnalphanumonly", MakeHanAlphanumericFilter},
    {"removepunct", MakeRemovePunctuationFilter},
    {"length", MakeLengthFilter},
    {"stop", MakeStopFilter},
    {"stemmer", MakeStemmerFilter},
    {"decompounder", MakeDecompounderFilter},
    {"regex", MakeRegexFilter},
    {"synonym", MakeSynonymFilter},
    {"pinyin", MakePinyinFilter},
    {"decimaldigit", MakeDecimalDigitFilter},
    {"arabic_normalization", MakeArabicNormalizationFilter},
};

}  // namespace

FilterOr MakeFilter(const json& definition) {
  static const json* const kNoOptions = new json(json::object());
  const json* object = &definition;
  std::string name;
  if (definition.is_string()) {
    name = definition.get<std::string>();
    object = kNoOptions;
  } else if (definition.is_object() && definition.contains("type") &&
             definition["type"].is_string()) {
    name = definition["type"].get<std::string>();
  } else {
    return UserError(ErrorCode::kParameterInvalid,
                     "analyzer filter must be a name or an object with a type");
  }
  for (const Kind& kind : kKinds) {
    if (kind.name != name) continue;
    Options options("filter " + name, *object);
    options.Take("type");
    ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<const Filter> made, kind.make(options));
    ELANUS_RETURN_IF_ERROR(options.Finish());
    return made;
  }
  return UserError(ErrorCode::kParameterInvalid, "unknown analyzer filter: {}", name.substr(0, 64));
}

}  // namespace elanus::text
