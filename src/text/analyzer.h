// Text to tokens: a tokenizer, then filters in order, as described by a field's `analyzer_params`.
//
// The JSON is {} (standard), {"type": built-in, ...} or {"tokenizer": ..., "filter": [...]}; see
// README.md for the kinds.
//
// Threads: an analyzer is immutable and shared.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "text/token.h"

namespace elanus::text {

class Filter;
class Tokenizer;

class Analyzer {
 public:
  Analyzer(std::unique_ptr<const Tokenizer> tokenizer,
           std::vector<std::unique_ptr<const Filter>> filters);
  ~Analyzer();

  // At most 2^31 - 1 bytes of any content.
  Tokens Analyze(std::string_view text) const;

 private:
  const std::unique_ptr<const Tokenizer> tokenizer_;
  const std::vector<std::unique_ptr<const Filter>> filters_;
};

using AnalyzerPtr = std::shared_ptr<const Analyzer>;

// Errors: kParameterInvalid that says which part is wrong. An empty text is {}.
absl::StatusOr<AnalyzerPtr> ParseAnalyzer(std::string_view params);

// The same, but equal definitions that are in use share one analyzer: a list of words may be large.
absl::StatusOr<AnalyzerPtr> SharedAnalyzer(std::string_view params);

// `depth`: how many analyzers this one is inside of (language_identifier holds analyzers).
absl::StatusOr<AnalyzerPtr> MakeAnalyzer(const nlohmann::json& definition, int depth);

}  // namespace elanus::text
