// Several analyzers for one field, chosen by name: a field's `multi_analyzer_params`.
#pragma once

#include <string>
#include <string_view>

#include "common/status.h"
#include "text/analyzer.h"
#include "text/string_table.h"

namespace elanus::text {

// {"by_field": "language", "analyzers": {"default": {...}, "en": {...}}, "alias": {"english":
// "en"}} Threads: const calls from any.
class MultiAnalyzer {
 public:
  // Errors: kParameterInvalid that says which part is wrong.
  static absl::StatusOr<MultiAnalyzer> Parse(std::string_view params);

  // The field whose value names a row's analyzer.
  const std::string& by_field() const { return by_field_; }
  // Of the name or what it is an alias of; names that nobody knows get the default.
  const AnalyzerPtr& Of(std::string_view name) const;

 private:
  std::string by_field_;
  StringMap<AnalyzerPtr> analyzers_;  // With "default".
  StringMap<std::string> aliases_;
};

}  // namespace elanus::text
