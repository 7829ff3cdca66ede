// Filters that keep or drop whole tokens: alphanumonly, cncharonly, cnalphanumonly, removepunct,
// length, regex, stop.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "text/filter.h"
#include "text/stop_words.h"
#include "text/string_table.h"
#include "text/unicode.h"

namespace elanus::text {
namespace {

template <typename Keep>
class KeepingFilter final : public Filter {
 public:
  explicit KeepingFilter(Keep keep) : keep_(std::move(keep)) {}
  void Apply(Tokens& tokens) const override {
    tokens.erase(std::remove_if(tokens.begin(), tokens.end(),
                                [&](const Token& token) { return !keep_(token.text); }),
                 tokens.end());
  }

 private:
  const Keep keep_;
};

template <typename Keep>
std::unique_ptr<const Filter> Keeping(Keep keep) {
  return std::make_unique<const KeepingFilter<Keep>>(std::move(keep));
}

}  // namespace

FilterOr MakeAlphanumericFilter(Options&) {
  return Keeping([](std::string_view token) { return EveryRune(token, IsAsciiAlphanumeric); });
}

FilterOr MakeHanFilter(Options&) {
  return Keeping([](std::string_view token) { return AnyRune(token, IsHan); });
}

FilterOr MakeHanAlphanumericFilter(Options&) {
  return Keeping([](std::string_view token) {
    return AnyRune(token, [](Rune rune) {
      return InCategories(rune, U_GC_L_MASK | U_GC_ND_MASK) || IsHan(rune);
    });
  });
}

FilterOr MakeRemovePunctuationFilter(Options&) {
  return Keeping([](std::string_view token) {
    return AnyRune(token, [](Rune rune) { return !IsPunctuation(rune) && !IsSpace(rune); });
  });
}

FilterOr MakeLengthFilter(Options& options) {
  ELANUS_ASSIGN_OR_RETURN(const std::optional<int64_t> max, options.Integer("max"));
  if (!max.has_value()) return options.Missing("max");
  if (*max < 0) return options.Wrong("max", "a number of bytes, not negative");
  return Keeping(
      [max = static_cast<uint64_t>(*max)](std::string_view token) { return token.size() <= max; });
}

FilterOr MakeRegexFilter(Options& options) {
  ELANUS_ASSIGN_OR_RETURN(const std::optional<std::string> pattern, options.String("expr"));
  if (!pattern.has_value()) return options.Missing("expr");
  RE2::Options settings;
  settings.set_log_errors(false);
  auto regex = std::make_shared<const RE2>(*pattern, settings);
  if (!regex->ok()) {
    return options.Wrong("expr", fmt::format("a regular expression of RE2: {}", regex->error()));
  }
  return Keeping([regex](std::string_view token) {
    return RE2::PartialMatch(re2::StringPiece(token.data(), token.size()), *regex);
  });
}

std::unique_ptr<const Filter> StopFilterOf(const std::vector<std::string>& words) {
  StringSet stop;
  for (const std::string& word : words) {
    if (const std::vector<std::string_view>* list = StopWords(word)) {
      stop.insert(list->begin(), list->end());
    } else {
      stop.insert(word);
    }
  }
  return Keeping(
      [stop = std::move(stop)](std::string_view token) { return !stop.contains(token); });
}

FilterOr MakeStopFilter(Options& options) {
  ELANUS_RETURN_IF_ERROR(options.Refuse("stop_words_file", kNoFiles));
  ELANUS_ASSIGN_OR_RETURN(const auto words, options.Strings("stop_words"));
  return StopFilterOf(words.value_or(std::vector<std::string>{"_english_"}));
}

}  // namespace elanus::text
