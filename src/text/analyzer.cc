#include "text/analyzer.h"

#include <algorithm>

#include "absl/synchronization/mutex.h"
#include "text/filter.h"
#include "text/string_table.h"
#include "text/tokenizer.h"

namespace elanus::text {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 4;  // Analyzers inside of a language_identifier.
constexpr size_t kMaxFilters = 64;
constexpr size_t kMaxDefinitionBytes = 16 << 20;

class Builder {
 public:
  explicit Builder(int depth) : depth_(depth) {}

  absl::Status SetTokenizer(const json& definition) {
    ELANUS_ASSIGN_OR_RETURN(tokenizer_, MakeTokenizer(definition, depth_));
    return absl::OkStatus();
  }
  absl::Status Add(const json& definition) {
    ELANUS_ASSIGN_OR_RETURN(std::unique_ptr<const Filter> filter, MakeFilter(definition));
    filters_.push_back(std::move(filter));
    return absl::OkStatus();
  }
  void Add(std::unique_ptr<const Filter> filter) { filters_.push_back(std::move(filter)); }
  AnalyzerPtr Finish() {
    return std::make_shared<const Analyzer>(std::move(tokenizer_), std::move(filters_));
  }

 private:
  const int depth_;
  std::unique_ptr<const Tokenizer> tokenizer_;
  std::vector<std::unique_ptr<const Filter>> filters_;
};

// What the built-in analyzers are made of; `stop_words` come on top of the list.
struct BuiltIn {
  std::string_view name;
  std::string_view tokenizer;
  std::vector<std::string_view> filters;
  const char* stemmer = nullptr;
  std::string_view stop_list;
};

const std::vector<BuiltIn>& BuiltIns() {
  static const auto* const built_ins = new std::vector<BuiltIn>{
      {"standard", "standard", {"lowercase"}},
      {"english", "standard", {"lowercase"}, "english", "_english_"},
      {"chinese", "jieba", {"cnalphanumonly"}},
      {"arabic",
       "standard",
       {"lowercase", "decimaldigit", "arabic_normalization"},
       "arabic",
       "_arabic_"},
      {"thai", "thai", {"lowercase", "decimaldigit"}, nullptr, "_thai_"},
  };
  return *built_ins;
}

absl::StatusOr<AnalyzerPtr> MakeBuiltIn(const json& type, const json& definition, int depth) {
  if (!type.is_string()) {
    return UserError(ErrorCode::kParameterInvalid, "analyzer type must be a string");
  }
  const auto& name = type.get_ref<const std::string&>();
  const auto found = std::find_if(BuiltIns().begin(), BuiltIns().end(),
                                  [&](const BuiltIn& one) { return one.name == name; });
  if (found == BuiltIns().end()) {
    return UserError(ErrorCode::kParameterInvalid, "unknown build-in analyzer type: {}",
                     name.substr(0, 64));
  }
  Options options("analyzer " + name, definition);
  options.Take("type");
  ELANUS_ASSIGN_OR_RETURN(std::optional<std::vector<std::string>> words,
                          options.Strings("stop_words"));
  ELANUS_RETURN_IF_ERROR(options.Finish());
  Builder builder(depth);
  ELANUS_RETURN_IF_ERROR(builder.SetTokenizer(json(found->tokenizer)));
  for (const std::string_view filter : found->filters) {
    ELANUS_RETURN_IF_ERROR(builder.Add(json(filter)));
  }
  if (found->stemmer != nullptr) builder.Add(StemmerOf(found->stemmer));
  std::vector<std::string> stop = words.value_or(std::vector<std::string>());
  if (!found->stop_list.empty()) stop.emplace_back(found->stop_list);
  if (!stop.empty()) builder.Add(StopFilterOf(stop));
  return builder.Finish();
}

absl::StatusOr<AnalyzerPtr> MakeCustom(const json& definition, int depth) {
  Options options("analyzer", definition);
  const json* tokenizer = options.Take("tokenizer");
  const json* filters = options.Take("filter");
  ELANUS_RETURN_IF_ERROR(options.Finish());
  if (tokenizer == nullptr) {
    return UserError(ErrorCode::kParameterInvalid, "analyzer tokenizer or type must be set");
  }
  Builder builder(depth);
  ELANUS_RETURN_IF_ERROR(builder.SetTokenizer(*tokenizer));
  if (filters != nullptr) {
    if (!filters->is_array()) return options.Wrong("filter", "a list of filters");
    if (filters->size() > kMaxFilters) {
      return UserError(ErrorCode::kParameterInvalid, "analyzer has more than {} filters",
                       kMaxFilters);
    }
    for (const json& filter : *filters) ELANUS_RETURN_IF_ERROR(builder.Add(filter));
  }
  return builder.Finish();
}

}  // namespace

Analyzer::Analyzer(std::unique_ptr<const Tokenizer> tokenizer,
                   std::vector<std::unique_ptr<const Filter>> filters)
    : tokenizer_(std::move(tokenizer)), filters_(std::move(filters)) {}

Analyzer::~Analyzer() = default;

Tokens Analyzer::Analyze(std::string_view text) const {
  Tokens tokens;
  tokenizer_->Tokenize(text, tokens);
  for (const std::unique_ptr<const Filter>& filter : filters_) filter->Apply(tokens);
  return tokens;
}

absl::StatusOr<AnalyzerPtr> MakeAnalyzer(const json& definition, int depth) {
  if (depth >= kMaxDepth) {
    return UserError(ErrorCode::kParameterInvalid, "analyzers are nested deeper than {}",
                     kMaxDepth);
  }
  if (!definition.is_object()) {
    return UserError(ErrorCode::kParameterInvalid, "analyzer params must be a JSON object");
  }
  if (definition.empty()) return MakeBuiltIn("standard", definition, depth);
  const auto type = definition.find("type");
  if (type != definition.end()) return MakeBuiltIn(*type, definition, depth);
  return MakeCustom(definition, depth);
}

absl::StatusOr<AnalyzerPtr> ParseAnalyzer(std::string_view params) {
  if (params.empty()) return MakeAnalyzer(json::object(), 0);
  if (params.size() > kMaxDefinitionBytes) {
    return UserError(ErrorCode::kParameterInvalid, "analyzer params are longer than {} bytes: {}",
                     kMaxDefinitionBytes, params.size());
  }
  const json definition = json::parse(params, nullptr, /*allow_exceptions=*/false);
  if (definition.is_discarded()) {
    return UserError(ErrorCode::kParameterInvalid, "analyzer params are not JSON: {}",
                     params.substr(0, 64));
  }
  return MakeAnalyzer(definition, 0);
}

absl::StatusOr<AnalyzerPtr> SharedAnalyzer(std::string_view params) {
  // Shared by every collection of the process, like the dictionaries themselves.
  static absl::Mutex mutex(absl::kConstInit);
  static auto* const known = new StringMap<std::weak_ptr<const Analyzer>>();
  {
    absl::MutexLock lock(&mutex);
    const auto found = known->find(params);
    if (found != known->end()) {
      if (AnalyzerPtr analyzer = found->second.lock()) return analyzer;
    }
  }
  ELANUS_ASSIGN_OR_RETURN(AnalyzerPtr analyzer, ParseAnalyzer(params));
  absl::MutexLock lock(&mutex);
  absl::erase_if(*known, [](const auto& entry) { return entry.second.expired(); });
  (*known)[std::string(params)] = analyzer;
  return analyzer;
}

}  // namespace elanus::text
