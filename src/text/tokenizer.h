// Splits a text into tokens. One kind is one class, one maker below and one row of the table in
// tokenizer_kinds.cc.
//
// Threads: const calls from any.
#pragma once

#include <memory>
#include <string_view>

#include "common/status.h"
#include "text/options.h"
#include "text/token.h"

namespace elanus::text {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  // Appends the tokens of `text`, in order of their start. Any bytes will do.
  virtual void Tokenize(std::string_view text, Tokens& out) const = 0;
};

using TokenizerOr = absl::StatusOr<std::unique_ptr<const Tokenizer>>;

// Each takes its keys out of `options`; the caller refuses the rest.
TokenizerOr MakeStandardTokenizer(Options& options);
TokenizerOr MakeWhitespaceTokenizer(Options& options);
TokenizerOr MakeCharGroupTokenizer(Options& options);
TokenizerOr MakeIcuTokenizer(Options& options);
TokenizerOr MakeThaiTokenizer(Options& options);
TokenizerOr MakeJiebaTokenizer(Options& options);
TokenizerOr MakeLinderaTokenizer(Options& options);
// `depth`: of the analyzer that this tokenizer belongs to, see MakeAnalyzer.
TokenizerOr MakeLanguageTokenizer(Options& options, int depth);

// The tokenizer of a name or of an object with a `type`.
TokenizerOr MakeTokenizer(const nlohmann::json& definition, int depth);

}  // namespace elanus::text
