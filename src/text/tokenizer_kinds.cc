// Every tokenizer by its name in `analyzer_params`.
#include "text/analyzer.h"
#include "text/tokenizer.h"

namespace elanus::text {
namespace {

using nlohmann::json;

TokenizerOr NotHere(const Options& options, std::string_view why) {
  return UserError(ErrorCode::kParameterInvalid, "{} is not supported by this version: {}",
                   options.owner(), why);
}

struct Kind {
  std::string_view name;
  TokenizerOr (*make)(Options& options, int depth);
};

template <TokenizerOr (*kMake)(Options&)>
TokenizerOr Without(Options& options, int) {
  return kMake(options);
}

constexpr Kind kKinds[] = {
    {"standard", Without<MakeStandardTokenizer>},
    {"whitespace", Without<MakeWhitespaceTokenizer>},
    {"jieba", Without<MakeJiebaTokenizer>},
    {"icu", Without<MakeIcuTokenizer>},
    {"thai", Without<MakeThaiTokenizer>},
    {"char_group", Without<MakeCharGroupTokenizer>},
    {"language_identifier", MakeLanguageTokenizer},
    {"lindera", Without<MakeLinderaTokenizer>},
    {"grpc",
     [](Options& options, int) { return NotHere(options, "the server calls no remote service"); }},
};

}  // namespace

TokenizerOr MakeTokenizer(const json& definition, int depth) {
  ELANUS_ASSIGN_OR_RETURN(const Definition part, ReadDefinition(definition, "tokenizer"));
  for (const Kind& kind : kKinds) {
    if (kind.name != part.name) continue;
    Options options("tokenizer " + part.name, *part.options);
    options.Take("type");
    ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<const Tokenizer> made, kind.make(options, depth));
    ELANUS_RETURN_IF_ERROR(options.Finish());
    return made;
  }
  return UserError(ErrorCode::kParameterInvalid, "unknown analyzer tokenizer: {}",
                   part.name.substr(0, 64));
}

}  // namespace elanus::text
