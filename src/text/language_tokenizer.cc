// language_identifier: one analyzer a text, chosen by the language the text is in.
//
// Languages are told apart by CLD2 whatever `identifier` says; the identifier decides how a
// language is called, since its names are the keys of `analyzers` and `mapping`.
//
// compact_lang_det.h uses FILE and includes nothing for it.
// clang-format off
#include <cstdio>
#include <cld2/public/compact_lang_det.h>
// clang-format on

#include <algorithm>

#include "text/analyzer.h"
#include "text/string_table.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace elanus::text {
namespace {

enum class Naming { kWhatlang, kLingua };

// CLD2's code of a language and its names elsewhere, where they differ from CLD2's own in lower
// case with a capital ("English").
struct LanguageName {
  std::string_view code;
  std::string_view whatlang;
  std::string_view lingua;
};
constexpr LanguageName kNames[] = {
    {"zh", "Mandarin", "Chinese"}, {"zh-Hant", "Mandarin", "Chinese"}, {"no", "Bokmal", "Bokmal"},
    {"nb", "Bokmal", "Bokmal"},    {"nn", "Nynorsk", "Nynorsk"},       {"iw", "Hebrew", "Hebrew"},
    {"tl", "Tagalog", "Tagalog"},  {"sr", "Serbian", "Serbian"},       {"fa", "Persian", "Persian"},
    {"bn", "Bengali", "Bengali"},  {"si", "Sinhalese", "Sinhala"},     {"my", "Burmese", "Burmese"},
    {"pa", "Punjabi", "Punjabi"},  {"jw", "Javanese", "Javanese"},     {"or", "Oriya", "Oriya"},
    {"lg", "Ganda", "Ganda"},      {"st", "Sotho", "Sotho"},           {"tn", "Tswana", "Tswana"},
};

// Empty if the text is in no language that is told with any confidence.
std::string LanguageOf(std::string_view text, Naming naming) {
  if (!IsUtf8(text)) return "";
  bool reliable = false;
  const CLD2::Language language = CLD2::DetectLanguage(text.data(), static_cast<int>(text.size()),
                                                       /*is_plain_text=*/true, &reliable);
  if (language == CLD2::UNKNOWN_LANGUAGE) return "";
  const std::string_view code = CLD2::LanguageCode(language);
  for (const LanguageName& name : kNames) {
    if (name.code == code) {
      return std::string(naming == Naming::kWhatlang ? name.whatlang : name.lingua);
    }
  }
  std::string name = CLD2::LanguageName(language);  // "ENGLISH"
  std::transform(name.begin() + 1, name.end(), name.begin() + 1,
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name;
}

class LanguageTokenizer final : public Tokenizer {
 public:
  Naming naming = Naming::kWhatlang;
  StringMap<AnalyzerPtr> analyzers;  // With "default".
  StringMap<std::string> mapping;    // Language to analyzer.

  void Tokenize(std::string_view text, Tokens& out) const override {
    const Tokens tokens = AnalyzerOf(LanguageOf(text, naming)).Analyze(text);
    out.insert(out.end(), tokens.begin(), tokens.end());
  }

 private:
  const Analyzer& AnalyzerOf(const std::string& language) const {
    const auto mapped = mapping.find(language);
    const auto found = analyzers.find(mapped == mapping.end() ? language : mapped->second);
    return found == analyzers.end() ? *analyzers.find("default")->second : *found->second;
  }
};

}  // namespace

TokenizerOr MakeLanguageTokenizer(Options& options, int depth) {
  auto made = std::make_unique<LanguageTokenizer>();
  ELANUS_ASSIGN_OR_RETURN(const auto identifier, options.String("identifier"));
  if (identifier.has_value() && *identifier != "whatlang" && *identifier != "lingua") {
    return options.Wrong("identifier", "whatlang or lingua");
  }
  if (identifier == "lingua") made->naming = Naming::kLingua;
  const nlohmann::json* analyzers = options.Take("analyzers");
  if (analyzers == nullptr) return options.Missing("analyzers");
  if (!analyzers->is_object()) return options.Wrong("analyzers", "an object of analyzers by name");
  for (const auto& [name, definition] : analyzers->items()) {
    ELANUS_ASSIGN_OR_RETURN(made->analyzers[name], MakeAnalyzer(definition, depth + 1));
  }
  if (!made->analyzers.contains("default")) {
    return options.Wrong("analyzers", "an object with the key default");
  }
  if (const nlohmann::json* mapping = options.Take("mapping")) {
    if (!mapping->is_object())
      return options.Wrong("mapping", "an object of analyzers by language");
    for (const auto& [language, analyzer] : mapping->items()) {
      if (!analyzer.is_string() || !made->analyzers.contains(analyzer.get<std::string>())) {
        return options.Wrong("mapping", "an object whose values are names of analyzers");
      }
      made->mapping[language] = analyzer.get<std::string>();
    }
  }
  return std::unique_ptr<const Tokenizer>(std::move(made));
}

}  // namespace elanus::text
