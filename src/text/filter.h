// Changes, drops or multiplies tokens. One kind is one class, one maker below and one row of the
// table in filter_kinds.cc.
//
// Threads: const calls from any.
#pragma once

#include <memory>

#include "common/status.h"
#include "text/options.h"
#include "text/token.h"

namespace elanus::text {

class Filter {
 public:
  virtual ~Filter() = default;
  virtual void Apply(Tokens& tokens) const = 0;
};

using FilterOr = absl::StatusOr<std::unique_ptr<const Filter>>;

// Each takes its keys out of `options`; the caller refuses the rest.
FilterOr MakeLowercaseFilter(Options& options);
FilterOr MakeAsciiFoldingFilter(Options& options);
FilterOr MakeDecimalDigitFilter(Options& options);
FilterOr MakeArabicNormalizationFilter(Options& options);
FilterOr MakeAlphanumericFilter(Options& options);
FilterOr MakeHanFilter(Options& options);
FilterOr MakeHanAlphanumericFilter(Options& options);
FilterOr MakeRemovePunctuationFilter(Options& options);
FilterOr MakeLengthFilter(Options& options);
FilterOr MakeRegexFilter(Options& options);
FilterOr MakeStopFilter(Options& options);
FilterOr MakeStemmerFilter(Options& options);
FilterOr MakeDecompounderFilter(Options& options);
FilterOr MakeSynonymFilter(Options& options);
FilterOr MakePinyinFilter(Options& options);

// For built-in analyzers.
std::unique_ptr<const Filter> StopFilterOf(const std::vector<std::string>& words);
std::unique_ptr<const Filter> StemmerOf(const char* language);

// The filter of a name or of an object with a `type`.
FilterOr MakeFilter(const nlohmann::json& definition);

}  // namespace elanus::text
