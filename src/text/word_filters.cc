// Filters that know words: stemmer, decompounder, synonym.
#include <fmt/format.h>
#include <libstemmer.h>

#include <algorithm>
#include <iterator>

#include "common/check.h"
#include "text/filter.h"
#include "text/string_table.h"

namespace elanus::text {
namespace {

struct StemmerDeleter {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};
using StemmerPtr = std::unique_ptr<sb_stemmer, StemmerDeleter>;

constexpr const char* kLanguages[] = {"arabic",    "danish",     "dutch",    "english",   "finnish",
                                      "french",    "german",     "greek",    "hungarian", "italian",
                                      "norwegian", "portuguese", "romanian", "russian",   "spanish",
                                      "swedish",   "tamil",      "turkish"};

// The Snowball stemmers, https://snowballstem.org.
class StemmerFilter final : public Filter {
 public:
  explicit StemmerFilter(const char* language) : language_(language) {}

  void Apply(Tokens& tokens) const override {
    if (tokens.empty()) return;
    // A stemmer serves one thread and is cheap to make.
    const StemmerPtr stemmer(sb_stemmer_new(language_, "UTF_8"));
    ELANUS_CHECK(stemmer != nullptr);
    for (Token& token : tokens) {
      const sb_symbol* const stem =
          sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(token.text.data()),
                          static_cast<int>(token.text.size()));
      if (stem == nullptr) continue;  // Out of memory: the word stays as it is.
      token.text.assign(reinterpret_cast<const char*>(stem), sb_stemmer_length(stemmer.get()));
    }
  }

 private:
  const char* const language_;
};

// A token made only of words of the list becomes these words, longest first from the left.
class DecompounderFilter final : public Filter {
 public:
  explicit DecompounderFilter(const std::vector<std::string>& words)
      : words_(words.begin(), words.end()) {
    for (const std::string& word : words) longest_ = std::max(longest_, word.size());
  }

  void Apply(Tokens& tokens) const override {
    Tokens out;
    out.reserve(tokens.size());
    std::vector<size_t> lengths;
    for (Token& token : tokens) {
      if (!Cut(token.text, lengths)) {
        out.push_back(std::move(token));
        continue;
      }
      size_t at = 0;
      for (const size_t length : lengths) {
        out.push_back(token);
        out.back().text = token.text.substr(at, length);
        at += length;
      }
    }
    tokens = std::move(out);
  }

 private:
  bool Cut(std::string_view text, std::vector<size_t>& lengths) const {
    lengths.clear();
    for (size_t at = 0; at < text.size(); at += lengths.back()) {
      size_t length = std::min(longest_, text.size() - at);
      while (length > 0 && !words_.contains(text.substr(at, length))) --length;
      if (length == 0) return false;
      lengths.push_back(length);
    }
    return lengths.size() > 1;
  }

  const StringSet words_;
  size_t longest_ = 0;
};

class SynonymFilter final : public Filter {
 public:
  // What stands for a word, in order. A word that is not a key stays.
  StringMap<std::vector<std::string>> words;

  void Apply(Tokens& tokens) const override {
    Tokens out;
    out.reserve(tokens.size());
    for (Token& token : tokens) {
      const auto found = words.find(token.text);
      if (found == words.end()) {
        out.push_back(std::move(token));
        continue;
      }
      for (const std::string& word : found->second) {
        out.push_back(token);
        out.back().text = word;
      }
    }
    tokens = std::move(out);
  }
};

void AddUnique(std::vector<std::string>& list, const std::string& word) {
  if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
}

// "a, b" without blanks around the words; empty ones are left out.
std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view word = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (!word.empty()) AddUnique(words, std::string(word));
  }
  return words;
}

constexpr size_t kMaxSynonyms = 1000;  // Of one rule: each makes as many tokens of one.

}  // namespace

std::unique_ptr<const Filter> StemmerOf(const char* language) {
  return std::make_unique<const StemmerFilter>(language);
}

FilterOr MakeStemmerFilter(Options& options) {
  ELANUS_ASSIGN_OR_RETURN(const std::optional<std::string> language, options.String("language"));
  if (!language.has_value()) return options.Missing("language");
  for (const char* known : kLanguages) {
    if (*language == known) return StemmerOf(known);
  }
  return options.Wrong("language", fmt::format("one of {}", fmt::join(kLanguages, ", ")));
}

FilterOr MakeDecompounderFilter(Options& options) {
  ELANUS_RETURN_IF_ERROR(options.Refuse("word_list_file", kNoFiles));
  ELANUS_ASSIGN_OR_RETURN(const auto words, options.Strings("word_list"));
  if (!words.has_value()) return options.Missing("word_list");
  if (words->empty()) return options.Wrong("word_list", "a list with at least one word");
  return std::unique_ptr<const Filter>(new DecompounderFilter(*words));
}

FilterOr MakeSynonymFilter(Options& options) {
  ELANUS_RETURN_IF_ERROR(options.Refuse("synonyms_file", kNoFiles));
  ELANUS_ASSIGN_OR_RETURN(const auto rules, options.Strings("synonyms"));
  ELANUS_ASSIGN_OR_RETURN(const bool expand, options.Bool("expand", true));
  if (!rules.has_value()) return options.Missing("synonyms");
  auto filter = std::make_unique<SynonymFilter>();
  for (const std::string& rule : *rules) {
    const size_t arrow = rule.find("=>");
    const bool one_way = arrow != std::string::npos;
    const std::vector<std::string> from = WordsOf(std::string_view(rule).substr(0, arrow));
    std::vector<std::string> to =
        one_way ? WordsOf(std::string_view(rule).substr(arrow + 2)) : from;
    if (from.empty() || to.empty() || from.size() > kMaxSynonyms || to.size() > kMaxSynonyms) {
      return options.Wrong(
          "synonyms", fmt::format("rules \"a, b\" or \"a => b\" of 1 to {} words", kMaxSynonyms));
    }
    if (!one_way && !expand) to.resize(1);
    for (const std::string& word : from) {
      std::vector<std::string>& made = filter->words[word];
      if (!one_way && expand) AddUnique(made, word);  // The word itself comes first.
      for (const std::string& synonym : to) AddUnique(made, synonym);
    }
  }
  return std::unique_ptr<const Filter>(std::move(filter));
}

}  // namespace elanus::text
