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
  ELANUS_ASSIGN_OR_RETURN(const Definition part, ReadDefinition(definition, "filter"));
  for (const Kind& kind : kKinds) {
    if (kind.name != part.name) continue;
    Options options("filter " + part.name, *part.options);
    options.Take("type");
    ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<const Filter> made, kind.make(options));
    ELANUS_RETURN_IF_ERROR(options.Finish());
    return made;
  }
  return UserError(ErrorCode::kParameterInvalid, "unknown analyzer filter: {}",
                   part.name.substr(0, 64));
}

}  // namespace elanus::text
