// Tokenizers that look at one character at a time: standard, whitespace, char_group.
#include <algorithm>

#include "text/string_table.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace elanus::text {
namespace {

// Runs of characters that `IsPart` accepts.
template <typename IsPart>
class RunTokenizer final : public Tokenizer {
 public:
  explicit RunTokenizer(IsPart is_part) : is_part_(std::move(is_part)) {}

  void Tokenize(std::string_view text, Tokens& out) const override {
    const auto size = static_cast<int32_t>(text.size());
    int64_t position = 0;
    int32_t start = -1;
    const auto end_run = [&](int32_t end) {
      if (start < 0) return;
      out.push_back({std::string(text.substr(start, end - start)), start, end, position++, 1});
      start = -1;
    };
    for (int32_t at = 0; at < size;) {
      const int32_t begin = at;
      if (!is_part_(NextRune(text, &at))) {
        end_run(begin);
      } else if (start < 0) {
        start = begin;
      }
    }
    end_run(size);
  }

 private:
  const IsPart is_part_;
};

template <typename IsPart>
TokenizerOr MakeRuns(IsPart is_part) {
  return std::unique_ptr<const Tokenizer>(new RunTokenizer<IsPart>(std::move(is_part)));
}

using RuneTest = bool (*)(Rune);

// The names that `delimiters` may hold besides single characters.
struct Group {
  std::string_view name;
  RuneTest test;
};
bool IsAsciiPunctuation(Rune rune) {
  return rune > ' ' && rune < 0x7F && !IsAsciiAlphanumeric(rune);
}
constexpr Group kGroups[] = {
    {"whitespace", IsSpace},
    {"letter", [](Rune rune) { return InCategories(rune, U_GC_L_MASK); }},
    {"digit", [](Rune rune) { return InCategories(rune, U_GC_ND_MASK); }},
    {"punctuation", IsPunctuation},
    {"symbol", [](Rune rune) { return InCategories(rune, U_GC_S_MASK); }},
    {"ascii_whitespace", IsAsciiSpace},
    {"ascii_letter",
     [](Rune rune) { return IsAsciiAlphanumeric(rune) && (rune < '0' || rune > '9'); }},
    {"ascii_digit", [](Rune rune) { return rune >= '0' && rune <= '9'; }},
    {"ascii_punctuation",
     [](Rune rune) { return IsAsciiPunctuation(rune) && IsPunctuation(rune); }},
    {"ascii_symbol", [](Rune rune) { return IsAsciiPunctuation(rune) && !IsPunctuation(rune); }},
};

struct Delimiters {
  std::vector<RuneTest> groups;
  std::vector<Rune> runes;  // Sorted.

  bool operator()(Rune rune) const {
    return std::none_of(groups.begin(), groups.end(), [&](RuneTest test) { return test(rune); }) &&
           !std::binary_search(runes.begin(), runes.end(), rune);
  }
};

}  // namespace

TokenizerOr MakeStandardTokenizer(Options&) {
  return MakeRuns(IsAlphanumeric);
}

TokenizerOr MakeWhitespaceTokenizer(Options&) {
  return MakeRuns([](Rune rune) { return !IsAsciiSpace(rune); });
}

TokenizerOr MakeCharGroupTokenizer(Options& options) {
  ELANUS_ASSIGN_OR_RETURN(const auto names, options.Strings("delimiters"));
  if (!names.has_value() || names->empty()) return options.Missing("delimiters");
  Delimiters delimiters;
  for (const std::string& name : *names) {
    const auto* const group = std::find_if(std::begin(kGroups), std::end(kGroups),
                                           [&](const Group& one) { return one.name == name; });
    if (group != std::end(kGroups)) {
      delimiters.groups.push_back(group->test);
      continue;
    }
    int32_t length = 0;
    const Rune rune = name.empty() ? kBrokenRune : NextRune(name, &length);
    if (name.empty() || length != static_cast<int32_t>(name.size())) {
      return options.Wrong("delimiters",
                           "single characters or names of groups (whitespace, letter, digit, "
                           "punctuation, symbol, ascii_...)");
    }
    delimiters.runes.push_back(rune);
  }
  std::sort(delimiters.runes.begin(), delimiters.runes.end());
  return MakeRuns(std::move(delimiters));
}

}  // namespace elanus::text
